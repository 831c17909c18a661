"""What commands that judge a run share: thresholds that fail it, and files that tell programs so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clusterload.cli.options import Command, decorated
from clusterload.cli.writing import write
from clusterload.model.errors import ThresholdCrossedError, UsageError

if TYPE_CHECKING:
    from clusterload.analysis.diagnosis import Verdict
    from clusterload.analysis.gates import Gate
    from clusterload.analysis.usage import Usage
    from clusterload.model.run import Run
    from clusterload.model.thresholds import Threshold
    from clusterload.model.workload import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """What fails a run, and where that is told, as the command line says it.

    Attributes:
        fail_if: thresholds besides those of the run's plan.
        junit: for JUnit XML.
        summary: for Markdown.
    """

    fail_if: tuple[Threshold, ...] = ()
    junit: Path | None = None
    summary: Path | None = None

    def check(self, plan: Plan | None) -> None:
        """See that there is something to tell, before anything is done.

        Raises:
            UsageError: a test report is asked for, and nothing is tested.
        """
        tested = self.fail_if or (plan is not None and (plan.thresholds or plan.abort_if))
        if self.junit is not None and not tested:
            raise UsageError("--junit tells of thresholds, and there is none: add --fail-if, or some to the plan")

    def held(self, run: Run, usage: Usage) -> Gate:
        """A run held against its plan's thresholds and these."""
        from clusterload.analysis.gates import check_thresholds

        return check_thresholds(run, usage, self.fail_if)

    def settle(self, run: Run, usage: Usage, verdict: Verdict, gate: Gate) -> None:
        """Name what was not passed, write the files, and end with the exit code that says so.

        Raises:
            ThresholdCrossedError: a threshold was crossed, or cannot be told.
            ClusterloadError: a file cannot be written.
        """
        from clusterload.report.junit import junit
        from clusterload.report.plain import one_line
        from clusterload.report.summary import summary

        for one in gate.failed:
            click.echo(one_line(one.sentence), err=True)
        if self.junit:
            write(self.junit, junit(run, usage, verdict, gate))
        if self.summary:
            write(self.summary, summary(run, usage, verdict, gate))
        if not gate.passed:
            raise ThresholdCrossedError(f"{gate.sentence} in {run.path}")


def gate_options(command: Command) -> Command:
    """Add the options that fail a run; the command gets them as one `gates`."""

    @click.option(
        "--fail-if", "fail_if", multiple=True, metavar="THRESHOLD",
        help="Exit with 99 if so, as in 'latency.p99 > 50 ms for 10 s' or 'lost > 1 %'; beside the plan's own.",
    )  # fmt: skip
    @click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write thresholds as JUnit XML.")
    @click.option("--summary", type=click.Path(path_type=Path), metavar="FILE", help="Write a summary in Markdown.")
    def with_gates(*, fail_if: tuple[str, ...], junit: Path | None, summary: Path | None, **rest: Any) -> Any:
        return command(gates=Gates(fail_if=thresholds(fail_if), junit=junit, summary=summary), **rest)

    return decorated(with_gates, command)


def thresholds(texts: tuple[str, ...]) -> tuple[Threshold, ...]:
    """Thresholds as the command line gives them; ConfigurationError says what is wrong, and where."""
    if not texts:
        return ()
    from clusterload.model.thresholds import Threshold

    return tuple(map(Threshold.parsed, texts))
