"""The records of the case study: keys `mt_key_1` to `mt_key_6`, a JSON value with a payload and a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from clusterload.model.errors import ConfigurationError
from clusterload.model.series import SECOND

SENTENCE: Final = "Every connection has a price, and someone has to pay it: count. "
"""64 bytes that the payload repeats."""

KEYS: Final = tuple(f"mt_key_{number}" for number in range(1, 7))

_STAMP: Final = "2026-01-01T00:00:00.000000+00:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecords:
    """Makes keys and values.

    Attributes:
        payload_size: bytes asked for; rounded down to a multiple of 64.
    """

    payload_size: int

    def __post_init__(self) -> None:
        if self.payload_size < len(SENTENCE):
            raise ConfigurationError(
                f"a payload of {self.payload_size} B is too small: it is made of {len(SENTENCE)}-byte sentences"
            )

    @property
    def payload(self) -> str:
        """The field `payload`: the sentence, over and over."""
        return SENTENCE * (self.payload_size // len(SENTENCE))

    @property
    def value_size(self) -> int:
        """Bytes of a whole value: the payload, the time, and what JSON puts around them."""
        return len(self.head) + len(_STAMP) + len(self.tail)

    @property
    def head(self) -> bytes:
        """A value up to its time. The sentence needs no escaping in JSON."""
        return f'{{"payload": "{self.payload}", "ts": "'.encode()

    @property
    def tail(self) -> bytes:
        """A value from after its time."""
        return b'"}'

    def value(self, head: bytes, now: int) -> bytes:
        """A value for Unix nanoseconds `now`; `head` is `self.head`, built once for many values."""
        return head + stamp(now) + self.tail


def stamp(now: int) -> bytes:
    """Unix nanoseconds as ISO-8601 in UTC with microseconds."""
    seconds, rest = divmod(now, SECOND)
    whole = datetime.fromtimestamp(seconds, tz=UTC)
    return whole.replace(microsecond=rest // 1000).isoformat(timespec="microseconds").encode()
