"""Points of many Series at one time, as a scrape of a broker gives them: one value each, in columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from clusterload.model.series import Floats, Kind, Point, SeriesKey

if TYPE_CHECKING:
    from clusterload.model.units import Unit


class Head(NamedTuple):
    """What a Series is, without its values."""

    name: str
    unit: Unit
    kind: Kind
    labels: Mapping[str, str]

    @property
    def key(self) -> SeriesKey:
        """What distinguishes its Series from all others."""
        return self.name, tuple(sorted(self.labels.items()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """One point each of many Series, at one time.

    Attributes:
        heads: the Series, each once; the very same tuple from scrape to scrape while they stay the same.
        time: Unix nanoseconds.
        values: shape `(len(heads),)`.
        spans: seconds that each delta covers, up to its time; 0 for a gauge; shape `(len(heads),)`.
        granularity: seconds between the source's points.
    """

    heads: tuple[Head, ...]
    time: int
    values: Floats
    spans: Floats
    granularity: float

    def __iter__(self) -> Iterator[Point]:
        for head, value, span in zip(self.heads, self.values.tolist(), self.spans.tolist(), strict=True):
            yield Point(*head, self.time, value, span, self.granularity)

    def __len__(self) -> int:
        return len(self.heads)
