"""Produce requests made once and sent many times: each time only what must change is changed, in place.

A `Slot` is one whole request with one record batch for one partition. A `Pool` makes slots as they are needed and
takes them back after their answer. This is the hot path of the generator: what stands here is measured
(`benchmarks/seal.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from struct import Struct
from typing import TYPE_CHECKING, Final

from crc32c import crc32c

from clusterload.engines.wire.keys import Draws
from clusterload.engines.wire.records import Header, Places, Records, records
from clusterload.engines.wire.stamps import FewKeyedStamping, FewStamping, Stamping

if TYPE_CHECKING:
    from random import Random

    from clusterload.spread import Keys, Sizes

FEW: Final = 8
"""Up to so many records a loop is as quick as numpy, and needs no numpy."""

VARIETY: Final = 4 * 2**20
"""Bytes of slots that a pool of many sizes has at least, so that the sizes it sends come as often as they should."""

FEWEST: Final = 16
"""So many slots a pool of many sizes has at least, however large they are."""

TRIES: Final = 8
"""Times that its sizes are drawn; those whose mean is nearest to the asked one are used."""

SLOT_COST: Final = 896
"""About what a slot takes beyond its bytes."""

_CRC_AT: Final = 17
"""Where a batch's checksum stands; it covers everything behind it."""

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

    @property
    def data_at(self) -> int:
        """Where the records stand that follow the batch's header."""
        return len(self.head) + _HEADER.size

    def around(self, data: bytes, count: int, attributes: int = 0) -> bytearray:
        """The whole request for the bytes of so many records, whose checksum is not set."""
        length = _HEADER.size + len(data)
        batch = _HEADER.pack(0, length - 12, -1, 2, 0, attributes, count - 1, 0, 0, -1, -1, -1, count)
        framed = bytearray().join((self.head, batch, data))
        _put_int(framed, 0, len(framed) - 4)
        _put_int(framed, self.records_at, length)
        return framed


class Slot:
    """One Produce request that can be sent again and again.

    Attributes:
        view: its bytes, to write to a connection.
        records: how many records it has.
        value_bytes: bytes of their values.
        batch_bytes: bytes of the record batch.
        shelf: where it stands while it is not in use.
    """

    __slots__ = (
        "_batch_at",
        "_buffer",
        "_correlation_at",
        "_covered",
        "_partition_at",
        "_stamping",
        "_stamps",
        "_template",
        "batch_bytes",
        "records",
        "shelf",
        "value_bytes",
        "view",
    )

    def __init__(
        self, template: Template, buffer: bytearray, *, stamping: Stamping, records: int, value_bytes: int, shelf: Shelf
    ) -> None:
        self.records = records
        self.value_bytes = value_bytes
        self.shelf = shelf
        self.view = memoryview(buffer)
        self._buffer = buffer
        self._template = template
        self._batch_at = len(template.head)
        self._correlation_at = template.correlation_at
        self._partition_at = template.partition_at
        self.batch_bytes = len(buffer) - self._batch_at
        self._covered = self.view[self._batch_at + _CRC_AT + 4 :]
        self._stamping = stamping
        self._stamps = stamping.on(buffer)

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

    def twin(self) -> Slot:
        """Another slot like this one."""
        return Slot(
            self._template,
            self._buffer[:],
            stamping=self._stamping,
            records=self.records,
            value_bytes=self.value_bytes,
            shelf=self.shelf,
        )


class Shelf:
    """Slots that are not in use.

    Attributes:
        made: the slots that it began with, each with a content of its own.
        ready: the slots that stand on it.
    """

    __slots__ = ("_turn", "made", "ready", "take_next")

    def __init__(self) -> None:
        self.made: list[Slot] = []
        self.ready: deque[Slot] = deque()
        self._turn = 0

    def add(self, slot: Slot) -> None:
        """Give it one more slot to begin with."""
        self.made.append(slot)
        self.ready.append(slot)
        # One content: the slot used last is still in the processor's cache. Many: all must have their turn.
        self.take_next = self.ready.pop if len(self.made) == 1 else self.ready.popleft

    def take(self) -> Slot:
        """The slot whose turn it is; a new one when all are in use."""
        if self.ready:
            return self.take_next()
        self._turn = (self._turn + 1) % len(self.made)
        return self.made[self._turn].twin()


