"""Produce requests made once and sent many times: each time only what must change is changed, in place.

A `Slot` is one whole request with one record batch for one partition. A `Pool` makes slots as they are needed and
takes them back after their answer. This is the hot path of the generator: what stands here is measured
(`benchmarks/seal.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from struct import Struct
from typing import TYPE_CHECKING, Final

from crc32c import crc32c

from clusterload.engines.wire.keys import Draws
from clusterload.engines.wire.records import Header, Places, records
from clusterload.engines.wire.stamps import FewKeyedStamping, FewStamping, Stamping

if TYPE_CHECKING:
    from random import Random

    from clusterload.spread import Keys, Sizes

FEW: Final = 8
"""Up to so many records a loop is as quick as numpy, and needs no numpy."""

VARIETY: Final = 4 * 2**20
"""Bytes of slots that a pool of many sizes has at least, so that the sizes it sends come as often as they should."""

SLOT_COST: Final = 1024
"""About what a slot takes beyond its bytes."""

_CRC_AT: Final = 17
"""Where a batch's checksum stands; it covers everything behind it."""
_ATTRIBUTES_AT: Final = 21
_TIMES_AT: Final = 27
"""From where base and max timestamp, producer id, epoch and base sequence stand together."""

_HEADER: Final = Struct(">qiibIhiqqqhii")
_put_int = Struct(">i").pack_into
_put_checksum = Struct(">I").pack_into
_put_times = Struct(">qqqhi").pack_into


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A Produce request up to its record batch, which ends it.

    Attributes:
        head: its bytes, the frame's size included; sizes count no batch yet.
        correlation_at: where the correlation id stands.
        partition_at: where the partition's index stands.
        records_at: where the record batch's size stands.
        answered: whether brokers answer it (acks other than 0).
    """

    head: bytes
    correlation_at: int
    partition_at: int
    records_at: int
    answered: bool

    def around(self, batch: bytes) -> bytearray:
        """The whole request for a batch."""
        framed = bytearray(self.head)
        size = int.from_bytes(framed[:4], "big")
        _put_int(framed, 0, size + len(batch))
        _put_int(framed, self.records_at, len(batch))
        return framed + batch


class Slot:
    """One Produce request that can be sent again and again.

    Attributes:
        view: its bytes, to write to a connection.
        records: how many records it has.
        value_bytes: bytes of their values.
        batch_bytes: bytes of the record batch.
    """

    __slots__ = (
        "_batch_at",
        "_buffer",
        "_correlation_at",
        "_covered",
        "_partition_at",
        "_stamps",
        "batch_bytes",
        "origin",
        "records",
        "value_bytes",
        "view",
    )

    def __init__(self, origin: Origin) -> None:
        template, batch_at = origin.template, len(origin.template.head)
        buffer = bytearray(origin.request)
        self.origin = origin
        self.records = origin.records
        self.value_bytes = origin.value_bytes
        self.batch_bytes = len(buffer) - batch_at
        self.view = memoryview(buffer)
        self._buffer = buffer
        self._batch_at = batch_at
        self._correlation_at = template.correlation_at
        self._partition_at = template.partition_at
        self._covered = self.view[batch_at + _ATTRIBUTES_AT :]
        self._stamps = origin.stamping.on(buffer)

    def seal(
        self,
        correlation: int,
        partition: int,
        now_ms: int,
        stamp: int,
        producer_id: int = -1,
        epoch: int = -1,
        base_sequence: int = -1,
        due_ns: int = 0,
    ) -> None:
        """Make the request ready to be sent.

        Args:
            correlation: id that the answer will carry, of 31 bits.
            partition: index of the partition, for pools with drawn keys the one the slot was taken for.
            now_ms: the records' timestamp, Unix milliseconds.
            stamp: number of the first record; the others count on from it.
            producer_id: of an idempotent producer.
            epoch: of an idempotent producer.
            base_sequence: of an idempotent producer: the first record's sequence number.
            due_ns: when the request was due, Unix nanoseconds.
        """
        buffer, batch_at = self._buffer, self._batch_at
        _put_int(buffer, self._correlation_at, correlation)
        _put_int(buffer, self._partition_at, partition)
        _put_times(buffer, batch_at + _TIMES_AT, now_ms, now_ms, producer_id, epoch, base_sequence)
        self._stamps.put(partition, stamp, due_ns)
        _put_checksum(buffer, batch_at + _CRC_AT, crc32c(self._covered))

    def again(self, correlation: int) -> None:
        """Make the same request ready to be sent once more, with the same records, under a new correlation id."""
        _put_int(self._buffer, self._correlation_at, correlation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What slots of one content are made of.

    Attributes:
        template: the request around the batch.
        request: the whole request.
        stamping: what puts numbers into its records.
        records: how many records.
        value_bytes: bytes of their values.
    """

    template: Template
    request: bytes
    stamping: Stamping
    records: int
    value_bytes: int


