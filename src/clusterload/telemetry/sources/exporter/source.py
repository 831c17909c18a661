"""Scraping every broker on its own thread, so that one that stops does not hide the others."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import httpx

from clusterload.model.errors import SourceError
from clusterload.telemetry.sources.answer import plain
from clusterload.telemetry.sources.endpoint import Endpoint
from clusterload.telemetry.sources.exporter.text import Reader
from clusterload.telemetry.sources.growth import Growth, Moment
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.polling import Poller, Polling
from clusterload.telemetry.sources.reading import read
from clusterload.telemetry.sources.source import Sink, of_brokers

TIMEOUT_SECONDS: Final = 4.0


class ExporterSource:
    """Scrapes the JMX exporter of each broker and records what it finds.

    A scrape that fails leaves a gap and an event, and the next one is tried on time. Brokers whose scrapes take
    long are scraped less often.
    """

    def __init__(
        self,
        endpoints: Mapping[str, str],
        *,
        interval: float = 1.0,
        timeout: float = TIMEOUT_SECONDS,
        client_listeners: frozenset[str] = frozenset(),
        names: Names | None = None,
    ) -> None:
        """Scrape each broker's endpoint (broker id to URL) every `interval` seconds.

        Args:
            endpoints: where each broker's exporter answers.
            interval: seconds between scrapes.
            timeout: seconds for one scrape of one broker.
            client_listeners: names of the listeners that clients use; by default all that are not by their
                usual names the brokers' or controllers' own.
            names: what the exporters call things; by default as the exporter's own Kafka rules do.
        """
        self.interval = interval
        self._endpoints = dict(endpoints)
        self._timeout = timeout
        self._listeners = client_listeners
        self._names = names or Names.named("jmx-exporter")
        self._polling = Polling([])

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"JMX exporters of {of_brokers(self._endpoints)}"

    def start(self, sink: Sink) -> Self:
        """Begin to scrape; returns once every broker was tried once. After `stop` it may begin anew."""
        self._polling = Polling([self._poller(broker, url) for broker, url in self._endpoints.items()])
        self._polling.start(sink, patience=self._timeout + 1.0)
        return self

    def stop(self) -> None:
        """Stop scraping; a scrape under way is finished."""
        self._polling.stop()

    def _poller(self, broker: str, url: str) -> Poller:
        client = httpx.Client(timeout=self._timeout, trust_env=False)
        scraped = _Exporter(
            endpoint=Endpoint(broker=broker, url=url, client=client, timeout=self._timeout),
            listeners=self._listeners,
            names=self._names,
            reader=Reader(self._names.reads, self._names.grouping),
        )
        growth = Growth(broker=broker, names=self._names, granularity=self.interval)
        return Poller(ask=scraped.ask, growth=growth, interval=self.interval, close=client.close)


@dataclass(slots=True, kw_only=True)
class _Exporter:
    """One broker's exporter."""

    endpoint: Endpoint
    listeners: frozenset[str]
    names: Names
    reader: Reader

    def ask(self) -> Moment:
        """What the broker shows now; raises SourceError when it does not tell."""
        before = time.time_ns()
        content = self.endpoint.asked()
        # The broker reads its figures somewhere between the question and the answer.
        middle = (before + time.time_ns()) // 2
        try:
            samples = list(self.reader.read(content.decode()))
        except ValueError as error:
            of = f"broker {self.endpoint.broker}: {self.endpoint.url}"
            raise SourceError(f"{of} is no Prometheus text: {plain(str(error))}") from None
        return Moment(time=middle, reading=read(samples, self.names, self.listeners), left_out=self.reader.left_out)
