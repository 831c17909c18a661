"""What a running lab is: its brokers, where they are reached, and the files that belong to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from clusterload.lab.listeners import listener_name


@dataclass(frozen=True, slots=True, kw_only=True)
class LabBroker:
    """One broker of a lab: where clients and scrapers reach it, its process, its log file.

    `ports` are those of its further listeners for clients, by the listeners' names; `jolokia_url` is empty without one.
    """

    id: int
    rack: str
    host: str
    client_port: int
    exporter_url: str
    pid: int
    log: Path
    ports: Mapping[str, int] = field(default_factory=dict)
    jolokia_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabInfo:
    """A running lab.

    `directory` is where its client.properties lies; `started` is ISO 8601, UTC; `listeners` are the further ones
    that it was asked for, such as SASL_SSL; `prometheus_url` is where its Prometheus server answers, empty
    without one; `proxied` is whether proxies stand before its brokers; `kafka` is the version that they run.
    """

    id: str
    cluster_id: str
    bootstrap_servers: str
    brokers: tuple[LabBroker, ...]
    directory: Path | None
    started: str
    supervisor_pid: int
    listeners: tuple[str, ...] = ()
    prometheus_url: str = ""
    proxied: bool = False
    kafka: str = ""

    @property
    def client_listeners(self) -> frozenset[str]:
        """What the brokers' metrics call the listeners that clients use."""
        return frozenset({"CLIENT", *map(listener_name, self.listeners)})

    def servers(self, listener: str) -> str:
        """The addresses of a further listener on all brokers, as Kafka clients want them."""
        return ",".join(f"{each.host}:{each.ports[listener]}" for each in self.brokers)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return plain
