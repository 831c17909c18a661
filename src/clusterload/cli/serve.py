"""`clusterload serve`: Confluent's Metrics API for any Kafka whose exporters are known."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
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

    with _cluster(target, api.cluster_id) as (cluster_id, exporters, listeners):
        place = properties or properties_of(cluster_id)
        settings = Settings(
            cluster_id=cluster_id,
            exporters=exporters,
            history=history or history_of(cluster_id),
            credential=credential_in(place),
            client_listeners=frozenset(client_listener) or listeners,
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


@contextmanager
def _cluster(target: Target, cluster_id: str | None) -> Iterator[tuple[str, dict[str, str], frozenset[str]]]:
    """The id to answer to, the brokers' exporters, and the clients' listeners as far as they are known."""
    from clusterload.lab.registry import find_lab

    named = dict(target.exporter)
    if named and cluster_id and not target.named:
        yield cluster_id, named, frozenset()
        return
    if named and not target.named:
        raise UsageError("exporters alone do not say which cluster they are of: give --cluster-id ID")
    with opened(target) as cluster:
        lab = find_lab(cluster.id)
        if not named and lab is None:
            raise ConfigurationError(f"cluster {cluster.id} is not a lab and names no metrics: give --exporter ID=URL")
        found = {str(broker.id): broker.exporter_url for broker in lab.brokers} if lab else {}
        yield cluster_id or cluster.id, named or found, lab.client_listeners if lab else frozenset()


def _until_ended() -> None:
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while not ended.wait(1.0):
            pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
