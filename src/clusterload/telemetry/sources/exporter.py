"""The JMX exporters of the brokers, scraped directly: each on its own thread, so that one that hangs hides no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from prometheus_client.parser import text_string_to_metric_families

from clusterload.model.errors import SourceError
from clusterload.telemetry.sources.deltas import Deltas, Scrape
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.polling import Poller, Polling
from clusterload.telemetry.sources.reading import Sample, read
from clusterload.telemetry.sources.source import Sink, of_brokers
from clusterload.telemetry.sources.transport import HttpClient, RetryPolicy, Server, one_line

TIMEOUT_SECONDS: Final = 4.0

# Lines of deleted topics would stay: with more than this, all are parsed again.
_MOST_KNOWN: Final = 100_000

MOST_LINES: Final = 50_000
"""Of a scrape with more wanted lines than this, those of single topics and clients are no longer read."""


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
        self._polling = Polling([self._poller(broker, url) for broker, url in self._endpoints.items()])
        self._polling.start(sink, patience=self._timeout + 1.0)
        return self

    def stop(self) -> None:
        """Stop scraping; a scrape under way is finished."""
        self._polling.stop()

    def _poller(self, broker: str, url: str) -> Poller:
        exporter = _Exporter(broker, url, self._timeout, self._names, self._listeners)
        deltas = Deltas(broker=broker, names=self._names, granularity=self.interval)
        return Poller(ask=exporter.scrape, deltas=deltas, interval=self.interval, close=exporter.http.close)


class _Exporter:
    """One broker's exporter."""

    def __init__(self, broker: str, url: str, timeout: float, names: Names, listeners: frozenset[str]) -> None:
        self._about, self._url, self._names, self._listeners = f"broker {broker}: {url}", url, names, listeners
        self._parser = ScrapeParser(names.reads, names.grouping)
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
            samples = list(self._parser.parse(body.decode()))
        except ValueError as error:
            raise SourceError(f"{self._about}: malformed exporter response: {one_line(str(error))}") from None
        reading = read(samples, self._names, self._listeners)
        return Scrape(time=middle, reading=reading, left_out=self._parser.left_out)


@dataclass(slots=True)
class ScrapeParser:
    """Parses one exporter's text again and again at little cost.

    Only the values change between scrapes: names and labels are parsed by Prometheus' own parser when they are first
    seen, and recognized by their text ever after. Three brokers scraped each second would else take a tenth of a core.

    Attributes:
        wanted: whether a metric of a name is read; all others are passed over.
        grouping: labels of which there can be very many values, such as a topic's.
        left_out: how many wanted lines of the last scrape were not read because there were too many.
    """

    wanted: Callable[[str], bool]
    grouping: Collection[str] = ()
    left_out: int = 0
    _known: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    _is_wanted: dict[str, bool] = field(default_factory=dict)

    def parse(self, text: str) -> Iterator[Sample]:
        """The wanted samples of a scrape.

        Raises:
            ValueError: the text is not in Prometheus' format, or ends in the middle of a line.
        """
        if text and not text.endswith("\n"):
            raise ValueError("it ends in the middle of a line")
        self.left_out, seen = 0, set[str]()
        for line in text.splitlines():
            head, _, value = line.rpartition(" ")
            # What stands there twice is one thing all the same.
            if head in seen:
                continue
            known = self._known.get(head)
            if known is not None:
                seen.add(head)
                yield Sample(*known, float(value))
            elif line and line[0] != "#" and self._wants(_name(line)):
                if len(seen) >= MOST_LINES and self._is_one_of_many(line):
                    self.left_out += 1
                    continue
                seen.add(head)
                yield self._parsed(line, head)

    def _wants(self, name: str) -> bool:
        if name not in self._is_wanted:
            if len(self._is_wanted) >= _MOST_KNOWN:
                self._is_wanted.clear()
            self._is_wanted[name] = self.wanted(name)
        return self._is_wanted[name]

    def _is_one_of_many(self, line: str) -> bool:
        # A broker's totals stand among the lines of topics, and must not be lost with them.
        return any(f'{label}="' in line for label in self.grouping)

    def _parsed(self, line: str, head: str) -> Sample:
        ((sample,),) = (family.samples for family in text_string_to_metric_families(line))
        # What stands before the last blank is name and labels, unless the line ends with a time.
        if sample.timestamp is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[head] = (sample.name, sample.labels)
        return Sample(sample.name, sample.labels, sample.value)


def _name(line: str) -> str:
    return line.partition("{")[0].partition(" ")[0]
