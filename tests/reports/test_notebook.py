"""In a notebook a Run, a Usage, a Verdict and an experiment's Outcome show themselves, and importing us is enough."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from clusterload.reports.displays import DISPLAYS
from clusterload.reports.notebook import SHOWN
from tests.reports.busy import busy, told
from tests.reports.hostile import ALL
from tests.reports.test_experiment import outcome

SESSION = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell('''
from clusterload import read_run, assess, diagnose, Limits
run = read_run(%r)
usage = assess(run, Limits.named("course-basic"))
verdict = diagnose(run, usage)
''')
shown = {name: shell.display_formatter.format(shell.user_ns[name])[0] for name in ("run", "usage", "verdict")}
print(json.dumps(shown))
"""


def test_a_notebook_that_imports_us_shows_our_types(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    busy(path)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SESSION % str(path)], capture_output=True, text=True, check=True
    )
    shown = json.loads(done.stdout.splitlines()[-1])
    assert "<table>" in shown["run"]["text/html"]
    assert shown["run"]["text/plain"] == "Run 20260101T000000Z-busy: peak hour, 3 min, 105 Series"
    assert "Connections" in shown["usage"]["text/html"]
    assert shown["usage"]["text/plain"].startswith("Usage: limit load ")
    assert "verdict" in shown["verdict"]["text/plain"].lower()
    assert "Not so, if" in shown["verdict"]["text/html"]


def test_what_is_shown_is_a_table_of_known_types() -> None:
    assert set(SHOWN) == set(DISPLAYS)


def test_hostile_names_are_text_in_a_notebook_too(tmp_path: Path) -> None:
    report = told(busy(tmp_path / "a.run", name=ALL, load=ALL, client=ALL, topic=ALL, event=ALL, error=ALL))
    for name, value in (("Run", report.run), ("Usage", report.usage), ("Verdict", report.verdict)):
        html = DISPLAYS[name].html(value)
        assert "<script" not in html
        assert "<img" not in html
        assert "style=" not in html


def test_an_experiment_shows_its_sentences_and_effects() -> None:
    html = DISPLAYS["Outcome"].html(outcome())
    assert "<table>" in html
    assert "Limit load" in html
