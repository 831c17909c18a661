"""Errands: requests about other things than records, and what their answers say."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from clusterload.generator.wire.rota import Rota
    from clusterload.generator.wire.schedule import Schedule
    from clusterload.model.workload import Level

_OFFSET_BEFORE_END: Final = 10
_SHORT: Final = struct.Struct(">h")
_LONG: Final = struct.Struct(">q")


@dataclass(slots=True, kw_only=True, eq=False)
class Errand:
    """One kind of request of a Load.

    Attributes:
        api: its name.
        rate: requests a second, all workers together.
        frame: a whole request.
        error_at: where the answer holds its error: bytes after its throttle time, or before its end if negative;
            None if it has none of its own.
        rota: the connections that it goes over.
    """

    api: str
    rate: Level
    frame: bytes
    error_at: int | None
    rota: Rota
    schedule: Schedule

    def framed(self, index: int) -> bytes:
        """The request with this number among all; it is the offset that a commit commits."""
        if self.api != "OffsetCommit":
            return self.frame
        frame = bytearray(self.frame)
        _LONG.pack_into(frame, len(frame) - _OFFSET_BEFORE_END, index)
        return bytes(frame)

    def error(self, data: bytes, at: int, end: int) -> int:
        """The error in an answer whose header begins at `at`."""
        if self.error_at is None:
            return 0
        place = at + 8 + self.error_at if self.error_at >= 0 else end + self.error_at
        return int(_SHORT.unpack_from(data, place)[0])


@dataclass(slots=True, kw_only=True, eq=False)
class Asked:
    """A request under way."""

    errand: Errand
    due: int
    sent: int
