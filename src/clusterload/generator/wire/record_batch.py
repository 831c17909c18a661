"""Records as a record batch (magic 2) holds them, and where their changing numbers are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

STAMP: Final = 8
"""Bytes of a stamp, of a due time and of a key: an unsigned big-endian number."""

TEXT: Final = b"a generator must never be what is measured; "
"""What the half of each value that compresses well repeats."""

_MORE: Final = 0x80
"""Set in each byte of a varint but the last."""

Header = tuple[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the numbers of some records are: bytes from the start of what holds the records.

    Attributes:
        keys: of each key, the record's index and the place; empty without keys.
        stamps: of each value that is long enough to have a stamp, the record's index and the place.
        dues: the places of due times, in the values that are long enough.
    """

    keys: tuple[tuple[int, int], ...]
    stamps: tuple[tuple[int, int], ...]
    dues: tuple[int, ...]

    def after(self, offset: int) -> Places:
        """The same places when the records begin `offset` bytes later."""
        return Places(
            keys=tuple((index, at + offset) for index, at in self.keys),
            stamps=tuple((index, at + offset) for index, at in self.stamps),
            dues=tuple(at + offset for at in self.dues),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRecords:
    """The records of one batch, uncompressed, with zeros where their numbers go.

    Attributes:
        data: their bytes, as they follow the batch's header.
        places: where in `data` their numbers are.
        sizes: bytes of each value.
    """

    data: bytes
    places: Places
    sizes: tuple[int, ...]


def varint(number: int) -> bytes:
    """A signed number in as few bytes as the protocol's zigzag varint allows."""
    left = (number << 1) ^ (number >> 63)
    found = bytearray()
    while left >= _MORE:
        found.append(left % _MORE | _MORE)
        left >>= 7
    found.append(left)
    return bytes(found)


def batch_records(sizes: Sequence[int], *, keyed: bool, rng: Random, headers: Sequence[Header] = ()) -> BatchRecords:
    """Records with values of these sizes, in order; with keys of 8 bytes, or with null keys."""
    data = bytearray()
    keys, stamps, dues = [], [], []
    key = varint(STAMP) + bytes(STAMP) if keyed else varint(-1)
    tail = _headers(headers)
    for index, size in enumerate(sizes):
        head = b"\x00\x00" + varint(index) + key + varint(size)
        length = varint(len(head) + size + len(tail))
        value_at = len(data) + len(length) + len(head)
        if keyed:
            keys.append((index, value_at - len(varint(size)) - STAMP))
        if size >= STAMP:
            stamps.append((index, value_at))
        if size >= 2 * STAMP:
            dues.append(value_at + STAMP)
        data += length + head + _value(size, rng) + tail
    places = Places(keys=tuple(keys), stamps=tuple(stamps), dues=tuple(dues))
    return BatchRecords(data=bytes(data), places=places, sizes=tuple(sizes))


def _value(size: int, rng: Random) -> bytes:
    """A value with room for its numbers; of the rest one half is chance, the other repeats a text."""
    room = size // STAMP * STAMP if size < 2 * STAMP else 2 * STAMP
    chance = (size - room + 1) // 2 if room == 2 * STAMP else size - room
    text = size - room - chance
    return bytes(room) + rng.randbytes(chance) + (TEXT * (text // len(TEXT) + 1))[:text]


def _headers(headers: Iterable[Header]) -> bytes:
    """Headers as they end a record."""
    found = [(name.encode(), value) for name, value in headers]
    return varint(len(found)) + b"".join(varint(len(name)) + name + varint(len(value)) + value for name, value in found)
