"""Transport: one question to Prometheus over HTTP, with patience that has an end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self

import httpx
from tenacity import RetryCallState, wait_exponential

from clusterload._version import __version__
from clusterload.model.errors import SourceError
from clusterload.telemetry.sources.answer import (
    LARGEST_ANSWER,
    AnswerTooLargeError,
    AnswerTooSlowError,
    RetryLaterError,
    content,
    persistently,
    plain,
)
from clusterload.telemetry.sources.prometheus.access import Access
from clusterload.telemetry.sources.prometheus.answer import Answer, error_in, parsed

_LONGEST_BACKOFF: Final = 5.0
# The server's own words for a query that it stopped; asked for less at a time it may well answer.
_STOPPED: Final = {"timeout", "canceled", "execution"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a server is waited for.

    Attributes:
        answer: seconds without a byte from it, until a question counts as unanswered.
        whole: seconds for an answer to come to its end.
        attempts: how often one question is asked.
        first: seconds before the second attempt; doubled for each further one.
    """

    answer: float = 30.0
    whole: float = 120.0
    attempts: int = 4
    first: float = 0.5


class OversizedAnswerError(SourceError):
    """The answer is too large for the server or for us: less at a time may do."""


class Transport:
    """Asks, and turns every failure into one line. No secret is ever in one."""

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
            access: where, and with whose login.
            patience: how long the server is waited for.
            clock: seconds that only ever grow.
            sleep: waits for seconds.

        Raises:
            ConfigurationError: the authority's file cannot be used.
        """
        self._access = access
        self._patience = patience
        self._clock, self._sleep = clock, sleep
        headers = {"User-Agent": f"clusterload/{__version__}", "Accept": "application/json"}
        if access.bearer:
            headers["Authorization"] = f"Bearer {access.bearer}"
        if access.tenant:
            headers["X-Scope-OrgID"] = access.tenant
        self._client = httpx.Client(
            timeout=patience.answer,
            trust_env=not access.loopback,
            verify=access.verification(),
            auth=httpx.BasicAuth(access.username, access.password) if access.username else None,
            headers=headers,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, call: str, params: Mapping[str, str]) -> Answer:
        """The answer to a call as `query` or `query_range`.

        Raises:
            OversizedAnswerError: it is too large.
            SourceError: the server refused us, did not answer in time, or answered what is none of its answers.
        """
        return persistently(
            lambda: self._once(call, params), attempts=self._patience.attempts, pause=self._pause, sleep=self._sleep
        )

    def _pause(self, state: RetryCallState) -> float:
        return float(wait_exponential(multiplier=self._patience.first, max=_LONGEST_BACKOFF)(state))

    def _once(self, call: str, params: Mapping[str, str]) -> Answer:
        # By POST: many names make a query longer than some servers take in an address.
        request = self._client.build_request("POST", f"{self._access.url}/api/v1/{call}", data=dict(params))
        try:
            answer = self._client.send(request, stream=True)
            try:
                said = content(answer, self._patience.whole, clock=self._clock)
            finally:
                answer.close()
        except AnswerTooLargeError:
            raise OversizedAnswerError(
                f"{self._about} answers with more than {LARGEST_ANSWER:,} B: narrow prometheus.select"
            ) from None
        except AnswerTooSlowError:
            raise RetryLaterError(f"{self._about} took more than {self._patience.whole:g} s for one answer") from None
        except httpx.TimeoutException:
            raise RetryLaterError(f"{self._about} did not answer within {self._patience.answer:g} s") from None
        except httpx.TransportError as error:
            raise RetryLaterError(f"{self._about} cannot be read: {self._shown(str(error))}") from None
        except httpx.HTTPError as error:
            raise SourceError(f"{self._about} answers what cannot be read: {self._shown(str(error))}") from None
        self._judge(answer.status_code, said)
        try:
            return parsed(said)
        except SourceError as error:
            raise SourceError(f"{self._about} {error}") from None

    def _judge(self, status: int, answer: bytes) -> None:
        if status == HTTPStatus.OK:
            return
        kind, text = error_in(answer)
        said = f"{status}: {self._shown(text)}" if text else f"{status}"
        if status in {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.REQUEST_ENTITY_TOO_LARGE} or kind in _STOPPED:
            raise OversizedAnswerError(f"{self._about} stopped the query ({said}): narrow prometheus.select")
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise RetryLaterError(f"{self._about} has trouble ({said})")
        raise _refusal(status, self._about, said)

    @property
    def _about(self) -> str:
        return f"Prometheus at {self._access.host}"

    def _shown(self, text: str) -> str:
        return plain(text, self._access.secrets)


def _refusal(status: int, about: str, said: str) -> SourceError:
    if status == HTTPStatus.UNAUTHORIZED:
        return SourceError(
            f"{about} asks for another login ({said}): set prometheus.username and prometheus.password, or "
            "prometheus.bearer.token"
        )
    if status == HTTPStatus.FORBIDDEN:
        return SourceError(f"{about} does not let this login read ({said}): give it the right to query")
    if status == HTTPStatus.NOT_FOUND:
        return SourceError(f"{about} has no such path ({said}): prometheus.url is what stands before /api/v1")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return SourceError(f"{about} redirects ({said}): give its final address as prometheus.url")
    return SourceError(f"{about} does not take the question ({said})")
