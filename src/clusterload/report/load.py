"""What a load came to, for the terminal at 80 columns: dials, latency, ledger, connections, retries, rebalances."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from clusterload.analysis.achieved import AchievedDial, achieved
from clusterload.analysis.bottleneck import NONE, bottlenecks
from clusterload.model import units
from clusterload.model.run import Latency, Run, Traffic
from clusterload.report.tables import table

DISTINCT: Final = 0.99
"""Share of distinct records below which a run says so."""

QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99_9": 0.999, "p99_99": 0.9999}
_SHOWN: Final = ("p50", "p90", "p99", "p99_9", "p99_99")
KINDS: Final = {
    "due": "due to answered",
    "sent": "sent to answered",
    "delay": "due to sent",
    "end_to_end": "due to read",
}
"""What latency is counted from and to, in words."""


def load_view(run: Run) -> list[RenderableType]:
    """Dials, latency, ledger and notes of a run; nothing of what it does not have."""
    dials = achieved(run)
    parts: list[RenderableType] = []
    if dials:
        parts.append(dials_table(dials))
    if run.latencies:
        parts.append(latency_table(run))
    if run.ledgers:
        parts.append(ledger_table(run))
    parts += [Text(line, style="yellow") for line in notes(run, dials)]
    return parts


def dials_table(dials: Iterable[AchievedDial]) -> Table:
    """What each dial asked for, what it came to, and what brokers counted meanwhile."""
    shown = table("load", "dial", "asked", "achieved", "missed by", "brokers counted")
    shown.columns[1].justify = "left"
    before = ""
    for dial in dials:
        style = "yellow" if dial.missed or dial.undercounted else ""
        unit = dial.asked.unit
        counted = "" if math.isnan(dial.counted.value) else units.short(dial.counted.value, unit)
        shown.add_row(
            Text(dial.load if dial.load != before else ""),
            dial.dial,
            units.short(dial.asked.value, unit),
            Text(units.short(dial.value, unit), style=style),
            Text(units.percent(dial.missed_by, 1) if dial.missed else "", style=style),
            Text(counted + (" *" if counted and len(dial.counted.loads) > 1 else "")),
        )
        before = dial.load
    if any(len(dial.counted.loads) > 1 and not math.isnan(dial.counted.value) for dial in dials):
        shown.caption = "* of all loads together"
        shown.caption_justify = "left"
    return shown


def latency_table(run: Run) -> Table:
    """Quantiles in milliseconds."""
    shown = table("latency, ms", *(name.replace("_", ".") for name in _SHOWN), "max", "mean")
    order = [ledger.load for ledger in run.ledgers]
    for load in sorted({latency.load for latency in run.latencies}, key=order.index):
        traffic = run.traffic_of(load)
        closed = " (closed loop)" if traffic and traffic.closed_loop else ""
        shown.add_row(Text(f"{load}{closed}", style="bold"))
        kept = {latency.of: latency for latency in run.latencies if latency.load == load}
        for of, words in KINDS.items():
            # In a closed loop all is due when it is sent.
            if of in kept and not (closed and of in {"due", "delay"}):
                shown.add_row(f"  {words}", *_figures(kept[of]))
    return shown


def _figures(latency: Latency) -> Iterator[str]:
    kept = latency.histogram
    for value in (*(kept.quantile(QUANTILES[name]) for name in _SHOWN), kept.maximum, kept.mean):
        yield units.number(value / 1e3)


def ledger_table(run: Run) -> Table:
    """What became of each Load's records, requests or connections."""
    several = len({ledger.unit for ledger in run.ledgers}) > 1
    head = "load" if several or not run.ledgers else f"{run.ledgers[0].unit}"
    shown = table(head, "scheduled", "acknowledged", "failed", "unknown", "dropped", "late")
    for ledger in run.ledgers:
        counts = (ledger.scheduled, ledger.acknowledged, ledger.failed, ledger.unknown, ledger.dropped, ledger.late)
        shown.add_row(
            Text(f"{ledger.load} ({ledger.unit})" if several else ledger.load), *(f"{count:,}" for count in counts)
        )
        for error, count in ledger.errors.items():
            shown.add_row(Text(f"  {error}", style="yellow"), f"{count:,}")
    return shown


def notes(run: Run, dials: Iterable[AchievedDial]) -> Iterator[str]:
    """What somebody who reads the figures should know."""
    for bottleneck in bottlenecks(run, tuple(dials)):
        if bottleneck.who != NONE:
            yield f"{bottleneck.load}: {bottleneck.words}"
    for traffic in run.traffic:
        yield from (f"{traffic.load}: {line}" for line in _traffic_lines(traffic))


def _traffic_lines(traffic: Traffic) -> Iterator[str]:
    if traffic.distinct is not None and traffic.distinct < DISTINCT:
        yield f"only {units.percent(traffic.distinct)} of its first million records are distinct"
    if traffic.lost:
        reasons = ", ".join(f"{count:,} x {reason}" for reason, count in traffic.lost.items())
        yield f"connections were lost: {reasons}"
    if traffic.resent:
        yield f"{traffic.resent:,} records were sent again after a refusal"
    if traffic.throttled_ms:
        yield f"brokers asked for pauses of {units.duration(traffic.throttled_ms / 1e3)} in all (throttling)"
