"""The JMX exporters of the brokers, scraped directly: each on its own thread, so that one that hangs hides no other."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final, Self

from clusterload.model.errors import SourceError
from clusterload.telemetry.sources.deltas import MOST, Deltas, Scrape
from clusterload.telemetry.sources.exposition import ScrapeParser, SharedLines
from clusterload.telemetry.sources.keeping import Crowd, most_of_each
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.polling import Poller, Polling
from clusterload.telemetry.sources.source import Sink, of_brokers
from clusterload.telemetry.sources.transport import HttpClient, RetryPolicy, Server, one_line

TIMEOUT_SECONDS: Final = 4.0


class ExporterSource:
    """Scrapes the JMX exporter of each broker.

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
            endpoints: the URL of each broker's exporter.
            interval: seconds between scrapes.
            timeout: seconds for one scrape of one broker.
            client_listeners: names of the listeners that clients use; by default all but those with the usual
                names of the brokers' or controllers' own.
            names: the map of metric names; by default that of the exporter's own Kafka rules.
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
        """Begin to scrape; returns once every broker was tried once. After `stop` it may be started again."""
        lines, crowd = SharedLines(self._names, self._listeners), Crowd()
        self._polling = Polling([self._poller(broker, url, lines, crowd) for broker, url in self._endpoints.items()])
        self._polling.start(sink, patience=self._timeout + 1.0)
        return self

    def stop(self) -> None:
        """Stop scraping; a scrape under way is finished."""
        self._polling.stop()

    def _poller(self, broker: str, url: str, lines: SharedLines, crowd: Crowd) -> Poller:
        exporter = _Exporter(broker, url, self._timeout, ScrapeParser(lines, self._names.grouping))
        most = most_of_each(len(self._endpoints), MOST)
        deltas = Deltas(broker=broker, names=self._names, granularity=self.interval, most=most, crowd=crowd)
        return Poller(ask=exporter.scrape, deltas=deltas, interval=self.interval, close=exporter.http.close)


class _Exporter:
    """One broker's exporter."""

    def __init__(self, broker: str, url: str, timeout: float, parser: ScrapeParser) -> None:
        self._about, self._url, self._parser = f"broker {broker}: {url}", url, parser
        server = Server(
            name=self._about,
            refusal=lambda _, said: SourceError(f"{self._about} rejects the scrape ({said})"),
            smaller="it has too many topics or clients to be read this way; narrow its rules",
        )
        policy = RetryPolicy(timeout=timeout, deadline=timeout, attempts=1)
        self.http = HttpClient(server, policy, trust_env=False)

    def scrape(self) -> Scrape:
        """What the broker shows now; SourceError if it cannot be read."""
        before = time.time_ns()
        body = self.http.send("GET", self._url)
        # The broker reads its figures somewhere between request and response.
        middle = (before + time.time_ns()) // 2
        try:
            reading = self._parser.read(body.decode())
        except ValueError as error:
            raise SourceError(f"{self._about}: malformed exporter response: {one_line(str(error))}") from None
        return Scrape(time=middle, reading=reading, left_out=self._parser.left_out)
