"""The Jolokia agents of the brokers, read live: one request for all MBeans a broker and interval."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Self

from clusterload.model.errors import ConfigurationError, SourceError
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.deltas import MOST, Deltas, Scrape
from clusterload.telemetry.sources.jolokia.mbeans import giving
from clusterload.telemetry.sources.jolokia.protocol import PARAMETERS, Missing, Response, ResponseParser, request_body
from clusterload.telemetry.sources.keeping import Crowd, most_of_each
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.polling import Poller, Polling
from clusterload.telemetry.sources.source import Sink, of_brokers
from clusterload.telemetry.sources.translation import Reader, Translator
from clusterload.telemetry.sources.transport import (
    HttpClient,
    RetryPolicy,
    Server,
    checked_url,
    one_line,
    verification,
)

TIMEOUT_SECONDS: Final = 2.0
MOST_SKEW: Final = 2.0
"""Seconds by which a broker's clock may differ from ours without an event."""

_EXAMPLE: Final = "http://broker-1:8778/jolokia"
_LISTED: Final = 3


class JolokiaSource:
    """Reads the Jolokia agent of each broker.

    MBeans are given the names that the JMX exporter has for them, so that each is the same Series from both. A
    request that fails leaves a gap and an event; an MBean that is not there, or may not be read, is reported once, and
    its Series is missing. Times are ours: Jolokia's clock only serves to see whether it differs.
    """

    def __init__(
        self,
        endpoints: Mapping[str, str],
        *,
        interval: float = 1.0,
        timeout: float = TIMEOUT_SECONDS,
        client_listeners: frozenset[str] = frozenset(),
        username: str = "",
        password: str = "",
        ca_location: str = "",
    ) -> None:
        """Read each broker's agent (broker id to URL) every `interval` seconds.

        Args:
            endpoints: the URL of each broker's agent, as in `http://host:8778/jolokia`.
            interval: seconds between requests to one broker.
            timeout: seconds for one response.
            client_listeners: names of the listeners that clients use; by default all but those with the usual
                names of the brokers' or controllers' own.
            username: of a login, which goes over https, or over http to this machine alone.
            password: of that login.
            ca_location: PEM file of the authorities to trust over https; by default the system's.

        Raises:
            ConfigurationError: an endpoint, the login or the authorities cannot be used.
        """
        if bool(username) != bool(password):
            missing = "password" if username else "username"
            raise ConfigurationError(f"Jolokia's login lacks the {missing}: give both, or neither")
        self.interval = interval
        self._login = (username, password) if username else None
        self._endpoints = {broker: self._endpoint(broker, url) for broker, url in endpoints.items()}
        self._verify = verification(ca_location, "jolokia.ssl.ca.location")
        self._timeout = timeout
        self._listeners = client_listeners
        self._names = Names.named("jmx-exporter")
        self._polling = Polling([])

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"Jolokia agents of {of_brokers(self._endpoints)}"

    def start(self, sink: Sink) -> Self:
        """Begin to read; returns once every broker was tried once. After `stop` it may be started again."""
        translator, crowd = Translator(self._names, self._listeners), Crowd()
        self._polling = Polling(
            [self._poller(broker, url, sink, Reader(translator), crowd) for broker, url in self._endpoints.items()]
        )
        self._polling.start(sink, patience=self._timeout + 1.0)
        return self

    def stop(self) -> None:
        """Stop reading; a request under way is finished."""
        self._polling.stop()

    def _endpoint(self, broker: str, url: str) -> str:
        name = f"broker {broker}: Jolokia's address"
        where = "give username and password apart from it"
        checked_url(url, name, example=_EXAMPLE, login=where, has_login=self._login is not None)
        # Without the slash some servers redirect to the address with it.
        return f"{url.rstrip('/')}/"

    def _poller(self, broker: str, url: str, sink: Sink, reader: Reader, crowd: Crowd) -> Poller:
        agent = _Agent(
            broker=broker,
            url=url,
            http=self._client(broker, url, self._verify),
            parser=ResponseParser(giving(self._names.metrics)),
            reader=reader,
            sink=sink,
        )
        most = most_of_each(len(self._endpoints), MOST)
        deltas = Deltas(broker=broker, names=self._names, granularity=self.interval, most=most, crowd=crowd)
        return Poller(ask=agent.ask, deltas=deltas, interval=self.interval, close=agent.http.close)

    def _client(self, broker: str, url: str, verify: ssl.SSLContext | bool) -> HttpClient:
        name = f"broker {broker}: {url}"
        server = Server(
            name=name,
            refusal=lambda status, said: SourceError(f"{name} {_refusal(status, said)}"),
            smaller="it has too many topics or clients to be read this way",
            secrets=self._login[1:] if self._login else (),
            authority="jolokia.ssl.ca.location",
        )
        policy = RetryPolicy(timeout=self._timeout, deadline=self._timeout, attempts=1)
        headers = {"Content-Type": "application/json"}
        return HttpClient(server, policy, headers=headers, trust_env=False, verify=verify, auth=self._login)


