"""Who pays for the brokers' time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from clusterload.analysis.bill import bill, fit_prices
from clusterload.analysis.window_stats import WindowStats
from clusterload.model.wording import capitalized
from clusterload.report.bill import TOP_ALONE, Billed, bill_notes, charges_table, drivers_table
from clusterload.report.outline import Part, text_table

if TYPE_CHECKING:
    from clusterload.model.run import Run


def bill_part(run: Run, baseline: Run | None) -> Part:
    """The charges of each kind, what the brokers' CPU goes to, and what a bill cannot know."""
    priced = fit_prices([baseline, run] if baseline else [run])
    billed = Billed(bill=bill(run, baseline), prices=priced, facts=WindowStats(run, baseline))
    tables = [
        text_table(charges_table(billed.bill, kind, charges, TOP_ALONE), f"By {kind}")
        for kind in billed.bill.kinds
        if (charges := billed.bill.of(kind))
    ]
    if not math.isnan(billed.cpu):
        tables.append(text_table(drivers_table(billed), "What the brokers' CPU goes to"))
    lines = (f"{capitalized(billed.bill.sentence)}.", *bill_notes(billed))
    return Part(id="bill", title="The bill", lines=lines, tables=tuple(tables))
