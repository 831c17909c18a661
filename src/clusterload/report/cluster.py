"""What `describe` shows: brokers, topics, settings, quotas, groups, rights, and the resources that are measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from clusterload.kafka.configuration import Quota, Setting
from clusterload.kafka.groups import Group as ConsumerGroup
from clusterload.kafka.privileges import Privilege
from clusterload.model import units
from clusterload.model.resources import RESOURCES, Resource, Role
from clusterload.model.series import Kind
from clusterload.model.units import Quantity, Unit
from clusterload.report.tables import table
from clusterload.telemetry.sources.catalogue import SOURCES, metrics_by_source

_QUOTAS: Final[Mapping[str, Unit]] = {
    "producer_byte_rate": units.BYTES_PER_SECOND,
    "consumer_byte_rate": units.BYTES_PER_SECOND,
    "request_percentage": units.PERCENT,
    "connection_creation_rate": units.CONNECTIONS_PER_SECOND,
    "controller_mutation_rate": units.PARTITIONS_PER_SECOND,
}


def groups_table(groups: Iterable[ConsumerGroup]) -> Table:
    """Consumer groups with their lag by topic."""
    shown = table("group", "state", "members", "topic", "lag")
    for group in groups:
        head = [Text(group.name), Text(group.state), Text(str(len(group.members)))]
        for topic, lag in sorted(group.lag.items()) or [("", 0)]:
            amount = "unknown" if lag is None else f"{lag:,}"
            shown.add_row(*head, Text(topic), amount if topic else "")
            head = [Text("")] * len(head)
    return shown


def quotas_table(quotas: Iterable[Quota]) -> Table:
    """What quotas allow to whom; by broker, as Kafka counts them."""
    shown = table("whose", "quota", "on each broker")
    for quota in quotas:
        for number, (key, value) in enumerate(sorted(quota.values.items())):
            shown.add_row(Text("" if number else quota.whose), Text(key), _quota_amount(key, value))
    return shown


def settings_table(settings: Mapping[str, Iterable[Setting]], of: str) -> Table:
    """Settings of brokers or topics with where each is set; what all have alike is one row."""
    shown = table("setting", "value", "set by", of)
    same: dict[Setting, list[str]] = {}
    for name, found in settings.items():
        for setting in found:
            same.setdefault(setting, []).append(name)
    for setting, names in sorted(same.items(), key=lambda pair: pair[0].name):
        whose = "all" if len(names) == len(settings) else ", ".join(names)
        shown.add_row(Text(setting.name), Text(setting.value), setting.source, Text(whose))
    return shown


def privileges_table(privileges: Iterable[Privilege]) -> Table:
    """What each command needs a right for."""
    shown = table("command", "right", "without it")
    for number, privilege in enumerate(found := list(privileges)):
        again = number and found[number - 1].command == privilege.command
        shown.add_row("" if again else privilege.command, privilege.acl, privilege.without)
    for column in shown.columns:
        column.justify = "left"
    return shown


def _quota_amount(key: str, value: float) -> str:
    unit = _QUOTAS.get(key)
    return units.text(Quantity(value, unit)) if unit else f"{value:g}"


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
                "name": resource.name,
                "title": resource.title,
                "unit": unit_of(resource),
                "kind": str(resource.kind),
                "role": str(resource.role),
                "per": resource.per,
                "from": metrics_by_source(resource.name),
                "trap": resource.trap,
            }
            for resource in RESOURCES.values()
        ],
    }


def resources_view() -> RenderableType:
    """All resources, by role, each with the names that its sources have for it."""
    parts: list[RenderableType] = []
    for role, title in _ROLES.items():
        parts.append(Text(f"\n{title}", style="bold"))
        for resource in (each for each in RESOURCES.values() if each.role is role):
            by = f", by {' and '.join(resource.per)}" if resource.per else ""
            parts.append(Text.assemble((resource.name, "cyan"), f"  {resource.title}, {unit_of(resource)}{by}"))
            lines = [f"{place}: {metric}" for place, metric in metrics_by_source(resource.name).items()]
            lines += [f"trap: {resource.trap}"] if resource.trap else []
            parts += [Padding(Text(line, style="dim"), (0, 0, 0, 4)) for line in lines]
    return Group(*parts)
