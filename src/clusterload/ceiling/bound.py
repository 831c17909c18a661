"""Bound: what may not be exceeded while a load is made, as `saturation > 90 %` or `latency.p99 > 50 ms`.

A bound names a quantity, and says when it is broken. The quantities are a table: nothing is evaluated.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from clusterload import units
from clusterload.errors import ConfigurationError, nearest
from clusterload.resources import saturations
from clusterload.units import Quantity, Unit

LATENCIES: Final[Mapping[str, float]] = {
    "latency.p50": 0.5,
    "latency.p90": 0.9,
    "latency.p99": 0.99,
    "latency.p99.9": 0.999,
    "latency.max": 1.0,
}
"""Latencies that can be bounded, with the quantile that each is: from when something was due to its answer."""

LIMIT_LOAD: Final = "limit_load"
"""The largest share of a limit."""

ALIASES: Final[Mapping[str, str]] = {
    "saturation.cpu": "cpu_host",
    "saturation.network": "network_thread_busy",
    "saturation.handlers": "request_handler_busy",
}
"""Shorter names of what says how busy a broker is, with the resource that each is."""

QUANTITIES: Final[Mapping[str, Unit]] = {
    LIMIT_LOAD: units.RATIO,
    "saturation": units.RATIO,
    **dict.fromkeys(ALIASES, units.RATIO),
    **{one.name: units.RATIO for one in saturations()},
    **dict.fromkeys(LATENCIES, units.MILLISECONDS),
    "achieved": units.RATIO,
    "lost": units.RATIO,
}
"""All that can be bounded, in its unit: `saturation` is the largest of what says how busy a broker is, and `limit_load`
the largest share of a limit."""

_WORSE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_OPPOSITE: Final = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
_FORM: Final = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(>=|<=|>|<)\s*(\S.*?)\s*")


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
        if self.op not in _WORSE:
            raise ConfigurationError(f"a bound has no {self.op!r}: use {', '.join(_WORSE)}")

    @classmethod
    def parsed(cls, text: str) -> Bound:
        """A bound from text, as in `saturation > 90 %`.

        Raises:
            ConfigurationError: it has another form, or its quantity or unit is not known.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise ConfigurationError(
                f"{text!r} is no bound: write a quantity, > or <, and a value: 'saturation > 90 %'"
            )
        quantity, op, value = match.groups()
        bound = cls(quantity=quantity, op=op, value=0.0)
        try:
            return cls(quantity=quantity, op=op, value=units.parse(value, bound.unit).value)
        except ConfigurationError as error:
            raise ConfigurationError(f"bound {text!r}: {error}") from None

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
        return _WORSE[self.op](value, self.value)

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
        return f"{self.quantity} {_OPPOSITE[self.op]} {self._value}"

    @property
    def _value(self) -> str:
        if self.unit is units.RATIO:
            return f"{units.number(100 * self.value, 6)} %"
        return f"{units.number(self.value, 6)} {self.unit}"


def bounds_of(given: tuple[Bound, ...], defaults: tuple[Bound, ...]) -> tuple[Bound, ...]:
    """The bounds that were given, and those defaults of whose kind (as `latency`) none was given."""
    kinds = {_kind(bound) for bound in given}
    return (*given, *(bound for bound in defaults if _kind(bound) not in kinds))


def _kind(bound: Bound) -> str:
    saturation = {"saturation", *(one.name for one in saturations())}
    return "saturation" if bound.quantity in saturation else bound.quantity.partition(".")[0]
