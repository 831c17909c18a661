"""The exporters of the brokers, scraped directly: each on its own thread, so that one that hangs hides no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from clusterload.model.errors import SourceError
from clusterload.telemetry.sources.addresses import Endpoints, shown
from clusterload.telemetry.sources.deltas import MOST, Deltas, Scrape
from clusterload.telemetry.sources.dialects import Claims, Dialect, Dialects, Said
from clusterload.telemetry.sources.exporter_access import CA, ExporterAccess
from clusterload.telemetry.sources.exposition import ScrapeParser
from clusterload.telemetry.sources.keeping import Crowd, most_of_each
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.polling import Poller, Polling
from clusterload.telemetry.sources.reading import Reading
from clusterload.telemetry.sources.source import Sink, of_brokers
from clusterload.telemetry.sources.transport import HttpClient, RetryPolicy, Server, one_line

TIMEOUT_SECONDS: Final = 4.0

_NOTHING: Final = Names(name="", title="", rules=())


class ExporterSource:
    """Scrapes the exporter of each broker, or several that add to each other, such as that of its host.

    By which names it is read is recognised from its first scrape. A scrape that fails leaves a gap and an event, and
    the next one is tried on time. Brokers whose scrapes take long are scraped less often.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        *,
        interval: float = 1.0,
        timeout: float = TIMEOUT_SECONDS,
        client_listeners: frozenset[str] = frozenset(),
        names: Names | Sequence[Names] | None = None,
        access: ExporterAccess | None = None,
    ) -> None:
        """Scrape each broker's endpoints (broker id to URLs) every `interval` seconds.

        Args:
            endpoints: the URL of each broker's exporter, or several of one broker.
            interval: seconds between scrapes.
            timeout: seconds for one scrape of one broker.
            client_listeners: names of the listeners that clients use; by default all but those with the usual
                names of the brokers' or controllers' own.
            names: the map of metric names, or several that add to each other; by default it is recognised.
            access: login and authorities; by default none and the system's.

        Raises:
            ConfigurationError: a URL cannot be used, or a file of `access`.
        """
        access = access or ExporterAccess()
        self.interval = interval
        self._endpoints = {
            broker: tuple(access.checked(broker, url) for url in ((urls,) if isinstance(urls, str) else urls))
            for broker, urls in endpoints.items()
        }
        self._timeout = timeout
        self._listeners = client_listeners
        self._names = (names,) if isinstance(names, Names) else tuple(names or ())
        self._access = access
        self._tls = access.tls()
        self._polling = Polling([])

    @property
    def endpoints(self) -> Mapping[str, tuple[str, ...]]:
        """The URLs of each broker's exporters, by the broker's id."""
        return self._endpoints

    @property
    def names(self) -> tuple[Names, ...]:
        """The maps of metric names that were asked for; none where they are to be recognised."""
        return self._names

    @property
    def client_listeners(self) -> frozenset[str]:
        """The listeners that clients use, where somebody said so."""
        return self._listeners

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"exporters of {of_brokers(self._endpoints)}"

    def start(self, sink: Sink) -> Self:
        """Begin to scrape; returns once every broker was tried once. After `stop` it may be started again."""
        dialects, crowd = Dialects(self._names, self._listeners), Crowd()
        self._polling = Polling(
            [
                poller
                for broker, urls in self._endpoints.items()
                for poller in self._pollers(broker, urls, dialects, crowd)
            ]
        )
        self._polling.start(sink, patience=self._timeout + 1.0)
        return self

    def stop(self) -> None:
        """Stop scraping; a scrape under way is finished."""
        self._polling.stop()

    def _pollers(self, broker: str, urls: tuple[str, ...], dialects: Dialects, crowd: Crowd) -> list[Poller]:
        made, claims, before = list[Poller](), Claims(len(urls)), None
        most = most_of_each(len(self._endpoints), MOST)
        for url in urls:
            dialect = Dialect(broker=broker, url=url, dialects=dialects, claims=claims)
            exporter = _Exporter(url, self.client(broker, url), dialect, self._timeout, before)
            deltas = Deltas(broker=broker, names=_NOTHING, granularity=self.interval, most=most, crowd=crowd)
            made.append(Poller(ask=exporter.scrape, deltas=deltas, interval=self.interval, close=exporter.http.close))
            before = exporter.known
        return made

    def client(self, broker: str, url: str, **options: Any) -> HttpClient:
        """What asks one address, with the login that it wants; `options` as `HttpClient` takes them."""
        about = f"broker {broker}: {shown(url)}"
        server = Server(
            name=about,
            refusal=lambda status, said: SourceError(f"{about} {_refusal(status, said)}"),
            smaller="it has too many topics or clients to be read this way; narrow its rules",
            secrets=self._access.secrets,
            authority=CA,
        )
        policy = RetryPolicy(timeout=self._timeout, deadline=self._timeout, attempts=1)
        return HttpClient(
            server,
            policy,
            headers=self._access.headers,
            trust_env=False,
            verify=self._tls,
            auth=self._access.auth,
            **options,
        )


