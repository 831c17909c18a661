"""Where brokers are and who leads what, as of one moment; light enough for every worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Address(NamedTuple):
    """A broker's host and port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parsed(cls, text: str) -> Address:
        """From `host:port` or `[::1]:port`, with a listener's name before it or not; port 9092 if none is given."""
        place = text.strip().rpartition("://")[2]
        host, colon, port = place.rpartition(":")
        if not colon or not port.isdecimal():
            host, port = place, "9092"
        return cls(host.strip("[]"), int(port))


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """The cluster as metadata tells it.

    Attributes:
        brokers: address by broker id.
        leaders: for each topic, the broker id that leads each partition in order; -1 where none does.
    """

    brokers: Mapping[int, Address]
    leaders: Mapping[str, tuple[int, ...]]
