"""Produce requests whose records are compressed: made ahead, since compressed records cannot be numbered in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import cycle
from struct import Struct
from typing import TYPE_CHECKING, Final

import cramjam

from clusterload.generator.wire.batches import SLOT_COST, Pool, stamping_of
from clusterload.generator.wire.records import Header, Records
from clusterload.generator.wire.slots import Shelf, Slot, Template
from clusterload.generator.wire.stamps import Unchanged

if TYPE_CHECKING:
    from random import Random

    from clusterload.model.workload.distributions import Keys, Sizes

ROOM: Final = 64 * 2**20
"""Bytes that a pool's compressed batches may take."""

_XERIAL: Final = b"\x82SNAPPY\x00" + Struct(">ii").pack(1, 1)
"""How the stream of snappy blocks begins that Java's clients write: its name, its version, the oldest that reads it."""
_XERIAL_BLOCK: Final = 32 * 2**10

_LZ4: Final = bytes.fromhex("04224d18 60 40 82")
"""An LZ4 frame of independent blocks of at most 64 KiB, without checksums of its own: Kafka's reader knows no more."""
_LZ4_BLOCK: Final = 64 * 2**10
_LZ4_AS_IT_IS: Final = 1 << 31

_big = Struct(">i")
_little = Struct("<I")


def _gzip(data: bytes) -> bytes:
    """As gzip does by default."""
    return bytes(cramjam.gzip.compress(data, level=6))


def _snappy(data: bytes) -> bytes:
    """Snappy blocks in the framing of Java's snappy library, which brokers and librdkafka read."""
    framed = bytearray(_XERIAL)
    for at in range(0, len(data), _XERIAL_BLOCK):
        block = bytes(cramjam.snappy.compress_raw(data[at : at + _XERIAL_BLOCK]))
        framed += _big.pack(len(block)) + block
    return bytes(framed)


def _lz4(data: bytes) -> bytes:
    """One LZ4 frame."""
    framed = bytearray(_LZ4)
    for at in range(0, len(data), _LZ4_BLOCK):
        plain = data[at : at + _LZ4_BLOCK]
        block = bytes(cramjam.lz4.compress_block(plain, store_size=False))
        if len(block) < len(plain):
            framed += _little.pack(len(block)) + block
        else:
            framed += _little.pack(len(plain) | _LZ4_AS_IT_IS) + plain
    return bytes(framed + _little.pack(0))


def _zstd(data: bytes) -> bytes:
    """As zstd does by default."""
    return bytes(cramjam.zstd.compress(data, level=3))


CODECS: Final[dict[str, tuple[int, Callable[[bytes], bytes]]]] = {
    "gzip": (1, _gzip),
    "snappy": (2, _snappy),
    "lz4": (3, _lz4),
    "zstd": (4, _zstd),
}
"""Of each compression its bits among a batch's attributes, and what compresses."""


class CompressedPool(Pool):
    """A pool of compressed requests, all of them made when it is made, and then sent in turn.

    Their records have stamps, but 0 as due time, and carry the same values whenever a slot's turn comes again: what
    `seal` changes is the batch's header.

    Args:
        template: as for Pool, like what follows up to `headers`.
        records: see Pool.
        sizes: see Pool.
        keys: see Pool.
        partitions: see Pool.
        rng: see Pool.
        headers: see Pool.
        compression: gzip, snappy, lz4 or zstd.
        distinct: how many different records are wanted, as far as they take no more than 64 MiB.
        first_stamp: number of the first record, to be different in each process.
    """

    def __init__(
        self,
        template: Template,
        *,
        records: int,
        sizes: Sizes,
        keys: Keys,
        partitions: int,
        rng: Random,
        headers: Sequence[Header] = (),
        compression: str,
        distinct: int = 1_000_000,
        first_stamp: int = 0,
    ) -> None:
        self._attributes, self._compress = CODECS[compression]
        self._wanted = distinct
        self._stamp = first_stamp
        super().__init__(
            template, records=records, sizes=sizes, keys=keys, partitions=partitions, rng=rng, headers=headers
        )

    def distinct_share(self, first: int = 1_000_000) -> float:
        """See Pool."""
        return sum(shelf.numbered * min(weight, shelf.records / first) for shelf, weight in self._weighted().items())

    def _filled(self, kinds: Iterable[Records]) -> list[Shelf | None]:
        """One shelf for all partitions, or with drawn keys one for each that has keys."""
        maker = self._maker(kinds)
        if not self._draws:
            return [self._shelf(maker, 0, 1.0)] * self._partitions
        return [
            self._shelf(maker, partition, weight) if weight else None
            for partition, weight in enumerate(self.partition_weights())
        ]

    def _shelf(self, maker: Callable[[int, Shelf], Slot], partition: int, share: float) -> Shelf:
        """A shelf with its share of all slots: one at least, else as many as are wanted and have room."""
        shelf = Shelf()
        room, wanted = ROOM * share, self._wanted * share
        while not shelf.made or (room > 0 and len(shelf.made) * self.records < wanted):
            slot = maker(partition, shelf)
            shelf.add(slot)
            room -= len(slot.view) + SLOT_COST
        return shelf

    def _maker(self, kinds: Iterable[Records]) -> Callable[[int, Shelf], Slot]:
        """What makes the next slot for a partition and its shelf."""
        stamping = stamping_of(self.records, self._draws, self._partitions)
        plain = [(kind, bytearray(kind.data)) for kind in kinds]
        in_turn = cycle([(self._contents(kind), data, stamping(kind.places).on(data)) for kind, data in plain])

        def make(partition: int, shelf: Shelf) -> Slot:
            contents, data, stamps = next(in_turn)
            stamps.put(partition, self._stamp, 0)
            self._stamp += self.records
            request = self._template.around(self._compress(bytes(data)), self.records, self._attributes)
            return Slot(self._template, request, stamping=Unchanged(), contents=contents, shelf=shelf)

        return make
