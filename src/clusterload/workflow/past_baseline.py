"""Past baseline: what a cluster that is watched is held against, from what its Prometheus has scraped before.

What it costs is bounded: of six hours only the Series of load and saturation are read, a point a minute; all Series
only of the half hour that is taken, and fewer scrapes of it where a cluster has very many.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clusterload.analysis.baseline import (
    LOOKED_AT,
    FoundBaseline,
    alike_days,
    before_change,
    is_daily,
    same_hour,
)
from clusterload.model.errors import SourceError
from clusterload.model.series import SECOND
from clusterload.telemetry.record import environment, read_history
from clusterload.telemetry.sources.prometheus import PrometheusSource

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster
    from clusterload.model.run import Run
    from clusterload.telemetry.sources.source import PastSource, Source

BACK: Final = 6 * 3600.0
"""Seconds before the end in which a change is looked for."""

HOUR: Final = 1800.0
"""Seconds of the same hour of other days that are taken: those before the time of day at which is looked."""

AROUND: Final = 1200.0
"""Seconds before and after a change in which other days may have the same one: people are not on time."""

SCRAPES: Final = 20
"""Scrapes of the present that are judged if it is taken from the past: a rate of fewer is a guess."""

SHORTEST: Final = 40.0
"""Seconds of the present that are judged at least."""

STEP: Final = 60.0
"""Seconds between the points in which a change is looked for."""

MOST_VALUES: Final = 4_000_000
"""Values that are read at most for each stretch: Prometheus answers so many in some ten seconds."""


def with_past(sources: Sequence[Source]) -> PrometheusSource | None:
    """The source that knows what was before, if there is one."""
    return next((source for source in sources if isinstance(source, PrometheusSource)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBaseline:
    """What was found in the past of a run that was watched.

    Attributes:
        window: what is judged: the run, or what of it is after the change.
        before: the baseline; None if there is none.
        sentence: which it is, and why.
    """

    window: Run
    before: Run | None
    sentence: str


def latest(source: PrometheusSource, cluster: Cluster, path: Path | None = None) -> Run:
    """The last while that a Prometheus has scraped of a cluster: nobody has to wait for it.

    Args:
        source: that scraped it.
        cluster: of which.
        path: of the run file; by default `runs/<id>.run`.

    Raises:
        SourceError: it could not be read.
    """
    end = time.time_ns() - round(source.lateness * SECOND)
    start = end - round(max(SHORTEST, SCRAPES * source.interval) * SECOND)
    return read_history(
        source.bounded(MOST_VALUES),
        cluster.id,
        start=start,
        end=end,
        path=path,
        surroundings=environment(cluster, [source]),
    )


def past_baseline(source: PrometheusSource, seen: Run) -> PastBaseline:
    """Find the baseline of what was watched, and read it into a run file next to that of the run.

    Args:
        source: that has scraped the cluster before.
        seen: what was watched, up to the present.
    """
    try:
        found = find(source, seen.end)
        if not found.found:
            return PastBaseline(window=seen, before=None, sentence=found.sentence)
        whole = source.bounded(MOST_VALUES)
        before = read_history(whole, "", start=found.start, end=found.end, path=_path(seen))
    except SourceError as error:
        return PastBaseline(window=seen, before=None, sentence=f"baseline: none: the past was not read: {error}")
    window = seen.between(found.onset, seen.end) if seen.start < found.onset < seen.end else seen
    return PastBaseline(window=window, before=before, sentence=found.sentence)


def find(source: PrometheusSource, end: int) -> FoundBaseline:
    """Which stretch of the past is the baseline of a time, in Unix nanoseconds.

    Raises:
        SourceError: the past could not be read.
    """
    few = source.bounded(MOST_VALUES, series=LOOKED_AT, step=STEP)
    with reading(few) as read:
        return or_same_hour(before_change(read(end - round(BACK * SECOND), end)), read, end)


def or_same_hour(found: FoundBaseline, read: Callable[[int, int], Run], end: int) -> FoundBaseline:
    """The baseline before a change; the same hour of other days if there is none, or they have the same change.

    Args:
        found: what was found before a change.
        read: reads the past from one time to another, in Unix nanoseconds.
        end: of the hour.
    """
    around = round(AROUND * SECOND)
    change, at = found.change, found.onset
    daily = change is not None and is_daily(change, list(days_before(read, at - around, at + around)))
    if found.found and not daily:
        return found
    other = same_hour(list(days_before(read, end - round(HOUR * SECOND), end)))
    since = f", since {change.thing} changes at this time on other days too" if daily and change is not None else ""
    return replace(other, sentence=other.sentence + since) if other.found else found


def days_before(read: Callable[[int, int], Run], start: int, end: int) -> Iterator[Run]:
    """The same stretch of the days before that are alike, as far back as a source remembers."""
    for begin, until in alike_days(start, end):
        try:
            yield read(begin, until)
        except SourceError:  # what is older than it keeps
            return


@contextmanager
def reading(source: PastSource) -> Iterator[Callable[[int, int], Run]]:
    """What reads a source from one time to another (Unix nanoseconds), into run files that are gone after the block."""
    with tempfile.TemporaryDirectory() as folder:

        def read(start: int, end: int) -> Run:
            return read_history(source, "", start=start, end=end, path=Path(folder) / f"{start}.run")

        yield read


def _path(seen: Run) -> Path | None:
    return seen.path.with_name(f"{seen.path.stem}-baseline{seen.path.suffix}") if seen.path else None
