"""The folder of one lab, made ready for its supervisor: settings, formatted data, orders."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from clusterload.lab import client_file, prometheus, scram, storage
from clusterload.lab.broker import command, exporter_agent, exporter_url, jolokia_agent, jolokia_url
from clusterload.lab.description import LabBroker, LabInfo
from clusterload.lab.listeners import HOST, USER, broker_settings, client_properties, make_keys
from clusterload.lab.ports import choose_one
from clusterload.lab.properties import Ports, broker_properties, render
from clusterload.lab.registry import MARKER, ORDERS, Record
from clusterload.model.paths import labs_dir, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clusterload.lab.java import Java
    from clusterload.lab.lock import Lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What every broker is made of: Java and its options, the jars, the agents (if any), a formatted checkpoint."""

    java: Java
    lock: Lock
    jars: tuple[Path, ...]
    exporter: Path | None
    checkpoint: Path
    jolokia: Path | None = None
    jvm_options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabSpec:
    """What lab to start; see `Lab` for the meanings. `prometheus` is the program to run with it, if any."""

    brokers: int
    auto_create_topics: bool = True
    config: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None
    heap_mb: int = 512
    timeout: float = 240.0
    listeners: tuple[str, ...] = ()
    prometheus: Path | None = None
    proxied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Secured:
    """What the further listeners of a lab need: settings of every broker, and users of the cluster."""

    settings: Mapping[str, str] = field(default_factory=dict)
    users: Sequence[scram.Credential] = ()


def lay_out(runtime: Runtime, spec: LabSpec, ports: list[Ports]) -> Record:
    """Make a new folder for a lab on these ports, with all that its supervisor needs.

    Returns:
        The record that the supervisor will complete with process ids.
    """
    now = datetime.now(UTC)
    folder = labs_dir() / storage.lab_id(now.strftime("%Y%m%d-%H%M%S"))
    for name in ("logs", "config", "data"):
        (folder / name).mkdir(parents=True, mode=0o700)
    record = _record(folder, runtime, spec, ports, now.isoformat(timespec="seconds"))
    secured = _secured(record.info, folder / "config") if spec.listeners else _Secured()
    commands = {node.id: _prepare(runtime, spec, ports, node, record.info, secured) for node in record.info.brokers}
    companions = _companions(spec, record, ports, folder)
    orders = {"record": record.as_dict(), "commands": commands, "companions": companions, "parent": os.getpid()}
    write_private(folder / ORDERS, json.dumps(orders))
    return record


def _companions(spec: LabSpec, record: Record, ports: list[Ports], folder: Path) -> dict[str, list[str]]:
    """The command line of each process that runs with the brokers."""
    found = {"proxy": _proxies(record, ports, folder)} if spec.proxied else {}
    if spec.prometheus:
        found[prometheus.NAME] = prometheus.prepare(spec.prometheus, record.info, folder)
    return found


def _proxies(record: Record, ports: list[Ports], folder: Path) -> list[str]:
    """Write down where the proxies stand; the words that start them, with the lab's mark."""
    proxies = [
        {"listener": listener, "broker": broker, "port": port, "target": own}
        for broker, each in enumerate(ports, 1)
        for listener, own in (("CLIENT", each.client), ("BROKER", each.broker))
        for port in (each.shown[listener],)
    ]
    orders = folder / "config" / "proxy.json"
    write_private(orders, json.dumps({"socket": str(record.proxy_socket), "ways": proxies}))
    return [sys.executable, "-P", "-m", "clusterload.lab.proxy", str(orders), f"{MARKER}{folder}"]


def _record(folder: Path, runtime: Runtime, spec: LabSpec, ports: list[Ports], started: str) -> Record:
    nodes = tuple(_node(folder, runtime, number, each) for number, each in enumerate(ports, 1))
    info = LabInfo(
        id=folder.name,
        cluster_id=storage.new_id(),
        bootstrap_servers=",".join(f"{node.host}:{node.client_port}" for node in nodes),
        brokers=nodes,
        directory=spec.directory,
        started=started,
        supervisor_pid=0,
        listeners=spec.listeners,
        prometheus_url=prometheus.url(choose_one()) if spec.prometheus else "",
        proxied=spec.proxied,
        kafka=runtime.lock.kafka,
    )
    # A socket's path may have 104 characters at most, which a state directory can exceed.
    socket = Path(tempfile.mkdtemp(prefix="clusterload-")) / "control"
    return Record(info=info, ready=False, supervisor_created=0.0, socket=socket)


def _node(folder: Path, runtime: Runtime, number: int, ports: Ports) -> LabBroker:
    return LabBroker(
        id=number,
        rack=f"rack-{number}",
        host=HOST,
        client_port=ports.for_clients,
        exporter_url=exporter_url(ports.exporter),
        pid=0,
        log=folder / "logs" / f"broker-{number}.log",
        ports=ports.more,
        jolokia_url=jolokia_url(ports.jolokia) if runtime.jolokia else "",
    )


def _secured(info: LabInfo, config: Path) -> _Secured:
    """Make the keys of the lab's further listeners, and what its clients need for each."""
    made = make_keys(config)
    for name in info.listeners:
        client_file.keep(info, name, client_properties(name, info.servers(name), made))
    return _Secured(settings=broker_settings(info.listeners, made), users=scram.credentials(USER, made.password))


def _prepare(
    runtime: Runtime, spec: LabSpec, ports: list[Ports], node: LabBroker, info: LabInfo, secured: _Secured
) -> list[str]:
    """Write a broker's settings and format its data; the words that start it."""
    folder = labs_dir() / info.id
    data, settings = folder / "data" / str(node.id), folder / "config" / f"broker-{node.id}.properties"
    properties = broker_properties(
        broker=node.id,
        ports=ports,
        data=data,
        auto_create_topics=spec.auto_create_topics,
        secured=secured.settings,
        config=spec.config,
    )
    write_private(settings, render(properties))
    storage.format_data(data, runtime.checkpoint, cluster_id=info.cluster_id, broker=node.id, users=secured.users)
    return command(
        java=runtime.java,
        jars=runtime.jars,
        agents=_agents(runtime, ports[node.id - 1]),
        folder=folder,
        settings=settings,
        heap_mb=spec.heap_mb,
        extra=runtime.jvm_options,
    )


def _agents(runtime: Runtime, ports: Ports) -> list[str]:
    shown = [exporter_agent(runtime.exporter, ports.exporter)] if runtime.exporter else []
    return [*shown, *([jolokia_agent(runtime.jolokia, ports.jolokia)] if runtime.jolokia else [])]
