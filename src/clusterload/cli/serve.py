"""`clusterload serve`: Confluent's Metrics API for any Kafka whose exporters are known."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli.options import Target, checked_id, minutes, target_options
from clusterload.cli.sources import exporter_option
from clusterload.model.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.command(short_help="Answer as Confluent's Metrics API for any Kafka.")
@target_options
@exporter_option
@click.option("--cluster-id", metavar="ID", help="The id that the API answers to; by default the cluster's own.")
@click.option("--client-listener", multiple=True, metavar="NAME", help="A listener that clients use; a lab's is known.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; any free one by default.")
@click.option("--lateness", metavar="TIME", help="Answer no data younger than that, in whole minutes, as in 3m.")
@click.option("--interval", metavar="TIME", default="1s", show_default=True, help="Time between scrapes.")
@click.option("--history", type=click.Path(path_type=Path), metavar="FILE", help="Where what was scraped is kept.")
@click.option(
    "--properties", type=click.Path(path_type=Path), metavar="FILE",
    help="Where address, token and cluster id are written for clients.",
)  # fmt: skip
def serve(
    target: Target,
    *,
    cluster_id: str | None,
    client_listener: tuple[str, ...],
    host: str,
    port: int,
    lateness: str | None,
    interval: str,
    history: Path | None,
    properties: Path | None,
) -> None:
    """Scrape a cluster's brokers, keep seven days, and answer as Confluent's Metrics API until Ctrl-C.

    Clients find address, token and cluster id in a file that only you can read.
    """
    from clusterload.cli.console import note, warn
    from clusterload.model.units import parse_duration
    from clusterload.server.metrics_api import MetricsApi, Settings
    from clusterload.server.metrics_api.files import credential_in, history_of, properties_of, tell

    with _cluster(target, checked_id(cluster_id)) as (known_as, exporters, listeners):
        place = properties or properties_of(known_as)
        settings = Settings(
            cluster_id=known_as,
            exporters=exporters,
            history=history or history_of(known_as),
            credential=credential_in(place),
            client_listeners=frozenset(client_listener) or listeners,
            interval=parse_duration(interval),
            lateness=minutes(lateness),
            host=host,
            port=port,
        )
        if host not in {"127.0.0.1", "::1", "localhost"}:
            warn(f"listening on {host} without TLS: the token can be read on the way")
        with MetricsApi(settings, on_event=warn) as api:
            tell(place, api.properties)
            note(f"answering for cluster {known_as} at {api.url}; clients find all they need in {place}")
            _until_told()


@contextmanager
def _cluster(target: Target, cluster_id: str | None) -> Iterator[tuple[str, dict[str, str], frozenset[str]]]:
    """The id to answer to, the brokers' exporters, and the clients' listeners as far as they are known."""
    from clusterload.cli.options import opened
    from clusterload.cli.sources import endpoints
    from clusterload.lab.registry import find_lab

    if target.source:
        raise UsageError("--source is read from a Metrics API, serve makes one: give --exporter ID=URL or --lab")
    named = endpoints("exporter", target.exporter)
    if named and cluster_id and not (target.cluster or target.bootstrap_server or target.lab):
        yield cluster_id, named, frozenset()
        return
    with opened(target) as cluster:
        lab = find_lab(cluster.id)
        if not named and lab is None:
            raise ConfigurationError(f"cluster {cluster.id} is no lab and names no metrics: give --exporter ID=URL")
        found = {str(broker.id): broker.exporter_url for broker in lab.brokers} if lab else {}
        yield cluster_id or cluster.id, named or found, lab.client_listeners if lab else frozenset()


def _until_told() -> None:
    told = threading.Event()
    before = {number: signal.signal(number, lambda *_: told.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while not told.wait(1.0):
            pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
