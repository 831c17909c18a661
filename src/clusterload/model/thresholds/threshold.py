"""Threshold: one thing that a run may not come to, with the text that says so."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from clusterload.model import units
from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.thresholds.grammar import WORSE, Written, quoted, read
from clusterload.model.thresholds.measures import AGGREGATES, ANY, MEASURES, Measure, choices
from clusterload.model.units import Quantity, Unit

_ABOUT: Final = (
    "a threshold is about limit_load, saturation.cpu, a resource (clusterload describe resources), latency.p99, "
    "ledger.failed, lost or achieved"
)
# What is larger, or takes more characters, is written as Python writes it.
_LARGE: Final = 1e12
_NICE: Final = 16
_DIGITS: Final = (3, 5, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What a run may not come to.

    Attributes:
        quantity: what it is about, one of `MEASURES`.
        op: `>`, `>=`, `<` or `<=`: how the figure stands to the value when it is crossed.
        value: in the measure's unit.
        aggregate: how a line over time is aggregated, one of `AGGREGATES`; empty is what is typical.
        where: which Loads, topics, brokers and the like, as pairs of label and value; `ANY` is each by itself.
        lasts: seconds for which it must be so without a break; None is over the whole run.
        source: the text that it was read from; it makes no difference between two thresholds.
    """

    quantity: str
    op: str
    value: float
    aggregate: str = ""
    where: tuple[tuple[str, str], ...] = ()
    lasts: float | None = None
    source: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "where", tuple(sorted(self.where)))
        for _, words in _complaints(self):
            raise ConfigurationError(f"threshold on {self.quantity!r}: {words}")

    @classmethod
    def parsed(cls, text: str, what: str = "threshold") -> Threshold:
        """A threshold from text, as in `latency.p99{load=orders} > 50 ms for 10 s`.

        Args:
            text: what was written; it is kept.
            what: what it is to be, for complaints.

        Raises:
            ThresholdSyntaxError: it has another form, or something in it is not known; with the place.
        """
        written = read(text, what)
        quantity, aggregate = _parts(written.name.text)
        if quantity not in MEASURES:
            written.refuse(*_unknown(written))
        given = _Given(
            quantity=quantity,
            aggregate=aggregate,
            where=tuple((label.text, value.text) for label, value in written.where),
            lasts=_seconds(written),
        )
        for place, words in _complaints(given):
            written.refuse(_place(written, place), words)
        return cls(
            quantity=quantity,
            op=written.op.text,
            value=_amount(written, MEASURES[quantity].unit),
            aggregate=aggregate,
            where=given.where,
            lasts=given.lasts,
            source=text,
        )

    @property
    def measure(self) -> Measure:
        """What it is about."""
        return MEASURES[self.quantity]

    @property
    def upper(self) -> bool:
        """Whether it is what is too high that crosses it."""
        return self.op in {">", ">="}

    def crossed_by(self, value: float) -> bool:
        """Whether a figure, in the measure's unit, crosses it; an unknown one (NaN) is not known to."""
        return WORSE[self.op](value, self.value)

    def which(self, label: str) -> str:
        """What a label is to be; empty where that is not said."""
        return dict(self.where).get(label, "")

    def said(self, value: float) -> str:
        """A figure as people read it, in digits enough to tell it from the threshold's value: `80.4 %`, `61.2 ms`."""
        words = ""
        for digits in _DIGITS:
            words = _said(value, self.measure.unit, digits)
            if value == self.value or words != _said(self.value, self.measure.unit, digits):
                break
        return words

    @property
    def text(self) -> str:
        """The source text; where there is none, what `parsed` reads back."""
        return self.source or self.as_text

    @property
    def as_text(self) -> str:
        """What `parsed` reads back, the same for all that say the same."""
        name = f"{self.quantity}.{self.aggregate}" if self.aggregate else self.quantity
        pairs = ", ".join(f"{label}={quoted(value)}" for label, value in self.where)
        where = f"{{{pairs}}}" if pairs else ""
        lasts = "" if self.lasts is None else f" for {_duration_text(self.lasts)}"
        return f"{name}{where} {self.op} {amount_text(self.value, self.measure.unit)}{lasts}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What is said about a threshold, before it is known to be one."""

    quantity: str
    aggregate: str
    where: tuple[tuple[str, str], ...]
    lasts: float | None
    op: str = ">"
    value: float = 0.0


