"""Answers over HTTP from servers that may be ill: bounded in size and time, asked for again, said in one line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from clusterload.model.errors import SourceError

LARGEST_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of one answer, unpacked."""

_SHOWN: Final = 200

Answer = TypeVar("Answer")


class AnswerTooLargeError(Exception):
    """An answer has more bytes than are read."""


class AnswerTooSlowError(Exception):
    """An answer does not come to its end in time, however steadily it trickles in."""


class RetryLaterError(SourceError):
    """What may pass: a server is busy, ill or out of reach. `after` is in how many seconds it wants to be asked."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


def content(
    answer: httpx.Response, seconds: float, *, most: int = LARGEST_ANSWER, clock: Callable[[], float] = time.monotonic
) -> bytes:
    """The whole of an answer that is being streamed.

    Raises:
        AnswerTooLargeError: it has more than `most` bytes, unpacked.
        AnswerTooSlowError: it takes more than so many seconds.
    """
    read, until = bytearray(), clock() + seconds
    for part in answer.iter_bytes():
        read += part
        if len(read) > most:
            raise AnswerTooLargeError
        if clock() > until:
            raise AnswerTooSlowError
    return bytes(read)


def persistently(
    ask: Callable[[], Answer],
    *,
    attempts: int,
    pause: Callable[[RetryCallState], float],
    sleep: Callable[[float], None],
) -> Answer:
    """What a question comes to that is put again while it fails by `RetryLaterError`.

    Raises:
        SourceError: it failed as often as it was asked.
    """
    retrying = Retrying(
        stop=stop_after_attempt(attempts),
        wait=pause,
        retry=retry_if_exception_type(RetryLaterError),
        sleep=sleep,
        reraise=True,
    )
    try:
        return retrying(ask)
    except RetryLaterError as error:
        raise SourceError(f"{error}; asked {attempts} times, try again later") from None


def plain(text: str, secrets: Iterable[str] = ()) -> str:
    """A stranger's text in one line, not a long one, and without our secrets, should they be echoed."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return "".join(char if char.isprintable() else " " for char in text)[:_SHOWN]