@dataclass(slots=True, kw_only=True)
class _Agent:
    """One broker's agent."""

    broker: str
    url: str
    http: HttpClient
    parser: ResponseParser
    reader: Reader
    sink: Sink
    reported: set[tuple[str, int]] = field(default_factory=set)
    skewed: bool = False

    def ask(self) -> Scrape:
        """What the broker shows now; SourceError if it cannot be read."""
        before = time.time_ns()
        body = self.http.send("POST", self.url, params=PARAMETERS, content=request_body(self.parser.mbeans))
        after = time.time_ns()
        try:
            response = self.parser.parse(body)
        except ValueError as error:
            raise SourceError(f"broker {self.broker}: {self.url} {one_line(str(error))}") from None
        self._report_missing(response.missing, after)
        self._compare_clocks(response, before, after)
        # The broker reads its figures somewhere between request and response.
        return Scrape(time=(before + after) // 2, reading=self.reader.read(response.samples))

    def _report_missing(self, missing: tuple[Missing, ...], now: int) -> None:
        new = [mbean for mbean in missing if (mbean.name, mbean.status) not in self.reported]
        if not new:
            return
        self.reported.update((mbean.name, mbean.status) for mbean in new)
        words = "; ".join(map(_words, new[:_LISTED]))
        more = f" and {len(new) - _LISTED} more" if len(new) > _LISTED else ""
        text = f"broker {self.broker}: Jolokia does not show {words}{more}; what is made of them is missing"
        self.sink.event(now, "mbeans-missing", text)

    def _compare_clocks(self, response: Response, before: int, after: int) -> None:
        skew = _skew(response.clock, before / SECOND, after / SECOND)
        if abs(skew) > MOST_SKEW and not self.skewed:
            way = "ahead of" if skew > 0 else "behind"
            text = f"the clock of broker {self.broker} is at least {abs(skew):,.0f} s {way} ours; points have our time"
            self.sink.event(after, "clock-skew", text)
        self.skewed = abs(skew) > MOST_SKEW


def _skew(clock: float | None, before: float, after: float) -> float:
    """Seconds by which a clock that shows whole seconds was ahead of ours, at least; between two times of ours."""
    if clock is None:
        return 0.0
    return max(0.0, clock - after) - max(0.0, before - (clock + 1))


def _words(missing: Missing) -> str:
    match missing.status:
        case HTTPStatus.NOT_FOUND:
            why = "not found"
        case HTTPStatus.FORBIDDEN:
            why = "forbidden"
        case status:
            why = f"{status}: {one_line(missing.reason) or 'no reason'}"
    return f"{missing.name} ({why})"


def _refusal(status: int, said: str) -> str:
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return f"rejects the login ({said}): check username and password"
        case HTTPStatus.FORBIDDEN:
            return f"forbids requests ({said}): see the agent's policy (jolokia-access.xml)"
        case HTTPStatus.NOT_FOUND:
            return f"is not a Jolokia ({said}): give the agent's address, which mostly ends in /jolokia"
        case _:
            return f"rejects the request ({said})"
