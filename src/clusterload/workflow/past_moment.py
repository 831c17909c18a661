"""Past moment: what a cluster did around a time that is over, and what was before it, from its metrics' history alone.

No broker is asked, and nothing is waited for but figures that come late. What it costs is bounded as that of a
baseline is, see `past_baseline`.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clusterload.analysis.baseline import LATER, LOOKED_AT, Around, around
from clusterload.model.errors import SourceError, UsageError
from clusterload.model.run import clock_time
from clusterload.model.series import SECOND
from clusterload.telemetry.record import environment, read_history
from clusterload.telemetry.sources.prometheus import PrometheusSource
from clusterload.workflow.past_baseline import BACK, MOST_VALUES, STEP, PastBaseline, or_same_hour, reading

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster
    from clusterload.model.run import Run
    from clusterload.telemetry.sources.source import OnWait, PastSource

# After the latest minute that is judged so much more is looked at: a change shows by what comes after it.
_BEYOND: Final = 600 * SECOND
# What lasts only some minutes shows in every scrape, and not in a point a minute.
_CLOSER: Final = 2400 * SECOND


def past_moment(
    source: PastSource,
    cluster: Cluster,
    moment: int,
    *,
    path: Path | None = None,
    on_wait: OnWait = lambda _: None,
) -> PastBaseline:
    """What of the past is judged around a moment, and what it is held against; both are kept as run files.

    Args:
        source: of the history.
        cluster: whose.
        moment: Unix nanoseconds.
        path: of the window's run file; by default `runs/<id>.run`. That of the baseline lies next to it.
        on_wait: called while late figures are waited for.

    Raises:
        SourceError: the source could not be read, or has nothing of that time.
        UsageError: its figures of that time are not there yet.
    """
    last = time.time_ns() - round(source.lateness * SECOND)
    if moment >= last:
        raise UsageError(f"{clock_time(moment)} is too recent for {source.title}: it has figures to {clock_time(last)}")
    found = _found(source, moment, last)

    def read(start: int, end: int, where: Path | None) -> Run:
        return read_history(
            source.bounded(MOST_VALUES),
            cluster.id,
            start=start,
            end=end,
            path=where,
            on_wait=on_wait,
            surroundings=environment(cluster, [source]),
        )

    window = read(found.start, found.end, path)
    if not any(map(len, window.series)):
        raise SourceError(f"{source.title} has nothing of cluster {cluster.id or '(unknown)'} at {clock_time(moment)}")
    if not found.baseline.found:
        return PastBaseline(window=window, before=None, sentence=found.baseline.sentence)
    assert window.path is not None
    other = window.path.with_name(f"{window.path.stem}-baseline{window.path.suffix}")
    before = read(found.baseline.start, found.baseline.end, other)
    return PastBaseline(window=window, before=before, sentence=found.baseline.sentence)


def _found(source: PastSource, moment: int, last: int) -> Around:
    """The window of a moment and its baseline: by a point a minute, then by every scrape, then by other days."""
    end = min(last, moment + LATER + _BEYOND)
    with reading(source.bounded(MOST_VALUES, series=LOOKED_AT, step=STEP)) as read:
        try:
            history = read(moment - round(BACK * SECOND), end)
        except SourceError as error:
            raise _explained(source, moment, error) from None
        found = around(history, moment)
        if not found.baseline.found and source.interval < STEP:
            found = _closer(source, moment, end) or found
        return replace(found, baseline=or_same_hour(found.baseline, read, found.end))


def _explained(source: PastSource, moment: int, error: SourceError) -> SourceError:
    """Why a time could not be read: because it is before all that is kept, where that is why."""
    since = source.kept_since(moment) if isinstance(source, PrometheusSource) else None
    if since is None or since <= moment:
        return error
    return SourceError(
        f"{source.title} has nothing of these brokers at {clock_time(moment)}: what it keeps of them begins at about "
        f"{clock_time(since)}; give a later time"
    )


def _closer(source: PastSource, moment: int, end: int) -> Around | None:
    with reading(source.bounded(MOST_VALUES, series=LOOKED_AT)) as read:
        found = around(read(moment - _CLOSER, end), moment)
    return found if found.baseline.found else None
