"""Scraping every broker on its own thread, so that one that stops does not hide the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

import httpx

from clusterload.errors import SourceError
from clusterload.resources import RESOURCES
from clusterload.series import SECOND, Kind
from clusterload.sources.exporter.mapping import METRICS, Key, Reading, read
from clusterload.sources.exporter.text import Reader
from clusterload.units import COUNT, Unit

TIMEOUT_SECONDS: Final = 2.0
_LARGEST_SCRAPE: Final = 64 * 1024 * 1024


class Sink(Protocol):
    """What takes the points and events: a run file while a run goes, or the history of a cluster."""

    def point(
        self,
        name: str,
        unit: Unit,
        kind: Kind,
        labels: Mapping[str, str],
        time: int,
        value: float,
        span: float = 0.0,
        granularity: float = 1.0,
    ) -> None:
        """Keep one point of a Series."""

    def event(self, time: int, kind: str, text: str) -> None:
        """Keep something that happened, at Unix nanoseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    time: int
    reading: Reading


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
    ) -> None:
        """Scrape each broker's endpoint (broker id to URL) every `interval` seconds.

        Args:
            endpoints: where each broker's exporter answers.
            interval: seconds between scrapes.
            timeout: seconds for one scrape of one broker.
            client_listeners: names of the listeners that clients use; by default all that are not by their
                usual names the brokers' or controllers' own.
        """
        self.interval = interval
        self._endpoints = dict(endpoints)
        self._timeout = timeout
        self._listeners = client_listeners
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, recorder: Sink) -> Self:
        """Begin to scrape; returns once every broker was tried once. After `stop` it may begin anew."""
        self._stop = threading.Event()
        scrapers = [
            _Scraper(broker=broker, url=url, timeout=self._timeout, listeners=self._listeners)
            for broker, url in self._endpoints.items()
        ]
        for scraper in scrapers:
            thread = threading.Thread(
                target=scraper.run,
                args=(recorder, self.interval, self._stop),
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
    reader: Reader = field(default_factory=lambda: Reader(METRICS))
    tried: threading.Event = field(default_factory=threading.Event)
    last: _Moment | None = None
    failing: bool = False

    def run(self, recorder: Sink, interval: float, stop: threading.Event) -> None:
        """Scrape on whole intervals until told to stop; intervals that a slow scrape missed are left out."""
        with httpx.Client(timeout=self.timeout, trust_env=False) as client:
            due = time.monotonic()
            while not stop.wait(max(0.0, due - time.monotonic())):
                self._try(client, recorder, interval)
                self.tried.set()
                behind = time.monotonic() - due
                due += interval * max(1, -(-behind // interval))

    def _try(self, client: httpx.Client, recorder: Sink, interval: float) -> None:
        try:
            moment = self._scrape(client)
        except SourceError as error:
            if not self.failing:
                recorder.event(time.time_ns(), "scrape-failed", str(error))
            self.failing = True
            return
        if self.failing:
            recorder.event(moment.time, "scrape-resumed", f"broker {self.broker} can be scraped again")
            self.failing = False
        self._record(recorder, moment, interval)
        self.last = moment

    def _scrape(self, client: httpx.Client) -> _Moment:
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
        return _Moment(time=(before + time.time_ns()) // 2, reading=read(samples, self.listeners))

    def _record(self, recorder: Sink, now: _Moment, interval: float) -> None:
        def point(key: Key, kind: Kind, value: float, span: float = 0.0) -> None:
            name, labels = key
            unit = RESOURCES[name].unit if name in RESOURCES else COUNT
            all_labels = {"broker": self.broker, **dict(labels)}
            recorder.point(name, unit, kind, all_labels, now.time, value, span, interval)

        for key, value in now.reading.gauges.items():
            point(key, Kind.GAUGE, value)
        if self.last is None:
            return
        span = (now.time - self.last.time) / SECOND
        before = self._before(recorder, now)
        for key, value in now.reading.counters.items():
            point(key, Kind.DELTA, _growth(value, before.get(key, 0.0)), span)
        if before:
            for name, share in _shares(self.last.reading, now.reading, span):
                point((name, ()), Kind.GAUGE, share)

    def _before(self, recorder: Sink, now: _Moment) -> Mapping[Key, float]:
        """The counters of the scrape before, or none if the broker has started anew since."""
        assert self.last is not None
        if now.reading.started == self.last.reading.started:
            return self.last.reading.counters
        recorder.event(now.time, "broker-restarted", f"broker {self.broker} restarted: its counters began anew")
        return {}


def _growth(now: float, before: float) -> float:
    # A counter below its last value began anew; what it shows has grown since.
    return now - before if now >= before else now


def _shares(before: Reading, now: Reading, span: float) -> list[tuple[str, float]]:
    """Busy shares of the broker's threads over the last `span` seconds, each within 0 and 1."""
    shares = []
    if now.handler_idle is not None and before.handler_idle is not None:
        shares.append(("request_handler_busy", 1 - (now.handler_idle - before.handler_idle) / SECOND / span))
    # Each listener has threads of its own: those of an idle one do not help a busy one.
    network = [
        (sum(times) - sum(before.network.get(listener, times))) / SECOND / span / len(times)
        for listener, times in now.network.items()
    ]
    if network:
        shares.append(("network_thread_busy", max(network)))
    # Scrapes and counters are not read at one instant, so a share can come out a little beyond its range.
    return [(name, min(1.0, max(0.0, share))) for name, share in shares]
