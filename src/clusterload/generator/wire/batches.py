"""Produce requests made once and sent many times: each time only what must change is changed, in place.

A `Slot` is one whole request with one record batch for one partition. A `Pool` makes slots as they are needed and
takes them back after their answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Final

from clusterload.generator.wire.keys import Draws
from clusterload.generator.wire.records import Header, Places, Records, records
from clusterload.generator.wire.slots import Contents, Shelf, Slot, Template
from clusterload.generator.wire.stamps import FewKeyedStamping, FewStamping, Stamping

if TYPE_CHECKING:
    from random import Random

    from clusterload.model.workload.distributions import Keys, Sizes

__all__ = ["Pool", "Slot", "Template"]

FEW: Final = 8
"""Up to so many records a loop is as quick as numpy, and needs no numpy."""

DRAWN: Final = (16, 16_384)
"""Of values of many sizes so many are drawn, at the fewest and at the most, and then sent in turn."""

DRAWN_BYTES: Final = 4 * 2**20
"""About what they may take."""

TRIES: Final = 8
"""Times that they are drawn; those whose mean size is nearest to the asked one are used."""

SLOT_COST: Final = 896
"""About what a slot takes beyond its bytes."""


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
        """Take back a slot whose bytes nobody needs any more.

        That is when its answer is there; where brokers do not answer (acks 0), when all its bytes are written.
        """
        slot.shelf.ready.append(slot)

    def partition_weights(self) -> tuple[float, ...]:
        """How often each partition's turn must come, as shares of 1, so that keys come as often as they should."""
        return self._draws.weights if self._draws else (1 / self._partitions,) * self._partitions

    def distinct_share(self, first: int = 1_000_000) -> float:
        """Share of the first so many records sent that are like no record before, at the least.

        Partitions take their turns by their weights.
        """
        assert first > 0
        return sum(shelf.numbered * weight for shelf, weight in self._weighted().items())

    def _weighted(self) -> dict[Shelf, float]:
        """The share of all records that each shelf sends."""
        weighted: dict[Shelf, float] = {}
        for shelf, weight in zip(self._shelves, self.partition_weights(), strict=True):
            if shelf:
                weighted[shelf] = weighted.get(shelf, 0) + weight
        return weighted

    def _kinds(self, sizes: Sizes, rng: Random, headers: Sequence[Header]) -> list[Records]:
        """Records of one request, or where their sizes vary of so many requests that the spread is met."""
        keyed = self._keys.as_text() != "none"
        return [
            records(drawn, keyed=keyed, rng=rng, headers=headers) for drawn in _drawn_sizes(sizes, self.records, rng)
        ]

    def _contents(self, kind: Records) -> Contents:
        """What a batch of such records has in it."""
        numbered = self.records if self._keys.as_text() == "unique" else len(kind.places.stamps)
        return Contents(self.records, numbered, sum(kind.sizes))

    def _filled(self, kinds: Iterable[Records]) -> list[Shelf | None]:
        """For each partition its shelf with slots: the same for all, since keys are put in when a slot is sealed."""
        shelf = Shelf()
        stamping = stamping_of(self.records, self._draws, self._partitions)
        for kind in kinds:
            request = self._template.around(kind.data, self.records)
            places, contents = kind.places.after(self._template.data_at), self._contents(kind)
            shelf.add(Slot(self._template, request, stamping=stamping(places), contents=contents, shelf=shelf))
        return [shelf if weight else None for weight in self.partition_weights()]


def stamping_of(records: int, draws: Draws | None, partitions: int) -> Callable[[Places], Stamping]:
    """What puts numbers into records at some places, in batches of so many records."""
    if records <= FEW:
        return partial(FewKeyedStamping, in_turn=draws.in_turn()) if draws else FewStamping
    # A worker whose requests have few records does without numpy's 15 MiB.
    from clusterload.generator.wire.strides import KeyTurns, ManyKeyedStamping, ManyStamping  # noqa: PLC0415

    return partial(ManyKeyedStamping, turns=KeyTurns(draws, partitions)) if draws else ManyStamping


def _draws(keys: Keys, partitions: int, rng: Random) -> Draws | None:
    """Keys drawn by their weights; none where keys are the records' own numbers, or are not there."""
    return Draws(keys, partitions, rng) if keys.count else None


def _drawn_sizes(sizes: Sizes, count: int, rng: Random) -> list[list[int]]:
    """The sizes of the values of one slot, or where they vary of so many slots that the spread is met."""
    if sizes.fixed is not None:
        return [[sizes.fixed] * count]
    fewest, most = DRAWN
    wanted = max(fewest, min(most, round(DRAWN_BYTES / (sizes.mean + SLOT_COST / count))))
    slots = ceil(wanted / count)
    tries = [sizes.sample(slots * count, rng) for _ in range(TRIES)]
    drawn = min(tries, key=lambda tried: abs(sum(tried) / len(tried) - sizes.mean))
    return [drawn[at : at + count] for at in range(0, len(drawn), count)]
