"""Settings: what differs between the plans of groups of runs, and between what they were made with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.model import units
from clusterload.model.workload import dial_text

if TYPE_CHECKING:
    from clusterload.analysis.compare.group import RunGroup
    from clusterload.model.run import Run
    from clusterload.model.workload import Load, Plan

NOTHING: Final = "-"
"""What stands where a group does not set a thing."""

# Plain values of the environment that say what a run was made with, and of the cluster likewise.
_MACHINE: Final = ("clusterload", "python", "librdkafka", "system", "cores")
_CLUSTER: Final = ("id", "kafka", "lab")
# Where brokers are is said by the cluster's id; a lab has new ports each time.
_ADDRESSES: Final = frozenset({"bootstrap.servers", "metadata.broker.list"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing that is not the same in all groups.

    Attributes:
        name: what it is: `sales: payload_size`.
        values: of each group, in their order; several where its own runs differ.
    """

    name: str
    values: tuple[str, ...]


def settings(groups: Sequence[RunGroup]) -> tuple[Setting, ...]:
    """What differs between groups, the plan first."""
    each = [_said(group) for group in groups]
    names = dict.fromkeys(name for said in each for name in said)
    found = [Setting(name=name, values=tuple(said.get(name, NOTHING) for said in each)) for name in names]
    return tuple(setting for setting in found if len(set(setting.values)) > 1)


def uneven(group: RunGroup) -> Iterator[str]:
    """What differs between a group's own runs, which are of one plan."""
    made = [dict(_made_with(reading.run)) for reading in group.readings]
    for name in dict.fromkeys(name for values_of_run in made for name in values_of_run):
        values = list(dict.fromkeys(values_of_run.get(name, NOTHING) for values_of_run in made))
        if len(values) > 1:
            yield f"{name} is {' and '.join(values)}"


def _said(group: RunGroup) -> dict[str, str]:
    """All settings of a group's runs, as text."""
    found: dict[str, dict[str, None]] = {}
    for reading in group.readings:
        for name, value in (*_planned(reading.run.plan), *_made_with(reading.run)):
            found.setdefault(name, {})[value] = None
    return {name: ", ".join(values) for name, values in found.items()}


def _planned(plan: Plan | None) -> Iterator[tuple[str, str]]:
    if plan is None:
        yield "plan", "no load of ours"
        return
    said = {
        "duration": units.duration(plan.duration),
        "warm_up": units.duration(plan.warm_up),
        "faults": "; ".join(fault.as_text() for fault in plan.faults) or "none",
    }
    for name, value in plan.as_document().items():
        if name != "loads":
            words = said.get(name) or (value if isinstance(value, str) else json.dumps(value))
            yield "plan" if name == "name" else name.replace("_", " "), words
    for load in plan.loads:
        yield from ((f"{load.name}: {name}", value) for name, value in _loaded(load))


def _loaded(load: Load) -> Iterator[tuple[str, str]]:
    for name, value in load.as_document().items():
        if isinstance(value, str) and name != "name":
            yield name.replace("_", " "), value
    for name, value in load.dials.chosen().items():
        yield name, dial_text(name, value)


def _made_with(run: Run) -> Iterator[tuple[str, str]]:
    """The versions, machine and cluster that a run was made with, as far as it says so."""
    environment = run.environment
    yield from ((name, str(environment[name])) for name in _MACHINE if name in environment)
    cluster = environment.get("cluster", {})
    yield from ((f"cluster {name}", str(cluster[name])) for name in _CLUSTER if name in cluster)
    if "brokers" in cluster:
        yield "brokers", str(len(cluster["brokers"]))
    # Without the addresses, which a lab has new ones of each time.
    sources = [str(source).partition(" at ")[0] for source in environment.get("sources", ())]
    yield "metrics from", ", ".join(sources) or "nowhere"
    client = environment.get("client", {})
    yield from ((f"client {name}", str(value)) for name, value in client.items() if name not in _ADDRESSES)
