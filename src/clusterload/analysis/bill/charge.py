"""What a bill consists of: charges by client, principal, topic, broker and request type, with their remainders."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from clusterload.model import units
from clusterload.model.display import Displayed
from clusterload.model.units import Unit

UNATTRIBUTED: Final = "(unattributed)"
"""The name of the remainder of the whole that no metric attributes to anybody."""

LEAST: Final = 0.05
"""Share of the whole by which somebody must have risen to be named: less is everyday noise."""

KINDS: Final = ("client", "principal", "topic", "broker", "request")
"""By whom and by what there can be charges."""

FIGURES: Final[Mapping[str, Unit]] = {
    "thread_time": units.CORES,
    "ingress": units.BYTES_PER_SECOND,
    "egress": units.BYTES_PER_SECOND,
    "requests": units.REQUESTS_PER_SECOND,
    "connections": units.CONNECTIONS,
    "attempts": units.CONNECTIONS_PER_SECOND,
    "throttle": units.MILLISECONDS,
    "replication": units.BYTES_PER_SECOND,
}
"""What can be charged, with its unit. Thread time is in threads: seconds of broker threads in a second."""

_WORDS: Final = {
    "thread_time": "threads",
    "ingress": "in",
    "egress": "out",
    "requests": "requests",
    "connections": "connections",
    "attempts": "connection attempts",
}
_KIND_WORDS: Final = {"client": "client id", "request": "requests of type"}
_LEADS: Final = ("client", "principal", "topic", "request")

# Times of several brokers are not added up: the longest counts, and they have no whole.
NOT_ADDED: Final = frozenset({"throttle"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one of them has used.

    Attributes:
        kind: one of `KINDS`.
        name: who; `UNATTRIBUTED` for the remainder.
        figures: by the names of `FIGURES`, those that are known.
        rise: by how much each is more than in the baseline; without a baseline all of it.
        share: of the whole of the kind's leading figure, from 0 to 1; NaN if unknown.
    """

    kind: str
    name: str
    figures: Mapping[str, float]
    rise: Mapping[str, float]
    share: float

    @property
    def attributed(self) -> bool:
        """Whether it is somebody's, and not the remainder."""
        return self.name != UNATTRIBUTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill(Displayed):
    """Who used how much of the brokers in a window.

    Attributes:
        charges: of all kinds, in the order of `KINDS`; in each the largest rise first and the remainder last.
        wholes: of each kind what its charges add up to, by figure; in `rises` likewise what they rose by.
        rises: see `wholes`.
        leading: of each kind the figure that shares and ranks are of.
        missing: what is not known, and how to find out; one line each.
        compared: whether there was a baseline.
    """

    charges: tuple[Charge, ...]
    wholes: Mapping[str, Mapping[str, float]]
    rises: Mapping[str, Mapping[str, float]]
    leading: Mapping[str, str]
    missing: tuple[str, ...]
    compared: bool

    def __str__(self) -> str:
        return f"Bill: {self.sentence}"

    def of(self, kind: str) -> tuple[Charge, ...]:
        """The charges of one kind, the remainder last; none where no metric gives them."""
        return tuple(charge for charge in self.charges if charge.kind == kind)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that have charges."""
        return tuple(kind for kind in KINDS if self.of(kind))

    def leader(self, kind: str) -> Charge | None:
        """Who rose most of a kind; None where nobody rose by more than noise."""
        first = next((charge for charge in self.of(kind) if charge.attributed), None)
        if first is None:
            return None
        figure = self.leading[kind]
        risen, whole = first.rise.get(figure, math.nan), self.wholes[kind].get(figure, math.nan)
        return first if risen > LEAST * whole else None

    @property
    def sentence(self) -> str:
        """Who rose most, or is the largest without a baseline."""
        kind = next((kind for kind in _LEADS if self.leader(kind)), "")
        first = self.leader(kind) if kind else None
        if first is None:
            return (
                "nobody used noticeably more than before" if self.compared else "no metric names who used the brokers"
            )
        figure = self.leading[kind]
        value = amount_words(figure, first.figures[figure])
        share = "" if math.isnan(first.share) else f", {units.percent(first.share)} of the whole"
        who = f"{_KIND_WORDS.get(kind, kind)} {first.name}"
        if not self.compared:
            return f"{who} is the largest: {value} {_WORDS[figure]}{share}; without a baseline it is unknown who rose"
        return f"{who} rose most: by {amount_words(figure, first.rise[figure])} to {value} {_WORDS[figure]}{share}"


def amount_words(figure: str, value: float) -> str:
    """A figure of `FIGURES` as people read it; nothing if it is unknown."""
    if math.isnan(value):
        return ""
    if FIGURES[figure] == units.CORES:
        return units.number(round(value, 3))
    return units.short(0.0 if abs(value) < 1e-9 else value, FIGURES[figure])  # noqa: PLR2004 (rounding of sums)