class Pool:
    """Makes slots of one kind, and takes them back.

    Args:
        template: the request around each batch.
        records: records a request.
        sizes: bytes of the values.
        keys: of the records.
        partitions: of how many partitions a key chooses one.
        rng: chance for values, sizes and the order of keys.
        headers: of every record.
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
    ) -> None:
        self.records = records
        self._template = template
        self._partitions = partitions
        self._draws = _draws(keys, partitions, rng)
        self._stamping = _stamping_of(records, self._draws, partitions)
        self._keyed = keys.as_text() != "none"
        self._origins = [self._origin(drawn, rng, headers) for drawn in _drawn_sizes(sizes, records, rng)]
        self._ready = deque(Slot(origin) for origin in self._origins)
        # One content: the slot used last is still in the processor's cache. Many: all must have their turn.
        self._next = self._ready.pop if len(self._origins) == 1 else self._ready.popleft
        self._made = 0

    def take(self, partition: int) -> Slot | None:
        """A slot for a partition, to be sealed; none if no key belongs to this partition."""
        if self._draws is not None and not self._draws.weights[partition]:
            return None
        if self._ready:
            return self._next()
        self._made += 1
        return Slot(self._origins[self._made % len(self._origins)])

    def give_back(self, slot: Slot) -> None:
        """Take back a slot that is not needed any more: its answer is there, or was given up."""
        self._ready.append(slot)

    def partition_weights(self) -> tuple[float, ...]:
        """How often each partition's turn must come, as shares of 1, so that keys come as often as they should."""
        return self._draws.weights if self._draws else (1 / self._partitions,) * self._partitions

    def _origin(self, sizes: Sequence[int], rng: Random, headers: Sequence[Header]) -> Origin:
        """Records of these sizes as a request."""
        made = records(sizes, keyed=self._keyed, rng=rng, headers=headers)
        return Origin(
            template=self._template,
            request=bytes(self._template.around(batch(made.data, len(sizes)))),
            stamping=self._stamping(made.places.after(len(self._template.head) + _HEADER.size)),
            records=len(sizes),
            value_bytes=sum(sizes),
        )


def batch(data: bytes, count: int, attributes: int = 0) -> bytes:
    """A record batch around its records' bytes; its checksum is not set."""
    length = _HEADER.size + len(data) - 12
    return _HEADER.pack(0, length, -1, 2, 0, attributes, count - 1, 0, 0, -1, -1, -1, count) + data


def _draws(keys: Keys, partitions: int, rng: Random) -> Draws | None:
    """Keys drawn by their weights; none where keys are the records' own numbers, or are not there."""
    return None if keys.as_text() in {"unique", "none"} else Draws(keys, partitions, rng)


def _stamping_of(records: int, draws: Draws | None, partitions: int) -> Callable[[Places], Stamping]:
    """What puts numbers into the records at some places, in slots of so many records."""
    if records <= FEW:
        return partial(FewKeyedStamping, in_turn=draws.in_turn()) if draws else FewStamping
    # A worker whose requests have few records does without numpy's 15 MiB.
    from clusterload.engines.wire.strides import KeyTurns, ManyKeyedStamping, ManyStamping  # noqa: PLC0415

    return partial(ManyKeyedStamping, turns=KeyTurns(draws, partitions)) if draws else ManyStamping


def _drawn_sizes(sizes: Sizes, count: int, rng: Random) -> list[list[int]]:
    """The sizes of the values of one slot, or where they vary of so many slots that the spread is met."""
    if sizes.fixed is not None:
        return [[sizes.fixed] * count]
    slots = max(1, round(VARIETY / (SLOT_COST + count * sizes.mean)))
    drawn = sizes.sample(slots * count, rng)
    return [drawn[at : at + count] for at in range(0, len(drawn), count)]
