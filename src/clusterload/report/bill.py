"""The bill: for the terminal at 80 columns, and as plain values for programs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clusterload.analysis.bill import FIGURES, UNATTRIBUTED, Bill, Charge, Prices
from clusterload.analysis.bill.charge import amount_words
from clusterload.analysis.bill.prices import IDLE, driver_amount, words_of
from clusterload.analysis.window_stats import WindowStats
from clusterload.model import units
from clusterload.model.run import Run, clock_time
from clusterload.model.wording import capitalized
from clusterload.report.plain import TextReport, finite
from clusterload.report.tables import table

_LARGEST: Final = 2
_WORTH: Final = 0.005  # share of what is told from which on somebody has a row
_MOST_COLUMNS: Final = 6  # of figures, so that 80 columns are enough

TOP: Final = 5
"""Rows of each kind when several kinds are shown."""

TOP_ALONE: Final = 15
"""Rows of a kind that was asked for by itself."""

NOT_EXPLAINED: Final = "(not explained)"
"""The name of what the prices leave over."""

_TITLES: Final = {
    "thread_time": "threads",
    "ingress": "in",
    "egress": "out",
    "requests": "requests",
    "connections": "conns",
    "attempts": "attempts",
    "replication": "copied",
    "throttle": "throttled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """All that is shown of a bill.

    Attributes:
        bill: the charges.
        prices: what drivers cost.
        facts: the window, and the baseline if there is one.
    """

    bill: Bill
    prices: Prices
    facts: WindowStats

    @property
    def cpu(self) -> float:
        """Cores that all brokers took; NaN if unknown."""
        return self.facts.total("cpu_broker").now

    @property
    def drivers(self) -> Mapping[str, float]:
        """Cores by driver, the most first, with what is not explained at the end where the CPU is known."""
        found = dict(sorted(self.prices.explains(self.facts).items(), key=lambda entry: -entry[1]))
        if not math.isnan(self.cpu):
            found[NOT_EXPLAINED] = self.cpu - math.fsum(found.values())
        return found


def bill_report(billed: Billed, *, by: str = "") -> TextReport:
    """A sentence, the charges, what drives the brokers' CPU, and what is missing.

    Args:
        billed: what is shown.
        by: only charges of this kind, and more of them.
    """
    text = billed.bill.sentence
    parts: list[RenderableType] = [Text(f"{capitalized(text)}.", style="bold")]
    for kind in [by] if by else [kind for kind in billed.bill.kinds if kind != "broker"]:
        charges = billed.bill.of(kind)
        if charges:
            parts.append(charges_table(billed.bill, kind, charges, TOP_ALONE if by else TOP))
        else:
            parts.append(Text(f"No metric has figures by {kind}.", style="dim"))
    if not by and not math.isnan(billed.cpu):
        parts.append(drivers_table(billed))
    parts += [Text(line, style="dim") for line in bill_notes(billed)]
    return TextReport(view=Group(*parts))


def charges_table(bill: Bill, kind: str, charges: Sequence[Charge], top: int) -> Table:
    """What each of a kind has used: who rose most and who is largest, the others together, and the remainder."""
    leading, known = bill.leading[kind], {figure for charge in charges for figure in charge.figures}
    figures = [leading, *(figure for figure in _TITLES if figure in known and figure != leading)]
    figures = figures[: _MOST_COLUMNS - bill.compared]
    change = ["change"] if bill.compared else []
    shown = table(f"by {kind}", _TITLES[leading], *change, "share", *(_TITLES[figure] for figure in figures[1:]))
    *named, rest = charges
    rows = _rows(named, leading, top)
    for charge in (*rows, *_summed(kind, [charge for charge in named if charge not in rows], bill), rest):
        style = "dim" if charge.name == UNATTRIBUTED else ""
        cells = [_rounded(leading, charge.figures.get(leading, math.nan))]
        cells += [_signed(leading, charge.rise.get(leading, math.nan))] if bill.compared else []
        cells += [units.percent(charge.share)]
        cells += [_rounded(figure, charge.figures.get(figure, math.nan)) for figure in figures[1:]]
        shown.add_row(Text(charge.name, style=style), *(Text(cell, style=style) for cell in cells))
    return shown


def _rows(named: Sequence[Charge], leading: str, top: int) -> list[Charge]:
    """Who rose most, and the largest too, in the order of the bill; who used almost nothing is not shown alone."""
    sums = {figure: math.fsum(charge.figures.get(figure, 0.0) for charge in named) for figure in FIGURES}
    shown = [
        charge
        for charge in named
        if any(
            max(value, charge.rise.get(figure, 0.0)) > _WORTH * sums[figure] for figure, value in charge.figures.items()
        )
    ]
    largest = sorted(shown, key=lambda charge: -charge.figures.get(leading, 0.0))[:_LARGEST]
    risen = [charge for charge in shown if charge not in largest][: max(0, top - len(largest))]
    return [charge for charge in shown if charge in risen or charge in largest]


def _summed(kind: str, left: Sequence[Charge], bill: Bill) -> Iterator[Charge]:
    """Those for whom there is no row, as one."""
    if not left:
        return
    added = [figure for figure in FIGURES if figure in bill.wholes[kind]]
    shares = [charge.share for charge in left if not math.isnan(charge.share)]
    yield Charge(
        kind=kind,
        name=f"{len(left)} more",
        figures={figure: math.fsum(charge.figures.get(figure, 0.0) for charge in left) for figure in added},
        rise={figure: math.fsum(charge.rise.get(figure, 0.0) for charge in left) for figure in added},
        share=math.fsum(shares) if shares else math.nan,
    )


def drivers_table(billed: Billed) -> Table:
    """What the CPU of the brokers goes to, with the price of each."""
    shown = table("what the CPU goes to", "a second", "each", "cores", "share")
    for driver, cores in billed.drivers.items():
        price = billed.prices.of(driver)
        count = driver_amount(driver, billed.facts) if price else math.nan
        shown.add_row(
            Text(" + ".join(map(words_of, driver.split(" + "))), style="dim" if driver == NOT_EXPLAINED else ""),
            "" if math.isnan(count) or driver == IDLE else units.number(count),
            price.said if price else "",
            units.number(round(cores, 3)),
            units.percent(cores / billed.cpu) if billed.cpu else "n/a",
        )
    return shown


def bill_notes(billed: Billed) -> Iterator[str]:
    """Where prices come from, and what is missing."""
    found = billed.prices
    if not math.isnan(billed.cpu):
        off = "" if math.isnan(found.error) else f"; off by {units.percent(found.error)} where it was not fitted"
        yield f"Prices are {found.basis}{off}."
        yield from (f"{capitalized(line)}." for line in found.words[-len(found.inseparable) :] if found.inseparable)
    yield from (f"Missing: {line}." for line in billed.bill.missing)


def _rounded(figure: str, value: float) -> str:
    """As much of a figure as a column has room for."""
    return amount_words(figure, value if math.isnan(value) else float(f"{value:.2g}"))


def _signed(figure: str, value: float) -> str:
    size = _rounded(figure, abs(value))
    return f"{'-' if value < 0 and not size.startswith('0 ') and size != '0' else '+'}{size}" if size else ""


def bill_document(billed: Billed) -> dict[str, Any]:
    """The same as plain values, in the units of `units`; what is unknown is null or left out."""
    told, found = billed.bill, billed.prices
    return {
        "sentence": told.sentence,
        "window": _window(billed.facts.now),
        "baseline": _window(billed.facts.before) if billed.facts.before else None,
        "units": {figure: str(unit) for figure, unit in FIGURES.items()},
        "charges": [_charge(charge) for charge in told.charges],
        "wholes": {kind: _plain(values) for kind, values in told.wholes.items()},
        "leading": dict(told.leading),
        "cpu": finite(billed.cpu),
        "drivers": {driver: finite(cores) for driver, cores in billed.drivers.items()},
        "prices": {
            "basis": found.basis,
            "fitted": found.fitted,
            "windows": found.windows,
            "left_out": found.left_out,
            "error": finite(found.error),
            "prices": [
                {
                    "driver": price.driver,
                    "value": finite(price.value),
                    "low": finite(price.low),
                    "high": finite(price.high),
                    "unit": str(price.unit),
                    "words": price.words,
                }
                for price in found.prices
            ],
            "inseparable": [list(group) for group in found.inseparable],
        },
        "missing": list(told.missing),
    }


def _charge(charge: Charge) -> dict[str, Any]:
    return {
        "kind": charge.kind,
        "name": charge.name,
        "figures": _plain(charge.figures),
        "rise": _plain(charge.rise),
        "share": finite(charge.share),
    }


def _plain(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {figure: finite(value) for figure, value in figures.items()}


def _window(run: Run) -> dict[str, Any]:
    return {"start": clock_time(run.start), "end": clock_time(run.end), "run": str(run.path) if run.path else None}
