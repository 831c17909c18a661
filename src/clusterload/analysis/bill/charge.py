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

LEAST_OF_BROKER: Final = 0.01
"""Share of what a single broker used from which on a rise is named that is beyond what all of its kind vary by."""

_MUCH_MORE: Final = 1.5

HALF: Final = 0.5
"""Share of a rise, or of a whole, that is attributed to nobody, from which on the headline says so."""

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
        rise: by how much each is more than in the baseline; without a baseline all of it; NaN where the baseline has
            no such figure of anybody.
        share: of the whole of the kind's leading figure, from 0 to 1; NaN if unknown.
        stands_out: whether its rise is beyond what all of its kind vary by; True where they are too few to tell.
        broker: where it rose by the largest share of what the broker used; empty if that is not known.
        of_broker: that share, from 0; NaN if it is not known.
    """

    kind: str
    name: str
    figures: Mapping[str, float]
    rise: Mapping[str, float]
    share: float
    stands_out: bool = True
    broker: str = ""
    of_broker: float = math.nan

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
        """Who rose most of a kind beyond what is usual; None where nobody did, or the baseline cannot tell."""
        figure = self.leading.get(kind, "")
        whole = self.wholes.get(kind, {}).get(figure, math.nan)
        named = (charge for charge in self.of(kind) if charge.attributed and charge.stands_out)
        # A cluster of a hundred brokers hardly feels what fills one of them.
        return next((charge for charge in named if _matters(charge, charge.rise.get(figure, math.nan), whole)), None)

    @property
    def sentence(self) -> str:
        """Who rose most, or is the largest without a baseline, and what part of that is attributed to nobody."""
        kind = next((kind for kind in _LEADS if self.leader(kind)), "")
        first = self.leader(kind) if kind else None
        if first is None:
            return self._nobody()
        figure = self.leading[kind]
        value = amount_words(figure, first.figures[figure])
        share = "" if math.isnan(first.share) else f", {units.percent(first.share)} of the whole"
        who = f"{_KIND_WORDS.get(kind, kind)} {first.name}"
        if not self.compared:
            said = f"{who} is the largest: {value} {_WORDS[figure]}{share}{self._untold(kind)}"
            return f"{said}; without a baseline it is unknown who rose"
        risen = f"{who} rose most: by {amount_words(figure, first.rise[figure])} to {value} {_WORDS[figure]}{share}"
        return risen + _of_broker(first) + self._untold(kind)

    def _nobody(self) -> str:
        if not self.compared:
            return "no metric names who used the brokers"
        kinds = [kind for kind in _LEADS if kind in self.leading]
        told = [kind for kind in kinds if any(self._is_known(charge) for charge in self.of(kind))]
        if kinds and not told:
            return "who rose cannot be told: the baseline has no figures by " + " or ".join(kinds)
        return "nobody used noticeably more than before"

    def _is_known(self, charge: Charge) -> bool:
        """Whether by how much somebody rose is known at all."""
        return charge.attributed and not math.isnan(charge.rise.get(self.leading[charge.kind], 0.0))

    def _untold(self, kind: str) -> str:
        """That most of a rise, or of the whole, is attributed to nobody."""
        figure, (*_, rest) = self.leading[kind], self.of(kind)
        whole, risen = self.wholes[kind][figure], self.rises[kind][figure]
        part = _ratio(rest.rise.get(figure, math.nan), risen) if self.compared else rest.share
        if not part >= HALF or (self.compared and not risen > LEAST * whole):
            return ""
        return f"; {units.percent(min(1.0, part))} of {'the rise' if self.compared else 'it'} is attributed to nobody"


def _matters(charge: Charge, risen: float, whole: float) -> bool:
    return risen > LEAST * whole or (risen > 0 and charge.of_broker > LEAST_OF_BROKER)


def _of_broker(charge: Charge) -> str:
    # Said only where one broker feels it much more than the cluster does.
    if not charge.of_broker > max(LEAST_OF_BROKER, _MUCH_MORE * charge.share):
        return ""
    return f", and by {units.percent(charge.of_broker)} of what broker {charge.broker} uses"


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan


def amount_words(figure: str, value: float) -> str:
    """A figure of `FIGURES` as people read it; nothing if it is unknown."""
    if math.isnan(value):
        return ""
    if FIGURES[figure] == units.CORES:
        return units.number(round(value, 3))
    return units.short(0.0 if abs(value) < 1e-9 else value, FIGURES[figure])  # noqa: PLR2004 (rounding of sums)
