"""Limits are shown with who says so, and chosen by a name and a number of units."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from clusterload.cli.root import root
from clusterload.model.limits import tables
from tests.conftest import PROGRAM, Tool
from tests.stored_runs import stored


def test_all_tables_are_listed_with_what_they_are_by(tool: Tool) -> None:
    shown = tool("limits", "list").stdout
    for name in tables():
        assert name in shown
    rows = json.loads(tool("limits", "list", "--json").stdout)
    assert [row["name"] for row in rows] == list(tables())
    assert {row["unit_name"] for row in rows} >= {"", "CKU", "eCKU", "broker", "throughput unit"}


def test_a_table_is_shown_with_kind_date_source_disputes_and_what_is_unknown(tool: Tool) -> None:
    shown = tool("limits", "show", "confluent-basic", "--units", "20").stdout
    for words in (
        "Confluent Cloud Basic, 20 eCKU of 50 at most",
        "2,000 requests/s",
        "80 connections/s",
        "Disputed",
        "250 connections/s",
        "2023-12",
        "[1] Confluent Cloud documentation",
        "20 eCKU x 100 requests/s.",
        "The cluster's maximum; the units come to 100 connections/s.",
    ):
        assert words in shown
    shown = tool("limits", "show", "msk-express-m7g.large").stdout
    for words in ("15.6 MB/s", "guideline", "each broker", "Unknown, which is not infinite: requests, connections"):
        assert words in shown


@pytest.mark.parametrize("width", ["80", "100"])
def test_tables_of_limits_fit_the_terminal(tmp_path: Path, width: str) -> None:
    for arguments in (["list"], ["show", "confluent-dedicated", "--units", "30"], ["show", "msk-standard-t3.small"]):
        shown = subprocess.run(
            [PROGRAM, "limits", *arguments],
            capture_output=True, text=True, cwd=tmp_path, timeout=600, check=True, env={**os.environ, "COLUMNS": width},
        ).stdout  # fmt: skip
        assert max(map(len, shown.splitlines())) <= int(width)
        assert "…" not in shown


def test_a_program_gets_each_limit_with_its_provenance(tool: Tool) -> None:
    document = json.loads(tool("limits", "show", "confluent-dedicated", "--units", "2", "--json").stdout)
    assert (document["units"], document["unit_name"], document["most_units"]) == (2, "CKU", 152)
    ingress = document["limits"][0]
    assert ingress == {
        "resource": "ingress",
        "value": 120,
        "unit": "MB/s",
        "force": "guideline",
        "scope": "cluster",
        "source": "Confluent Cloud documentation, cluster types (early in 2026)",
        "as_of": "2026",
        "note": "2 CKU x 60 MB/s.",
    }
    assert json.loads(tool("limits", "show", "course-basic", "--json").stdout)["unknown"] == [
        "connection_attempts",
        "partitions",
    ]


def test_a_table_of_one_s_own_is_shown_as_any_other(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(
        'title = "Ours [bold]"\nextends = "course-basic"\nsource = "us"\nas_of = "2026-11"\nforce = "measured"\n'
        '[[limits]]\nresource = "connections"\nvalue = 800\nlow = 700\nhigh = 950\nunit = "connections"\n'
    )
    shown = tool("limits", "show", "ours.toml").stdout
    assert "Ours [bold]" in shown
    assert "800 connections" in shown
    assert "(700 to 950)" in shown


def test_no_command_holds_a_cluster_against_limits_that_nobody_named() -> None:
    def commands(group: click.Group) -> Iterator[click.Command]:
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from commands(command) if isinstance(command, click.Group) else (command,)

    options = [each for command in commands(root) for each in command.params if "--limits" in each.opts]
    assert len(options) > 6
    assert not [each.default for each in options if isinstance(each.default, str)]


@pytest.mark.parametrize(
    ("code", "arguments", "words"),
    [
        (104, ("limits", "show", "confluent-basc"), "did you mean 'confluent-basic'"),
        (104, ("limits", "show", "msk-standard"), "choose one, as in msk-standard-t3.small"),
        (2, ("limits", "show", "msk-serverless", "--units", "2"), "are not by units"),
        (2, ("limits", "show", "confluent-basic", "--units", "51"), "has at most 50 eCKU, not 51"),
        (2, ("limits", "show", "confluent-basic", "--units", "0"), "not in the range"),
        (2, ("report", "a.run", "--limits", "confluent-standard", "--units", "11"), "has at most 10 eCKU, not 11"),
        (2, ("case", "cluster-load", "--units", "2"), "name the table by --limits"),
    ],
)
def test_a_mistake_about_limits_is_one_line(tool: Tool, code: int, arguments: tuple[str, ...], words: str) -> None:
    done = tool(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stored_run_is_held_against_as_many_units_as_are_named(tool: Tool, tmp_path: Path) -> None:
    stored(tmp_path / "a.run")

    def judged(*arguments: str) -> dict[str, object]:
        found: dict[str, object] = json.loads(tool("report", "a.run", "--json", *arguments).stdout)
        return found

    one = judged("--limits", "confluent-standard")
    assert one["limit_load"] == pytest.approx(2.1 / 25, rel=0.01)
    assert judged("--limits", "confluent-standard", "--units", "2")["limit_load"] == pytest.approx(2.1 / 50, rel=0.01)


def test_each_of_several_limits_of_a_resource_is_shown_beside_it(tool: Tool, tmp_path: Path) -> None:
    stored(tmp_path / "a.run")
    shown = tool("report", "a.run", "--limits", "msk-express-m7g.large", "--units", "3").stdout
    assert "guideline 15.6 MB/s" in shown
    assert "70.2 MB/s" in shown
    document = json.loads(tool("report", "a.run", "--limits", "msk-express-m7g.large", "--json").stdout)
    held = document["resources"]["ingress"]["limits"]
    assert [(each["force"], each["of_broker"]) for each in held] == [("guideline", "1"), ("enforced", "1")]


def test_a_first_table_of_one_s_own_can_be_used_as_it_is_and_each_of_its_rows_too(tool: Tool, tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    assert f"limits show {path}" in " ".join(tool("limits", "new", str(path)).stdout.split())
    assert "95 MB/s" in tool("limits", "show", str(path)).stdout
    path.write_text(re.sub(r"^# (?=\[\[|\w+ = (?!\"confluent))", "", path.read_text(), flags=re.MULTILINE))
    document = json.loads(tool("limits", "show", str(path), "--json").stdout)
    assert [(row["resource"], row["value"], row["unit"]) for row in document["limits"]] == [
        ("ingress", 95, "MB/s"),
        ("connections", 3000, "connections"),
        ("connections", 500, "connections"),
        ("requests", 900_000, "requests/min"),
        ("partitions", 4000, "partitions"),
        ("cpu_host", 60, "%"),
    ]


def test_a_first_table_takes_no_file_s_place(tool: Tool, tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text("title = 'kept'")
    refused = tool("limits", "new", str(path))
    assert (refused.returncode, "exists: give another name" in refused.stderr) == (104, True)
    assert path.read_text() == "title = 'kept'"
    assert "ends in .toml" in tool("limits", "new", "ours").stderr
