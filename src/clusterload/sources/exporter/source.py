"""Scraping every broker on its own thread, so that one that stops does not hide the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

import httpx

from clusterload.errors import SourceError
from clusterload.sources.exporter.text import Reader
from clusterload.sources.growth import Growth, Moment
from clusterload.sources.names import Names
from clusterload.sources.reading import read
from clusterload.sources.source import Sink, of_brokers

TIMEOUT_SECONDS: Final = 2.0
_LARGEST_SCRAPE: Final = 64 * 1024 * 1024


class ExporterSource:
    """Scrapes the JMX exporter of each broker and records what it finds.

    Counters become deltas between scrapes; a broker's restart begins them anew. A scrape that fails leaves a
    gap and an event, and the next one is tried on time.
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
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"JMX exporters of {of_brokers(self._endpoints)}"

    def start(self, sink: Sink) -> Self:
        """Begin to scrape; returns once every broker was tried once. After `stop` it may begin anew."""
        self._stop = threading.Event()
        scrapers = [
            _Scraper(
                broker=broker,
                url=url,
                timeout=self._timeout,
                listeners=self._listeners,
                names=self._names,
                growth=Growth(broker=broker, names=self._names, granularity=self.interval),
                reader=Reader(self._names.reads, self._names.grouping),
            )
            for broker, url in self._endpoints.items()
        ]
        for scraper in scrapers:
            thread = threading.Thread(
                target=scraper.run,
                args=(sink, self.interval, self._stop),
                name=f"scrape-{scraper.broker}",
                daemon=True,
            )
            thread.start()
            self._threads.append(thread)
        for scraper in scrapers:
            scraper.tried.wait(scraper.timeout + 1.0)
        return self

    def stop(self) -> None:
        """Stop scraping; a scrape under way is finished."""
        self._stop.set()
        while self._threads:
            self._threads.pop().join()


@dataclass(slots=True, kw_only=True)
class _Scraper:
    """One broker's scrapes."""

    broker: str
    url: str
    timeout: float
    listeners: frozenset[str]
    names: Names
    growth: Growth
    reader: Reader
    tried: threading.Event = field(default_factory=threading.Event)
    failing: bool = False

    def run(self, sink: Sink, interval: float, stop: threading.Event) -> None:
        """Scrape on whole intervals until told to stop; intervals that a slow scrape missed are left out."""
        with httpx.Client(timeout=self.timeout, trust_env=False) as client:
            due = time.monotonic()
            while not stop.wait(max(0.0, due - time.monotonic())):
                self._try(client, sink)
                self.tried.set()
                behind = time.monotonic() - due
                due += interval * max(1, -(-behind // interval))

    def _try(self, client: httpx.Client, sink: Sink) -> None:
        try:
            moment = self._scrape(client)
        except SourceError as error:
            if not self.failing:
                sink.event(time.time_ns(), "scrape-failed", str(error))
            self.failing = True
            return
        if self.failing:
            sink.event(moment.time, "scrape-resumed", f"broker {self.broker} can be scraped again")
            self.failing = False
        self.growth.take(moment, sink)

    def _scrape(self, client: httpx.Client) -> Moment:
        before = time.time_ns()
        try:
            answer = client.get(self.url)
            answer.raise_for_status()
            if len(answer.content) > _LARGEST_SCRAPE:
                raise SourceError(f"the exporter of broker {self.broker} answers with too much: narrow its rules")
            samples = list(self.reader.read(answer.text))
        except httpx.TimeoutException:
            raise SourceError(
                f"broker {self.broker} was not scraped: {self.url} took over {self.timeout:g} s"
            ) from None
        except httpx.HTTPError as error:
            raise SourceError(f"broker {self.broker} was not scraped at {self.url}: {error}") from None
        except ValueError as error:
            raise SourceError(f"broker {self.broker}: {self.url} is no Prometheus text: {error}") from None
        # The broker reads its figures somewhere between the question and the answer.
        reading = read(samples, self.names, self.listeners)
        return Moment(time=(before + time.time_ns()) // 2, reading=reading, left_out=self.reader.left_out)
