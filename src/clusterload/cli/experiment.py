"""`clusterload experiment`: change one thing after the other, or take a client away, and say what that does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli import options
from clusterload.cli.grammar import DESIGN, Command, as_usage, option
from clusterload.cli.plans import Asked
from clusterload.cli.target import Target, check_yes, confirmed, opened, sources_for
from clusterload.model.errors import UsageError

if TYPE_CHECKING:
    from clusterload.analysis.effects import ExperimentResult
    from clusterload.model.limits import Limits
    from clusterload.model.workload import Plan
    from clusterload.workflow.consent import Consent
    from clusterload.workflow.experiment import ExperimentSpec, RunProgress, SuspectTest

_EXAMPLES = """\b
Examples:
  clusterload experiment --lab --dial producers=20 --dial record_rate=500/s \\
      --dial payload_size=4KiB --factor producers=10 --factor payload_size=2KiB
  clusterload experiment --lab --dial request_rate=100/s \\
      --factor connections=10,20 --factor record_size=2KiB,4KiB --design full
  clusterload experiment --lab --remove client=etl-7 --for 20s --repeats 3"""

_STRETCH = 20.0


@click.command(cls=Command, epilog=_EXAMPLES)
@options.cluster_or_new_lab
@options.consent
@options.plan
@options.dial
@options.duration("Duration of each run, as in 20s; overrides the plan's.")
@options.topic
@option(
    "--factor", "factors", multiple=True, metavar="[LOAD.]DIAL=V,V", group=DESIGN,
    help="Dial to vary, as in connections=10,20; a single value is compared with the plan's own.",
)  # fmt: skip
@option(
    "--remove", "suspect", metavar="client=ID", group=DESIGN,
    help="Throttle this client, or principal=NAME, by a temporary quota.",
)  # fmt: skip
@option(
    "--design", "kind", type=click.Choice(["one", "full", "screen"]), group=DESIGN,
    help="One factor at a time, full factorial, or screening.  [default: one; above six factors screen]",
)  # fmt: skip
@options.repeats("How often each combination is measured.", DESIGN)
@options.rest(DESIGN)
@options.seed(DESIGN)
@options.limits
@options.out("Folder for run files; if it has an interrupted experiment, that is resumed.", "FOLDER")
@options.dry_run("Print the order of runs and the total time, and send nothing.")
@options.as_json
def experiment(
    file: Path | None,
    target: Target,
    consented: Consent,
    *,
    dials: tuple[str, ...],
    duration: float | None,
    topic: str | None,
    factors: tuple[str, ...],
    suspect: str | None,
    kind: str | None,
    repeats: int,
    rest: float,
    seed: int | None,
    limits: Limits | None,
    out: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Measure the effect of each factor on limit load, saturation and latency, with 95 % intervals.

    A factor is a dial of the load that clusterload sends; it is set to several values in turn. Runs are in random
    order, and the baseline is measured repeatedly. A suspect (--remove) is a client of another program: it is
    throttled for a while, and what falls during that time is attributed to it.
    """
    from clusterload.report.plots import require_plotting

    folder = out or Path("runs") / f"experiment-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    if suspect is not None:
        if file or dials or factors:
            raise UsageError("--remove sends no load: leave out the plan, --dial and --factor")
        removal = as_usage(_removal, suspect, duration, repeats)
        if dry_run:
            check_yes(target, consented)
            _say_removal(removal)
            return
        require_plotting()
        # A suspect is on a cluster that is there: a new lab would have none.
        result = _without(replace(target, starts=False), consented, removal, folder, limits)
    else:
        if not factors:
            raise UsageError("nothing is varied: add --factor DIAL=VALUE,VALUE, or --remove client=ID")
        plan = as_usage(_asked, file, dials, factors, duration, topic).plan()
        spec = as_usage(_spec, plan, factors, kind, repeats, seed)
        if dry_run:
            check_yes(target, consented, plan, limits=limits)
            _say_spec(spec)
            return
        require_plotting()
        result = _varied(target, consented, spec, factors, folder, limits, rest, seed)
    _show(result, folder, as_json=as_json)


def _asked(
    file: Path | None, dials: tuple[str, ...], factors: tuple[str, ...], duration: float | None, topic: str | None
) -> Asked:
    from clusterload.workflow.experiment import baseline_values

    set_already = {dial.partition("=")[0] for dial in dials}
    # A plan of dials has the factors' dials too, so that they say which kind of load it is.
    more = [
        f"{dial}={value}" for dial, value in baseline_values(factors).items() if not file and dial not in set_already
    ]
    return Asked(file=file, dials=(*dials, *more), duration=duration, topic=topic)


