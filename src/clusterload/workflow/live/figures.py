"""Figures: what engines and sources report, as the parts of a snapshot. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.usage import ResourceLine, Share, Usage
from clusterload.model.resources import RESOURCES
from clusterload.model.series import Floats, joined
from clusterload.model.workload.targets import targets_of
from clusterload.workflow.live.snapshot import DialNow, LevelNow, LoadNow, Metrics, ShareNow

if TYPE_CHECKING:
    from clusterload.generator.progress import LoadProgress, Progress
    from clusterload.model.run import Run
    from clusterload.model.workload import Load, Plan

HELD: Final = 3
"""Intervals for which a figure is shown while the next one does not come; after that it is a gap."""

COURSE: Final = 60
"""Values of a course that a snapshot carries."""

ALARMS: Final = ("under_replicated", "offline_partitions")
"""What should be nothing, and is worth a line when it is not."""


def loads_now(plan: Plan, state: Progress) -> tuple[LoadNow, ...]:
    """Each Load as it stands."""
    loads = {load.name: load for load in plan.loads}
    return tuple(
        _load(loads[standing.ledger.load], standing, state.elapsed)
        for standing in state.loads
        if standing.ledger.load in loads
    )


def settled(state: Progress, before: Progress) -> Progress:
    """A load that is over, with the figures of its last whole second: what comes after it is not its rate."""
    known = {standing.ledger.load: standing for standing in before.loads}
    loads = (
        replace(known[standing.ledger.load], ledger=standing.ledger) if standing.ledger.load in known else standing
        for standing in state.loads
    )
    return replace(state, loads=tuple(loads))


def _load(load: Load, standing: LoadProgress, elapsed: float) -> LoadNow:
    wanted = targets_of(load, max(0.0, elapsed - 1.0), max(elapsed, 0.1))
    dials = (
        DialNow(dial=target.dial, asked=target.value, achieved=standing.figures[target.dial], unit=target.unit)
        for target in wanted
        if target.dial in standing.figures
    )
    return LoadNow(ledger=standing.ledger, dials=tuple(dials), p50=standing.p50 / 1e6, p99=standing.p99 / 1e6)


def metrics_now(run: Run, usage: Usage) -> Metrics:
    """What the last while of a run shows at its end.

    Args:
        run: the last while.
        usage: the same against limits.
    """
    shares = tuple(_share(share) for share in usage.shares)
    known = [share for share in shares if not math.isnan(share.now)]
    return Metrics(
        time=run.end,
        about=_about(run),
        limits=usage.limits.name if usage.limits.known else "",
        against=usage.limits.against,
        limit_load=newest(usage.limit_load),
        binding=max(known, key=lambda share: share.now, default=None),
        course=_tail(usage.limit_load),
        lines=tuple(_level(line) for line in usage.lines),
        shares=shares,
        busy=tuple(_level(line) for line in usage.saturation),
        alarms=tuple(_alarms(run, usage)),
    )


def newest(values: Floats) -> float:
    """The newest value that is known, if it is one of the last ones; NaN if not."""
    tail = values[-HELD:]
    known = tail[~np.isnan(tail)]
    return float(known[-1]) if len(known) else math.nan


def _tail(values: Floats) -> tuple[float, ...]:
    return tuple(values[-COURSE:].tolist())


def _level(line: ResourceLine | Share) -> LevelNow:
    now, course = newest(line.values), _tail(line.values)
    return LevelNow(resource=line.resource, broker=line.broker, now=now, typical=line.typical, course=course)


def _share(share: Share) -> ShareNow:
    level = _level(share)
    known = {field.name: getattr(level, field.name) for field in fields(level)}
    return ShareNow(**known, limit=share.limit, part=f"{share.limit.part} {share.part}" if share.part else "")


def _alarms(run: Run, usage: Usage) -> Iterator[LevelNow]:
    for name in ALARMS:
        series = run.named(name)
        count = newest(joined(series, usage.grid)) if series else 0.0
        if count > 0:
            yield LevelNow(resource=RESOURCES[name], broker="", now=count, typical=count)


def _about(run: Run) -> str:
    described = run.environment.get("cluster", {})
    name = "the lab" if described.get("lab") else f"cluster {described.get('id')}"
    sources = run.environment.get("sources", ())
    by = f", by {' and '.join(sources)}" if sources else ""
    return f"{name}, {len(described.get('brokers', []))} brokers{by}"
