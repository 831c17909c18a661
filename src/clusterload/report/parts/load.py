"""What a load came to: latency, ledger and dials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusterload.analysis.achieved import achieved
from clusterload.model import units
from clusterload.report.courses import MOST_SECONDS, latency_charts, leading
from clusterload.report.load import dials_table, latency_table, ledger_table
from clusterload.report.outline import Part, text_table
from clusterload.report.spectrum import spectrum_chart

if TYPE_CHECKING:
    from clusterload.model.run import Run


def latency_part(run: Run) -> Part:
    """Latency by percentile and second by second, from when each request was due, and from when it was sent."""
    if not run.latencies:
        return Part(id="latency", title="Latency")
    spectrum = spectrum_chart(run)
    lines = ["From due, waiting for a late generator or a full queue counts; from sent, it does not."]
    if any(len(one.encoded) > MOST_SECONDS for one in leading(run).values()):
        lines.append(
            f"Second by second it is not drawn here: the run is longer than {units.duration(MOST_SECONDS)}. "
            "The run file has it."
        )
    return Part(
        id="latency",
        title="Latency",
        lines=tuple(lines),
        tables=(text_table(latency_table(run), "Quantiles, in milliseconds"),),
        charts=(*((spectrum,) if spectrum else ()), *latency_charts(run)),
    )


def ledger_part(run: Run) -> Part:
    """What became of all that was scheduled."""
    if not run.ledgers:
        return Part(id="ledger", title="Ledger")
    balanced = all(one.balanced for one in run.ledgers)
    line = "scheduled = acknowledged + failed + unknown + dropped, each counted at its own event"
    ends = "it adds up" if balanced else "it does not add up, so something was lost sight of"
    return Part(
        id="ledger",
        title="Ledger",
        lines=(f"{line}: {ends}.",),
        tables=(text_table(ledger_table(run), "What became of what was scheduled"),),
    )


def dials_part(run: Run) -> Part:
    """Each dial as it was asked for and as it was achieved, by the generator's count and by the brokers'."""
    dials = achieved(run)
    tables = (text_table(dials_table(dials), "Each dial by both counts"),) if dials else ()
    return Part(id="dials", title="Dials", tables=tables)