def _refusal(status: int, said: str) -> str:
    if status in {401, 403}:
        return f"wants another login ({said}): set exporter.username and exporter.password, or exporter.bearer.token"
    return f"rejects the scrape ({said})"


class _Exporter:
    """One address of a broker."""

    def __init__(
        self, url: str, http: HttpClient, dialect: Dialect, patience: float, before: threading.Event | None
    ) -> None:
        self.http = http
        self.known = threading.Event()
        self._url, self._dialect = url, dialect
        self._about = f"broker {dialect.broker}: {shown(url)}"
        self._patience, self._before = patience, before
        self._parser: ScrapeParser | None = None
        self._names: Names | None = None
        self._told_unread = False
        self._said: Said = ()

    def scrape(self) -> Scrape:
        """What the broker shows now; SourceError if it cannot be read."""
        before = time.time_ns()
        try:
            body = self.http.send("GET", self._url)
            # The broker reads its figures somewhere between request and response.
            middle = (before + time.time_ns()) // 2
            return self._read(body, middle)
        finally:
            self.known.set()

    def _read(self, body: bytes, middle: int) -> Scrape:
        # Bytes that are no text spoil the line that they are in, and no other.
        text = body.decode(errors="replace").removeprefix("\ufeff")
        if self._names is None and self._before is not None:
            # Of what both show the address counts that was named first.
            self._before.wait(self._patience)
        try:
            names, said = self._dialect.of(text)
            # What is said of a scrape that then cannot be read is said with the next one.
            self._said += said
            reading = self._reading(text, names)
            changed = self._dialect.again(text, reading)
            if changed is not None and self._dialect.names is not None:
                self._said, names = (*self._said, *changed), self._dialect.names
                reading = self._reading(text, names)
        except ValueError as error:
            raise SourceError(f"{self._about} {one_line(str(error))}") from None
        parser, said, self._said = self._parser, self._said, ()
        left_out = parser.left_out if parser is not None else 0
        return Scrape(time=middle, reading=reading, left_out=left_out, events=(*said, *self._unread()), names=names)

    def _reading(self, text: str, names: Names) -> Reading:
        if self._parser is None or names is not self._names:
            self._names, self._parser = names, ScrapeParser(self._dialect.dialects.lines(names), names.grouping)
        return self._parser.read(text, whole=self.http.is_whole)

    def _unread(self) -> Said:
        parser = self._parser
        if parser is None or not parser.unread or self._told_unread:
            return ()
        self._told_unread = True
        lines = "1 line is" if parser.unread == 1 else f"{parser.unread:,} lines are"
        words = f"{self._about}: {lines} malformed and left out, as {one_line(parser.example)[:80]!r}"
        return (("lines-unread", words),)
