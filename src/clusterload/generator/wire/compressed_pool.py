"""Produce requests whose records are compressed: made ahead, since compressed records cannot be numbered in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import cycle
from struct import Struct
from typing import TYPE_CHECKING, Final

import cramjam

from clusterload.generator.wire.record_batch import BatchRecords, Header
from clusterload.generator.wire.request_buffer import FreeList, RequestBuffer, Template
from clusterload.generator.wire.request_pool import BUFFER_COST, RequestPool, stamping_of
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


class CompressedPool(RequestPool):
    """A pool of compressed requests, all of them made when it is made, and then sent in turn.

    Their records have stamps, but 0 as due time, and the same values each time a buffer is sent: `seal` changes the
    batch's header alone.

    Args:
        template: as for RequestPool, like what follows up to `headers`.
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
        """See RequestPool."""
        return sum(
            free_list.numbered * min(weight, free_list.records / first)
            for free_list, weight in self._weighted().items()
        )

    def _filled(self, kinds: Iterable[BatchRecords]) -> list[FreeList | None]:
        """One free list for all partitions, or with drawn keys one for each partition that has keys."""
        maker = self._maker(kinds)
        if not self._draws:
            return [self._free_list(maker, 0, 1.0)] * self._partitions
        return [
            self._free_list(maker, partition, weight) if weight else None
            for partition, weight in enumerate(self.partition_weights())
        ]

    def _free_list(self, maker: Callable[[int, FreeList], RequestBuffer], partition: int, share: float) -> FreeList:
        """A free list with its share of all buffers: one at least, else as many as are wanted and have room."""
        free_list = FreeList()
        room, wanted = ROOM * share, self._wanted * share
        while not free_list.made or (room > 0 and len(free_list.made) * self.records < wanted):
            buffer = maker(partition, free_list)
            free_list.add(buffer)
            room -= len(buffer.view) + BUFFER_COST
        return free_list

    def _maker(self, kinds: Iterable[BatchRecords]) -> Callable[[int, FreeList], RequestBuffer]:
        """What makes the next buffer for a partition and its free list."""
        stamping = stamping_of(self.records, self._draws, self._partitions)
        plain = [(kind, bytearray(kind.data)) for kind in kinds]
        in_turn = cycle([(self._contents(kind), data, stamping(kind.places).on(data)) for kind, data in plain])

        def make(partition: int, free_list: FreeList) -> RequestBuffer:
            contents, data, stamps = next(in_turn)
            stamps.put(partition, self._stamp, 0)
            self._stamp += self.records
            request = self._template.around(self._compress(bytes(data)), self.records, self._attributes)
            return RequestBuffer(self._template, request, stamping=Unchanged(), contents=contents, free_list=free_list)

        return make
