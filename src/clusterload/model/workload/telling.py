"""Which Loads' latency shows how the cluster serves."""

from __future__ import annotations

from clusterload.model.workload.plan import Plan


def watched(plan: Plan) -> tuple[tuple[str, str], ...]:
    """The Loads whose latency shows how the cluster serves, each with the kind of latency.

    A reader waits for records as long as there are none, so that of it only the time from due to read says something,
    and that only where the same plan writes them by engine wire.
    """
    found = []
    writers = {load.topic for load in plan.loads if load.use == ("wire", "produce")}
    for load in plan.loads:
        if load.engine != "wire" or load.dials.acks == "0":
            continue
        if load.kind == "consume":
            if load.topic in writers:
                found.append((load.name, "end_to_end"))
        elif load.kind != "connect" or load.dials.connection_rate is not None:
            found.append((load.name, "due"))
    return tuple(found)
