"""A source of the past that is followed: each stretch is asked for once, and a failure costs nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from clusterload.model import units
from clusterload.model.errors import SourceError
from clusterload.model.series import SECOND, Kind, Point
from clusterload.telemetry.sources.polling import HistoryPoller
from clusterload.telemetry.sources.source import OnWait, Sink
from tests.processes import wait_for
from tests.telemetry.sources.kept import Kept


@dataclass(slots=True)
class Past:
    """A point for each tenth of a second, or a failure while it is told to fail."""

    interval: float = 0.1
    lateness: float = 0.0
    overhang: float = 0.0
    title: str = "the past"
    failing: bool = False
    asked: list[tuple[int, int]] = field(default_factory=list)

    def collect(self, sink: Sink, start: int, end: int, on_wait: OnWait) -> None:  # noqa: ARG002 (the source's signature)
        """Record the points after `start` and up to `end`."""
        if self.failing:
            raise SourceError("the past is gone: start it again")
        self.asked.append((start, end))
        tick = SECOND // 10
        for time_of in range((start // tick + 1) * tick, end + 1, tick):
            sink.record(Point("connections", units.CONNECTIONS, Kind.GAUGE, {}, time_of, 1.0))


def test_stretches_join_without_gap_or_overlap_also_over_a_failure() -> None:
    kept, past = Kept(), Past()
    following = HistoryPoller(history=past, interval=0.05, lookback=0.5).start(kept)
    wait_for(lambda: len(past.asked) >= 3)
    past.failing = True
    wait_for(lambda: kept.kinds == ["metrics-unread"])
    time.sleep(0.3)  # while it fails, points come to be
    past.failing = False
    wait_for(lambda: kept.kinds == ["metrics-unread", "metrics-resumed"])
    following.stop()
    times = [point.time for point in kept.points]
    assert times == list(range(times[0], times[-1] + 1, SECOND // 10))
    assert all(before[1] == after[0] for before, after in zip(past.asked, past.asked[1:], strict=False))
