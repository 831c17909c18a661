"""One broker's place of metrics over HTTP: an answer of bounded time and size, or one line that says why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from clusterload.model.errors import SourceError
from clusterload.telemetry.sources.answer import LARGEST_ANSWER, AnswerTooLargeError, AnswerTooSlowError, content, plain


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
                return content(answer, self.timeout)
        except AnswerTooLargeError:
            raise self._trouble(
                f"{self.url} answers with more than {LARGEST_ANSWER:,} B; it has too many topics or clients to be "
                "read this way: narrow its rules"
            ) from None
        except (AnswerTooSlowError, httpx.TimeoutException):
            raise SourceError(
                f"broker {self.broker} was not scraped: {self.url} took over {self.timeout:g} s"
            ) from None
        except httpx.HTTPError as error:
            raise SourceError(f"broker {self.broker} was not scraped at {self.url}: {plain(str(error))}") from None

    def _trouble(self, words: str) -> SourceError:
        return SourceError(f"broker {self.broker}: {words}")
