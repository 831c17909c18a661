"""Watching: a cluster's metrics live, with no load of ours. What was seen is a run like any other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from clusterload.errors import ConfigurationError
from clusterload.kafka import Cluster
from clusterload.origins import sources_of
from clusterload.recording import collect, environment, recording, running
from clusterload.resources import RESOURCES
from clusterload.run import Run
from clusterload.series import SECOND, Kind
from clusterload.sources.following import Following
from clusterload.sources.source import LateSource, OnWait, Source
from clusterload.store import Recent, Recorder, read_run
from clusterload.units import Unit

SHOWN_SECONDS: Final = 60.0
"""How far back a look reaches; for sources with few points it is five of them."""

_FEWEST_POINTS: Final = 5
# A point is there after its interval and what it takes to be read.
_AFTER: Final = 1.3
_UNLABELLED: Final = [name for name, one in RESOURCES.items() if not one.per]


@dataclass(frozen=True, slots=True)
class _Both:
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


def watch(
    cluster: Cluster,
    *,
    seconds: float | None = None,
    sources: Sequence[Source] | None = None,
    path: Path | str | None = None,
    on_look: Callable[[Run], None] = lambda _: None,
    on_wait: OnWait = lambda _: None,
) -> Run:
    """Watch a cluster without any load of ours. Interrupting it ends it in good order.

    Args:
        cluster: which.
        seconds: how long; None until it is interrupted.
        sources: of the metrics; by default those that are known by themselves.
        path: of the run file; by default `runs/<id>.run`.
        on_look: called about every second with the last minute as a run.
        on_wait: called now and then while figures that come late are waited for.

    Raises:
        ConfigurationError: no source is known for this cluster.
        StoreError: the run file could not be begun.
    """
    chosen = tuple(sources_of(cluster) if sources is None else sources)
    if not chosen:
        raise ConfigurationError(
            f"no source of metrics is known for cluster {cluster.id}: name one with --exporter, --jolokia or "
            "--prometheus, or in the client configuration"
        )
    with recording(path) as recorder:
        surroundings = environment(cluster, chosen)
        recorder.document("environment", surroundings)
        looks = _Looks(chosen, recorder.id, surroundings)
        with running(chosen, _Both(recorder, looks.recent), baseline=0.0), looks.following():
            start = time.time_ns()
            recorder.document("window", {"start": start, "end": None, "complete": False})
            _look_often(seconds, lambda: on_look(looks.look(start)))
            end = time.time_ns()
        recorder.document("window", {"start": start, "end": end, "complete": True})
        collect(chosen, recorder, start, end, on_wait)
    return read_run(recorder.path)


class _Looks:
    """What is to be seen of a run while it goes."""

    def __init__(self, sources: Sequence[Source], run_id: str, surroundings: Mapping[str, Any]) -> None:
        self._late = [one for one in sources if isinstance(one, LateSource)]
        self._id, self._surroundings = run_id, surroundings
        self._granularity = max(one.interval for one in sources)
        self._seconds = max(SHOWN_SECONDS, _FEWEST_POINTS * self._granularity)
        self.recent = Recent(_UNLABELLED, self._seconds + _AFTER * self._granularity)

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
        """The last minute as a run."""
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


def _look_often(seconds: float | None, look: Callable[[], None]) -> None:
    began = time.monotonic()
    try:
        while seconds is None or time.monotonic() - began < seconds:
            look()
            left = 1.0 if seconds is None else seconds - (time.monotonic() - began)
            time.sleep(max(0.0, min(1.0, left)))
    except KeyboardInterrupt:
        return
