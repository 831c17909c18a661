"""The settings of a lab broker: a pure function from what is asked for to its properties."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clusterload.lab.listeners import HOST, PROTOCOLS, listener_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MOST_BROKERS = 9
_PLAIN = "CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The loopback ports of one broker; `more` are those of further listeners for clients, by their names.

    That of `jolokia` is used on request only. `shown` are those of proxies, where there are any, by the listeners
    before which they stand: `CLIENT` and `BROKER`.
    """

    client: int
    broker: int
    controller: int
    exporter: int
    jolokia: int = 0
    more: Mapping[str, int] = field(default_factory=dict)
    shown: Mapping[str, int] = field(default_factory=dict)

    @property
    def for_clients(self) -> int:
        """The port that clients of the plain listener use."""
        return self.shown.get("CLIENT", self.client)


def broker_properties(
    *,
    broker: int,
    ports: Sequence[Ports],
    data: Path,
    auto_create_topics: bool = True,
    secured: Mapping[str, str] | None = None,
    config: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The properties of broker `broker` (from 1) among brokers that have `ports`; `config` comes last.

    Clients, brokers among themselves and controllers have a listener each, so that what is counted on CLIENT
    comes from clients only. `secured` is what further listeners need.
    """
    own, copies = ports[broker - 1], min(3, len(ports))
    voters = (f"{number}@{HOST}:{each.controller}" for number, each in enumerate(ports, 1))
    more = [f"{listener_name(name)}://{HOST}:{port}" for name, port in own.more.items()]
    plain = {"CLIENT": own.client, "BROKER": own.broker}
    between = _addresses(plain, more)
    protocols = [f"{listener_name(name)}:{PROTOCOLS[name]}" for name in own.more]
    settings = {
        "process.roles": "broker,controller",
        "node.id": str(broker),
        "broker.rack": f"rack-{broker}",
        "controller.quorum.voters": ",".join(voters),
        "listeners": f"{between},CONTROLLER://{HOST}:{own.controller}",
        "advertised.listeners": _addresses({**plain, **own.shown}, more),
        "listener.security.protocol.map": ",".join([_PLAIN, *protocols]),
        "inter.broker.listener.name": "BROKER",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(data),
        "auto.create.topics.enable": str(auto_create_topics).lower(),
    }
    return settings | _topics(copies) | _QUICK | dict(secured or {}) | dict(config or {})


def _addresses(plain: Mapping[str, int], more: Sequence[str]) -> str:
    return ",".join([*(f"{name}://{HOST}:{port}" for name, port in plain.items()), *more])


def _topics(copies: int) -> dict[str, str]:
    """Replication as on a common production cluster, as far as the number of brokers allows it."""
    isr = str(max(1, copies - 1))
    return {
        "num.partitions": "6",
        "default.replication.factor": str(copies),
        "min.insync.replicas": isr,
        "offsets.topic.replication.factor": str(copies),
        "offsets.topic.num.partitions": "6",
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": isr,
        "transaction.state.log.num.partitions": "6",
        "share.coordinator.state.topic.replication.factor": str(copies),
        "share.coordinator.state.topic.min.isr": isr,
        "share.coordinator.state.topic.num.partitions": "6",
    }


_QUICK = {
    # A new broker asks to be let in at each heartbeat, and the first group would wait 3 s for more members.
    "broker.heartbeat.interval.ms": "500",
    "controller.quorum.election.timeout.ms": "500",
    "group.initial.rebalance.delay.ms": "0",
    # The log cleaner takes its 128 MB at start, a quarter of a lab broker's heap.
    "log.cleaner.dedupe.buffer.size": "4194304",
}


def render(settings: Mapping[str, str]) -> str:
    """The text of a Java properties file."""
    return "".join(f"{key}={value}\n".replace("\\", "\\\\") for key, value in settings.items())
