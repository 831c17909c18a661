"""`clusterload experiment`: change one thing after the other, or take a client away, and say what that does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli.options import (
    Target,
    confirmed,
    consent_options,
    limits_options,
    opened,
    target_options,
)
from clusterload.cli.plans import Asked
from clusterload.cli.sources import source_options, sources_for
from clusterload.model.errors import UsageError

if TYPE_CHECKING:
    from clusterload.analysis.effects import Outcome
    from clusterload.generator.progress import OnProgress
    from clusterload.model.limits import Limits
    from clusterload.model.workload import Plan
    from clusterload.workflow.consent import Consent
    from clusterload.workflow.experiment import Orders, Removal, Stage

_EXAMPLES = """\b
clusterload experiment --lab --dial producers=20 --dial record_rate=500/s \\
    --dial payload_size=4KiB --factor producers=10 --factor payload_size=2KiB
clusterload experiment --lab --dial request_rate=100/s \\
    --factor connections=10,20 --factor record_size=2KiB,4KiB --design full
clusterload experiment --lab --remove client=etl-7 --for 20s --repeats 3"""

_STRETCH = 20.0


@click.command(epilog=_EXAMPLES, short_help="Vary dials, or take a client away, and say what that does.")
@click.argument("plan_file", metavar="[PLAN.toml]", required=False, type=click.Path(path_type=Path))
@target_options
@source_options
@consent_options
@click.option("--dial", "dials", multiple=True, metavar="NAME=VALUE", help="Set one dial, as in record_rate=500/s.")
@click.option(
    "--factor", "factors", multiple=True, metavar="[LOAD.]DIAL=V,V",
    help="What to vary, as in connections=10,20; with one value, against the plan's own.",
)  # fmt: skip
@click.option(
    "--remove",
    "suspect",
    metavar="client=ID",
    help="Hold back a client that is not ours by a quota; or principal=NAME.",
)
@click.option(
    "--design", "kind", type=click.Choice(["one", "full", "screen"]),
    help="One change at a time, all combinations, or a screening.  [default: one; above six factors screen]",
)  # fmt: skip
@click.option("--repeats", type=click.IntRange(1, 99), default=3, show_default=True, help="How often each is measured.")
@click.option("--for", "duration", metavar="TIME", help="How long each run lasts, as in 20s; wins over the plan's.")
@click.option("--topic", metavar="NAME", help="Where records go, for a load made of dials.")
@click.option("--rest", metavar="TIME", default="15s", show_default=True, help="Longest wait for rest before a run.")
@click.option("--seed", type=int, metavar="N", help="Of the random order.")
@limits_options
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="For run files; one broken off goes on.")
@click.option("--dry-run", is_flag=True, help="Print the order of runs and how long it takes, and touch nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome for programs.")
def experiment(
    plan_file: Path | None,
    target: Target,
    consented: Consent,
    *,
    dials: tuple[str, ...],
    factors: tuple[str, ...],
    suspect: str | None,
    kind: str | None,
    repeats: int,
    duration: str | None,
    topic: str | None,
    rest: str,
    seed: int | None,
    limits: Limits,
    out: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Measure what each factor does to limit load, saturation and latency, with intervals.

    A factor is a dial of ours that is set to several values in turn, from the one where it hurts. Runs are in random
    order, and the point where it hurts is measured again and again. A suspect is somebody else's client: it is held
    back for a while, and what falls meanwhile is its doing.
    """
    folder = out or Path("runs") / f"experiment-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    if suspect is not None:
        if plan_file or dials or factors:
            raise UsageError("--remove makes no load of ours: leave out the plan, --dial and --factor")
        removal = _removal(suspect, duration, repeats)
        if dry_run:
            _say_removal(removal)
            return
        outcome, doubts = _without(target, consented, removal, folder, limits)
    else:
        orders = _orders(plan_file, dials, factors, kind, repeats, duration, topic, seed)
        if dry_run:
            _say_orders(orders)
            return
        outcome, doubts = _varied(target, consented, orders, folder, limits, rest, seeded=seed is not None), ()
    _show(outcome, doubts, folder, as_json=as_json)


def _orders(
    plan_file: Path | None,
    dials: tuple[str, ...],
    factors: tuple[str, ...],
    kind: str | None,
    repeats: int,
    duration: str | None,
    topic: str | None,
    seed: int | None,
) -> Orders:
    from clusterload.analysis.effects import Kind
    from clusterload.workflow.experiment import Orders, hurting

    if not factors:
        raise UsageError("nothing is varied: add --factor DIAL=VALUE,VALUE, or --remove client=ID")
    set_already = {dial.partition("=")[0] for dial in dials}
    # A plan of dials has the factors' dials too, so that they say which kind of load it is.
    more = () if plan_file else tuple(
        f"{dial}={value}" for dial, value in hurting(factors).items() if dial not in set_already
    )  # fmt: skip
    plan = Asked(
        file=plan_file, dials=(*dials, *more), duration=duration, topic=topic, warm_up=None, arrivals=None, faults=()
    ).plan()
    return Orders.of(plan, factors, kind=Kind(kind) if kind else None, repeats=repeats, seed=seed)


