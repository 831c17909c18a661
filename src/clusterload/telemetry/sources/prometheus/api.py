"""Prometheus' HTTP API as calls: values as they were scraped, values by a step, and the server's clock."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Self

import httpx

from clusterload.model.errors import SourceError
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.prometheus.access import CA, Access
from clusterload.telemetry.sources.prometheus.promql import milliseconds
from clusterload.telemetry.sources.transport import HttpClient, RetryPolicy, Server

RETRY: Final = RetryPolicy(timeout=30.0, attempts=4, backoff=0.5)
"""How long a server is waited for by default."""

MOST_POINTS: Final = 11_000
"""The most steps that Prometheus answers for one series."""

_MOST_NOTES: Final = 20
_MILLISECOND: Final = 1_000_000
# A year of about 9999: what is beyond is not a time.
_LAST_TIME: Final = 2.5e11
# The server's own words for a query that it stopped; a smaller one may succeed.
_STOPPED: Final = {"timeout", "canceled", "execution"}
_TOO_MUCH: Final = {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}


@dataclass(frozen=True, slots=True)
class RawSeries:
    """Values of one series over time; `times` are Unix nanoseconds. NaN is left out."""

    labels: dict[str, str]
    times: tuple[int, ...]
    values: tuple[float, ...]

    def after(self, start: int) -> RawSeries:
        """Without the values at `start` and before."""
        if not self.times or self.times[0] > start:
            return self
        first = next((number for number, at in enumerate(self.times) if at > start), len(self.times))
        return RawSeries(self.labels, self.times[first:], self.values[first:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query found.

    Attributes:
        series: a scalar is one without labels.
        warnings: why some may be missing, as when a store was out of reach.
        infos: what may be wrong with the query.
        partial: whether the server says itself that something is missing.
    """

    series: tuple[RawSeries, ...]
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    partial: bool = False


