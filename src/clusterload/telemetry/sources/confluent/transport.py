"""Transport: one question to the Metrics API over HTTP, with patience that has an end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, Self

import httpx
from tenacity import RetryCallState, wait_exponential, wait_random

from clusterload._version import __version__
from clusterload.model.errors import SourceError
from clusterload.telemetry.sources.answer import (
    AnswerTooLargeError,
    AnswerTooSlowError,
    RetryLaterError,
    content,
    persistently,
    plain,
)
from clusterload.telemetry.sources.confluent.access import Access

LARGEST_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of one page, unpacked. A full one of 1,000 groups and six hours of minutes has about 30 MB."""

_REDIRECTS: Final = 3
_MOVED: Final = {301, 302, 307, 308}
_LONGEST_BACKOFF: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the API is waited for.

    Attributes:
        answer: seconds without a byte from it, until a question counts as unanswered.
        whole: seconds for an answer to come to its end.
        attempts: how often one question is asked.
        first: seconds before the second attempt; doubled for each further one, with as much jitter.
        longest: seconds that the API may ask us to wait; if it wants more, we give up.
    """

    answer: float = 20.0
    whole: float = 120.0
    attempts: int = 5
    first: float = 1.0
    longest: float = 90.0


class QueryRefusedError(SourceError):
    """The API does not take this one question; others may fare better."""


class Transport:
    """Asks, follows the API's speed limit, and turns every failure into one line. The token is never in one."""

    def __init__(
        self,
        access: Access,
        *,
        patience: Patience = Patience(),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Nothing is sent before the first question.

        Args:
            access: where, and with whose key.
            patience: how long the API is waited for.
            clock: seconds that only ever grow.
            sleep: waits for seconds.
        """
        self._access = access
        self._patience = patience
        self._clock, self._sleep = clock, sleep
        self._free = clock()
        self._client = httpx.Client(
            timeout=patience.answer,
            trust_env=not access.loopback,
            headers={"Authorization": f"Basic {access.token}", "User-Agent": f"clusterload/{__version__}"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, url: str, params: Mapping[str, str], body: bytes | None = None) -> dict[str, Any]:
        """The answer to a POST of `body`, or to a GET without one.

        Raises:
            QueryRefusedError: the API does not take the question (400 and its like).
            SourceError: the API refused us, did not answer in time, or answered what is none of its answers.
        """
        answer = persistently(
            lambda: self._once(url, params, body),
            attempts=self._patience.attempts,
            pause=self._pause,
            sleep=self._sleep,
        )
        return _parsed(answer, self._access.host)

    def _pause(self, state: RetryCallState) -> float:
        first = self._patience.first
        error = state.outcome.exception() if state.outcome else None
        asked = error.after if isinstance(error, RetryLaterError) else None
        least = wait_exponential(multiplier=first, max=_LONGEST_BACKOFF)(state) if asked is None else asked
        return least + wait_random(0, first)(state)

    def _once(self, url: str, params: Mapping[str, str], body: bytes | None) -> bytes:
        request = self._client.build_request("GET" if body is None else "POST", url, params=params, content=body)
        request.headers["Content-Type"] = "application/json"
        for _ in range(_REDIRECTS + 1):
            answer, said = self._sent(request)
            if answer.status_code not in _MOVED:
                return self._judged(answer, said)
            request.url = self._moved(request, answer)
        raise SourceError(f"{self._about} redirects in a circle: give the endpoint's final address")

    def _sent(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        self._sleep_while_limited()
        try:
            answer = self._client.send(request, stream=True)
            try:
                return answer, content(answer, self._patience.whole, most=LARGEST_ANSWER, clock=self._clock)
            finally:
                answer.close()
        except AnswerTooLargeError:
            raise SourceError(
                f"{self._about} answers with more than {LARGEST_ANSWER:,} B: ask for less at a time"
            ) from None
        except AnswerTooSlowError:
            raise RetryLaterError(f"{self._about} took more than {self._patience.whole:g} s for one answer") from None
        except httpx.TimeoutException:
            raise RetryLaterError(f"{self._about} did not answer within {self._patience.answer:g} s") from None
        except httpx.TransportError as error:
            raise RetryLaterError(f"{self._about} cannot be reached: {self._shown(str(error))}") from None
        except httpx.HTTPError as error:
            raise SourceError(f"{self._about} answers what cannot be read: {self._shown(str(error))}") from None

    def _moved(self, request: httpx.Request, answer: httpx.Response) -> httpx.URL:
        try:
            target = request.url.join(answer.headers.get("Location", ""))
        except httpx.InvalidURL:
            raise SourceError(f"{self._about} redirects to what is no address: check the endpoint") from None
        here, there = request.url, target
        if (here.scheme, here.host, here.port) != (there.scheme, there.host, there.port):
            raise SourceError(
                f"{self._about} redirects to another host, {self._shown(there.host)}, which does not get the token: "
                "give the endpoint's final address"
            )
        return target

    def _judged(self, answer: httpx.Response, said: bytes) -> bytes:
        status, after = answer.status_code, _asked_wait(answer.headers, datetime.now(UTC))
        if status == HTTPStatus.OK:
            if answer.headers.get("rateLimit-remaining") == "0" and after is not None:
                self._free = self._clock() + after
            return said
        detail = self._detail(said)
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._check_wait(after)
            limited = status == HTTPStatus.TOO_MANY_REQUESTS
            what = "limits how often it is asked" if limited else "has trouble"
            raise RetryLaterError(f"{self._about} {what} ({status}{detail})", after)
        raise _refusal(status, self._about, self._access.cluster_id, detail)

    def _check_wait(self, after: float | None) -> None:
        if after is not None and after > self._patience.longest:
            raise SourceError(f"{self._about} wants to be left alone for {after:,.0f} s: try again then")

    def _sleep_while_limited(self) -> None:
        left = self._free - self._clock()
        if left > 0:
            self._check_wait(left)
            self._sleep(left)

    @property
    def _about(self) -> str:
        return f"the Metrics API at {self._access.host}"

    def _detail(self, said: bytes) -> str:
        """What the API says of an error, or nothing."""
        try:
            errors = json.loads(said)["errors"]
            return f": {self._shown(str(errors[0]['detail']))}"
        except (ValueError, LookupError, TypeError, RecursionError):
            return ""

    def _shown(self, text: str) -> str:
        return plain(text, [self._access.token])


def _parsed(said: bytes, host: str) -> dict[str, Any]:
    try:
        answer = json.loads(said)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
        raise SourceError(f"{host} does not answer as a Metrics API: check confluent.metrics.endpoint")
    return answer


def _asked_wait(headers: httpx.Headers, now: datetime) -> float | None:
    """Seconds that an answer asks us to wait, the longest that it names; None if it names none."""
    waits = [_seconds(headers.get("rateLimit-reset", ""), now), _seconds(headers.get("Retry-After", ""), now)]
    return max((wait for wait in waits if wait is not None), default=None)


def _seconds(text: str, now: datetime) -> float | None:
    if text.isdecimal() and text.isascii():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _refusal(status: int, about: str, cluster_id: str, detail: str) -> SourceError:
    if status == HTTPStatus.UNAUTHORIZED:
        return SourceError(
            f"{about} does not know the key (401{detail}): set confluent.cloud_api_token to the base64 of a Cloud "
            "API key and its secret; a cluster's own key does not work"
        )
    if status == HTTPStatus.FORBIDDEN:
        return SourceError(
            f"{about} does not let the key read cluster {cluster_id} (403{detail}): check confluent.clusterid, and "
            "give the key's owner the role MetricsViewer"
        )
    if status == HTTPStatus.NOT_FOUND:
        return SourceError(f"{about} has no such path (404{detail}): check confluent.metrics.endpoint")
    return QueryRefusedError(f"{about} does not take the question ({status}{detail})")
