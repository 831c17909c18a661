"""Where a broker listens; light enough for every worker."""

from __future__ import annotations

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
