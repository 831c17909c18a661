"""Bound: what may not be exceeded while a load is made, as `saturation > 90 %` or `latency.p99 > 50 ms`.

A bound is written as a threshold is, with less in it: a step is judged as a whole, so that a bound has no selector, no
aggregate and no time that it must last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from clusterload.model import units
from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.resources import saturations
from clusterload.model.thresholds import LATENCIES as MEASURED
from clusterload.model.thresholds import LIMIT_LOAD, MEASURES, OPPOSITE, WORSE, Threshold, amount_text, read
from clusterload.model.units import Quantity, Unit

LATENCIES: Final[Mapping[str, float]] = {
    name: MEASURED[name] for name in ("latency.p50", "latency.p90", "latency.p99", "latency.p99.9", "latency.max")
}
"""Latencies that can be bounded, with the quantile that each is: from when something was due to its answer."""

ALIASES: Final[Mapping[str, str]] = {
    name: MEASURES[name].resources[0] for name in ("saturation.cpu", "saturation.network", "saturation.handlers")
}
"""Shorter names of what says how busy a broker is, with the resource that each is."""

QUANTITIES: Final[Mapping[str, Unit]] = {
    name: MEASURES[name].unit
    for name in (
        LIMIT_LOAD,
        "saturation",
        *ALIASES,
        *(saturation.name for saturation in saturations()),
        *LATENCIES,
        "achieved",
        "lost",
    )
}
"""All that can be bounded, in its unit: `saturation` is the largest of what says how busy a broker is, and `limit_load`
the largest share of a limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One thing that breaks a step.

    Attributes:
        quantity: one of `QUANTITIES`.
        op: `>`, `>=`, `<` or `<=`: how the quantity stands to the value when the bound is broken.
        value: in the quantity's unit.
    """

    quantity: str
    op: str
    value: float

    def __post_init__(self) -> None:
        if self.quantity not in QUANTITIES:
            hint = nearest(self.quantity, QUANTITIES)
            raise ConfigurationError(f"{self.quantity!r} cannot be bounded{hint}; known: {', '.join(QUANTITIES)}")
        if self.op not in WORSE:
            raise ConfigurationError(f"a bound has no {self.op!r}: use {', '.join(WORSE)}")

    @classmethod
    def parsed(cls, text: str) -> Bound:
        """A bound from text, as in `saturation > 90 %`.

        Raises:
            ThresholdSyntaxError: it has another form, or its quantity or unit is not known; with the place.
        """
        threshold, written = Threshold.parsed(text, "bound"), read(text, "bound")
        if threshold.aggregate or threshold.quantity not in QUANTITIES:
            name = written.name.text
            known = ", ".join(QUANTITIES)
            written.refuse(written.name.at, f"{name} cannot be bounded{nearest(name, QUANTITIES)}; known: {known}")
        if written.where:
            written.refuse(written.where[0][0].at, "a bound is of all that a step does: leave the selector out")
        if written.lasts is not None:
            written.refuse(written.lasts.at, "a bound is of a whole step: leave out for")
        return cls(quantity=threshold.quantity, op=threshold.op, value=threshold.value)

    @property
    def needs_metrics(self) -> bool:
        """Whether only the cluster's own metrics tell about it."""
        return _kind(self) in {"saturation", LIMIT_LOAD}

    @property
    def figure(self) -> str:
        """The figure that it is held against: the quantity, by its resource's name where it has a shorter one."""
        return ALIASES.get(self.quantity, self.quantity)

    @property
    def unit(self) -> Unit:
        """Of the value."""
        return QUANTITIES[self.quantity]

    def broken_by(self, value: float) -> bool:
        """Whether a value, in the quantity's unit, is beyond it; an unknown one (NaN) is not known to be."""
        return WORSE[self.op](value, self.value)

    def said(self, value: float) -> str:
        """A value as people read it: `93 %`, `61.2 ms`."""
        return units.percent(value) if self.unit is units.RATIO else units.text(Quantity(value, self.unit))

    @property
    def as_text(self) -> str:
        """What `parsed` reads back."""
        return f"{self.quantity} {self.op} {self._value}"

    @property
    def kept_text(self) -> str:
        """What holds while it is kept: `saturation <= 90 %`."""
        return f"{self.quantity} {OPPOSITE[self.op]} {self._value}"

    @property
    def _value(self) -> str:
        return amount_text(self.value, self.unit)


def bounds_of(given: tuple[Bound, ...], defaults: tuple[Bound, ...]) -> tuple[Bound, ...]:
    """The bounds that were given, and those defaults of whose kind (as `latency`) none was given."""
    kinds = {_kind(bound) for bound in given}
    return (*given, *(bound for bound in defaults if _kind(bound) not in kinds))


def _kind(bound: Bound) -> str:
    saturation = {"saturation", *(saturation.name for saturation in saturations())}
    return "saturation" if bound.quantity in saturation else bound.quantity.partition(".")[0]
