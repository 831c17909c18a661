"""Looking: the last of a run while it goes, for those who watch it and for what must act on it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any, Final

from clusterload.resources import RESOURCES
from clusterload.run import Run
from clusterload.series import SECOND, Kind
from clusterload.sources.following import Following
from clusterload.sources.source import LateSource, Source
from clusterload.store import Recent, Recorder
from clusterload.units import Unit

SHOWN_SECONDS: Final = 60.0
"""How far back a look reaches; for sources with few points it is five of them."""

UNLABELLED: Final = tuple(name for name, one in RESOURCES.items() if not one.per)
"""The resources that have one Series a broker: what is kept for a look, unless more is asked for."""

_FEWEST_POINTS: Final = 5
# A point is there after its interval and what it takes to be read.
_AFTER: Final = 1.3


@dataclass(frozen=True, slots=True)
class Both:
    """Gives what comes to the run file and to those who watch."""

    recorder: Recorder
    recent: Recent

    def point(
        self,
        name: str,
        unit: Unit,
        kind: Kind,
        labels: Mapping[str, str],
        time: int,
        value: float,
        span: float = 0.0,
        granularity: float = 1.0,
    ) -> None:
        """Keep one point twice."""
        for sink in (self.recorder, self.recent):
            sink.point(name, unit, kind, labels, time, value, span, granularity)

    def event(self, time: int, kind: str, text: str) -> None:
        """Keep something that happened twice."""
        for sink in (self.recorder, self.recent):
            sink.event(time, kind, text)


class Looks:
    """What is to be seen of a run while it goes."""

    def __init__(
        self,
        sources: Sequence[Source],
        run_id: str,
        surroundings: Mapping[str, Any],
        *,
        names: Collection[str] = UNLABELLED,
        seconds: float = SHOWN_SECONDS,
    ) -> None:
        """Look at a run that is recorded into `recent`, as well as into its file.

        Args:
            sources: of the metrics.
            run_id: of the run.
            surroundings: the run's environment.
            names: of the Series that are kept for a look.
            seconds: how far back a look reaches.
        """
        self._late = [one for one in sources if isinstance(one, LateSource)]
        self._id, self._surroundings = run_id, surroundings
        self._granularity = max((one.interval for one in sources), default=1.0)
        self._seconds = max(seconds, _FEWEST_POINTS * self._granularity)
        self.recent = Recent(names, self._seconds + _AFTER * self._granularity)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Late sources too are shown as they go; what is recorded of them is read when all is over."""
        with ExitStack() as stack:
            for late in self._late:
                # A copy, for what a source remembers of one stretch is not for another.
                follower = Following(
                    late=copy(late), interval=late.interval, lateness=late.lateness, back=self._seconds
                )
                follower.start(self.recent)
                stack.callback(follower.stop)
            yield

    def look(self, start: int) -> Run:
        """The last of a run that began at `start` (Unix nanoseconds), as a run."""
        late = max((one.lateness for one in self._late), default=0.0)
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
            series=self.recent.series,
            events=self.recent.events,
        )
