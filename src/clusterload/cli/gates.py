"""What commands that judge a run share: thresholds that fail it, and files that tell programs so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

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
    """What fails a run, and where that is written, as the command line says it.

    Attributes:
        fail_if: thresholds besides those of the run's plan.
        junit: for JUnit XML.
        summary: for Markdown.
    """

    fail_if: tuple[Threshold, ...] = ()
    junit: Path | None = None
    summary: Path | None = None

    def check(self, plan: Plan | None) -> None:
        """Before anything is done, see that there is something to report.

        Raises:
            UsageError: a test report is wanted, and nothing is tested.
        """
        tested = self.fail_if or (plan is not None and (plan.thresholds or plan.abort_if))
        if self.junit is not None and not tested:
            raise UsageError("--junit reports thresholds, and there is none: add --fail-if, or some to the plan")

    def held(self, run: Run, usage: Usage) -> Gate:
        """A run held against its plan's thresholds and these."""
        from clusterload.analysis.gates import check_thresholds

        return check_thresholds(run, usage, self.fail_if)

    def settle(self, run: Run, usage: Usage, verdict: Verdict, gate: Gate) -> None:
        """Name what was not passed, write the files, and end with the exit code that says so.

        Raises:
            ThresholdCrossedError: a threshold was crossed, or cannot be judged.
            StoreError: a file cannot be written.
        """
        from clusterload.cli.console import write
        from clusterload.report.gates import junit, summary
        from clusterload.report.plain import one_line

        for failed in gate.failed:
            click.echo(one_line(failed.sentence), err=True)
        if self.junit:
            write(self.junit, junit(run, usage, verdict, gate))
        if self.summary:
            write(self.summary, summary(run, usage, verdict, gate))
        if not gate.passed:
            raise ThresholdCrossedError(f"{gate.sentence} in {run.path}")
