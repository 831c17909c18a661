"""Tables of what a cluster is set to and who reads from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from rich.table import Table
from rich.text import Text

from clusterload.kafka.configuration import Quota, Setting
from clusterload.kafka.groups import Group
from clusterload.kafka.privileges import Privilege
from clusterload.model import units
from clusterload.model.units import Quantity, Unit
from clusterload.report.tables import table

_QUOTAS: Final[Mapping[str, Unit]] = {
    "producer_byte_rate": units.BYTES_PER_SECOND,
    "consumer_byte_rate": units.BYTES_PER_SECOND,
    "request_percentage": units.PERCENT,
    "connection_creation_rate": units.CONNECTIONS_PER_SECOND,
    "controller_mutation_rate": units.PARTITIONS_PER_SECOND,
}


def groups_table(groups: Iterable[Group]) -> Table:
    """Consumer groups with their lag by topic."""
    shown = table("group", "state", "members", "topic", "lag")
    for one in groups:
        head = [Text(one.name), Text(one.state), Text(str(len(one.members)))]
        for topic, lag in sorted(one.lag.items()) or [("", 0)]:
            amount = "unknown" if lag is None else f"{lag:,}"
            shown.add_row(*head, Text(topic), amount if topic else "")
            head = [Text("")] * len(head)
    return shown


def quotas_table(quotas: Iterable[Quota]) -> Table:
    """What quotas allow to whom; by broker, as Kafka counts them."""
    shown = table("whose", "quota", "on each broker")
    for one in quotas:
        for number, (key, value) in enumerate(sorted(one.values.items())):
            shown.add_row(Text("" if number else one.whose), Text(key), _amount(key, value))
    return shown


def settings_table(settings: Mapping[str, Iterable[Setting]], of: str) -> Table:
    """Settings of brokers or topics with where each is set; what all have alike is one row."""
    shown = table("setting", "value", "set by", of)
    same: dict[Setting, list[str]] = {}
    for name, found in settings.items():
        for one in found:
            same.setdefault(one, []).append(name)
    for one, names in sorted(same.items(), key=lambda pair: pair[0].name):
        whose = "all" if len(names) == len(settings) else ", ".join(names)
        shown.add_row(Text(one.name), Text(one.value), one.source, Text(whose))
    return shown


def privileges_table(privileges: Iterable[Privilege]) -> Table:
    """What each command needs a right for."""
    shown = table("command", "right", "without it")
    for number, one in enumerate(found := list(privileges)):
        again = number and found[number - 1].command == one.command
        shown.add_row("" if again else one.command, one.acl, one.without)
    for column in shown.columns:
        column.justify = "left"
    return shown


def _amount(key: str, value: float) -> str:
    unit = _QUOTAS.get(key)
    return units.text(Quantity(value, unit)) if unit else f"{value:g}"
