"""Numbers put into the few records of a request: no numpy, so that a worker with such requests stays small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from struct import Struct
from typing import Protocol

from clusterload.generator.wire.record_batch import STAMP, Places

_put = Struct(">Q").pack_into
PutWhole = Callable[[bytearray, int, int, bytes, int, int], None]


@cache
def _put_whole(between: int) -> PutWhole:
    """What puts a key, so many bytes as they are, a stamp and a due time."""
    return Struct(f">Q{between}sQQ").pack_into


class Stamps(Protocol):
    """Puts keys, stamps and due times into the records of one request."""

    def put(self, partition: int, stamp: int, due_ns: int, /) -> None:
        """Number the records from `stamp`; all were due at `due_ns`, Unix nanoseconds."""
        ...


class Stamping(Protocol):
    """Where the numbers of requests of one shape go."""

    def on(self, buffer: bytearray) -> Stamps:
        """The same for one request."""
        ...


class Unchanged:
    """Records that stay as they are, for compressed ones cannot be changed."""

    __slots__ = ()

    def on(self, _buffer: bytearray) -> Unchanged:
        """Nothing is known of a buffer."""
        return self

    def put(self, _partition: int, _stamp: int, _due_ns: int) -> None:
        """Change nothing."""


class LoopStamping:
    """Few records, each with its own number as key, or without keys.

    Most have key, stamp and due time with nothing but the value's size between: these are put at once.
    """

    __slots__ = ("_dues", "_numbers", "_wholes")

    def __init__(self, places: Places) -> None:
        stamps, dues = dict(places.stamps), set(places.dues)
        self._wholes = {
            index: (at, stamps[index]) for index, at in places.keys if stamps.get(index, -1) + STAMP in dues
        }
        self._numbers = tuple(place for place in places.keys + places.stamps if place[0] not in self._wholes)
        self._dues = tuple(sorted(dues - {stamp_at + STAMP for _, stamp_at in self._wholes.values()}))

    def on(self, buffer: bytearray) -> LoopStamps:
        """Stamps of one request."""
        wholes = []
        for index, (key_at, stamp_at) in self._wholes.items():
            between = bytes(buffer[key_at + STAMP : stamp_at])
            wholes.append((index, key_at, _put_whole(len(between)), between))
        return LoopStamps(buffer, tuple(wholes), self._numbers, self._dues)


class LoopKeyedStamping:
    """Few records with drawn keys: for each partition its keys' numbers in turn."""

    __slots__ = ("_in_turn", "_places")

    def __init__(self, places: Places, in_turn: tuple[Iterator[int], ...]) -> None:
        self._places = places
        self._in_turn = in_turn

    def on(self, buffer: bytearray) -> LoopKeyedStamps:
        """Stamps of one request."""
        return LoopKeyedStamps(buffer, self._places, self._in_turn)


class LoopStamps:
    """Loops over the places of one request."""

    __slots__ = ("_buffer", "_dues", "_numbers", "_wholes")

    def __init__(
        self,
        buffer: bytearray,
        wholes: tuple[tuple[int, int, PutWhole, bytes], ...],
        numbers: tuple[tuple[int, int], ...],
        dues: tuple[int, ...],
    ) -> None:
        self._buffer = buffer
        self._wholes = wholes
        self._numbers = numbers
        self._dues = dues

    def put(self, _partition: int, stamp: int, due_ns: int) -> None:
        """See Stamps."""
        buffer = self._buffer
        for index, at, put_whole, between in self._wholes:
            number = stamp + index
            put_whole(buffer, at, number, between, number, due_ns)
        for index, at in self._numbers:
            _put(buffer, at, stamp + index)
        for at in self._dues:
            _put(buffer, at, due_ns)


class LoopKeyedStamps(LoopStamps):
    """The same with drawn keys."""

    __slots__ = ("_in_turn", "_keys")

    def __init__(self, buffer: bytearray, places: Places, in_turn: tuple[Iterator[int], ...]) -> None:
        super().__init__(buffer, (), places.stamps, places.dues)
        self._keys = tuple(at for _, at in places.keys)
        self._in_turn = in_turn

    def put(self, partition: int, stamp: int, due_ns: int) -> None:
        """See Stamps."""
        buffer, drawn = self._buffer, self._in_turn[partition]
        for at in self._keys:
            _put(buffer, at, next(drawn))
        super().put(partition, stamp, due_ns)
