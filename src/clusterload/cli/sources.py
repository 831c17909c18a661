"""Options that choose where metrics come from."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from clusterload.cli.options import Command, Target, decorated
from clusterload.model.errors import ConfigurationError, UsageError
from clusterload.model.series import SECOND

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster
    from clusterload.model.run import Run
    from clusterload.telemetry.sources.source import Source

KINDS: Final = ("exporter", "jolokia", "prometheus", "confluent", "admin")

_EXPORTER = click.option(
    "--exporter", multiple=True, metavar="ID=URL", help="Where a broker's JMX exporter answers; a lab's are known."
)


def exporter_option(command: Command) -> Command:
    """Add the option that names exporters; they become part of the `target`, which must be asked for above."""

    @_EXPORTER
    def with_exporters(*, target: Target, exporter: tuple[str, ...], **rest: Any) -> Any:
        return command(target=replace(target, exporter=exporter), **rest)

    return decorated(with_exporters, command)


def source_options(command: Command) -> Command:
    """Add the options that name sources; they become part of the `target`, which must be asked for above."""

    @_EXPORTER
    @click.option("--jolokia", multiple=True, metavar="ID=URL", help="Where a broker's Jolokia agent answers.")
    @click.option("--prometheus", metavar="URL", help="A Prometheus server; its login belongs into --cluster FILE.")
    @click.option(
        "--names", metavar="MAP", help="What metrics are called there: jmx-exporter, strimzi, redpanda or a TOML file."
    )
    @click.option("--source", type=click.Choice(KINDS), help="Which of the sources that are known to read.")
    def with_sources(
        *,
        target: Target,
        exporter: tuple[str, ...],
        jolokia: tuple[str, ...],
        prometheus: str | None,
        names: str | None,
        source: str | None,
        **rest: Any,
    ) -> Any:
        named = replace(target, exporter=exporter, jolokia=jolokia, prometheus=prometheus, names=names, source=source)
        _check(named)
        return command(target=named, **rest)

    return decorated(with_sources, command)


def _check(target: Target) -> None:
    named = {"exporter": target.exporter, "jolokia": target.jolokia, "prometheus": target.prometheus}
    asked = [kind for kind, value in named.items() if value]
    if target.source and target.source not in asked:
        asked.append(target.source)
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} are two sources of the same figures: give one of them")


def sources_for(target: Target, cluster: Cluster, interval: float = 1.0) -> tuple[Source, ...]:
    """The metrics that a command reads: the source that was named, or those that we know of.

    Raises:
        ConfigurationError: an endpoint is not given as ID=URL, or nothing tells where the source answers.
    """
    from clusterload.telemetry.discovery import exporters_at, jolokia_at, source_of, sources_of

    if target.exporter:
        return (exporters_at(cluster, endpoints("exporter", target.exporter), interval, target.names or ""),)
    if target.jolokia:
        return (jolokia_at(cluster, endpoints("jolokia", target.jolokia), interval),)
    kind = "prometheus" if target.prometheus else target.source
    return (source_of(cluster, kind, interval),) if kind else sources_of(cluster, interval)


def read_stretch(
    target: Target,
    start: int,
    end: int | None,
    *,
    granularity: str = "",
    wait: float = 0.0,
    path: Path | None = None,
) -> Run:
    """Read what a cluster did in a time that has passed; asks no broker.

    Args:
        target: names the source, by its options or its file.
        start: Unix nanoseconds.
        end: Unix nanoseconds; None for as far as the source has usually got by now.
        granularity: of the points, as the source names it; by default its own.
        wait: seconds that figures which are not there yet are waited for; 0 for as long as is usual.
        path: of the run file.

    Raises:
        ConfigurationError: no source is named, or it has no such granularity.
        SourceError: it could not be read.
    """
    from clusterload.cli.console import waiting
    from clusterload.cli.options import properties_of
    from clusterload.model.run import clock_time
    from clusterload.telemetry.discovery import cluster_id_of, past_of
    from clusterload.telemetry.record import read_past

    properties = properties_of(target)
    source = past_of(properties, "prometheus" if target.prometheus else target.source or "", granularity, wait)
    now = time.time_ns()
    last = min(end, now) if end is not None else now - round(source.lateness * SECOND)
    if last <= start:
        raise UsageError(f"{clock_time(start)} to {clock_time(last)} is no stretch of the past: look further back")
    return read_past(source, cluster_id_of(properties), start=start, end=last, path=path, on_wait=waiting)


def endpoints(kind: str, pairs: tuple[str, ...]) -> dict[str, str]:
    """What was named as ID=URL: URL by broker id.

    Raises:
        ConfigurationError: one has another form.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        broker, equals, url = pair.partition("=")
        if not equals or not url.startswith(("http://", "https://")):
            raise ConfigurationError(f"--{kind} takes ID=URL, as in 1=http://broker1:7071/metrics, not {pair!r}")
        found[broker] = url
    return found
