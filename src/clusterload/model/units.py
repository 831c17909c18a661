"""Units, quantities, and the one place where numbers become text.

A unit says what is counted (`thing`), whether it is counted per second, and how many base units it stands
for. Arithmetic between quantities checks things, so that megabytes are never divided by bytes unnoticed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.unit_names import SECONDS_IN, meanings, spelled

MEBI = 1024.0**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What a number counts: `factor` base units of `thing`, per second if `per_second`.

    Of what is counted by the minute (`requests/min`) the factor is a sixtieth of what it is by the second.
    """

    symbol: str
    thing: str
    factor: float = 1.0
    per_second: bool = False

    def __str__(self) -> str:
        """The symbol."""
        return self.symbol

    def measures_same_as(self, other: Unit) -> bool:
        """Whether a number in this unit can be converted to the other one."""
        return self.thing == other.thing and self.per_second == other.per_second

    def factor_to(self, other: Unit) -> float:
        """How many of `other` one of this unit is; ConfigurationError if they do not measure the same."""
        if not self.measures_same_as(other):
            raise ConfigurationError(
                f"{self.symbol} cannot be converted to {other.symbol}: use a unit of the same thing"
            )
        return self.factor / other.factor

    def rate(self) -> Unit:
        """The unit of this thing counted per second (`B` becomes `B/s`)."""
        return by_symbol(f"{self.symbol}/s")


def _with_rate(symbol: str, thing: str, factor: float = 1.0) -> tuple[Unit, Unit]:
    amount = Unit(symbol=symbol, thing=thing, factor=factor)
    return amount, Unit(symbol=f"{symbol}/s", thing=thing, factor=factor, per_second=True)


BYTES, BYTES_PER_SECOND = _with_rate("B", "bytes")
KIB, KIB_PER_SECOND = _with_rate("KiB", "bytes", 1024.0)
MIB, MIB_PER_SECOND = _with_rate("MiB", "bytes", MEBI)
GIB, GIB_PER_SECOND = _with_rate("GiB", "bytes", 1024.0**3)
KILOBYTES, KILOBYTES_PER_SECOND = _with_rate("kB", "bytes", 1e3)
MEGABYTES, MEGABYTES_PER_SECOND = _with_rate("MB", "bytes", 1e6)
GIGABYTES, GIGABYTES_PER_SECOND = _with_rate("GB", "bytes", 1e9)
BITS, BITS_PER_SECOND = _with_rate("bit", "bytes", 0.125)
KILOBITS, KILOBITS_PER_SECOND = _with_rate("kbit", "bytes", 125.0)
MEGABITS, MEGABITS_PER_SECOND = _with_rate("Mbit", "bytes", 125e3)
GIGABITS, GIGABITS_PER_SECOND = _with_rate("Gbit", "bytes", 125e6)
REQUESTS, REQUESTS_PER_SECOND = _with_rate("requests", "requests")
RECORDS, RECORDS_PER_SECOND = _with_rate("records", "records")
CONNECTIONS, CONNECTIONS_PER_SECOND = _with_rate("connections", "connections")
TRANSACTIONS, TRANSACTIONS_PER_SECOND = _with_rate("transactions", "transactions")
PARTITIONS, PARTITIONS_PER_SECOND = _with_rate("partitions", "partitions")
COUNT, COUNT_PER_SECOND = _with_rate("events", "events")
SECONDS, SECONDS_PER_SECOND = _with_rate("s", "time")
MILLISECONDS, _MILLISECONDS_PER_SECOND = _with_rate("ms", "time", 1e-3)
MICROSECONDS, _MICROSECONDS_PER_SECOND = _with_rate("us", "time", 1e-6)
NANOSECONDS, _NANOSECONDS_PER_SECOND = _with_rate("ns", "time", 1e-9)
CORES = Unit(symbol="cores", thing="cores")
RATIO = Unit(symbol="ratio", thing="ratio")
PERCENT = Unit(symbol="%", thing="ratio", factor=0.01)

_KNOWN: dict[str, Unit] = {unit.symbol: unit for unit in list(globals().values()) if isinstance(unit, Unit)}


def by_symbol(symbol: str) -> Unit:
    """The unit with this symbol; ConfigurationError names the nearest one of the same amount, if there is one."""
    found = _found(symbol)
    if found is None:
        raise ConfigurationError(f"unknown unit {symbol!r}{meanings(symbol) or _hint(symbol)}")
    return found


def as_written(symbol: str, expected: Unit) -> Unit:
    """The unit that people write in this way: `req/min` for requests/min, `Mbps` for Mbit/s, `events/s` of records.

    Args:
        symbol: as somebody wrote it.
        expected: a unit of what it is to measure.

    Raises:
        ConfigurationError: it could mean two amounts, or none; the message names the units that fit.
    """
    named = spelled(symbol, expected.thing)
    # What is counted in one unit only need not be named: `600/min`.
    counted = named.startswith("/") and expected.symbol == f"{expected.thing}/s"
    found = _found(f"{expected.thing}{named}" if counted else named)
    if found is None:
        raise ConfigurationError(f"unknown unit {symbol!r}{meanings(symbol)}: write {fitting(expected)}")
    if not found.measures_same_as(expected):
        raise ConfigurationError(f"{symbol} cannot be converted to {expected}: write {fitting(expected)}")
    return found


