"""HTTP to servers of metrics: responses of bounded size and time, retries, and one line for each failure.

No URL that may hold a password, and no login, is ever part of a message.
"""

from __future__ import annotations

import ipaddress
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, Self
from urllib.parse import SplitResult, urlsplit

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from clusterload._version import __version__
from clusterload.model.errors import ConfigurationError, SourceError

LARGEST_RESPONSE: Final = 64 * 1024 * 1024
"""Bytes of one response, unpacked. A full page of the Metrics API (1,000 groups, six hours) has about 30 MB."""

_REDIRECTS: Final = 3
_MOVED: Final = {301, 302, 307, 308}
_LONGEST_BACKOFF: Final = 30.0
_SHOWN: Final = 200


class ResponseTooLargeError(SourceError):
    """The response is too large for the server or for us: a smaller query may succeed."""


class RetryableError(SourceError):
    """A failure that may pass; `after` is in how many seconds the server wants the next request."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long a server is waited for.

    Attributes:
        timeout: seconds without a byte after which an attempt has failed.
        deadline: seconds for a whole response, however slowly it trickles in.
        attempts: how often one request is sent.
        backoff: seconds before the second attempt; doubled for each further one, plus up to as much jitter.
        longest: seconds that the server may ask us to wait; if it wants more, we give up.
    """

    timeout: float = 20.0
    deadline: float = 120.0
    attempts: int = 5
    backoff: float = 1.0
    longest: float = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What a server is called in messages, and how it refuses.

    Attributes:
        name: as in `Prometheus at host:9090`.
        refusal: the error for a status that no retry changes, from it and a text such as `404: no such path`.
        error_text: the server's own words in the body of an error; empty if it has none.
        is_too_much: whether a status and body say that the query was too large.
        smaller: what to do then, and when a response is larger than `LARGEST_RESPONSE`.
        secrets: what no message may hold.
        authority: the setting that names the authority of its certificate; empty if there is none.
    """

    name: str
    refusal: Callable[[int, str], SourceError]
    smaller: str
    error_text: Callable[[bytes], str] = lambda _: ""
    is_too_much: Callable[[int, bytes], bool] = lambda _status, _body: False
    secrets: tuple[str, ...] = ()
    authority: str = ""

    def shown(self, text: str) -> str:
        """A text from elsewhere in one short line, without our secrets, should they be echoed."""
        return one_line(text, self.secrets)


class HttpClient:
    """Sends requests to one server; follows redirects on the same host, rate limits, and `Retry-After`.

    Attributes:
        is_whole: whether HTTP said where the last response ends, so that it cannot have been cut off unseen.
    """

    def __init__(
        self,
        server: Server,
        policy: RetryPolicy,
        *,
        headers: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        **options: Any,
    ) -> None:
        """Nothing is sent yet.

        Args:
            server: its name and its refusals.
            policy: timeouts and retries.
            headers: sent with each request.
            clock: monotonic seconds.
            sleep: waits for seconds.
            **options: what `httpx.Client` takes: auth, verify, trust_env.
        """
        self._server, self._policy = server, policy
        self._clock, self._sleep = clock, sleep
        self._free = clock()
        self.is_whole = False
        headers = {"User-Agent": f"clusterload/{__version__}", **(headers or {})}
        self._client = httpx.Client(timeout=policy.timeout, headers=headers, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def send(self, method: str, url: str, **request: Any) -> bytes:
        """The body of the response with status 200.

        Args:
            method: of the request.
            url: where it goes.
            **request: what httpx takes: params, content, data, headers.

        Raises:
            ResponseTooLargeError: the server or we found it too large.
            SourceError: the server refused, or did not answer in time or as HTTP wants it.
        """
        attempts = self._policy.attempts
        retrying = Retrying(
            stop=stop_after_attempt(attempts),
            wait=self._pause,
            retry=retry_if_exception_type(RetryableError),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, method, url, request)
        except RetryableError as error:
            more = f"; gave up after {attempts} attempts, try again later" if attempts > 1 else ""
            raise SourceError(f"{error}{more}") from None

    def _pause(self, state: RetryCallState) -> float:
        backoff = self._policy.backoff
        error = state.outcome.exception() if state.outcome else None
        wanted = error.after if isinstance(error, RetryableError) else None
        least = wait_exponential(multiplier=backoff, max=_LONGEST_BACKOFF)(state) if wanted is None else wanted
        return float(least + wait_random(0, backoff)(state))

    def _once(self, method: str, url: str, options: dict[str, Any]) -> bytes:
        request = self._client.build_request(method, url, **options)
        for _ in range(_REDIRECTS + 1):
            response, body = self._exchange(request)
            if response.status_code not in _MOVED:
                return self._judged(response, body)
            request.url = self._moved(request, response)
        raise self._error("redirects in a loop: give its final address")

    def _exchange(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        self._sleep_while_limited()
        try:
            response = self._client.send(request, stream=True)
            try:
                return response, self._body(response)
            finally:
                response.close()
        except httpx.TimeoutException:
            raise RetryableError(f"{self._server.name} did not answer within {self._policy.timeout:g} s") from None
        except httpx.RemoteProtocolError as error:
            why = self._server.shown(str(error)).rstrip(".")
            raise RetryableError(f"{self._server.name} broke off its answer, or speaks no HTTP: {why}") from None
        except httpx.TransportError as error:
            why = self._server.shown(str(error))
            if self._server.authority and "CERTIFICATE_VERIFY_FAILED" in why:
                why += f"; name the authority of its certificate in {self._server.authority}"
            raise RetryableError(f"{self._server.name} cannot be reached: {why}") from None
        except httpx.HTTPError as error:
            raise self._error(f"sent a malformed HTTP response: {self._server.shown(str(error))}") from None

    def _body(self, response: httpx.Response) -> bytes:
        body, until = bytearray(), self._clock() + self._policy.deadline
        self.is_whole = "Content-Length" in response.headers or "Transfer-Encoding" in response.headers
        for part in response.iter_bytes():
            body += part
            if len(body) > LARGEST_RESPONSE:
                name, smaller = self._server.name, self._server.smaller
                raise ResponseTooLargeError(f"{name} answers with more than {LARGEST_RESPONSE:,} B: {smaller}")
            if self._clock() > until:
                raise RetryableError(f"{self._server.name} took more than {self._policy.deadline:g} s for one response")
        return bytes(body)

    def _moved(self, request: httpx.Request, response: httpx.Response) -> httpx.URL:
        here = request.url
        try:
            there = here.join(response.headers.get("Location", ""))
        except httpx.InvalidURL:
            raise self._error("redirects to a malformed URL: check its address") from None
        if (here.scheme, here.host, here.port) != (there.scheme, there.host, there.port):
            raise self._error(
                f"redirects to another host, {self._server.shown(there.host)}, which gets no login of ours: "
                "give its final address"
            )
        return there

    def _judged(self, response: httpx.Response, body: bytes) -> bytes:
        status, after = response.status_code, _retry_after(response.headers, datetime.now(UTC))
        if status == HTTPStatus.OK:
            if response.headers.get("rateLimit-remaining") == "0" and after is not None:
                self._free = self._clock() + after
            return body
        text = self._server.error_text(body)
        said = f"{status}: {self._server.shown(text)}" if text else f"{status}"
        if self._server.is_too_much(status, body):
            raise ResponseTooLargeError(f"{self._server.name} stopped the query ({said}): {self._server.smaller}")
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._check_wait(after)
            what = "is rate limited" if status == HTTPStatus.TOO_MANY_REQUESTS else "failed"
            raise RetryableError(f"{self._server.name} {what} ({said})", after)
        raise self._server.refusal(status, said)

    def _check_wait(self, after: float | None) -> None:
        if after is not None and after > self._policy.longest:
            raise self._error(f"is rate limited: retry after {after:,.0f} s")

    def _sleep_while_limited(self) -> None:
        left = self._free - self._clock()
        if left > 0:
            self._check_wait(left)
            self._sleep(left)

    def _error(self, text: str) -> SourceError:
        return SourceError(f"{self._server.name} {text}")


def one_line(text: str, secrets: Iterable[str] = ()) -> str:
    """A text from elsewhere in one line of bounded length, without these secrets."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return "".join(char if char.isprintable() else " " for char in text)[:_SHOWN]


