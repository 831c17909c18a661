"""Abort: thresholds that end a load at once, evaluated every second while it runs.

They are held against what the run file gets: the sources' points of the last while, the ledgers as they stand, and
the latencies of the seconds that are over.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

from clusterload.analysis.gates import STOPPED, JudgedRun, ThresholdResult, ThresholdState, judge_threshold
from clusterload.analysis.usage import assess
from clusterload.model.errors import ConfigurationError
from clusterload.model.histogram import Histogram
from clusterload.model.limits import Limits
from clusterload.model.run import Latency, Run
from clusterload.model.series import SECOND
from clusterload.model.thresholds import Family, Threshold
from clusterload.workflow.live.window import LOOK_SECONDS, UNLABELLED, Tee, Window

if TYPE_CHECKING:
    from clusterload.generator.progress import Progress
    from clusterload.model.ledger import Ledger
    from clusterload.model.workload import Plan
    from clusterload.telemetry.sources.source import Sink, Source

REACH_SECONDS: Final = 15.0
"""How far back a look reaches beyond the longest stretch that a threshold must last."""


def check_abort_if(thresholds: Sequence[Threshold], sources: Sequence[Source]) -> None:
    """See that thresholds can be evaluated while a load runs, before anything is touched.

    Args:
        thresholds: those that are to.
        sources: of the cluster's metrics.

    Raises:
        ConfigurationError: one of them would never be known while the load runs.
    """
    for threshold in thresholds:
        if reason := _never_known(threshold, sources):
            raise ConfigurationError(f"{threshold.text!r} cannot end a load: {reason}")


def _never_known(threshold: Threshold, sources: Sequence[Source]) -> str:
    """Why a threshold is not known before all is over; nothing if it is."""
    counted = threshold.measure.family in {Family.LEDGER, Family.LOST}
    if threshold.measure.family is Family.ACHIEVED or (counted and not threshold.upper):
        return "it is known only when all is over; let it fail the run"
    if threshold.aggregate not in {"", "max" if threshold.upper else "min"}:
        return f"{threshold.aggregate} is known only when all is over; leave it out, or say for how long"
    if threshold.measure.needs_metrics and not sources:
        return "it needs the cluster's metrics, and none are read"
    return ""


class AbortMonitor:
    """Evaluates the thresholds of a load while it runs, and says when it is to end."""

    def __init__(self, plan: Plan, limits: Limits | None, window: Window) -> None:
        """Guard the load of a plan, of which metrics are seen by `looks`."""
        self._plan, self._limits, self._looks = plan, limits, window
        self._reach = _reach(plan.abort_if)
        self._lock = threading.Lock()
        self._ledgers: tuple[Ledger, ...] = ()
        self._seconds: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
        self._start = 0
        self._found: ThresholdResult | None = None
        self._failure: BaseException | None = None

    def begin(self, start: int) -> None:
        """The load begins, at Unix nanoseconds."""
        self._start = start

    def take(self, state: Progress) -> None:
        """Take how the load stands."""
        with self._lock:
            self._ledgers = tuple(standing.ledger for standing in state.loads)
            for standing in state.loads:
                for of, seconds in standing.latencies.items():
                    kept = self._seconds[standing.ledger.load, of]
                    kept.update(seconds)
                    for old in [second for second in kept if second < state.elapsed - self._reach]:
                        del kept[old]

    @property
    def crossed(self) -> bool:
        """Whether the load is to end; what failed while it was looked at is raised here."""
        if self._failure is not None:
            raise self._failure
        return self._found is not None

    def watch(self, over: threading.Event, on_crossed: Callable[[ThresholdResult], None]) -> None:
        """Look again and again, until a threshold is crossed or all is over."""
        try:
            while not over.wait(LOOK_SECONDS):
                found = self.look(time.time_ns())
                if found is not None:
                    on_crossed(found)
                    self._found = found
                    return
        except BaseException as error:
            # An exception in a thread goes unseen; `crossed` raises it where the load is made.
            self._failure = error

    def look(self, now: int) -> ThresholdResult | None:
        """The first threshold that is crossed as of `now` (Unix nanoseconds); None if none is, or before the load."""
        if not self._start:
            return None
        scenes: dict[bool, JudgedRun] = {}
        for threshold in self._plan.abort_if:
            of_metrics = threshold.measure.needs_metrics
            if of_metrics not in scenes:
                scenes[of_metrics] = self._scene(self._looks.look(self._start) if of_metrics else self._account(now))
            found = judge_threshold(threshold, scenes[of_metrics], at_once=True)
            if found.answer is ThresholdState.CROSSED:
                return found
        return None

    def _scene(self, run: Run) -> JudgedRun:
        begin = self._start + round(self._plan.warm_up * SECOND)
        usage = assess(run, self._limits)
        return JudgedRun.between(run, usage, begin=max(begin, run.start), start=self._start)

    def _account(self, now: int) -> Run:
        """What the generator has counted, as a run of the last while."""
        with self._lock:
            latencies = tuple(
                Latency(load=load, of=of, histogram=Histogram(), encoded=dict(seconds), start=self._start)
                for (load, of), seconds in self._seconds.items()
            )
            ledgers = self._ledgers
        first = max(self._start, now - round(self._reach * SECOND))
        return Run(id="", plan=self._plan, start=first, end=max(now, first + 1), ledgers=ledgers, latencies=latencies)


@contextmanager
def abort_monitor(
    plan: Plan,
    recorder: Sink,
    sources: Sequence[Source],
    limits: Limits | None,
    surroundings: Mapping[str, Any],
) -> Iterator[tuple[AbortMonitor, Sink]]:
    """Monitor a load for what its plan says may end it.

    Args:
        plan: whose `abort_if` is held against the load.
        recorder: gets all that is measured, and the event that says what ended the load.
        sources: of the metrics.
        limits: what a limit load is held against.
        surroundings: the run's environment.

    Yields:
        The monitor, and what takes the sources' points.
    """
    reach = _reach(plan.abort_if)
    needed = {
        each.name
        for threshold in plan.abort_if
        for each in threshold.measure.read_from(frozenset(dict(threshold.where)))
    }
    window = Window(sources, "", surroundings, names={*UNLABELLED, *needed}, seconds=reach)
    monitor = AbortMonitor(plan, limits, window)
    if not plan.abort_if:
        yield monitor, recorder
        return
    with ExitStack() as stack:
        if any(threshold.measure.needs_metrics for threshold in plan.abort_if):
            stack.enter_context(window.following())
        stack.enter_context(_monitoring(monitor, recorder))
        yield monitor, Tee(recorder, window.recent)


@contextmanager
def _monitoring(monitor: AbortMonitor, recorder: Sink) -> Iterator[None]:
    over = threading.Event()

    def record(found: ThresholdResult) -> None:
        words = f"{found.threshold.text}: {found.words}; the load was ended"
        recorder.event(time.time_ns(), STOPPED, words)

    thread = threading.Thread(target=monitor.watch, args=(over, record), name="abort", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _reach(thresholds: Sequence[Threshold]) -> float:
    return REACH_SECONDS + max((threshold.lasts or 0.0 for threshold in thresholds), default=0.0)
