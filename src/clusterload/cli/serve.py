"""`clusterload serve`: Confluent's Metrics API for any Kafka whose exporters are known."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli import options
from clusterload.cli.grammar import METRICS, SERVER, Command, option
from clusterload.cli.options import FILE, PORT, Api
from clusterload.cli.target import Target, opened
from clusterload.model.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusterload.telemetry.sources.addresses import Endpoints
    from clusterload.telemetry.sources.exporter_access import ExporterAccess


@click.command(cls=Command)
@options.cluster_and_exporters
@option(
    "--client-listener", multiple=True, metavar="NAME", group=METRICS,
    help="Name of a listener that clients use; known for a lab.",
)  # fmt: skip
@options.interval
@option("--history", type=FILE, metavar="FILE", group=METRICS, help="Where to keep scraped metrics.")
@options.api
@option("--host", metavar="HOST", default="127.0.0.1", show_default=True, group=SERVER, help="Address to listen on.")
@option(
    "--port", type=PORT, metavar="PORT", default=0, group=SERVER, help="Port to listen on; any free one by default."
)
@option(
    "--properties", type=FILE, metavar="FILE", group=SERVER,
    help="Where to write address, token and cluster id for clients.",
)  # fmt: skip
def serve(
    target: Target,
    *,
    client_listener: tuple[str, ...],
    interval: float,
    api: Api,
    host: str,
    port: int,
    history: Path | None,
    properties: Path | None,
) -> None:
    """Scrape a cluster's brokers and serve seven days of metrics as Confluent's Metrics API, until Ctrl-C.

    Writes address, token and cluster id to a file that only you can read.
    """
    from clusterload.cli.console import note, warn
    from clusterload.server.metrics_api import MetricsApi, Settings
    from clusterload.server.metrics_api.credentials import credential_in, history_of, properties_of, write_properties
    from clusterload.telemetry.sources.exporter_access import ExporterAccess

    with _cluster(target, api.cluster_id) as scraped:
        cluster_id = scraped.cluster_id
        place = properties or properties_of(cluster_id)
        settings = Settings(
            cluster_id=cluster_id,
            exporters=scraped.exporters,
            access=scraped.access or ExporterAccess(),
            history=history or history_of(cluster_id),
            credential=credential_in(place),
            client_listeners=frozenset(client_listener) or scraped.listeners,
            interval=interval,
            lateness=api.lateness,
            host=host,
            port=port,
        )
        if host not in {"127.0.0.1", "::1", "localhost"}:
            warn(f"listening on {host} without TLS: the token can be read on the way")
        with MetricsApi(settings, on_event=warn) as service:
            write_properties(place, service.properties)
            note(f"answering for cluster {cluster_id} at {service.url}; clients find address and token in {place}")
            _until_ended()


@dataclass(frozen=True, slots=True)
class _Scraped:
    """What is scraped: the id to answer to, the brokers' exporters, the clients' listeners as far as they are known."""

    cluster_id: str
    exporters: Endpoints
    listeners: frozenset[str] = frozenset()
    access: ExporterAccess | None = None


@contextmanager
def _cluster(target: Target, cluster_id: str | None) -> Iterator[_Scraped]:
    """What is scraped, and the id to answer to."""
    from clusterload.lab.registry import find_lab
    from clusterload.telemetry.listeners import client_listeners
    from clusterload.telemetry.sources.exporter_access import ExporterAccess

    named = target.endpoints
    if named and cluster_id and not target.named:
        yield _Scraped(cluster_id, named)
        return
    if named and not target.named:
        raise UsageError("exporters alone do not say which cluster they are of: give --cluster-id ID")
    with opened(target) as cluster:
        lab = find_lab(cluster.id)
        if not named and lab is None:
            raise ConfigurationError(f"cluster {cluster.id} is not a lab and names no metrics: give --exporter ID=URL")
        found = {str(broker.id): (broker.exporter_url,) for broker in lab.brokers} if lab else {}
        access = ExporterAccess.of(cluster.properties)
        yield _Scraped(cluster_id or cluster.id, named or found, client_listeners(cluster), access)


def _until_ended() -> None:
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while not ended.wait(1.0):
            pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
