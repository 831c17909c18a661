"""Passage: all thresholds of a run, judged; it may pass only if every one of them is known to be passed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from clusterload.analysis.gates.judged_run import JudgedRun
from clusterload.analysis.gates.judging import STOPPED, ThresholdResult, ThresholdState, judge_threshold
from clusterload.analysis.usage import Usage
from clusterload.model.run import Run
from clusterload.model.series import SECOND
from clusterload.model.thresholds import Threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What became of a run's thresholds.

    Attributes:
        judged: all of them, in the order in which they were given.
    """

    judged: tuple[ThresholdResult, ...] = ()

    @property
    def failed(self) -> tuple[ThresholdResult, ...]:
        """Those that were crossed, or of which nothing can be told."""
        return tuple(result for result in self.judged if not result.passed)

    @property
    def passed(self) -> bool:
        """Whether every threshold is known not to be crossed; so it is where there are none."""
        return not self.failed

    @property
    def sentence(self) -> str:
        """`2 of 3 thresholds were not passed`, or that all were."""
        count = len(self.judged)
        if self.passed:
            return f"all {count} thresholds were passed" if count > 1 else "the threshold was passed"
        return f"{len(self.failed)} of {count} thresholds {'was' if len(self.failed) == 1 else 'were'} not passed"


def check_thresholds(run: Run, usage: Usage, more: Iterable[Threshold] = ()) -> Gate:
    """Hold a run against its plan's thresholds, and more.

    Args:
        run: the stretch that is judged. Ledgers are of the whole load, whatever the stretch.
        usage: of the run, against limits.
        more: thresholds besides the plan's.
    """
    scene = JudgedRun.of(run, usage)
    return Gate(judged=tuple(_all(scene, tuple(more))))


def stopped_by(run: Run) -> str:
    """The threshold that ended a load before its time, with what it had come to; nothing if none did."""
    return next((event.text for event in run.events if event.kind == STOPPED), "")


def _all(scene: JudgedRun, more: tuple[Threshold, ...]) -> Iterator[ThresholdResult]:
    plan = scene.run.plan
    for threshold in dict.fromkeys((*(plan.thresholds if plan else ()), *more)):
        yield judge_threshold(threshold, scene)
    for threshold in dict.fromkeys(plan.abort_if if plan else ()):
        yield _stopping(threshold, scene)


def _stopping(threshold: Threshold, scene: JudgedRun) -> ThresholdResult:
    """A threshold that ends the load. That it did, an event says: then it was crossed, whatever is seen afterwards."""
    result = replace(judge_threshold(threshold, scene, at_once=True), aborts=True)
    if result.answer is ThresholdState.CROSSED:
        return result
    for event in scene.run.events:
        head, _, words = event.text.partition(f"{threshold.text}: ")
        if event.kind == STOPPED and not head and words:
            since = (event.time - scene.start) / SECOND
            return replace(result, answer=ThresholdState.CROSSED, value=math.nan, of="", since=since, why=words)
    return result
