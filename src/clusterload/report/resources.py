"""The table of resources: what is measured, where each comes from, and its trap."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from clusterload.model.resources import RESOURCES, Resource, Role
from clusterload.model.series import Kind
from clusterload.telemetry.sources.catalogue import SOURCES, metrics_by_source

_ROLES = {
    Role.DIMENSION: "Dimensions: can have a limit, and are part of the limit load",
    Role.SATURATION: "Saturations: how busy the brokers themselves are, from 0 to 1",
    Role.SIGN: "Signs: neither, but they tell causes apart",
}


def unit_of(resource: Resource) -> str:
    """The unit that a resource is shown in: a delta as a rate."""
    return f"{resource.unit}/s" if resource.kind is Kind.DELTA else str(resource.unit)


def resources_document() -> dict[str, Any]:
    """All resources and all sources as plain values."""
    return {
        "sources": {kind: asdict(place) for kind, place in SOURCES.items()},
        "resources": [
            {
                "name": one.name,
                "title": one.title,
                "unit": unit_of(one),
                "kind": str(one.kind),
                "role": str(one.role),
                "per": one.per,
                "from": metrics_by_source(one.name),
                "trap": one.trap,
            }
            for one in RESOURCES.values()
        ],
    }


def resources_view() -> RenderableType:
    """All resources, by role, each with the names that its sources have for it."""
    parts: list[RenderableType] = []
    for role, title in _ROLES.items():
        parts.append(Text(f"\n{title}", style="bold"))
        for one in (each for each in RESOURCES.values() if each.role is role):
            by = f", by {' and '.join(one.per)}" if one.per else ""
            parts.append(Text.assemble((one.name, "cyan"), f"  {one.title}, {unit_of(one)}{by}"))
            lines = [f"{place}: {metric}" for place, metric in metrics_by_source(one.name).items()]
            lines += [f"trap: {one.trap}"] if one.trap else []
            parts += [Padding(Text(line, style="dim"), (0, 0, 0, 4)) for line in lines]
    return Group(*parts)
