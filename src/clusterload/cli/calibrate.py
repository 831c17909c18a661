"""`clusterload limits calibrate`: search for a cluster's own ceilings, and write them as a table of limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.analysis.ceiling.resource_load import DRIVES
from clusterload.cli import options
from clusterload.cli.grammar import LOAD, SEARCH, TIME, Command, as_usage, option
from clusterload.cli.target import Target, confirmed, opened, sources_for

if TYPE_CHECKING:
    from clusterload.analysis.ceiling.bound import Bound
    from clusterload.analysis.ceiling.calibration import Calibration
    from clusterload.workflow.consent import Consent
    from clusterload.workflow.step_search import SearchOptions
    from clusterload.workflow.step_search.calibrate import CalibrationRequest

_EXAMPLES = """\b
Examples:
  clusterload limits calibrate --lab 3 --out mine.toml
  clusterload limits calibrate --lab --resource requests \\
      --until 'saturation > 70 %' --latency 20ms
  clusterload run --lab --dial request_rate=500/s --limits mine.toml"""


@click.command(cls=Command, epilog=_EXAMPLES)
@options.cluster_or_new_lab
@options.consent
@option(
    "--topic",
    metavar="NAME",
    default="",
    group=LOAD,
    help="Use this existing topic; needed where topics are not auto-created.",
)
@option(
    "--resource", "resources", multiple=True, metavar="R", group=SEARCH,
    help=f"Measure only the ceiling of {', '.join(DRIVES)}; by default of all.",
)  # fmt: skip
@options.until("Bound that a step must not cross, as in 'latency.p99 > 20 ms'.  [default: saturation > 90 %]")
@option(
    "--latency", type=TIME, metavar="TIME", group=SEARCH,
    help="Highest p99 latency that a step may have.  [default: 50ms]",
)  # fmt: skip
@options.steps(precision="10 %", longest="1h")
@options.seed(SEARCH)
@options.out("Where to write the limit table.", "FILE.toml")
@options.as_json
def calibrate(
    target: Target,
    consented: Consent,
    *,
    topic: str,
    resources: tuple[str, ...],
    until: tuple[Bound, ...],
    latency: float | None,
    search: SearchOptions,
    seed: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure a cluster's limits: load one resource after the other until a bound is crossed.

    The cluster should be otherwise idle. The load on each resource is raised step by step, several times; the highest
    loads that stayed within bounds are written as a table of measured limits with intervals. If the generator and not
    the cluster was the bottleneck, the ceiling stays unknown.
    """
    from clusterload.analysis.ceiling.bound import Bound
    from clusterload.cli.console import OUT, print_json
    from clusterload.report.calibration import calibration_document, calibration_view
    from clusterload.workflow.step_search.calibrate import CalibrationRequest

    if latency is not None:
        until = (*until, Bound(quantity="latency.p99", op=">", value=latency * 1e3))
    request = as_usage(
        CalibrationRequest, resources=resources or tuple(DRIVES), bounds=until, topic=topic, options=search
    )
    folder = Path("runs") / f"calibrate-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    found = _found(target, consented, request, seed, folder, _Table(path=out or folder / "limits.toml"))
    if as_json:
        print_json(calibration_document(found))
        return
    for part in calibration_view(found):
        OUT.print(part)


@dataclass(slots=True)
class _Table:
    """The table of limits as a file, which is there as soon as a ceiling is known."""

    path: Path
    written: bool = False

    def check(self) -> None:
        """See that nothing is overwritten; StoreError if a file is there."""
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
    from clusterload.cli.console import note, search_progress, waiting
    from clusterload.model.errors import AbortedError
    from clusterload.workflow.step_search.calibrate import calibrate as measured

    table.check()
    with opened(target) as cluster:
        note(f"cluster {cluster.id}, {len(cluster.brokers)} brokers; run files go to {folder}")
        note(_estimated(request))
        agreed = confirmed(consented, cluster, to="calibrate it")
        try:
            with search_progress() as (on_step, on_plan):
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