def _removal(suspect: str, duration: str | None, repeats: int) -> Removal:
    from clusterload.model.units import parse_duration
    from clusterload.workflow.experiment import Removal, Suspect

    seconds = parse_duration(duration) if duration else _STRETCH
    return Removal(suspect=Suspect.parsed(suspect), seconds=seconds, repeats=repeats)


def _say_orders(orders: Orders) -> None:
    from clusterload.model import units

    for number, point in enumerate(orders.order, start=1):
        hurts = "  (where it hurts)" if point == orders.design.hurts else ""
        click.echo(f"{number:3}  {orders.design.said(point)}{hurts}")
    click.echo(
        f"{len(orders.order)} runs of {units.duration(orders.plan.duration)}, design {orders.design.kind}, "
        f"seed {orders.seed}: about {units.duration(orders.seconds)}"
    )


def _say_removal(removal: Removal) -> None:
    from clusterload.model import units
    from clusterload.workflow.experiment.suspects import HOLDING_BACK

    design = removal.suspect.design
    for number, point in enumerate(removal.order, start=1):
        click.echo(f"{number:3}  {removal.suspect.words} {design.said(point)}")
    quota = ", ".join(f"{key}={value:g}" for key, value in HOLDING_BACK.items())
    click.echo(
        f"{len(removal.order)} stretches of {units.duration(removal.seconds)}, held back by {quota}: "
        f"about {units.duration(removal.lasts)}"
    )


def _varied(
    target: Target, consented: Consent, orders: Orders, folder: Path, limits: Limits, rest: str, *, seeded: bool
) -> Outcome:
    from clusterload.analysis.effects import judged
    from clusterload.cli.console import note, waiting
    from clusterload.model import units
    from clusterload.model.errors import AbortedError
    from clusterload.model.units import parse_duration
    from clusterload.workflow.experiment import experiment as measured

    with opened(target) as cluster:
        note(
            f"cluster {cluster.id}: {len(orders.order)} runs, about {units.duration(orders.seconds)}; "
            f"run files go to {folder}"
        )
        agreed = confirmed(consented, cluster)
        try:
            with _progress() as (on_stage, on_plan):
                followed, made = measured(
                    cluster,
                    orders,
                    folder=folder,
                    seeded=seeded,
                    rest=parse_duration(rest),
                    sources=sources_for(target, cluster),
                    consented=agreed,
                    limits=limits,
                    on_stage=on_stage,
                    on_plan=on_plan,
                    on_wait=waiting,
                )
        except (KeyboardInterrupt, AbortedError):
            raise AbortedError(f"interrupted: the same command with --out {folder} goes on from here") from None
    return judged(followed.design, made, limits)


def _without(
    target: Target, consented: Consent, removal: Removal, folder: Path, limits: Limits
) -> tuple[Outcome, tuple[str, ...]]:
    from clusterload.cli.console import note, waiting
    from clusterload.workflow.experiment import doubts, fallen, removed_for_a_while

    total = len(removal.order)
    with opened(target) as cluster:
        note(f"cluster {cluster.id}: {removal.suspect.words}; run files go to {folder}")
        made = removed_for_a_while(
            cluster,
            removal,
            folder=folder,
            sources=sources_for(target, cluster),
            consented=confirmed(consented, cluster, to=f"hold {removal.suspect.words} back on it"),
            on_stretch=lambda number, words: note(f"{number} of {total}: {removal.suspect.words} {words}"),
            on_wait=waiting,
        )
    return fallen(removal, made, limits), doubts(removal, made)


@contextmanager
def _progress() -> Iterator[tuple[Callable[[Stage], None], Callable[[Plan], OnProgress]]]:
    """What shows the runs: a line for each that is over, and a bar for the one under way where there is a terminal."""
    from rich.progress import BarColumn, Progress, TextColumn

    from clusterload.cli.console import ERR, note

    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=24))
    with Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as bars:
        task = bars.add_task("waiting for the cluster to be at rest", total=None)

        def on_stage(stage: Stage) -> None:
            line = f"{stage.number} of {stage.of}: {stage.said}"
            if stage.why:
                note(f"{line}: {stage.why}")
            else:
                bars.update(task, description=line, completed=0)

        yield on_stage, lambda _: lambda state: bars.update(task, completed=state.elapsed, total=state.duration)


def _show(outcome: Outcome, doubts: tuple[str, ...], folder: Path, *, as_json: bool) -> None:
    import json

    from clusterload.cli.console import OUT
    from clusterload.report.effects_plot import effects_plot
    from clusterload.report.experiment import experiment_document, experiment_view

    outcome = replace(outcome, left_out=(*outcome.left_out, *doubts))
    picture = effects_plot(outcome)
    saved = [picture.save(folder / f"effects.{suffix}") for suffix in ("png", "svg")] if picture else []
    if as_json:
        document = {**experiment_document(outcome), "folder": str(folder), "plots": [str(path) for path in saved]}
        click.echo(json.dumps(document, indent=2))
        return
    for part in experiment_view(outcome):
        OUT.print(part)
    for path in saved[:1]:
        OUT.print(f"Plot: {path}", soft_wrap=True)
    OUT.print(f"Run files: {folder}", soft_wrap=True)