class Pool:
    """Makes slots of one kind, and takes them back.

    Args:
        template: the request around each batch.
        records: records a request.
        sizes: bytes of the values.
        keys: of the records.
        partitions: the topic's, of which a key chooses one.
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
        self._keys = keys
        self._draws = _draws(keys, partitions, rng)
        self._shelves: list[Shelf | None] = self._filled(self._kinds(sizes, rng, headers))

    def take(self, partition: int) -> Slot | None:
        """A slot for a partition, to be sealed; none if no key belongs to this partition."""
        shelf = self._shelves[partition]
        return shelf.take() if shelf else None

    def give_back(self, slot: Slot) -> None:
        """Take back a slot that is not needed any more: its answer is there, or was given up."""
        slot.shelf.ready.append(slot)

    def partition_weights(self) -> tuple[float, ...]:
        """How often each partition's turn must come, as shares of 1, so that keys come as often as they should."""
        return self._draws.weights if self._draws else (1 / self._partitions,) * self._partitions

    def distinct_share(self, first: int = 1_000_000) -> float:
        """Share of the first so many records sent that are like no record before, at the least."""
        assert first > 0
        return self._stamped

    def _kinds(self, sizes: Sizes, rng: Random, headers: Sequence[Header]) -> list[Records]:
        """Records of one request, or where their sizes vary of so many requests that the spread is met."""
        keyed = self._keys.as_text() != "none"
        kinds = [
            records(drawn, keyed=keyed, rng=rng, headers=headers) for drawn in _drawn_sizes(sizes, self.records, rng)
        ]
        numbered = sum(len(kind.places.stamps) for kind in kinds) / (len(kinds) * self.records)
        self._stamped = 1.0 if self._keys.as_text() == "unique" else numbered
        return kinds

    def _filled(self, kinds: Iterable[Records]) -> list[Shelf | None]:
        """For each partition its shelf with slots: the same for all, since keys are put in when a slot is sealed."""
        shelf = Shelf()
        stamping = stamping_of(self.records, self._draws, self._partitions)
        for kind in kinds:
            request = self._template.around(kind.data, self.records)
            places = kind.places.after(self._template.data_at)
            shelf.add(self._slot(request, stamping(places), sum(kind.sizes), shelf))
        return [shelf if weight else None for weight in self.partition_weights()]

    def _slot(self, request: bytearray, stamping: Stamping, value_bytes: int, shelf: Shelf) -> Slot:
        """A slot of this pool."""
        return Slot(
            self._template,
            request,
            stamping=stamping,
            records=self.records,
            value_bytes=value_bytes,
            shelf=shelf,
        )


def stamping_of(records: int, draws: Draws | None, partitions: int) -> Callable[[Places], Stamping]:
    """What puts numbers into records at some places, in batches of so many records."""
    if records <= FEW:
        return partial(FewKeyedStamping, in_turn=draws.in_turn()) if draws else FewStamping
    # A worker whose requests have few records does without numpy's 15 MiB.
    from clusterload.engines.wire.strides import KeyTurns, ManyKeyedStamping, ManyStamping  # noqa: PLC0415

    return partial(ManyKeyedStamping, turns=KeyTurns(draws, partitions)) if draws else ManyStamping


def _draws(keys: Keys, partitions: int, rng: Random) -> Draws | None:
    """Keys drawn by their weights; none where keys are the records' own numbers, or are not there."""
    return Draws(keys, partitions, rng) if keys.count else None


def _drawn_sizes(sizes: Sizes, count: int, rng: Random) -> list[list[int]]:
    """The sizes of the values of one slot, or where they vary of so many slots that the spread is met."""
    if sizes.fixed is not None:
        return [[sizes.fixed] * count]
    slots = max(FEWEST, round(VARIETY / (SLOT_COST + count * sizes.mean)))
    tries = [sizes.sample(slots * count, rng) for _ in range(TRIES)]
    drawn = min(tries, key=lambda tried: abs(fmean(tried) - sizes.mean))
    return [drawn[at : at + count] for at in range(0, len(drawn), count)]
