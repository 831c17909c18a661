"""Resources against their limits, who says what each limit is, and who pays for the brokers' time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from clusterload.analysis.bill import bill, fit_prices
from clusterload.analysis.window_stats import WindowStats
from clusterload.model.resources import RESOURCES, limited, limited_by_name
from clusterload.model.wording import capitalized, in_sentence
from clusterload.report.bill import TOP_ALONE, Billed, bill_notes, charges_table, drivers_table
from clusterload.report.limits import unknown
from clusterload.report.outline import Section, TextTable, text_table, worded
from clusterload.report.run_charts import amount_charts, busy_chart, shares_chart
from clusterload.report.terminal import saturation_table, usage_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from clusterload.analysis.usage import Usage
    from clusterload.model.limits import Limit, Limits
    from clusterload.model.run import Run


def resources_section(usage: Usage) -> Section:
    """Each resource typically and at its peak, next to its limit; how busy the brokers are; both over time."""
    charts = [shares_chart(usage), busy_chart(usage), *amount_charts(usage)]
    return Section(
        id="resources",
        title="Resources against limits",
        lines=(
            "Typical is the mean of a rate and the median of a level. How busy the brokers are is never added to the "
            "limit load.",
        ),
        tables=tuple(usage_text_tables(usage)),
        charts=tuple(chart for chart in charts if chart is not None),
    )


def usage_text_tables(usage: Usage) -> Iterator[TextTable]:
    """Each resource next to its limit, and how busy the busiest broker is where that is known."""
    yield text_table(usage_table(usage), capitalized(usage.limits.against))
    if usage.saturation:
        yield text_table(saturation_table(usage), "How busy the busiest broker is")


def limits_section(limits: Limits) -> Section:
    """Each limit with who says so, where, and as of when; what is disputed; what is unknown."""
    lines = [] if limits.known else [f"{capitalized(limits.words)}."]
    lines += [limits.note] if limits.note else []
    if missing := unknown(limits):
        titles = ", ".join(in_sentence(RESOURCES[name].title) for name in missing)
        lines.append(f"Unknown, which is not infinite: {titles}.")
    tables = [_limits_table(limits.title, limits.limits)] if limits.known else []
    if limits.disputed:
        tables.append(_limits_table("Disputed: other figures for the same, shown and not used", limits.disputed))
    return Section(id="limits", title="Limits and their sources", lines=tuple(lines), tables=tuple(tables))


def _limits_table(title: str, limits: Iterable[Limit]) -> TextTable:
    places = [resource.name for resource in limited()]
    return TextTable(
        title=title,
        columns=worded("Resource", "Limit", "Kind", "Of", "As of", "Source", "Note"),
        rows=tuple(
            (
                limited_by_name(limit.resource).title,
                limit.words,
                str(limit.force),
                limit.of,
                limit.as_of,
                limit.source,
                limit.note,
            )
            for limit in sorted(limits, key=lambda limit: places.index(limit.resource))
        ),
    )


def bill_section(run: Run, baseline: Run | None) -> Section:
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
    return Section(id="bill", title="The bill", lines=lines, tables=tuple(tables))
