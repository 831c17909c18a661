"""`clusterload limits calibrate`: search for a cluster's own ceilings, and write them as a table of limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.analysis.ceiling.drive import DRIVES
from clusterload.cli.options import (
    Target,
    confirmed,
    consent_options,
    opened,
    target_options,
)
from clusterload.cli.sources import source_options, sources_for

if TYPE_CHECKING:
    from clusterload.analysis.ceiling.bound import Bound
    from clusterload.analysis.ceiling.calibration import Calibration
    from clusterload.workflow.consent import Consent
    from clusterload.workflow.step_search.calibrate import CalibrationRequest

_EXAMPLES = """\b
clusterload limits calibrate --lab 3 --out mine.toml
clusterload limits calibrate --lab --resource requests \\
    --until 'saturation > 70 %' --latency 20ms
clusterload run --lab --dial request_rate=500/s --limits mine.toml"""


@click.command(epilog=_EXAMPLES, short_help="Measure a cluster's own ceilings, and write them as limits.")
@target_options
@source_options
@consent_options
@click.option(
    "--resource", "resources", multiple=True, metavar="R",
    help=f"What to search the ceiling of: {', '.join(DRIVES)}; all of them by default.",
)  # fmt: skip
@click.option(
    "--until", "until", multiple=True, metavar="BOUND",
    help="What breaks a step, as in 'latency.p99 > 20 ms'.  [default: saturation > 90 %]",
)  # fmt: skip
@click.option("--latency", metavar="TIME", help="Most that the 99th percentile may be.  [default: 50ms]")
@click.option("--repeats", type=click.IntRange(1, 99), default=3, show_default=True, help="Searches for each resource.")
@click.option("--step-time", metavar="TIME", default="5s", show_default=True, help="How long each step lasts.")
@click.option("--precision", metavar="SHARE", default="10 %", show_default=True, help="How close a search gets.")
@click.option(
    "--tries",
    type=click.IntRange(1, 99),
    default=3,
    show_default=True,
    help="How often to make a step that tells nothing.",
)
@click.option("--rest", metavar="TIME", default="15s", show_default=True, help="Longest wait for rest before a step.")
@click.option("--longest", metavar="TIME", default="1h", show_default=True, help="No step begins after this time.")
@click.option("--topic", metavar="NAME", default="", help="An existing topic, where none is created on first use.")
@click.option("--seed", type=int, metavar="N", help="Of the random order of searches.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE.toml", help="The table of limits.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome, with each step, for programs.")
def calibrate(
    target: Target,
    consented: Consent,
    *,
    resources: tuple[str, ...],
    until: tuple[str, ...],
    latency: str | None,
    repeats: int,
    step_time: str,
    precision: str,
    tries: int,
    rest: str,
    longest: str,
    topic: str,
    seed: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Load a cluster, one resource after the other, until a bound breaks.

    The cluster should have nothing else to do meanwhile. Each resource is driven up step by step, several times; what
    held each time is written as a table of measured limits with an interval. Where the generator and not the cluster
    was the bottleneck, the ceiling stays unknown.
    """
    from clusterload.model.units import RATIO, parse, parse_duration
    from clusterload.workflow.step_search import SearchOptions
    from clusterload.workflow.step_search.calibrate import CalibrationRequest

    request = CalibrationRequest(
        resources=resources or tuple(DRIVES),
        bounds=_bounds(until, latency),
        topic=topic,
        options=SearchOptions(
            repeats=repeats,
            step_time=parse_duration(step_time),
            precision=parse(precision, RATIO).value,
            tries=tries,
            rest=parse_duration(rest),
            longest=parse_duration(longest),
        ),
    )
    folder = Path("runs") / f"calibrate-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    found = _found(target, consented, request, seed, folder, _Table(path=out or folder / "limits.toml"))
    _show(found, as_json=as_json)


def _bounds(until: tuple[str, ...], latency: str | None) -> tuple[Bound, ...]:
    from clusterload.analysis.ceiling.bound import Bound
    from clusterload.model.units import parse_duration

    bounds = [Bound.parsed(text) for text in until]
    if latency is not None:
        bounds.append(Bound(quantity="latency.p99", op=">", value=parse_duration(latency) * 1e3))
    return tuple(bounds)


@dataclass(slots=True)
class _Table:
    """The table of limits as a file, which is there as soon as a ceiling is known."""

    path: Path
    written: bool = False

    def check(self) -> None:
        """Make sure that it is ours to write.

        Raises:
            StoreError: something is there already.
        """
        from clusterload.model.errors import StoreError

        if self.path.exists():
            raise StoreError(f"{self.path} is there already: give another file with --out, or remove it")

    def keep(self, calibration: Calibration) -> None:
        """Write what is known so far, at once or not at all."""
        if (limits := calibration.limits) is None:
            # What was taken for known may be unknown after all.
            if self.written:
                self.path.unlink(missing_ok=True)
            self.written = False
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.path.with_name(f".{self.path.name}.part")
        scratch.write_text(limits.as_toml(), encoding="utf-8")
        scratch.replace(self.path)
        self.written = True


def _found(
    target: Target, consented: Consent, request: CalibrationRequest, seed: int | None, folder: Path, table: _Table
) -> Calibration:
    """Calibrate, and keep what is known as it becomes known.

    Raises:
        AbortedError: interrupted; what was complete is in the table.
    """
    from clusterload.cli.console import note, waiting
    from clusterload.cli.steps import step_progress
    from clusterload.model.errors import AbortedError
    from clusterload.workflow.step_search.calibrate import calibrate as measured

    table.check()
    with opened(target) as cluster:
        note(f"cluster {cluster.id}, {len(cluster.brokers)} brokers; run files go to {folder}")
        note(_estimated(request))
        agreed = confirmed(consented, cluster, to="calibrate it")
        try:
            with step_progress() as (on_step, on_plan):
                found = measured(
                    cluster,
                    request,
                    folder=folder,
                    sources=sources_for(target, cluster),
                    consented=agreed,
                    seed=seed,
                    on_step=on_step,
                    on_plan=on_plan,
                    on_kept=table.keep,
                    on_wait=waiting,
                )
        except (KeyboardInterrupt, AbortedError):
            kept = f"what is complete is in {table.path}" if table.written else "no ceiling was complete"
            raise AbortedError(f"interrupted: {kept}; run files are in {folder}") from None
    if table.written:
        note(f"limits: {table.path}")
    return found


def _estimated(request: CalibrationRequest) -> str:
    """How long it will take."""
    from clusterload.model import units

    few, many = (units.duration(60 * round(seconds / 60) or seconds) for seconds in request.seconds)
    searches = len(request.resources) * request.options.repeats
    longest = units.duration(request.options.longest)
    about = few if few == many else f"{few} to {many}"
    return f"{searches} {'search' if searches == 1 else 'searches'}: about {about}, {longest} at the longest"


def _show(found: Calibration, *, as_json: bool) -> None:
    import json

    from clusterload.cli.console import OUT
    from clusterload.report.calibration import calibration_document, calibration_view

    if as_json:
        click.echo(json.dumps(calibration_document(found), indent=2))
        return
    for part in calibration_view(found):
        OUT.print(part)
