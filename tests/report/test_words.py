"""Reports are read once: names keep their letters, on an idle cluster nothing binds, a percentage says of what."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from rich.console import Console

from clusterload.analysis.diagnosis import diagnose
from clusterload.analysis.usage import assess
from clusterload.model.limits import Limits
from clusterload.report.diagnosis import diagnosis_view
from clusterload.report.report import Report, render
from tests.report.busy import busy, told
from tests.stored_runs import Cluster, case_levels, stored


def shown(report: Report, width: int = 80) -> str:
    console = Console(width=width, file=StringIO(), force_terminal=False)
    with console.capture() as captured:
        console.print(report, diagnosis_view(report.run, report.usage, report.verdict))
    return captured.get()


def test_titles_keep_their_letters(tmp_path: Path) -> None:
    text = shown(told(busy(tmp_path / "a.run")), 200)
    assert "Basic cloud cluster of the course, December 2023" in text


def test_a_percentage_beside_a_cause_says_that_it_is_confidence(tmp_path: Path) -> None:
    report = told(busy(tmp_path / "a.run"))
    assert "connections, confidence 76 %: High connection count" in shown(report)
    assert "confidence 76 %" in report.html
    assert "Confidence 76 %." in report.markdown
    assert "% sure" not in report.html + report.markdown


def test_on_an_idle_cluster_nothing_binds(tmp_path: Path) -> None:
    run = stored(tmp_path / "a.run", Cluster(levels=case_levels(0, 1000.0)))
    usage = assess(run, Limits.named("course-basic"))
    report = render(run, usage, diagnose(run, usage))
    assert str(usage) == "Usage: limit load 0.6 %, against Basic cloud cluster of the course, December 2023"
    for text in (shown(report), report.html, report.markdown):
        assert "no resource is above 1 % of its limit" in text
        assert "binds at 0" not in text
        assert "bind at 0" not in text
    assert "<dt>Binding</dt>" not in report.html


def test_the_limit_load_has_a_median_and_a_highest(tmp_path: Path) -> None:
    report = told(busy(tmp_path / "a.run"))
    for text in (report.html.replace("\u00a0", " "), report.markdown):
        assert "Median 81 %, highest 81 %; binding: Connections" in text
        assert "in the middle" not in text
