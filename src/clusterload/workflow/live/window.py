"""Window: the last while of a run that still goes on, for displays and for what may abort it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any, Final

from clusterload.model.limits import Limits
from clusterload.model.points import Points
from clusterload.model.resources import RESOURCES
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Point
from clusterload.telemetry.runfile import Recent
from clusterload.telemetry.sources.polling import HistoryPoller
from clusterload.telemetry.sources.source import HistorySource, Sink, Source

SHOWN_SECONDS: Final = 60.0
"""How far back a look reaches; for sources with few points it is five of them."""

LOOK_SECONDS: Final = 1.0
"""How often a run is looked at while it goes."""

JUDGE_SECONDS: Final = 5.0
"""How often that is with all Series, to be judged."""

# Where taking such a look takes long, so many times as long passes until the next.
_SELDOM: Final = 30.0

OnLook = Callable[[Run], None]

UNLABELLED: Final = tuple(name for name, resource in RESOURCES.items() if not resource.per)
"""The resources that have one Series a broker: what is kept for a look, unless more is asked for."""

_FEWEST_POINTS: Final = 5
# A point is there after its interval and what it takes to be read.
_AFTER: Final = 1.3


@dataclass(frozen=True, slots=True)
class Tee:
    """A sink that passes each point on to the run file and to the window."""

    recorder: Sink
    recent: Recent

    def record(self, point: Point) -> None:
        """Pass on one point."""
        for sink in (self.recorder, self.recent):
            sink.record(point)

    def record_all(self, points: Points) -> None:
        """Pass on one point each of many Series."""
        for sink in (self.recorder, self.recent):
            sink.record_all(points)

    def event(self, time: int, kind: str, text: str) -> None:
        """Pass on an event."""
        for sink in (self.recorder, self.recent):
            sink.event(time, kind, text)


class Window:
    """The last while of a run that still goes on."""

    def __init__(
        self,
        sources: Sequence[Source],
        run_id: str,
        surroundings: Mapping[str, Any],
        *,
        names: Collection[str] = UNLABELLED,
        seconds: float = SHOWN_SECONDS,
        declared: Limits | None = None,
    ) -> None:
        """Look at a run that is recorded into `recent`, as well as into its file.

        Args:
            sources: of the metrics.
            run_id: of the run.
            surroundings: the run's environment.
            names: of the Series that are kept for a look.
            seconds: how far back a look reaches.
            declared: the limits that the brokers declare; None if that is not known.
        """
        self._late = [source for source in sources if isinstance(source, HistorySource)]
        self._id, self._surroundings, self._declared = run_id, surroundings, declared
        self._granularity = max((source.interval for source in sources), default=1.0)
        self._seconds = max(seconds, _FEWEST_POINTS * self._granularity)
        self.recent = Recent(names, self._seconds + _AFTER * self._granularity)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Late sources too are shown as they go; what is recorded of them is read when all is over."""
        with ExitStack() as stack:
            for late in self._late:
                # A copy, for what a source remembers of one stretch is not for another.
                follower = HistoryPoller(
                    history=copy(late), interval=late.interval, lateness=late.lateness, lookback=self._seconds
                )
                follower.start(self.recent)
                stack.callback(follower.stop)
            yield

    def look(self, start: int, names: Collection[str] | None = None) -> Run:
        """The last of a run that began at `start` (Unix nanoseconds), as a run: all that is kept, or these names."""
        late = max((source.lateness for source in self._late), default=0.0)
        end = time.time_ns() - round((_AFTER * self._granularity + late) * SECOND)
        first = end - round(self._seconds * SECOND)
        # A source of the past tells of the time before, too: there is something to see at once.
        begin = first if self._late else max(start, first)
        return Run(
            id=self._id,
            plan=None,
            start=min(begin, end - round(self._granularity * SECOND)),
            end=end,
            environment=self._surroundings,
            series=self.recent.series(names),
            events=self.recent.events,
            declared=self._declared,
        )


class Viewer:
    """Passes the window on: each second the few Series that are displayed, every five seconds all of them."""

    def __init__(self, window: Window, on_look: OnLook, on_judge: OnLook | None) -> None:
        """Let `on_look` see a run; `on_judge` gets all of its Series, and takes them no longer than to pass them on."""
        self._looks, self._on_look, self._on_judge = window, on_look, on_judge
        self._start = 0
        self._judge_at = 0.0
        self._over = threading.Event()

    def begin(self, start: int) -> None:
        """What is watched began, at Unix nanoseconds; before that nothing is looked at."""
        self._start = start

    def look(self) -> None:
        """Look once, if it has begun."""
        if not self._start:
            return
        self._on_look(self._looks.look(self._start, UNLABELLED))
        begin = time.monotonic()
        if self._on_judge is not None and begin >= self._judge_at:
            whole = self._looks.look(self._start)
            # Of a big cluster this takes a second, in which scrapes wait.
            self._judge_at = begin + max(JUDGE_SECONDS, _SELDOM * (time.monotonic() - begin))
            self._on_judge(whole)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look each second, in a thread of its own."""
        thread = threading.Thread(target=self._often, name="window", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _often(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self.look()


@contextmanager
def watched(
    sources: Sequence[Source],
    recorder: Sink,
    surroundings: Mapping[str, Any],
    on_look: OnLook | None,
    on_judge: OnLook | None,
    declared: Limits | None = None,
) -> Iterator[tuple[Callable[[int], None], Sink]]:
    """Pass a run's metrics on while its load is made.

    Args:
        sources: of the metrics.
        recorder: gets all that is measured.
        surroundings: the run's environment.
        on_look: called each second with the last while; None for nothing.
        on_judge: called each five seconds with all Series of it.
        declared: the limits that the brokers declare; None if that is not known.

    Yields:
        What is to be called as the load begins, and what takes the sources' points.
    """
    if on_look is None:
        yield lambda _: None, recorder
        return
    window = Window(sources, "", surroundings, names=window_names(on_judge), declared=declared)
    viewer = Viewer(window, on_look, on_judge)
    with window.following(), viewer.running():
        yield viewer.begin, Tee(recorder, window.recent)


def window_names(on_judge: OnLook | None) -> Collection[str]:
    """The names of the Series that are kept in memory for those who watch."""
    return UNLABELLED if on_judge is None else tuple(RESOURCES)
