"""Produce requests made once and sent many times: each time only what must change is changed, in place.

A `RequestBuffer` is one whole request with one record batch for one partition. A `RequestPool` makes buffers as
they are needed and takes them back after the response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Final

from clusterload.generator.wire.keys import DrawnKeys
from clusterload.generator.wire.record_batch import BatchRecords, Header, Places, batch_records
from clusterload.generator.wire.request_buffer import BatchContents, FreeList, RequestBuffer, Template
from clusterload.generator.wire.stamps import LoopKeyedStamping, LoopStamping, Stamping

if TYPE_CHECKING:
    from random import Random

    from clusterload.model.workload.distributions import Keys, Sizes

__all__ = ["RequestBuffer", "RequestPool", "Template"]

FEW: Final = 8
"""Up to so many records a loop is as quick as numpy, and needs no numpy."""

DRAWN: Final = (16, 16_384)
"""Of values of many sizes so many are drawn, at the fewest and at the most, and then sent in turn."""

DRAWN_BYTES: Final = 4 * 2**20
"""About what they may take."""

TRIES: Final = 8
"""Times that they are drawn; the draw whose mean size is nearest to the distribution's is used."""

BUFFER_COST: Final = 896
"""Bytes that a buffer takes about, beyond the request itself."""


class RequestPool:
    """Makes request buffers of one kind, and takes them back.

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
        self._free_lists: list[FreeList | None] = self._filled(self._kinds(sizes, rng, headers))

    def take(self, partition: int) -> RequestBuffer | None:
        """A buffer for a partition, to be sealed; None if no key belongs to this partition."""
        free_list = self._free_lists[partition]
        return free_list.take() if free_list else None

    def give_back(self, buffer: RequestBuffer) -> None:
        """Take back a buffer that may be overwritten: after its response, or with acks=0 once its bytes are written."""
        buffer.free_list.ready.append(buffer)

    def partition_weights(self) -> tuple[float, ...]:
        """How often each partition's turn must come, as shares of 1, so that keys come as often as they should."""
        return self._draws.weights if self._draws else (1 / self._partitions,) * self._partitions

    def distinct_share(self, first: int = 1_000_000) -> float:
        """Share of the first so many records sent that are like no record before, at the least.

        Partitions take their turns by their weights.
        """
        assert first > 0
        return sum(free_list.numbered * weight for free_list, weight in self._weighted().items())

    def _weighted(self) -> dict[FreeList, float]:
        """The share of all records that each free list sends."""
        weighted: dict[FreeList, float] = {}
        for free_list, weight in zip(self._free_lists, self.partition_weights(), strict=True):
            if free_list:
                weighted[free_list] = weighted.get(free_list, 0) + weight
        return weighted

    def _kinds(self, sizes: Sizes, rng: Random, headers: Sequence[Header]) -> list[BatchRecords]:
        """Records of one request, or where their sizes vary of so many requests that their distribution is met."""
        keyed = self._keys.as_text() != "none"
        return [
            batch_records(drawn, keyed=keyed, rng=rng, headers=headers)
            for drawn in _drawn_sizes(sizes, self.records, rng)
        ]

    def _contents(self, kind: BatchRecords) -> BatchContents:
        """What a batch of such records has in it."""
        numbered = self.records if self._keys.as_text() == "unique" else len(kind.places.stamps)
        return BatchContents(self.records, numbered, sum(kind.sizes))

    def _filled(self, kinds: Iterable[BatchRecords]) -> list[FreeList | None]:
        """The free list of each partition: one for all, since keys are put in when a buffer is sealed."""
        free_list = FreeList()
        stamping = stamping_of(self.records, self._draws, self._partitions)
        for kind in kinds:
            request = self._template.around(kind.data, self.records)
            places, contents = kind.places.after(self._template.data_at), self._contents(kind)
            free_list.add(
                RequestBuffer(
                    self._template, request, stamping=stamping(places), contents=contents, free_list=free_list
                )
            )
        return [free_list if weight else None for weight in self.partition_weights()]


def stamping_of(records: int, draws: DrawnKeys | None, partitions: int) -> Callable[[Places], Stamping]:
    """What puts numbers into records at some places, in batches of so many records."""
    if records <= FEW:
        return partial(LoopKeyedStamping, in_turn=draws.in_turn()) if draws else LoopStamping
    # A worker whose requests have few records needs no numpy, which takes 15 MiB.
    from clusterload.generator.wire.numpy_stamps import KeyTurns, NumpyKeyedStamping, NumpyStamping  # noqa: PLC0415

    return partial(NumpyKeyedStamping, turns=KeyTurns(draws, partitions)) if draws else NumpyStamping


def _draws(keys: Keys, partitions: int, rng: Random) -> DrawnKeys | None:
    """Keys drawn by their weights; none where keys are the records' own numbers, or are not there."""
    return DrawnKeys(keys, partitions, rng) if keys.count else None


def _drawn_sizes(sizes: Sizes, count: int, rng: Random) -> list[list[int]]:
    """The sizes of the values of one request, or where they vary of so many requests that their distribution is met."""
    if sizes.fixed is not None:
        return [[sizes.fixed] * count]
    fewest, most = DRAWN
    wanted = max(fewest, min(most, round(DRAWN_BYTES / (sizes.mean + BUFFER_COST / count))))
    requests = ceil(wanted / count)
    tries = [sizes.sample(requests * count, rng) for _ in range(TRIES)]
    drawn = min(tries, key=lambda tried: abs(sum(tried) / len(tried) - sizes.mean))
    return [drawn[at : at + count] for at in range(0, len(drawn), count)]
