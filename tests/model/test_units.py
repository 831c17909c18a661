"""Units travel with numbers, convert only where that has a meaning, and become text in one place."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model import units
from clusterload.model.errors import ConfigurationError
from clusterload.model.units import Quantity, Unit

ALL = sorted(units._KNOWN.values(), key=lambda unit: unit.symbol)
any_unit = st.sampled_from(ALL)
rates = st.sampled_from([unit for unit in ALL if unit.per_second])
amounts = st.floats(min_value=1e-6, max_value=1e12)


@given(amounts, any_unit, any_unit)
def test_a_quantity_converts_and_back_or_is_refused(value: float, unit: Unit, other: Unit) -> None:
    quantity = Quantity(value, unit)
    if unit.measures_same_as(other):
        assert quantity.to(other).to(unit).value == pytest.approx(value)
        assert quantity.to(other).share_of(quantity) == pytest.approx(1)
    else:
        with pytest.raises(ConfigurationError, match="cannot be converted"):
            quantity.to(other)
        with pytest.raises(ConfigurationError, match="cannot be converted"):
            quantity.share_of(Quantity(1, other))


def test_megabytes_divided_by_bytes_are_a_million_not_a_plain_quotient() -> None:
    assert Quantity(3, units.MEGABYTES).share_of(Quantity(3, units.BYTES)) == 1e6


def test_bytes_a_second_are_not_a_share_of_bytes() -> None:
    with pytest.raises(ConfigurationError, match=r"B/s cannot be converted to MiB"):
        Quantity(5, units.BYTES_PER_SECOND).share_of(Quantity(5, units.MIB))


def test_a_megabyte_of_the_case_is_1024_times_1024_bytes() -> None:
    assert Quantity(250, units.MIB_PER_SECOND).to(units.BYTES_PER_SECOND).value == 250 * 1024 * 1024
    assert Quantity(250, units.MEGABYTES_PER_SECOND).to(units.BYTES_PER_SECOND).value == 250_000_000


@given(amounts, rates)
def test_the_limit_of_a_minute_is_60_times_the_limit_of_a_second(value: float, unit: Unit) -> None:
    minute = Quantity(value, unit).over(60)
    assert minute.value == value * 60
    assert minute.unit.thing == unit.thing
    assert minute.unit.factor == unit.factor
    assert not minute.unit.per_second


def test_a_level_does_not_add_up_over_time() -> None:
    with pytest.raises(ConfigurationError, match="is not a rate"):
        Quantity(100, units.CONNECTIONS).over(60)


def test_a_rate_has_no_rate() -> None:
    assert units.BYTES.rate() is units.BYTES_PER_SECOND
    with pytest.raises(ConfigurationError, match="unknown unit 'B/s/s'"):
        units.BYTES_PER_SECOND.rate()


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("500/s", units.RECORDS_PER_SECOND, 500),
        ("500", units.RECORDS_PER_SECOND, 500),
        ("500 records/s", units.RECORDS_PER_SECOND, 500),
        ("2KiB", units.BYTES, 2048),
        ("4,096 B", units.BYTES, 4096),
        ("1_000_000", units.BYTES, 1e6),
        ("12,345,678.5 kB", units.KILOBYTES, 12_345_678.5),
        (".5 s", units.MILLISECONDS, 500),
        ("1e3", units.COUNT, 1000),
        ("  7  ", units.COUNT, 7),
        ("50 %", units.RATIO, 0.5),
        ("-3 ms", units.SECONDS, -0.003),
    ],
)
def test_quantities_are_read_as_people_write_them(text: str, unit: Unit, value: float) -> None:
    read = units.parse(text, unit)
    assert read.value == pytest.approx(value)
    assert read.unit is unit


@pytest.mark.parametrize("text", ["", "B", "1 2", "1,5 MB", "1,0000 B", ",5", "1__0", "0x10", "nan", "inf", "1e999"])
def test_what_is_no_number_or_could_mean_two_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a quantity"):
        units.parse(text, units.BYTES)


def test_a_decimal_comma_is_never_read_as_a_thousands_mark() -> None:
    with pytest.raises(ConfigurationError):
        units.parse("2,5 KiB", units.BYTES)


@pytest.mark.parametrize(
    ("text", "unit", "words"),
    [
        (
            "500/m",
            units.REQUESTS_PER_SECOND,
            r"'/m' \(a minute is '/min'\): write a number in requests/s \(or /min, /h, /d\), as in '500 req",
        ),
        ("5 requests", units.REQUESTS_PER_SECOND, r"cannot be converted to requests/s: write a number in requests/s"),
        (
            "4 KB",
            units.BYTES,
            r"unknown unit 'KB' \('kB' are 1,000 bytes and 'KiB' 1,024\): write a number in B, KiB, .*, as in '2 KiB'",
        ),
        (
            "4 Mb/s",
            units.BYTES_PER_SECOND,
            r"unknown unit 'Mb/s' \('Mbit/s' are bits and 'MB/s' bytes\): .*MB/s.*Mbit/s",
        ),
        ("many", units.COUNT, r"'many' is not a quantity: write a number, as in '500'"),
    ],
)
def test_a_wrong_unit_is_met_with_those_that_fit(text: str, unit: Unit, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        units.parse(text, unit)


_WAYS = {
    "Mbit/s": (units.BYTES_PER_SECOND, 125_000),
    "Mbps": (units.BYTES_PER_SECOND, 125_000),
    "Gbps": (units.BYTES_PER_SECOND, 125_000_000),
    "MBps": (units.BYTES_PER_SECOND, 1e6),
    "MB/sec": (units.BYTES_PER_SECOND, 1e6),
    "MB per second": (units.BYTES_PER_SECOND, 1e6),
    "MB/min": (units.BYTES_PER_SECOND, 1e6 / 60),
    "GB/h": (units.BYTES_PER_SECOND, 1e9 / 3600),
    "Mi": (units.BYTES, 2**20),
    "req/s": (units.REQUESTS_PER_SECOND, 1),
    "requests/min": (units.REQUESTS_PER_SECOND, 1 / 60),
    "connections/min": (units.CONNECTIONS_PER_SECOND, 1 / 60),
    "attempts/s": (units.CONNECTIONS_PER_SECOND, 1),
    "events/s": (units.RECORDS_PER_SECOND, 1),
    "replicas": (units.PARTITIONS, 1),
    "percent": (units.RATIO, 0.01),
}


@pytest.mark.parametrize("symbol", _WAYS)
def test_units_are_read_as_providers_write_them(symbol: str) -> None:
    unit, amount = _WAYS[symbol]
    assert units.as_written(symbol, unit).factor_to(unit) == pytest.approx(amount)
    if " " not in symbol:
        assert units.parse(f"3 {symbol}", unit).value == pytest.approx(3 * amount)


@pytest.mark.parametrize("symbol", ["KB/s", "Mb/s", "MBPS", "mb/s", "gb/s", "MB/m", "Mib/s"])
def test_what_could_mean_two_amounts_is_refused_and_both_are_named(symbol: str) -> None:
    with pytest.raises(ConfigurationError, match=r"write a number in .*MB/s.*Mbit/s"):
        units.as_written(symbol, units.BYTES_PER_SECOND)


@given(amounts, rates, st.sampled_from(["min", "h", "d"]))
def test_a_rate_by_the_minute_stays_as_it_was_written_and_amounts_to_the_same(
    value: float, unit: Unit, stretch: str
) -> None:
    written = units.by_symbol(f"{unit.symbol.removesuffix('/s')}/{stretch}")
    quantity = Quantity(value, written)
    assert str(quantity).endswith(f"/{stretch}")
    amount = quantity.over(3600)
    assert amount.value * amount.unit.factor == pytest.approx(quantity.to(unit).over(3600).value * unit.factor)


@given(st.integers(1, 10**9), rates, st.sampled_from([("min", 60), ("h", 3600)]))
def test_a_rate_by_the_minute_or_the_hour_is_converted_exactly(count: int, unit: Unit, per: tuple[str, int]) -> None:
    name, seconds = per
    thing = unit.symbol.removesuffix("/s")
    assert units.parse(f"{count} {thing}/{name}", unit).value == count / seconds
    assert units.parse(f"{count}/{name}", unit).value == count / seconds


@given(st.integers(1, 10**9), st.sampled_from([("bit", 1), ("kbit", 10**3), ("Mbit", 10**6), ("Gbit", 10**9)]))
def test_bits_are_eighths_of_bytes(count: int, unit: tuple[str, int]) -> None:
    symbol, bits = unit
    assert units.parse(f"{count} {symbol}/s", units.BYTES_PER_SECOND).value == count * bits / 8
    assert units.parse(f"{count} {symbol}/min", units.BYTES_PER_SECOND).value == count * bits / 8 / 60


_SYMBOLS = st.sampled_from([unit.symbol for unit in ALL])
_TYPOS = st.builds(
    lambda symbol, per, case: getattr(symbol.partition("/")[0] + per, case)(),
    _SYMBOLS,
    st.sampled_from(["", "/s", "/S", "/m", "/min", "/h", "s", "ps"]),
    st.sampled_from(["lower", "upper", "title"]),
)


@given(_TYPOS | st.from_regex(r"[A-Za-z]{1,12}(/[A-Za-z]{1,3})?", fullmatch=True))
def test_no_hint_ever_changes_an_amount(symbol: str) -> None:
    hinted = re.search(r"did you mean '(.+)'", _refusal(lambda: units.by_symbol(symbol)))
    if hinted:
        meant, (thing, slash, time) = units.by_symbol(hinted[1]), symbol.partition("/")
        assert meant.per_second == bool(slash)
        assert time.lower() in {"", "s"}
        assert thing == meant.symbol.removesuffix("/s") or meant.symbol.removesuffix("/s") == meant.thing


@given(_TYPOS, any_unit)
def test_a_unit_that_cannot_be_read_is_never_guessed(symbol: str, unit: Unit) -> None:
    refusal = _refusal(lambda: units.parse(f"7 {symbol}", unit))
    assert "did you mean" not in refusal
    if refusal:
        assert unit == units.COUNT or unit.symbol in refusal
    elif not symbol.startswith("/"):
        assert units.as_written(symbol, unit).measures_same_as(unit)


def _refusal(read: Callable[[], object]) -> str:
    """What a text is refused with; nothing if it is taken."""
    try:
        read()
    except ConfigurationError as error:
        return str(error)
    return ""


@given(amounts, any_unit, st.sampled_from(["", " "]))
def test_a_quantity_is_read_back_as_it_was_written(value: float, unit: Unit, space: str) -> None:
    assert units.parse(f"{value!r}{space}{unit.symbol}", unit).value == pytest.approx(value)


@given(st.text(max_size=20) | st.from_regex(r"[0-9.,_eE+-]{1,12} ?[A-Za-z%/]{0,4}", fullmatch=True), any_unit)
def test_any_text_is_a_finite_quantity_or_a_clear_refusal(text: str, unit: Unit) -> None:
    try:
        quantity, refusal = units.parse(text, unit), ""
    except ConfigurationError as error:
        quantity, refusal = Quantity(0, unit), str(error)
    assert "\n" not in refusal
    assert math.isfinite(quantity.value)
    assert quantity.unit is unit


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("1m30s", 90),
        ("1min 30s", 90),
        ("2h", 7200),
        ("1d", 86_400),
        ("250 ms", 0.25),
        ("1.5m", 90),
        ("2e-05", 2e-5),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert units.parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "1x", "1m30", "-5s", "1,5s", "s1", "1 0s 1", "9" * 400, "inf"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a duration"):
        units.parse_duration(text)


@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from(sorted(units._SECONDS_IN))), min_size=1, max_size=4))
def test_parts_of_a_duration_add_up(parts: list[tuple[int, str]]) -> None:
    seconds = sum(value * units._SECONDS_IN[unit] for value, unit in parts)
    for gap in ("", " "):
        assert units.parse_duration(gap.join(f"{value}{unit}" for value, unit in parts)) == pytest.approx(seconds)


@given(st.floats(min_value=0, max_value=1e9))
def test_seconds_as_a_program_writes_them_are_read_back(seconds: float) -> None:
    assert units.parse_duration(str(seconds)) == seconds


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (15_000, "15,000"),
        (0.0123, "0.0123"),
        (0, "0"),
        (9.999, "10"),
        (999.6, "1,000"),
        (-2.5, "-2.5"),
        (math.nan, "n/a"),
        (1_234_567, "1,234,567"),
    ],
)
def test_numbers_are_shown_with_three_digits_and_thousands_marks(value: float, shown: str) -> None:
    assert units.number(value) == shown


@given(st.floats(min_value=1e-6, max_value=1e12))
def test_a_shown_number_is_within_half_a_percent_of_the_number(value: float) -> None:
    assert float(units.number(value).replace(",", "")) == pytest.approx(value, rel=0.0051)


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (0.47, "47 %"),
        (0.003, "0.3 %"),
        (0.0001, "0.01 %"),
        (0, "0 %"),
        (12.5, "1,250 %"),
        (math.nan, "n/a"),
    ],
)
def test_ratios_are_shown_as_percentages_and_small_ones_keep_a_digit(ratio: float, shown: str) -> None:
    assert units.percent(ratio) == shown


@pytest.mark.parametrize(
    ("quantity", "shown"),
    [
        (Quantity(2_048_000, units.BYTES_PER_SECOND), "2.05 MB/s"),
        (Quantity(1, units.MIB), "1.05 MB"),
        (Quantity(0, units.BYTES), "0 B"),
        (Quantity(0.02, units.SECONDS), "20 ms"),
        (Quantity(47, units.CONNECTIONS), "47 connections"),
        (Quantity(math.nan, units.BYTES), "n/a B"),
    ],
)
def test_a_quantity_is_shown_in_the_unit_that_reads_best(quantity: Quantity, shown: str) -> None:
    assert units.text(quantity) == shown


@given(amounts, st.sampled_from([unit for unit in ALL if unit.thing in {"bytes", "time"}]))
def test_a_shown_amount_can_be_read_back(value: float, unit: Unit) -> None:
    quantity = Quantity(value, unit)
    if value * unit.factor > 1e-9:
        assert units.parse(units.text(quantity), unit).value == pytest.approx(value, rel=0.0051)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(25, "25 s"), (0.25, "0.25 s"), (59.7, "1 min"), (185, "3 min 5 s"), (7440, "2 h 4 min"), (3600, "1 h")],
)
def test_stretches_of_time_are_shown_as_people_say_them(seconds: float, shown: str) -> None:
    assert units.duration(seconds) == shown


@pytest.mark.parametrize(
    ("difference", "unit", "words"),
    [
        (4.1e6, units.BYTES_PER_SECOND, "+4.1 MB/s"),
        (-180, units.CONNECTIONS, "-180"),
        (30, units.REQUESTS_PER_SECOND, "+30/s"),
        (0.3, units.RATIO, "+30 points"),
        (-2.5, units.PERCENT, "-2.5 points"),
        (math.nan, units.BYTES, "+n/a"),
    ],
)
def test_a_difference_has_its_sign_and_that_of_shares_is_in_points(difference: float, unit: Unit, words: str) -> None:
    assert units.signed(difference, unit) == words


@pytest.mark.parametrize(
    ("ratio", "words"),
    [(5.64, "x5.6"), (0.25, "x0.25"), (0, "to nothing"), (math.inf, "from nothing"), (math.nan, "n/a")],
)
def test_a_ratio_is_said_as_people_do(ratio: float, words: str) -> None:
    assert units.times(ratio) == words


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (1.098, "+9.8 %"),
        (0.75, "-25 %"),
        (1.0, "+0.0 %"),
        (0.9996, "+0.0 %"),
        (1.0996, "+10 %"),
        (30, "+2,900 %"),
        (math.nan, "n/a"),
        (math.inf, "n/a"),
    ],
)
def test_what_a_ratio_is_more_or_less_than_one_has_its_sign(ratio: float, words: str) -> None:
    assert units.signed_percent(ratio) == words


def test_a_level_is_an_amount_or_a_percentage() -> None:
    assert units.level(0.47, units.RATIO) == units.level(47, units.PERCENT) == "47 %"
    assert units.level(2.05e6, units.BYTES_PER_SECOND) == "2.05 MB/s"


def test_amounts_of_a_thing_are_told_in_units_that_fall_to_its_own() -> None:
    assert units.steps(units.BYTES_PER_SECOND)[-1] == (1.0, "B")
    assert [symbol for _, symbol in units.steps(units.MILLISECONDS)] == ["s", "ms", "us", "ns"]
    assert units.steps(units.CONNECTIONS) == ()