class PrometheusClient:
    """Queries one server. No secret is ever part of a message.

    Attributes:
        notes: kind and text of the server's warnings, each once; not more than a few.
    """

    def __init__(self, access: Access, *, retry: RetryPolicy = RETRY) -> None:
        """Nothing is sent before the first call.

        Raises:
            ConfigurationError: the authority's file cannot be used.
        """
        self.notes: dict[tuple[str, str], None] = {}
        self._access = access
        server = Server(
            name=f"Prometheus at {access.host}",
            refusal=self._refusal,
            smaller="narrow prometheus.select",
            error_text=lambda body: error_in(body)[1],
            is_too_much=lambda status, body: status in _TOO_MUCH or error_in(body)[0] in _STOPPED,
            secrets=access.secrets,
            authority=CA,
        )
        headers = {"Accept": "application/json"}
        if access.bearer:
            headers["Authorization"] = f"Bearer {access.bearer}"
        if access.tenant:
            headers["X-Scope-OrgID"] = access.tenant
        self._http = HttpClient(
            server,
            retry,
            headers=headers,
            trust_env=not access.is_loopback,
            verify=access.verification(),
            auth=httpx.BasicAuth(access.username, access.password) if access.username else None,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(self, name: str, params: Mapping[str, str]) -> Answer:
        """The answer to a call such as `query` or `query_range`.

        Raises:
            ResponseTooLargeError: it is too large.
            SourceError: the server refused us, did not answer in time, or its response is malformed.
        """
        # By POST: many names make a query longer than some servers take in an address.
        body = self._http.send("POST", f"{self._access.url}/api/v1/{name}", data=dict(params))
        try:
            return parsed(body)
        except SourceError as error:
            raise SourceError(f"{error} from {self._access.host}: check prometheus.url") from None

    def skew(self) -> float:
        """Seconds that the server's clock is ahead of ours, as far as the round trip lets that be known.

        Raises:
            SourceError: it could not be asked.
        """
        before = time.time()
        answer = self.call("query", {"query": "time()"})
        after = time.time()
        if not answer.series or not answer.series[0].values:
            raise SourceError("malformed Prometheus response: the query `time()` has no value; check prometheus.url")
        theirs = answer.series[0].values[0]
        # Anywhere between request and response it may have read its clock.
        return theirs - after if theirs > after else min(0.0, theirs - before)

    def metric_names(self, select: str, start: int, end: int) -> set[str]:
        """The names of all metrics of which there are series between two times; of whole blocks, so perhaps some more.

        Args:
            select: label matchers; empty for all series.
            start: Unix nanoseconds.
            end: likewise.

        Raises:
            SourceError: it could not be asked, or does not tell.
        """
        params = {"start": _seconds(start), "end": _seconds(end)} | ({"match[]": f"{{{select}}}"} if select else {})
        body = self._http.send("GET", f"{self._access.url}/api/v1/label/__name__/values", params=params)
        try:
            return set(map(str, json.loads(body)["data"]))
        except (ValueError, LookupError, TypeError, RecursionError):
            raise SourceError(f"malformed Prometheus response from {self._access.host}: check prometheus.url") from None

    def instant(self, query: str, at: int) -> tuple[RawSeries, ...]:
        """What a query gives at one time (Unix nanoseconds)."""
        return self._noted(self.call("query", {"query": query, "time": _seconds(at)})).series

    def scraped(self, selector: str, start: int, end: int) -> tuple[RawSeries, ...]:
        """The values of a selector as they were scraped, after `start` and up to `end`."""
        found = self.instant(f"{selector}[{milliseconds(end - start)}]", end)
        # Before version 3 a range included its own beginning.
        return tuple(series.after(start) for series in found)

    def stepped(self, query: str, start: int, end: int, step: int) -> tuple[RawSeries, ...]:
        """What a query gives at `start` and each `step` later (nanoseconds), up to `end`."""
        params = {"query": query, "start": _seconds(start), "end": _seconds(end), "step": _seconds(step)}
        return self._noted(self.call("query_range", params)).series

    def _noted(self, answer: Answer) -> Answer:
        partial = ["the server says that its answer is not whole"] if answer.partial else []
        self._note("metrics-partial", partial)
        self._note("metrics-warning", answer.warnings)
        self._note("metrics-note", answer.infos)
        return answer

    def _note(self, kind: str, texts: Iterable[str]) -> None:
        for text in texts:
            if len(self.notes) < _MOST_NOTES:
                self.notes[kind, " ".join(text.split())[:300]] = None

    def _refusal(self, status: int, said: str) -> SourceError:
        name = f"Prometheus at {self._access.host}"
        if status == HTTPStatus.UNAUTHORIZED:
            return SourceError(
                f"{name} requires another login ({said}): set prometheus.username and prometheus.password, or "
                "prometheus.bearer.token"
            )
        if status == HTTPStatus.FORBIDDEN:
            return SourceError(f"{name} does not let this login read ({said}): give it the right to query")
        if status == HTTPStatus.NOT_FOUND:
            return SourceError(f"{name} has no such path ({said}): prometheus.url is what stands before /api/v1")
        return SourceError(f"{name} rejects the query ({said})")


def parsed(content: bytes) -> Answer:
    """The answer in a body.

    Raises:
        SourceError: the body is malformed.
    """
    try:
        document = json.loads(content)
        data = {"success": document["data"]}[document["status"]]
        return Answer(
            series=tuple(_all_series(data["resultType"], data["result"])),
            warnings=_texts(document, "warnings"),
            infos=_texts(document, "infos"),
            partial=document.get("isPartial") is True,
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
        raise SourceError("malformed Prometheus response") from None


def error_in(content: bytes) -> tuple[str, str]:
    """Kind and text of the error in a body; both empty if there is none."""
    try:
        document = json.loads(content)
        return str(document.get("errorType", "")), str(document.get("error", ""))
    except (ValueError, AttributeError, RecursionError):
        return "", ""


def _all_series(kind: str, result: Any) -> Iterator[RawSeries]:
    if kind == "scalar":
        yield _series({}, [result])
        return
    if kind not in {"vector", "matrix"}:
        raise ValueError(kind)
    for item in result:
        # A native histogram has other keys, and no value that could be read.
        found = item.get("values", []) if kind == "matrix" else [item["value"]] if "value" in item else []
        yield _series({str(name): str(value) for name, value in item["metric"].items()}, found)


def _series(labels: dict[str, str], found: list[Any]) -> RawSeries:
    pairs = [(_time(time), float(value)) for time, value in found]
    known = [(time, value) for time, value in pairs if not math.isnan(value)]
    return RawSeries(labels, tuple(time for time, _ in known), tuple(value for _, value in known))


def _time(seconds: Any) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not abs(seconds) < _LAST_TIME:
        raise ValueError(seconds)
    # Prometheus counts in milliseconds; as seconds in binary they are a little off.
    return round(seconds * 1000) * _MILLISECOND


def _texts(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = document.get(key) or []
    return tuple(map(str, found)) if isinstance(found, list) else ()


def _seconds(nanoseconds: int) -> str:
    # In whole milliseconds, which is what the server counts in.
    return f"{round(nanoseconds * 1000 / SECOND) / 1000:.3f}"
