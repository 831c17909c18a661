"""A watch of a cluster that died says so, and shows what was seen before; a short gap is no death."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from clusterload import Run
from clusterload.cli.watch import silent_since
from clusterload.model.run import Event
from clusterload.model.series import SECOND
from tests.analysis.gates.seen import recorded
from tests.cli.conftest import Called
from tests.stored_runs import START

GONE = [math.nan] * 10


def watched(path: Path, first: Sequence[float], second: Sequence[float], failed: float | None = 10.5) -> Run:
    """Two brokers' connections for 20 s, and the second at which scrapes began to fail."""
    figures = {("connections", "broker=1"): first, ("connections", "broker=2"): second}
    times = [] if failed is None else [START + round(failed * SECOND)]
    events = [Event(time=time, kind="scrape-failed", text="broker 1: refused") for time in times]
    return recorded(path, figures, events=events)


def test_a_cluster_that_no_broker_answers_for_to_the_end_is_silent_since_its_last_figures(tmp_path: Path) -> None:
    run = watched(tmp_path / "a.run", [5.0] * 10 + GONE, [5.0] * 9 + GONE + [math.nan])
    since = silent_since(run, 1.0)
    assert since is not None
    assert (since - START) / SECOND == pytest.approx(9.5, abs=1.0)


@pytest.mark.parametrize(
    ("first", "second", "failed"),
    [
        ([5.0] * 20, [5.0] * 20, None),
        ([5.0] * 20, [5.0] * 10 + GONE, 10.5),
        ([5.0] * 5 + GONE + [5.0] * 5, [5.0] * 5 + GONE + [5.0] * 5, 5.5),
        ([5.0] * 18 + [math.nan] * 2, [5.0] * 18 + [math.nan] * 2, 18.5),
        ([5.0] * 10 + GONE, [5.0] * 10 + GONE, None),
    ],
    ids=["all well", "one broker down", "back again", "just now", "slow and not refused"],
)
def test_a_cluster_that_answers_is_not_silent(
    tmp_path: Path, first: list[float], second: list[float], failed: float | None
) -> None:
    assert silent_since(watched(tmp_path / "a.run", first, second, failed), 1.0) is None


def test_a_watch_that_ended_in_silence_shows_what_it_saw_and_exits_with_1(
    called: Called, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = watched(tmp_path / "a.run", [5.0] * 10 + GONE, [5.0] * 10 + GONE)
    monkeypatch.setattr("clusterload.cli.watch._live", lambda *_, **__: run)
    code, shown, err = called("watch", "--lab")
    assert code == 1
    assert "Connections" in shown
    (line,) = (line for line in err.splitlines() if line.startswith("clusterload:"))
    assert line.startswith("clusterload: the cluster stopped answering: no metrics since ")


def test_a_watch_that_never_saw_a_metric_does_not_say_that_the_cluster_stopped(
    called: Called, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exporter's address that answers with a login page tells nothing of the brokers behind it."""
    page = Event(time=START + SECOND, kind="scrape-failed", text="broker 1: this is not Prometheus text: a web page")
    run = recorded(tmp_path / "a.run", {}, events=[page])
    monkeypatch.setattr("clusterload.cli.watch._live", lambda *_, **__: run)
    code, shown, err = called("watch", "--lab")
    assert code == 1
    assert "a web page" in shown
    assert "no metrics were read in " in err
    assert "clusterload doctor" in err
    assert "stopped answering" not in err