def _spec(plan: Plan, factors: tuple[str, ...], kind: str | None, repeats: int, seed: int | None) -> ExperimentSpec:
    from clusterload.analysis.effects import DesignKind
    from clusterload.workflow.experiment import ExperimentSpec

    return ExperimentSpec.of(plan, factors, kind=DesignKind(kind) if kind else None, repeats=repeats, seed=seed)


def _removal(suspect: str, duration: float | None, repeats: int) -> SuspectTest:
    from clusterload.workflow.experiment import Suspect, SuspectTest

    seconds = _STRETCH if duration is None else duration
    return SuspectTest(suspect=Suspect.parsed(suspect), seconds=seconds, repeats=repeats)


def _say_spec(spec: ExperimentSpec) -> None:
    from clusterload.model import units

    for number, point in enumerate(spec.order, start=1):
        baseline = "  (baseline)" if point == spec.design.baseline else ""
        click.echo(f"{number:3}  {spec.design.describe(point)}{baseline}")
    click.echo(
        f"{len(spec.order)} runs of {units.duration(spec.plan.duration)}, design {spec.design.kind}, "
        f"seed {spec.seed}: about {units.duration(spec.seconds)}"
    )


def _say_removal(removal: SuspectTest) -> None:
    from clusterload.model import units
    from clusterload.workflow.experiment.suspects import HOLDING_BACK

    design = removal.suspect.design
    for number, point in enumerate(removal.order, start=1):
        click.echo(f"{number:3}  {removal.suspect.words} {design.describe(point)}")
    quota = ", ".join(f"{key}={value:g}" for key, value in HOLDING_BACK.items())
    click.echo(
        f"{len(removal.order)} stretches of {units.duration(removal.seconds)}, held back by {quota}: "
        f"about {units.duration(removal.lasts)}"
    )


def _varied(
    target: Target,
    consented: Consent,
    spec: ExperimentSpec,
    factors: tuple[str, ...],
    folder: Path,
    limits: Limits | None,
    rest: float,
    seed: int | None,
) -> ExperimentResult:
    from clusterload.cli.console import load_progress, note, waiting
    from clusterload.model import units
    from clusterload.model.errors import AbortedError
    from clusterload.workflow.experiment import run_experiment

    with opened(target) as cluster:
        note(
            f"cluster {cluster.id}: {len(spec.order)} runs, about {units.duration(spec.seconds)}; "
            f"run files go to {folder}"
        )
        agreed = confirmed(consented, cluster)
        try:
            with load_progress() as (begin, on_plan):

                def on_run(run: RunProgress) -> None:
                    line = f"{run.number} of {run.of}: {run.text}"
                    if run.why:
                        note(f"{line}: {run.why}")
                    else:
                        begin(line)

                return run_experiment(
                    cluster,
                    spec.plan,
                    factors,
                    limits,
                    kind=spec.design.kind,
                    repeats=spec.repeats,
                    seed=seed,
                    folder=folder,
                    rest=rest,
                    sources=sources_for(target, cluster),
                    consented=agreed,
                    on_run=on_run,
                    on_plan=on_plan,
                    on_wait=waiting,
                )
        except (KeyboardInterrupt, AbortedError):
            raise AbortedError(f"interrupted: the same command with --out {folder} continues from here") from None


def _without(
    target: Target, consented: Consent, test: SuspectTest, folder: Path, limits: Limits | None
) -> ExperimentResult:
    from clusterload.cli.console import note, waiting
    from clusterload.workflow.experiment import evaluate_suspect, hold_back

    total = len(test.order)
    with opened(target) as cluster:
        note(f"cluster {cluster.id}: {test.suspect.words}; run files go to {folder}")
        made = hold_back(
            cluster,
            test,
            folder=folder,
            sources=sources_for(target, cluster),
            consented=confirmed(consented, cluster, to=f"hold {test.suspect.words} back on it"),
            on_stretch=lambda number, words: note(f"{number} of {total}: {test.suspect.words} {words}"),
            on_wait=waiting,
        )
    return evaluate_suspect(test, made, limits)


def _show(result: ExperimentResult, folder: Path, *, as_json: bool) -> None:
    from clusterload.cli.console import OUT, print_json
    from clusterload.report.experiment import effects_plot, experiment_document, experiment_view

    picture = effects_plot(result)
    saved = [picture.save(folder / f"effects.{suffix}") for suffix in ("png", "svg")] if picture else []
    if as_json:
        document = {**experiment_document(result), "folder": str(folder), "plots": [str(path) for path in saved]}
        print_json(document)
        return
    for part in experiment_view(result):
        OUT.print(part)
    for path in saved[:1]:
        OUT.print(f"Plot: {path}", soft_wrap=True)
    OUT.print(f"Run files: {folder}", soft_wrap=True)
