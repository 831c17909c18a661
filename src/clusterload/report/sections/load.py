"""What load was asked for, what it came to, where it was run, and what happened meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from clusterload.analysis.achieved import achieved
from clusterload.model import units
from clusterload.model.run import clock_time
from clusterload.model.series import SECOND
from clusterload.report.load import dials_table, latency_table, ledger_table
from clusterload.report.outline import Column, Section, TextTable, text_table, worded
from clusterload.report.run_charts import MOST_SECONDS, latency_charts, leading, spectrum_chart

if TYPE_CHECKING:
    from clusterload.model.run import Event, Run


def latency_section(run: Run) -> Section:
    """Latency by percentile and second by second, from when each request was due, and from when it was sent."""
    if not run.latencies:
        return Section(id="latency", title="Latency")
    spectrum = spectrum_chart(run)
    lines = ["From due, waiting for a late generator or a full queue counts; from sent, it does not."]
    if any(len(latency.encoded) > MOST_SECONDS for latency in leading(run).values()):
        lines.append(
            f"Second by second it is not drawn here: the run is longer than {units.duration(MOST_SECONDS)}. "
            "The run file has it."
        )
    return Section(
        id="latency",
        title="Latency",
        lines=tuple(lines),
        tables=(text_table(latency_table(run), "Quantiles, in milliseconds"),),
        charts=(*((spectrum,) if spectrum else ()), *latency_charts(run)),
    )


def ledger_section(run: Run) -> Section:
    """What became of all that was scheduled."""
    if not run.ledgers:
        return Section(id="ledger", title="Ledger")
    balanced = all(ledger.balanced for ledger in run.ledgers)
    line = "scheduled = acknowledged + failed + unknown + dropped, each counted at its own event"
    ends = "it adds up" if balanced else "it does not add up, so something was lost sight of"
    return Section(
        id="ledger",
        title="Ledger",
        lines=(f"{line}: {ends}.",),
        tables=(text_table(ledger_table(run), "What became of what was scheduled"),),
    )


def dials_section(run: Run) -> Section:
    """Each dial as it was asked for and as it was achieved, by the generator's count and by the brokers'."""
    dials = achieved(run)
    tables = (text_table(dials_table(dials), "Each dial by both counts"),) if dials else ()
    return Section(id="dials", title="Dials", tables=tables)


MOST_EVENTS: Final = 200
"""Events that have a row; the run file has all."""


def events_section(run: Run) -> Section:
    """What happened: faults, gaps, scrapes that failed."""
    if not run.events:
        return Section(id="events", title="Events", lines=("No faults, gaps or other events.",))
    more = len(run.events) - MOST_EVENTS
    table = TextTable(
        title="Events in the order of time",
        columns=(Column(title="Into the run", figures=True), *worded("At", "Kind", "What")),
        rows=tuple(_event(run, event) for event in run.events[:MOST_EVENTS]),
        note=f"{more:,} more are in the run file." if more > 0 else "",
    )
    return Section(id="events", title="Events", tables=(table,))


def _event(run: Run, event: Event) -> tuple[str, ...]:
    into = (event.time - run.start) / SECOND
    return f"{units.number(into)} s", clock_time(event.time), event.kind, event.text


def plan_section(run: Run) -> Section:
    """What load was asked for."""
    plan = run.plan
    if plan is None:
        return Section(id="plan", title="Plan", lines=("No load of ours: the cluster was watched.",))
    facts = [("Name", plan.name), ("Duration", units.duration(plan.duration))]
    facts += [("Warm-up", units.duration(plan.warm_up))] if plan.warm_up else []
    facts += [("Fault", fault.as_text()) for fault in plan.faults]
    loads = TextTable(
        title="Loads",
        columns=worded("Load", "Kind", "Engine", "Topic", "Client id", "Dials"),
        rows=tuple(
            (load.name, load.kind, load.engine, load.topic, load.client_id, load.dials.as_text()) for load in plan.loads
        ),
    )
    source = json.dumps(plan.as_document(), indent=2, ensure_ascii=False)
    return Section(id="plan", title="Plan", facts=tuple(facts), tables=(loads,), source=source)


def environment_section(run: Run) -> Section:
    """What it was run with and on."""
    facts = [("Run", run.id), ("From", clock_time(run.start)), ("To", clock_time(run.end))]
    facts.append(("Series", f"{len(run.series):,}, {sum(map(len, run.series)):,} points"))
    if run.generator is not None:
        took = run.generator
        cpu, memory = units.short(took.cpu_seconds, units.SECONDS), units.short(took.peak_rss_bytes, units.BYTES)
        facts.append(("The generator took", f"{cpu} of CPU and {memory} of memory; workers: {took.workers}"))
    rows = tuple(_flat("", run.environment))
    table = TextTable(title="What it was made with", columns=worded("Name", "Value"), rows=rows)
    return Section(id="environment", title="Environment", facts=tuple(facts), tables=(table,) if rows else ())


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """A nested value as a row for each of its leaves."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), child)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, child in enumerate(value, 1):
            yield from _flat(f"{name} {number}", child)
    else:
        yield name, {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
