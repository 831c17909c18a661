"""What a broker shows at one time, in our words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from clusterload.model.series import Floats
from clusterload.telemetry.sources.names import Labels

Key: TypeAlias = tuple[str, Labels]
"""A Series' name and its labels without the broker's."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one broker at one time; NaN where the broker has none. Labels tell it from others of the name."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Figures(Mapping[Key, float]):
    """Figures by Series, as a column.

    Attributes:
        keys_: the Series, each once; the very same tuple from scrape to scrape while they stay the same.
        values_: shape `(len(keys_),)`.
    """

    keys_: tuple[Key, ...]
    values_: Floats
    _places: dict[Key, int] = field(default_factory=dict)

    @classmethod
    def of(cls, figures: Mapping[Key, float]) -> Figures:
        """Any mapping as columns."""
        if isinstance(figures, cls):
            return figures
        return cls(tuple(figures), np.array(list(figures.values()), dtype=np.float64))

    def __getitem__(self, key: Key) -> float:
        if not self._places:
            self._places.update({known: place for place, known in enumerate(self.keys_)})
        return float(self.values_[self._places[key]])

    def __iter__(self) -> Iterator[Key]:
        return iter(self.keys_)

    def __len__(self) -> int:
        return len(self.keys_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that one broker showed at one time, in our words.

    Attributes:
        counters: values since the broker's start.
        gauges: values now.
        rates: a second, of amounts of which the broker shows no counter.
        handler_idle: nanoseconds that the mean request handler has idled since the start; None if unknown.
        host_idle: seconds that the host's CPUs together had nothing to do, and how many there are; None if unknown.
        network: for each listener of clients what each of its network threads has worked since the start, in ns.
        started: Unix seconds of the broker's start; None if unknown.
    """

    counters: Mapping[Key, float]
    gauges: Mapping[Key, float]
    handler_idle: float | None = None
    host_idle: tuple[float, int] | None = None
    network: Mapping[str, tuple[float, ...]]
    rates: Mapping[Key, float] = field(default_factory=dict)
    started: float | None = None
