"""`clusterload compare` reads groups of run files, however they are named, and says what may be said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clusterload.cli.root import root
from clusterload.model.errors import ClusterloadError, StoreError, UsageError
from tests.analysis.compare.made import runs
from tests.stored_runs import plan


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs of two plans, in a folder each, and one more."""
    made = tmp_path_factory.mktemp("compared")
    for name, producers, connections in (("before", 20, 47.0), ("after", 10, 23.5)):
        (made / name).mkdir()
        runs(made / name, name, connections=connections, made=plan(producers=producers))
    (made / "single").mkdir()
    runs(made / "single", "one", connections=94, noise=(0,), made=plan())
    return made


@pytest.fixture(autouse=True)
def there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What the command prints for programs."""
    root.main(["compare", *arguments, "--limits", "course-basic", "--json"], standalone_mode=False)
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    "groups",
    [
        ("before", "after"),
        ("before/*.run", "after/after*.run"),
        ("before/before0.run,before/before1.run,before/before2.run", "after"),
    ],
)
def test_groups_are_folders_patterns_or_lists(capsys: pytest.CaptureFixture[str], groups: tuple[str, ...]) -> None:
    found = told(capsys, *groups)
    assert [(one["title"], len(one["runs"])) for one in found["groups"]] == [(text, 3) for text in groups]
    [comparison] = found["contrasts"]
    rulings = {one["figure"]: one["ruling"] for one in comparison["differences"]}
    assert rulings["limit_load"] == "better"
    assert rulings["resource.ingress"] == "no significant difference"
    assert {"name": "sales: producers", "values": ["20 producers", "10 producers"]} in found["settings"]


def test_a_single_run_borrows_from_others_of_its_plan_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "before/before0.run", "single/one0.run")
    assert found["basis"] == "2 more of the plan of A and B in before"
    alone = told(capsys, "single/one0.run", "after/after0.run", "--repeats", "single")
    assert {one["ruling"] for one in alone["contrasts"][0]["differences"]} == {"cannot tell"}
    assert told(capsys, "single/one0.run", "after/after0.run", "--repeats", "before")["basis"] == (
        "3 more of the plan of A in before"
    )


def test_people_read_it_and_get_it_as_markdown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    written = tmp_path / "new" / "compare.md"
    root.main(
        ["compare", "before", "after", "--limits", "course-basic", "--markdown", str(written)], standalone_mode=False
    )
    assert "B against A: better: limit load" in " ".join(capsys.readouterr().out.split())
    assert written.read_text(encoding="utf-8").startswith("## Runs compared: A and B\n")


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (("before",), UsageError, "1 groups cannot be compared"),
        (("before", "before"), UsageError, "a group is named twice"),
        (("before", "before/before0.run"), UsageError, "run before0.run is given twice, in A and B"),
        (("before", "after,single"), UsageError, "group B .* mixes plans"),
        (("before", "gone"), UsageError, "'gone' names no run file"),
        (("before", "gone.run"), StoreError, "run file gone.run does not exist"),
        (("before", "after", "--repeats", "gone"), UsageError, "names no run file"),
        (("before", "after", "--markdown", "before/before0.run/x.md"), ClusterloadError, "x.md cannot be written"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_line(
    arguments: tuple[str, ...], kind: type[ClusterloadError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        root.main(["compare", *arguments], standalone_mode=False)