def _complaints(given: Threshold | _Given) -> Iterator[tuple[str, str]]:
    """What is wrong, each with the part that it is about: `name`, `op`, `amount`, `lasts`, or a label."""
    measure = MEASURES.get(given.quantity)
    if measure is None:
        yield "name", f"no quantity has this name{nearest(given.quantity, MEASURES)}; {_ABOUT}"
        return
    if given.op not in WORSE:
        yield "op", f"{given.op!r} is none of {', '.join(WORSE)}"
    if not math.isfinite(given.value):
        yield "amount", "its value must be finite"
    if given.aggregate and not (measure.aggregates and given.aggregate in AGGREGATES):
        yield "name", f"{given.quantity} has no {given.aggregate!r}"
    yield from _complaints_of_labels(measure, given.where)
    if given.lasts is not None:
        yield from (("lasts", words) for words in _complaints_of_time(measure, given.aggregate, given.lasts))


def _complaints_of_labels(measure: Measure, where: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    labels = [label for label, _ in where]
    for label, value in where:
        if label not in measure.labels:
            known = ", ".join(measure.labels)
            yield label, f"{measure.name} has no label {label}{nearest(label, measure.labels)}; it has {known}"
        elif not value:
            yield label, f"it does not say which {label}"
        elif labels.count(label) > 1:
            yield label, f"{label} is given twice: give it once"
        elif (known_values := choices(measure, label)) and value not in {ANY, *known_values}:
            hint = nearest(value, known_values)
            yield label, f"{label} is none of {', '.join(known_values)}{hint}"
    known_labels = set(labels) <= set(measure.labels)
    if labels and known_labels and measure.resources and not measure.read_from(frozenset(labels)):
        yield labels[-1], f"{measure.name} has no series by {' and '.join(labels)} together"


def _complaints_of_time(measure: Measure, aggregate: str, lasts: float) -> Iterator[str]:
    if not 0 < lasts < math.inf:
        yield "it must last for more than 0 s"
    elif not measure.has_course:
        yield f"{measure.name} is a count of the whole run: leave out for"
    elif aggregate:
        yield f"{aggregate} is of the whole run, and for is of each moment: leave one of them out"


def _parts(name: str) -> tuple[str, str]:
    """A name as quantity and aggregate."""
    base, _, last = name.rpartition(".")
    return (base, last) if name not in MEASURES and base in MEASURES and last in AGGREGATES else (name, "")


def _unknown(written: Written) -> tuple[int, str]:
    """Where a name is wrong, and how."""
    name = written.name.text
    base, _, last = name.rpartition(".")
    if base not in MEASURES:
        return written.name.at, f"no quantity has this name{nearest(name, MEASURES)}; {_ABOUT}"
    at = written.name.at + len(base) + 1
    if not MEASURES[base].aggregates:
        return at, f"{base} has no {last!r}{nearest(name, MEASURES)}"
    return at, f"{base} has no {last!r}{nearest(last, AGGREGATES)}; it has {', '.join(AGGREGATES)}"


def _place(written: Written, part: str) -> int:
    if part == "lasts" and written.lasts is not None:
        return written.lasts.at
    # The last one, so that of two alike the second is the wrong one.
    return next((label.at for label, _ in reversed(written.where) if label.text == part), written.name.at)


def _amount(written: Written, unit: Unit) -> float:
    try:
        return units.parse(written.amount.text, unit).value
    except ConfigurationError as error:
        written.refuse(written.amount.at, str(error))


def _seconds(written: Written) -> float | None:
    if written.lasts is None:
        return None
    try:
        return units.parse_duration(written.lasts.text)
    except ConfigurationError as error:
        written.refuse(written.lasts.at, str(error))


def amount_text(value: float, unit: Unit) -> str:
    """A value with its unit as people write it, which is read back as the same number: `80 %`, `50 ms`, `0`."""
    symbol = "" if unit in {units.COUNT, units.RATIO} else f" {unit}"
    plain = f"{float(value)!r}{symbol}"
    if not abs(value) < _LARGE:
        return plain
    nice = f"{units.number(100 * value, 6)} %" if unit is units.RATIO else f"{units.number(value, 6)}{symbol}"
    exact = len(nice) < _NICE + len(symbol) and units.parse(nice, unit).value == value
    return nice if exact else plain


def _duration_text(seconds: float) -> str:
    short = f"{seconds:g}"
    return f"{short} s" if float(short) == seconds and "e" not in short else repr(float(seconds))


def _said(value: float, unit: Unit, digits: int) -> str:
    if unit is units.RATIO:
        return f"{units.number(100 * value, digits)} %"
    if unit is units.COUNT:
        return units.number(value, digits)
    return units.text(Quantity(value, unit), digits)
