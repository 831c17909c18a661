"""What `--at` asks for: a moment that has passed, with what was before it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from clusterload.cli.grammar import as_usage
from clusterload.cli.stretch import NO_BASELINE, run_part
from clusterload.cli.target import Target, properties_of
from clusterload.model.errors import UsageError

if TYPE_CHECKING:
    from clusterload.model.run import Run


def at_moment(target: Target, at: str, baseline: str | None, out: Path | None) -> tuple[Run, Run | None]:
    """The window around a moment of the past, and its baseline: found, another run, or none. Asks no broker.

    Args:
        target: names the Prometheus or the Metrics API.
        at: the moment, as it was given.
        baseline: likewise; None for one that is found.
        out: of the window's run file.

    Raises:
        UsageError: the moment is none, has not come yet, or the baseline is neither a run nor `none`.
        ConfigurationError: no source of history is named.
        SourceError: it could not be read, or has nothing of that time.
    """
    from clusterload.cli.console import note, waiting
    from clusterload.model.run import clock_time
    from clusterload.model.timespec import past
    from clusterload.telemetry.discovery import cluster_of_metrics, history_source
    from clusterload.workflow.past_moment import past_moment

    moment, assumed = as_usage(past, at, time.time_ns())
    other = run_part(baseline) if baseline is not None and baseline != NO_BASELINE else None
    if assumed:
        note(f"{at} has no zone: {clock_time(moment)} (UTC) is judged")
    properties = properties_of(target)
    source = history_source(properties, "prometheus" if target.prometheus else target.source or "")
    cluster = cluster_of_metrics(properties, at=moment)
    found = past_moment(source, cluster, moment, path=out, on_wait=waiting)
    if baseline is not None:
        return found.window, other
    note(found.sentence)
    return found.window, found.before


def check_alone(**others: object) -> None:
    """See that `--at` is given without an option for a run file, or for a cluster that is watched from now on.

    Raises:
        UsageError: there is one; it names it.
    """
    given = [name for name, value in others.items() if value]
    if given:
        raise UsageError(f"--at reads the past, which {' and '.join(given)} cannot be part of: leave out --at, or that")