def _retry_after(headers: httpx.Headers, now: datetime) -> float | None:
    """Seconds that a response asks us to wait, the longest that it names; None if it names none."""
    waits = [_seconds(headers.get(name, ""), now) for name in ("rateLimit-reset", "Retry-After")]
    return max((wait for wait in waits if wait is not None), default=None)


def _seconds(text: str, now: datetime) -> float | None:
    if text.isdecimal() and text.isascii():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def checked_url(url: str, name: str, *, example: str, login: str, has_login: bool) -> SplitResult:
    """The parts of the http or https URL of a server.

    Args:
        url: as it was given. It stays out of the messages: people have put passwords into URLs.
        name: of the setting, for messages.
        example: of such a URL.
        login: where a login belongs instead.
        has_login: whether one goes there, so that it must be encrypted unless the server is on this machine.

    Raises:
        ConfigurationError: it is not a URL, holds a login or a query, or a login would be sent unencrypted.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if not host or parts.scheme not in {"http", "https"}:
        raise ConfigurationError(f"{name} is not a URL: write it as in {example}")
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigurationError(f"{name} holds more than an address: {login}")
    if has_login and parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(f"{name}: the login would go to {host} in plain text; use https")
    return parts


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_login(username: str, password: str, tokens: Mapping[str, str], *, of: tuple[str, str]) -> None:
    """See that a login is one, and that what becomes a header can be one.

    Args:
        username: for Basic authorization; empty for none.
        password: goes with it.
        tokens: values of headers by the names of their properties; the first is a bearer token.
        of: the names of the properties that username and password are from.

    Raises:
        ConfigurationError: they do not go together, or hold characters that no header has.
    """
    if bool(username) != bool(password):
        raise ConfigurationError(f"{of[0]} and {of[1]} belong together: give both or none")
    bearer = next(iter(tokens))
    if username and tokens[bearer]:
        raise ConfigurationError(f"{of[0]} and {bearer} are two logins: give one")
    for name, value in tokens.items():
        # A line break would be another header.
        if not (value.isascii() and value.isprintable()):
            raise ConfigurationError(f"{name} holds characters that no such value has: copy it again")


def verification(ca: str, name: str) -> ssl.SSLContext | bool:
    """What a server's certificate is checked against: a PEM file of authorities, or the system's if empty.

    Raises:
        ConfigurationError: the file, the value of the setting `name`, cannot be used.
    """
    try:
        return ssl.create_default_context(cafile=ca) if ca else True
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"{name}: {ca} cannot be read as certificates ({error}): give a PEM file") from None
