"""Resources: what of a cluster can be used up or run hot, in one table.

A source gives each resource as Series of that name, one for each broker. `docs/resources.md` is made from
this table.
"""

from __future__ import annotations

from typing import Final

from clusterload.model import units
from clusterload.model.resources.brokers import BROKERS
from clusterload.model.resources.capacity import CAPACITY
from clusterload.model.resources.clients import CLIENTS
from clusterload.model.resources.groups import GROUPS
from clusterload.model.resources.resource import OTHERS, Resource, Role
from clusterload.model.resources.traffic import TRAFFIC
from clusterload.model.series_kind import Kind

__all__ = [
    "OTHERS", "RESOURCES", "SUMS", "Resource", "Role", "dimensions", "limited", "limited_by_name", "saturations",
    "series_of_parts",
]  # fmt: skip


def _table(*resources: Resource) -> dict[str, Resource]:
    return {resource.name: resource for resource in resources}


RESOURCES: Final = _table(*CAPACITY, *TRAFFIC, *CLIENTS, *BROKERS, *GROUPS)
"""All resources by name."""


SUMS: Final = _table(
    Resource(
        name="throughput",
        title="Ingress and egress",
        unit=units.BYTES,
        kind=Kind.DELTA,
        role=Role.DIMENSION,
        sum_of=("ingress", "egress"),
    )
)
"""What several resources add up to: some providers limit it, and no source gives it."""

_LIMITED_TOO: Final = ("records_in", "records_out", "retained_bytes", "log_bytes", "groups")


def limited() -> tuple[Resource, ...]:
    """The resources of which a limit can be written: dimensions, sums, some signs, and how busy a broker may be."""
    return (*dimensions(), *SUMS.values(), *(RESOURCES[name] for name in _LIMITED_TOO), *saturations())


def limited_by_name(name: str) -> Resource:
    """A resource by its name, sums among them."""
    return SUMS.get(name) or RESOURCES[name]


def series_of_parts(name: str) -> dict[str, tuple[str, ...]]:
    """By what a resource's figures can be told apart, and by the names of which Series: of requests by `principal`.

    Of a sum it is what all of its resources can be told apart by. `partition` stands for topic and partition.
    """
    resource = limited_by_name(name)
    if resource.sum_of:
        each = [series_of_parts(part) for part in resource.sum_of]
        shared = [label for label in each[0] if all(label in other for other in each)]
        return {label: tuple(series for part in each for series in part[label]) for label in shared}
    found: dict[str, tuple[str, ...]] = {}
    for finer in RESOURCES.values():
        if finer.name.startswith(f"{name}_by_") or (name, finer.name) == ("records_in", "records_by_partition"):
            for label in finer.per if "partition" not in finer.per else ("partition",):
                found.setdefault(label, (finer.name,))
    if name == "ingress":
        # No source counts bytes by partition; records are, and records of a topic have a mean size.
        found.setdefault("partition", ("records_by_partition",))
    return found


def dimensions() -> tuple[Resource, ...]:
    """The resources that can have a limit."""
    return tuple(resource for resource in RESOURCES.values() if resource.role is Role.DIMENSION)


def saturations() -> tuple[Resource, ...]:
    """The resources that say how busy a broker is."""
    return tuple(resource for resource in RESOURCES.values() if resource.role is Role.SATURATION)
