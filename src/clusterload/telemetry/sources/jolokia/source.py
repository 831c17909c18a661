"""Asking the Jolokia agent of every broker, live: one question for all MBeans a broker and interval."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Self

import httpx

from clusterload.model.errors import SourceError
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.answer import plain
from clusterload.telemetry.sources.endpoint import Endpoint
from clusterload.telemetry.sources.growth import Growth, Moment
from clusterload.telemetry.sources.jolokia.access import Login, endpoint, trust
from clusterload.telemetry.sources.jolokia.answers import PARAMETERS, Answers, Missing, Shown, question
from clusterload.telemetry.sources.jolokia.mbeans import giving
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.polling import Poller, Polling
from clusterload.telemetry.sources.reading import read
from clusterload.telemetry.sources.source import Sink, of_brokers

TIMEOUT_SECONDS: Final = 2.0
MOST_SKEW: Final = 2.0
"""Seconds by which a broker's clock may differ from ours before it is said."""

_NAMES: Final = "jmx-exporter"
_LISTED: Final = 3


class JolokiaSource:
    """Asks the Jolokia agent of each broker and records what it shows.

    MBeans are given the names that the JMX exporter has for them, so that each is the same Series from both. A
    question that fails leaves a gap and an event; an MBean that is not there, or may not be read, is said once, and
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
        """Ask each broker's agent (broker id to URL) every `interval` seconds.

        Args:
            endpoints: where each broker's agent answers, as in `http://host:8778/jolokia`.
            interval: seconds between questions to one broker.
            timeout: seconds for one answer.
            client_listeners: names of the listeners that clients use; by default all that are not by their usual
                names the brokers' or controllers' own.
            username: of a login, which goes over https, or over http to this machine alone.
            password: of that login.
            ca_location: PEM file of the authorities to believe over https; by default the usual ones.

        Raises:
            ConfigurationError: an endpoint, the login or the authorities cannot be used.
        """
        self.interval = interval
        self._login = Login(username=username, password=password)
        self._endpoints = {broker: endpoint(broker, url, self._login) for broker, url in endpoints.items()}
        self._trust = trust(ca_location)
        self._timeout = timeout
        self._listeners = client_listeners
        self._names = Names.named(_NAMES)
        self._polling = Polling([])

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"Jolokia agents of {of_brokers(self._endpoints)}"

    def start(self, sink: Sink) -> Self:
        """Begin to ask; returns once every broker was asked once. After `stop` it may begin anew."""
        self._polling = Polling([self._poller(broker, url, sink) for broker, url in self._endpoints.items()])
        self._polling.start(sink, patience=self._timeout + 1.0)
        return self

    def stop(self) -> None:
        """Ask no more; a question under way is finished."""
        self._polling.stop()

    def _poller(self, broker: str, url: str, sink: Sink) -> Poller:
        mbeans = giving(self._names.metrics)
        client = httpx.Client(
            timeout=self._timeout,
            trust_env=False,
            verify=self._trust,
            auth=(self._login.username, self._login.password) if self._login else None,
        )
        agent = _Agent(
            endpoint=Endpoint(broker=broker, url=url, client=client, timeout=self._timeout, refusal=_refusal),
            question=question(mbeans),
            answers=Answers(mbeans),
            names=self._names,
            listeners=self._listeners,
            sink=sink,
        )
        growth = Growth(broker=broker, names=self._names, granularity=self.interval)
        return Poller(ask=agent.ask, growth=growth, interval=self.interval, close=client.close)


@dataclass(slots=True, kw_only=True)
class _Agent:
    """One broker's agent."""

    endpoint: Endpoint
    question: bytes
    answers: Answers
    names: Names
    listeners: frozenset[str]
    sink: Sink
    said: set[tuple[str, int]] = field(default_factory=set)
    skewed: bool = False

    @property
    def broker(self) -> str:
        """The broker's id."""
        return self.endpoint.broker

    def ask(self) -> Moment:
        """What the broker shows now; raises SourceError when it does not tell."""
        before = time.time_ns()
        headers = {"Content-Type": "application/json"}
        content = self.endpoint.asked("POST", params=PARAMETERS, content=self.question, headers=headers)
        after = time.time_ns()
        try:
            shown = self.answers.read(content)
        except ValueError as error:
            raise SourceError(f"broker {self.broker}: {self.endpoint.url} {plain(str(error))}") from None
        self._say_missing(shown.missing, after)
        self._compare_clocks(shown, before, after)
        # The broker reads its figures somewhere between the question and the answer.
        return Moment(time=(before + after) // 2, reading=read(shown.lines, self.names, self.listeners))

    def _say_missing(self, missing: tuple[Missing, ...], now: int) -> None:
        new = [one for one in missing if (one.name, one.status) not in self.said]
        if not new:
            return
        self.said.update((one.name, one.status) for one in new)
        words = "; ".join(_words(one) for one in new[:_LISTED])
        more = f" and {len(new) - _LISTED} more" if len(new) > _LISTED else ""
        text = f"broker {self.broker}: Jolokia does not show {words}{more}; what is made of them is missing"
        self.sink.event(now, "mbeans-missing", text)

    def _compare_clocks(self, shown: Shown, before: int, after: int) -> None:
        skew = _skew(shown.clock, before / SECOND, after / SECOND)
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
            why = "there is none"
        case HTTPStatus.FORBIDDEN:
            why = "it does not allow that"
        case status:
            why = f"{status}: {plain(missing.reason) or 'no reason'}"
    return f"{missing.name} ({why})"


def _refusal(status: int, url: str) -> str:
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return f"{url} does not take the login (401): check username and password"
        case HTTPStatus.FORBIDDEN:
            return f"{url} does not allow questions (403): see the agent's policy (jolokia-access.xml)"
        case HTTPStatus.NOT_FOUND:
            return f"there is no Jolokia at {url} (404): give the agent's address, which mostly ends in /jolokia"
        case _ if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return f"{url} redirects ({status}): give the agent's final address"
        case _:
            return f"{url} does not answer the question ({status})"
