"""A feed shows how a run stands each second, whatever judging takes and whoever of its viewers fails."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from clusterload.analysis.diagnosis import diagnose
from clusterload.model.errors import AbortedError
from clusterload.model.run import Run
from clusterload.workflow.live import Feed, Snapshot
from tests.processes import wait_for
from tests.report.busy import busy
from tests.workflow.live.replayed import TABLE, progress


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return busy(tmp_path_factory.mktemp("feed") / "a.run")


def test_what_is_left_there_is_shown_and_the_last_word_is_how_it_ended(run: Run) -> None:
    seen: list[Snapshot] = []
    assert run.plan is not None
    with Feed(TABLE, [seen.append]) as feed:
        take = feed.begin(run.plan)
        take(progress(run, run.plan, 100))
        feed.look(run.between(run.start, run.start + 100 * 10**9))
        feed.judge(run.between(run.start, run.start + 100 * 10**9))
        wait_for(lambda: any(snapshot.judgement.sentence for snapshot in seen))
        feed.note("waiting for figures")
        wait_for(lambda: seen[-1].note == "waiting for figures")
    assert [snapshot.number for snapshot in seen] == list(range(1, len(seen) + 1))
    assert [bool(snapshot.ended) for snapshot in seen] == [False] * (len(seen) - 1) + [True]
    last = seen[-1]
    assert (last.title, last.elapsed, last.left) == ("peak hour", 100, 80)
    assert last.metrics is not None
    assert last.loads[0].ledger.acknowledged > 0
    # Seconds are counted from when the load began, which was a hundred of them ago.
    assert last.at == pytest.approx(100, abs=20)
    assert feed.failure is None


def test_judging_that_takes_long_does_not_hold_up_what_is_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Snapshot] = []
    released = threading.Event()

    def slow(*given: Any) -> Any:
        released.wait(120)
        return diagnose(*given)

    monkeypatch.setattr("clusterload.workflow.live.feed.diagnose", slow)
    with Feed(TABLE, [seen.append]) as feed:
        feed.judge(run)
        feed.judge(run)
        wait_for(lambda: len(seen) >= 2)
        assert not any(snapshot.judgement.state for snapshot in seen)
        released.set()
        wait_for(lambda: seen[-1].judgement.state)


def test_a_viewer_that_fails_hides_nothing_from_the_others_and_ends_no_run(run: Run) -> None:
    seen: list[Snapshot] = []

    def broken(_: Snapshot) -> None:
        raise ValueError("a mistake of ours")

    with Feed(TABLE, [broken, seen.append], title="cluster a") as feed:
        wait_for(lambda: len(seen) >= 2)
    assert str(feed.failure) == "a mistake of ours"
    assert seen[-1].ended


def test_an_end_before_its_time_is_told_in_its_own_words(run: Run) -> None:
    seen: list[Snapshot] = []
    with pytest.raises(AbortedError), Feed(TABLE, [seen.append]):
        raise AbortedError("interrupted: what was measured until then is in a.run")
    assert seen[-1].ended == "interrupted: what was measured until then is in a.run"
