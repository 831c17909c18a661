"""One broker's place of metrics over HTTP: an answer of bounded time and size, or one line that says why not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx

from clusterload.errors import SourceError

LARGEST_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of an answer, unpacked; one of 1,000 topics has less than 1 MB."""

_SHOWN: Final = 200


def _refused(status: int, url: str) -> str:
    return f"{url} does not answer the question ({status})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where one broker's metrics are asked for.

    Attributes:
        broker: its id, for messages.
        url: where it answers.
        client: asks; to be closed by who made it.
        timeout: seconds for a whole answer, however slowly it trickles in.
        refusal: what to say of a status other than 200.
    """

    broker: str
    url: str
    client: httpx.Client
    timeout: float
    refusal: Callable[[int, str], str] = _refused

    def asked(self, method: str = "GET", **request: Any) -> bytes:
        """The answer to one question.

        Args:
            method: of the request.
            **request: what httpx takes: content, params, headers.

        Raises:
            SourceError: there is none, or none that can be used.
        """
        try:
            with self.client.stream(method, self.url, **request) as answer:
                if answer.status_code != HTTPStatus.OK:
                    raise self._trouble(self.refusal(answer.status_code, self.url))
                return self._read(answer)
        except httpx.TimeoutException:
            raise self._too_late() from None
        except httpx.HTTPError as error:
            raise SourceError(f"broker {self.broker} was not scraped at {self.url}: {plain(str(error))}") from None

    def _read(self, answer: httpx.Response) -> bytes:
        content, until = bytearray(), time.monotonic() + self.timeout
        for part in answer.iter_bytes():
            content += part
            if len(content) > LARGEST_ANSWER:
                raise self._trouble(
                    f"{self.url} answers with more than {LARGEST_ANSWER:,} B; it has too many topics or clients to be "
                    "read this way: narrow its rules"
                )
            if time.monotonic() > until:
                raise self._too_late()
        return bytes(content)

    def _too_late(self) -> SourceError:
        return SourceError(f"broker {self.broker} was not scraped: {self.url} took over {self.timeout:g} s")

    def _trouble(self, words: str) -> SourceError:
        return SourceError(f"broker {self.broker}: {words}")


def plain(text: str) -> str:
    """A stranger's text in one line, and not a long one."""
    return "".join(char if char.isprintable() else " " for char in text)[:_SHOWN]
