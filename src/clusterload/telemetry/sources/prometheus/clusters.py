"""Which brokers a Prometheus knows, and whether they are all of one cluster."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple

from clusterload.model.errors import ConfigurationError
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.prometheus.access import SELECT, Access
from clusterload.telemetry.sources.prometheus.api import PrometheusClient
from clusterload.telemetry.sources.prometheus.naming import Naming
from clusterload.telemetry.sources.prometheus.promql import host_of, milliseconds, named, quoted, selector
from clusterload.telemetry.sources.prometheus.scrapes import REPLICAS, Identity, broker_of

_LOOK_BACK: Final = 600 * SECOND
_NAME: Final = "__name__"
# What tells targets of a single cluster apart, too.
_OF_TARGETS: Final = frozenset({"instance", "pod", "kubernetes_pod_name", "node", "node_name", "container"})
_SHOWN: Final = 4


class KnownBroker(NamedTuple):
    """A broker as a Prometheus knows it: its id, or its instance where no label says that, and its host."""

    id: str
    host: str


def known_brokers(access: Access, names: Sequence[Names] = (), at: int | None = None) -> tuple[KnownBroker, ...]:
    """The brokers of whose metrics a server had any lately, by id.

    Args:
        access: where, and with whose login.
        names: the maps of metric names; by default they are recognised.
        at: Unix nanoseconds; by default now.

    Raises:
        ConfigurationError: it has the brokers of several clusters; the message says how to pick one.
        SourceError: it could not be asked.
    """
    with PrometheusClient(access) as client:
        end = at if at is not None else time.time_ns() + round(client.skew() * SECOND)
        inventory = Naming(names).inventory(client, access.select, end - _LOOK_BACK, end)
        if not inventory.instances:
            return ()
        beat = inventory.heartbeat
        wanted = selector(named([beat]), access.select, inventory.pick([beat]))
        found = client.instant(f"last_over_time({wanted}[{milliseconds(_LOOK_BACK)}])", end)
    targets = [tuple(sorted((key, value) for key, value in each.labels.items() if key != _NAME)) for each in found]
    check_single(targets, access)
    brokers = {broker_of(target, {})[0]: host_of(dict(target).get("instance", "")) for target in targets}
    return tuple(KnownBroker(broker, host) for broker, host in sorted(brokers.items(), key=_by_number))


def check_single(targets: Sequence[Identity], access: Access) -> None:
    """See that targets are brokers of a single cluster.

    Raises:
        ConfigurationError: they are of several: a label calls them so, or two brokers have the same id.
    """
    values = _values(targets)
    calling = [label for label in values if "cluster" in label and len(values[label]) > 1]
    # Who selects knows what the server has.
    label = (calling[0] if calling and not access.select else "") or _telling_apart(targets, values)
    if label:
        several = sorted(values[label])
        shown = ", ".join(several[:_SHOWN]) + (" …" if len(several) > _SHOWN else "")
        picked = f"{SELECT}={label}={quoted(several[0])}"
        raise ConfigurationError(
            f"Prometheus at {access.host} has the brokers of {len(several)} clusters ({label}: {shown}): pick one in "
            f"the file given by --cluster, or with --command-property '{picked}'"
        )


def _telling_apart(targets: Sequence[Identity], values: Mapping[str, set[str]]) -> str:
    """The label by which brokers of the same id are of several clusters; empty if there are no such brokers."""
    same: dict[str, list[dict[str, str]]] = defaultdict(list)
    for target in targets:
        same[broker_of(target, {})[0]].append(dict(target))
    pairs = [pair for group in same.values() for pair in combinations(group, 2)]
    for label in sorted(values, key=lambda name: (len(values[name]), name)):
        told = label not in _OF_TARGETS | REPLICAS and len(values[label]) > 1
        if told and pairs and all(first.get(label) != second.get(label) for first, second in pairs):
            return label
    return ""


def _values(targets: Iterable[Identity]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for target in targets:
        for label, value in target:
            found[label].add(value)
    return dict(found)


def _by_number(known: tuple[str, str]) -> tuple[int, str]:
    return (int(known[0]) if known[0].isdecimal() else -1, known[0])
