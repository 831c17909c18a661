"""Keys of records, and the partitions that they belong to, as Java's producer sends them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate, cycle
from math import fsum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

    from clusterload.model.workload.distributions import Keys

DRAWS: Final = 65_536
"""Keys that are drawn ahead and then used in turn: each key's share is right to one in so many."""

_SEED: Final = 0x9747B28C
_FACTOR: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """Murmur2 of `data` as Kafka's Java client computes it, as an unsigned number of 32 bits."""
    hashed = _SEED ^ len(data)
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * _FACTOR & _MASK
        word = (word ^ word >> 24) * _FACTOR & _MASK
        hashed = hashed * _FACTOR & _MASK ^ word
    if whole < len(data):
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * _FACTOR & _MASK
    hashed = (hashed ^ hashed >> 13) * _FACTOR & _MASK
    return hashed ^ hashed >> 15


def murmur2_partition(key: bytes, partitions: int) -> int:
    """The partition, of so many, that Java's producer sends a record with this key to."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def key_bytes(number: int) -> bytes:
    """The key of a number: 8 bytes, big-endian."""
    return number.to_bytes(8, "big")


class DrawnKeys:
    """Keys drawn by their weights, shuffled, and laid out by the partition that each belongs to.

    Attributes:
        weights: how often each partition's turn must come, so that the keys come as often as they should.
    """

    def __init__(self, keys: Keys, partitions: int, rng: Random) -> None:
        drawn = _evenly(keys.weights(), DRAWS)
        rng.shuffle(drawn)
        homes: dict[int, int] = {}
        self._numbers = [array("Q") for _ in range(partitions)]
        for number in drawn:
            home = homes.get(number)
            if home is None:
                home = homes[number] = murmur2_partition(key_bytes(number), partitions)
            self._numbers[home].append(number)
        self.weights = tuple(len(numbers) / len(drawn) for numbers in self._numbers)

    def of(self, partition: int) -> Sequence[int]:
        """The numbers of the keys drawn for a partition; none, if no key belongs to it."""
        return self._numbers[partition]

    def in_turn(self) -> tuple[Iterator[int], ...]:
        """For each partition its keys' numbers, over and over."""
        return tuple(cycle(numbers) for numbers in self._numbers)


def _evenly(weights: Sequence[float], count: int) -> list[int]:
    """So many indexes of weights, each as often as its share says, to less than one: no luck in it."""
    step = fsum(weights) / count
    ends = enumerate(accumulate(weights))
    index, end = next(ends)
    drawn: list[int] = []
    for turn in range(count):
        while end < (turn + 0.5) * step:
            index, end = next(ends)
        drawn.append(index)
    return drawn
