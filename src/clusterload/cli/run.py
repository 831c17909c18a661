"""`clusterload run`: make a load, from a plan or from dials, and judge what it did."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli.options import (
    Target,
    consent_options,
    exporter_option,
    opened,
    source_option,
    sources_for,
    target_options,
)
from clusterload.errors import UsageError, nearest
from clusterload.plan import dial_meaning, dial_names

if TYPE_CHECKING:
    from clusterload.consent import Consent
    from clusterload.plan import Plan
    from clusterload.run import Run

_EXAMPLE = "\n".join(
    [
        "\b",
        "Dials:",
        *(f"  {name:13} {dial_meaning(name)}" for name in dial_names()),
        "",
        "\b",
        "clusterload run --lab --dial producers=20 --dial record_rate=500/s \\",
        "    --dial payload_size=4KiB --for 25s",
    ]
)


@click.command(epilog=_EXAMPLE, short_help="Make a load from a plan or from dials, and judge it.")
@click.argument("plan_file", metavar="[PLAN.toml]", required=False, type=click.Path(path_type=Path))
@target_options
@exporter_option
@source_option
@consent_options
@click.option("--dial", "dials", multiple=True, metavar="NAME=VALUE", help="Set one dial, as in record_rate=500/s.")
@click.option("--for", "duration", metavar="TIME", help="How long, as in 25s; wins over the plan's.")
@click.option("--topic", metavar="NAME", help="Where records go, for a load made of dials.")
@click.option("--limits", metavar="TABLE", default="course-basic", show_default=True, help="A table or a TOML file.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="The run file.")
@click.option("--no-metrics", is_flag=True, help="Only make the load: print when it began and ended.")
@click.option("--stats", is_flag=True, help="Print each client's own statistics as they come, a JSON a line.")
@click.option("--dry-run", is_flag=True, help="Say what would be made, and touch nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome for programs.")
def run(
    plan_file: Path | None,
    target: Target,
    consented: Consent,
    *,
    dials: tuple[str, ...],
    duration: str | None,
    topic: str | None,
    limits: str,
    out: Path | None,
    no_metrics: bool,
    stats: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make the load of a PLAN, or of --dial options, and hold what it did against limits."""
    from clusterload.cli.console import load_progress, waiting
    from clusterload.limits import Limits
    from clusterload.measurement import measure

    plan = _plan(plan_file, dials, duration, topic)
    table = Limits.named(limits)
    if dry_run:
        _say_totals(plan)
        return
    with opened(target) as cluster, load_progress() as begin:
        measured = measure(
            plan,
            cluster,
            sources=() if no_metrics else sources_for(target, cluster),
            path=out,
            consented=consented,
            on_progress=begin(plan),
            on_wait=waiting,
            on_statistics=_print_statistics if stats else None,
        )
    if no_metrics:
        _show_window(measured, as_json=as_json)
    else:
        from clusterload.cli.report import show

        show(measured, table, as_json=as_json)
    if any(ledger.failed or ledger.unknown or ledger.dropped for ledger in measured.ledgers):
        from clusterload.cli.console import warn

        warn("not every record was acknowledged; the ledger says why")


def _plan(file: Path | None, dials: tuple[str, ...], duration: str | None, topic: str | None) -> Plan:
    import dataclasses

    from clusterload.plan import PREFIX, Dials, Load, Plan
    from clusterload.units import parse_duration

    if file is not None:
        if dials or topic:
            raise UsageError("a plan has its own dials and topics: give a plan or --dial, not both")
        plan = Plan.read(file)
    else:
        given = {name: value for name, _, value in (pair.partition("=") for pair in dials)}
        for name in given:
            if name not in dial_names():
                raise UsageError(f"no dial {name!r}{nearest(name, dial_names())}; known: {', '.join(dial_names())}")
        load = Load(name="load", topic=topic or f"{PREFIX}-load", dials=Dials.parsed(given))
        plan = Plan(name="load", loads=(load,), duration=30.0)
    return dataclasses.replace(plan, duration=parse_duration(duration)) if duration else plan


def _say_totals(plan: Plan) -> None:
    from clusterload import units
    from clusterload.engines.client import Records
    from clusterload.pacer import Constant, Even

    for load in plan.loads:
        dials = load.dials.chosen()
        records = Even(Constant(dials["record_rate"])).total(plan.duration)
        size = records * Records(payload_size=int(dials["payload_size"])).value_size
        amount = units.text(units.Quantity(size, units.BYTES))
        click.echo(
            f"{load.name}: {load.dials.as_text()} for {units.duration(plan.duration)} to topic {load.topic}: "
            f"{records:,} records, {amount} of values, {dials['producers']:.0f} producers"
        )


def _print_statistics(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _show_window(measured: Run, *, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from clusterload.run import clock_time

    if as_json:
        document = {
            "run": str(measured.path),
            "start": clock_time(measured.start),
            "end": clock_time(measured.end),
            "ledger": [asdict(ledger) for ledger in measured.ledgers],
        }
        click.echo(json.dumps(document, indent=2))
        return
    from clusterload.cli.console import OUT
    from clusterload.reports.terminal import ledger_table

    OUT.print(ledger_table(measured))
    OUT.print(
        f"From {clock_time(measured.start)} to {clock_time(measured.end)}; run file {measured.path}", soft_wrap=True
    )