def _found(symbol: str) -> Unit | None:
    return _KNOWN.get(symbol) or _by_stretch(symbol)


def _by_stretch(symbol: str) -> Unit | None:
    """A rate by the minute, hour or day; None if it is not such a rate."""
    thing, _, stretch = symbol.partition("/")
    rate = _KNOWN.get(f"{thing}/s")
    if rate is None or stretch not in SECONDS_IN:
        return None
    return Unit(symbol=symbol, thing=rate.thing, factor=rate.factor / SECONDS_IN[stretch], per_second=True)


def _hint(symbol: str) -> str:
    """The nearest known unit, only where nothing but spelling sets it apart: a hint must never change an amount.

    So a word is corrected (`record/s`), the case of `/S` too, but neither a prefix (`KB`, `Mb`) nor a stretch of time.
    """
    thing, slash, time = symbol.partition("/")
    if slash and time.lower() != "s":
        return ""
    per = "/s" if slash else ""
    words = [thing] if thing in _KNOWN else [unit.thing for unit in _KNOWN.values() if unit.symbol == unit.thing]
    return nearest(f"{thing}{per}", [word + per for word in words if word + per in _KNOWN])


def fitting(unit: Unit) -> str:
    """How a quantity in this unit can be written, for messages: `a number in B, kB or MiB, as in '2 KiB'`."""
    if unit == COUNT:
        return "a number, as in '500'"
    per = " (or /min, /h, /d)" if unit.per_second else ""
    example = {"bytes": "2 KiB", "time": "50 ms", "ratio": "80 %"}.get(unit.thing, f"500 {unit.thing}")
    *most, last = [known.symbol for known in _KNOWN.values() if known.measures_same_as(unit)]
    symbols = f"{', '.join(most)} or {last}" if most else last
    return f"a number in {symbols}{per}, as in '{example}{'/s' if per else ''}'"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit."""

    value: float
    unit: Unit

    def to(self, unit: Unit) -> Quantity:
        """The same amount in another unit of the same thing."""
        return Quantity(self.value * self.unit.factor_to(unit), unit)

    def over(self, seconds: float) -> Quantity:
        """What a rate amounts to in `seconds`: the limit of a minute is 60 times the limit of a second."""
        if not self.unit.per_second:
            raise ConfigurationError(f"{self} is not a rate: only a rate amounts to something over time")
        thing, _, stretch = self.unit.symbol.partition("/")
        return Quantity(self.value * seconds / SECONDS_IN[stretch], by_symbol(thing))

    def share_of(self, whole: Quantity) -> float:
        """This quantity divided by another of the same thing, as a plain ratio."""
        return self.value * self.unit.factor_to(whole.unit) / whole.value

    def __str__(self) -> str:
        """As people write it: `1.2 MB/s`."""
        return f"{number(self.value)} {self.unit.symbol}"


# A comma only parts thousands: in `1,5` it could as well be a decimal mark.
_WHOLE = r"(?:\d{1,3}(?:,\d{3})+|\d+(?:_\d+)*)"
_QUANTITY = re.compile(rf"\s*([+-]?(?:{_WHOLE}(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z%]*)(?:(/)([A-Za-z]*))?\s*")


def parse(text: str, unit: Unit) -> Quantity:
    """Read `2KiB`, `500/s`, `500 requests/min`, `80 Mbit/s`, `4,096 B` or a bare number as a quantity in `unit`.

    Raises:
        ConfigurationError: the text is not a number, or its unit measures something else; the units that fit are named.
    """
    value, written = _parts(text, unit)
    if not written:
        return Quantity(value, unit)
    of, _, stretch = spelled(written, unit.thing).partition("/")
    per = SECONDS_IN.get(stretch, 1.0)
    if not of and unit.per_second and stretch in SECONDS_IN:
        return Quantity(value / per, unit)
    as_written(written, unit)
    given = _KNOWN[f"{of}/s" if stretch else of]
    # Divided at the end, so that 900 a minute are exactly 15 a second.
    return Quantity(value * given.factor_to(unit) / per, unit)


def parse_as_written(text: str, expected: Unit) -> Quantity:
    """As `parse`, but in the unit that it was written in: `80 Mbit/s` stays in Mbit/s."""
    value, written = _parts(text, expected)
    return Quantity(value, as_written(written, expected) if written else expected)


def _parts(text: str, unit: Unit) -> tuple[float, str]:
    match = _QUANTITY.fullmatch(text)
    value = float(match[1].replace(",", "").replace("_", "")) if match else math.nan
    if match is None or not math.isfinite(value):
        raise ConfigurationError(f"{text!r} is not a quantity: write {fitting(unit)}")
    _, thing, slash, stretch = match.groups()
    return value, f"{thing}{slash or ''}{stretch or ''}"


_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)")
_SECONDS_IN = {"ms": 1e-3, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(text: str) -> float:
    """Read `90`, `90s`, `1m30s`, `2h` as seconds.

    Raises:
        ConfigurationError: the text is not a duration.
    """
    compact = text.strip()
    seconds = math.nan
    if re.fullmatch(r"\d+(\.\d+)?([eE][+-]?\d+)?", compact):
        seconds = float(compact)
    elif compact and not _DURATION.sub("", compact).strip():
        seconds = sum(float(value) * _SECONDS_IN[unit] for value, unit in _DURATION.findall(compact))
    if math.isfinite(seconds):
        return seconds
    raise ConfigurationError(f"{text!r} is not a duration: write seconds, or as in '1m30s'")


def number(value: float, digits: int = 3) -> str:
    """A number with `digits` significant digits and thousands marks: `15,000`, `0.0123`, `n/a` for NaN."""
    if math.isnan(value):
        return "n/a"
    if math.isinf(value) or value == 0:
        return f"{value:g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(ratio: float, digits: int = 0) -> str:
    """A ratio as a percentage: `47 %`; small ones keep a digit (`0.3 %`), NaN is `n/a`."""
    if math.isnan(ratio):
        return "n/a"
    value = 100 * ratio
    if digits == 0 and 0 < abs(value) < 1:
        if abs(value) < 0.005:  # noqa: PLR2004 (two digits would read 0.00)
            return "< 0.01 %"
        digits = 1 if abs(value) >= 0.05 else 2  # noqa: PLR2004 (below it, one digit would read 0.0)
    if digits == 0 and 99.5 <= value < 100:  # noqa: PLR2004 (what is not yet whole must not read so)
        return f"{min(value, 99.9):.1f} %"
    return f"{value:,.{digits}f} %"


_STEPS: dict[str, tuple[tuple[float, str], ...]] = {
    "bytes": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")),
    "time": ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")),
}


def steps(unit: Unit) -> tuple[tuple[float, str], ...]:
    """The units in which amounts of a thing are shown, as base units of each, the largest first; none if in its own."""
    return _STEPS.get(unit.thing, ())


def text(quantity: Quantity, digits: int = 3) -> str:
    """A quantity in the unit of its thing that reads best: 2,048,000 B/s is `2.05 MB/s`."""
    steps = _STEPS.get(quantity.unit.thing)
    base = quantity.value * quantity.unit.factor
    if steps is None or math.isnan(base):
        return f"{number(quantity.value, digits)} {quantity.unit}"
    if not base:
        return f"0 {next(symbol for factor, symbol in steps if factor == 1)}{'/s' if quantity.unit.per_second else ''}"
    # From 999.5 on a number reads 1,000, which is 1 of the next unit.
    factor, symbol = next((step for step in steps if abs(base) >= 0.9995 * step[0]), steps[-1])
    return f"{number(base / factor, digits)} {symbol}{'/s' if quantity.unit.per_second else ''}"


def short(value: float, unit: Unit) -> str:
    """An amount next to the name of what it is of, so without that unit: `500/s`, `2.05 MB/s`, `max`."""
    if math.isinf(value):
        return "max"
    if math.isnan(value):
        return "n/a"
    said = text(Quantity(value, unit)) if unit.thing in _STEPS else number(value, 4)
    return said if unit.thing in _STEPS or not unit.per_second else f"{said}/s"


def level(value: float, unit: Unit) -> str:
    """An amount as `short`, or a share as a percentage."""
    return percent(value * unit.factor) if unit.thing == "ratio" else short(value, unit)


def signed(difference: float, unit: Unit) -> str:
    """A difference with its sign: `+4.1 MB/s`; that of two shares in points of a hundred."""
    sign = "-" if difference < 0 else "+"
    if unit.thing == "ratio":
        return f"{sign}{number(100 * abs(difference) * unit.factor)} points"
    return f"{sign}{short(abs(difference), unit)}"


def signed_percent(ratio: float) -> str:
    """How much a ratio is more or less than 1, with its sign: 1.098 is `+9.8 %`, 0.75 is `-25 %`."""
    if not math.isfinite(ratio):
        return "n/a"
    value = 100 * (ratio - 1)
    # So far from nothing that a digit more says nothing.
    digits = 0 if abs(value) >= 9.95 else 1  # noqa: PLR2004
    shown = f"{value:+,.{digits}f}"
    return f"{shown.replace('-', '+') if float(shown.replace(',', '')) == 0 else shown} %"


def times(ratio: float) -> str:
    """After over before: `x5.6`, `from nothing`, `to nothing`."""
    if math.isnan(ratio):
        return "n/a"
    if math.isinf(ratio):
        return "from nothing"
    return f"x{number(ratio, 2)}" if ratio else "to nothing"


def duration(seconds: float) -> str:
    """A stretch of time as people say it: `25 s`, `3 min 5 s`, `2 h 4 min`."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 (seconds in a minute)
        return f"{number(seconds)} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 (minutes in an hour)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
