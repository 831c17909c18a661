"""Diagnose: a run and its usage judged, with a baseline or without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from clusterload.analysis.causes import judge
from clusterload.analysis.diagnosis.doubts import doubts_of_generator, doubts_of_metrics
from clusterload.analysis.diagnosis.reaching import over_limit, saturated_threads
from clusterload.analysis.diagnosis.verdict import State, Verdict
from clusterload.analysis.finding import Reached
from clusterload.analysis.headroom import predict
from clusterload.analysis.host_cpu import full_hosts
from clusterload.analysis.usage import Usage
from clusterload.analysis.window_stats import Facts
from clusterload.model import units
from clusterload.model.run import Run

SHORTEST: Final = 3.0
"""Seconds that a window must last to be judged: a reading or two tell a moment, and no rate."""


def diagnose(run: Run, usage: Usage, baseline: Run | None = None) -> Verdict:
    """Judge a run. Pure: the same run and usage give the same verdict anywhere and at any time.

    Args:
        run: the stretch that is judged.
        usage: of the run, against limits.
        baseline: what was usual before it; without one heights are judged, with less confidence.
    """
    hosts = full_hosts(run, usage)
    reached = (*over_limit(usage), *saturated_threads(usage), *(host.reached for host in hosts if host.by_brokers))
    clock = any(event.kind == "clock-jumped" for event in run.events)
    short = run.seconds < SHORTEST
    missing = (
        *(("the clock jumped during the run",) if clock else ()),
        *((f"a window of {units.duration(run.seconds)} is too short to judge",) if short else ()),
        *doubts_of_generator(run),
        *doubts_of_metrics(run, usage),
        *(host.doubt for host in hosts if not host.by_brokers),
    )
    return Verdict(
        state=_state(reached, missing, timeless=clock),
        limit_load=usage.typical_load,
        binding=usage.binding,
        saturation=usage.busiest,
        reached=reached,
        # Where the clock was set, no rate can be believed.
        findings=() if clock or short else judge(Facts(run, baseline), usage),
        headroom=predict(usage),
        missing=missing,
    )


def _state(reached: Sequence[Reached], missing: Sequence[str], *, timeless: bool) -> State:
    # A limit that was seen to be reached is reached, whatever else was not seen; a full cluster is also what
    # makes a generator late. That none was reached can only be said when all was done and seen. Where the clock
    # was set, no rate can be believed.
    if timeless:
        return State.INCONCLUSIVE
    if reached:
        return State.LIMITED
    return State.INCONCLUSIVE if missing else State.WITHIN
