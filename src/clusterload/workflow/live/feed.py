"""Feed: takes the figures of a run while it goes on, and makes a snapshot of them each second.

What makes the load only leaves its figures here. Snapshots are made in a thread of their own, and the diagnosis, which
takes longer, in another, which rests as long as it judged: what takes long must not hold up what scrapes.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from clusterload.analysis.diagnosis import diagnose
from clusterload.analysis.usage import assess
from clusterload.model.series import SECOND
from clusterload.workflow.live.figures import loads_now, metrics_now, settled
from clusterload.workflow.live.snapshot import NOT_YET, FindingNow, Judgement, Snapshot

if TYPE_CHECKING:
    from clusterload.analysis.diagnosis import Verdict
    from clusterload.analysis.finding import Finding
    from clusterload.generator.progress import OnProgress, Progress
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run
    from clusterload.model.workload import Plan

EVERY_SECONDS: Final = 1.0
"""How often a snapshot is made."""

# Where a snapshot takes long, so many times as long passes until the next.
_SHOWING: Final = 5.0

FIRM_LOOKS: Final = 3
"""Looks in a row at which a cause must hold before it is said to be firm."""

Show = Callable[[Snapshot], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What was left here last."""

    title: str = ""
    plan: Plan | None = None
    progress: Progress | None = None
    duration: float = math.nan
    look: Run | None = None
    judgement: Judgement = NOT_YET
    note: str = ""


class Feed:
    """How a run stands, for all who show it; a context manager that ends with the run."""

    def __init__(
        self, limits: Limits | None, shows: Sequence[Show], *, title: str = "", duration: float = math.nan
    ) -> None:
        """Prepare to feed those who show a run.

        Args:
            limits: what it is held against; None for what the brokers declare.
            shows: get each snapshot, in a thread of the feed's.
            title: of a cluster that is watched; a load brings its own.
            duration: seconds for which it is watched; NaN until it is ended.
        """
        self._limits, self._shows = limits, tuple(shows)
        self._lock = threading.Lock()
        self._start = self._began = time.time_ns()
        self._known = _Known(title=title, duration=duration)
        self._loaded = False
        self._number = 0
        self._over = threading.Event()
        self._to_judge: Run | None = None
        self._wanted = threading.Event()
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for name, work in (("live", self._tell_often), ("judge", self._judge_often))
        ]
        self.failure: Exception | None = None

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._over.set()
        self._wanted.set()
        for thread in self._threads:
            thread.join()
        self._guarded(lambda: self._show(self.snapshot(ended=_end(error))))

    def begin(self, plan: Plan) -> OnProgress:
        """A plan's load begins; gives what takes its progress."""
        self._put(title=plan.name, plan=plan, progress=None, duration=plan.duration, note="")
        return self._take

    def _take(self, state: Progress) -> None:
        with self._lock:
            before = self._known.progress
            if not self._loaded:
                # Seconds are counted from when the first load begins.
                self._loaded, self._start = True, time.time_ns() - round(state.elapsed * SECOND)
            if before is not None and state.elapsed >= state.duration:
                state = settled(state, before)
            self._known = replace(self._known, progress=state)

    def look(self, run: Run) -> None:
        """Take a look at the cluster's metrics."""
        with self._lock:
            if self._known.look is None and self._known.plan is None:
                # Figures that come late tell of the time before: it is from the first of them that seconds are counted.
                self._start = min(self._start, run.end)
            self._known = replace(self._known, look=run)

    def judge(self, run: Run) -> None:
        """Take a look that is to be judged; of several that come while one is judged only the last will be."""
        self._to_judge = run
        self._wanted.set()

    def note(self, line: str) -> None:
        """Say what is waited for."""
        self._put(note=line)

    def snapshot(self, ended: str = "") -> Snapshot:
        """How the run stands now."""
        with self._lock:
            known = self._known
            self._number += 1
            number = self._number
        state, look = known.progress, known.look
        metrics = metrics_now(look, assess(look, self._limits)) if look else None
        return Snapshot(
            number=number,
            start=self._start,
            at=self._seconds(),
            title=known.title,
            elapsed=self._elapsed(known),
            duration=known.duration,
            loads=loads_now(known.plan, state) if known.plan and state else (),
            metrics=metrics,
            judgement=known.judgement,
            events=look.events if look else (),
            note=known.note,
            ended=ended,
        )

    def _put(self, **changes: Any) -> None:
        with self._lock:
            self._known = replace(self._known, **changes)

    def _elapsed(self, known: _Known) -> float:
        if known.plan is not None:
            return known.progress.elapsed if known.progress else 0.0
        return (time.time_ns() - self._began) / SECOND

    def _seconds(self) -> float:
        return (time.time_ns() - self._start) / SECOND

    def _tell_often(self) -> None:
        due = time.monotonic() + EVERY_SECONDS
        while not self._over.wait(max(0.0, due - time.monotonic())):
            begin = time.monotonic()
            self._guarded(lambda: self._show(self.snapshot()))
            took = time.monotonic() - begin
            due = max(due + EVERY_SECONDS, begin + _SHOWING * took)

    def _show(self, snapshot: Snapshot) -> None:
        for show in self._shows:
            self._guarded(partial(show, snapshot))

    def _judge_often(self) -> None:
        while self._wanted.wait() and not self._over.is_set():
            self._wanted.clear()
            begin = time.monotonic()
            with _giving_way():
                self._guarded(self._judge)
            self._over.wait(time.monotonic() - begin)

    def _judge(self) -> None:
        run = self._to_judge
        if run is not None:
            verdict = diagnose(run, assess(run, self._limits))
            self._put(judgement=firmed(self._known.judgement, verdict, (run.end - self._start) / SECOND))

    def _guarded(self, work: Callable[[], None]) -> None:
        """What fails in showing a run must not fail the run; it is kept to be told."""
        try:
            work()
        except Exception as error:
            self.failure = self.failure or error


@contextmanager
def _giving_way() -> Iterator[None]:
    """Let other threads, which scrape and record, have their turn ten times as soon as they usually would.

    A scrape has some sixty moments at which it waits for its turn. At 5 ms each, those of a hundred brokers would take
    longer than their interval while a large window is judged.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _end(error: BaseException | None) -> str:
    if error is None:
        return "it went on to its end"
    if isinstance(error, KeyboardInterrupt):
        return "it was interrupted"
    return str(error) or type(error).__name__


def firmed(before: Judgement, verdict: Verdict, at: float) -> Judgement:
    """The judgement of a look, with how long each of its causes has held.

    A cause that is not found at a look starts again from one when it comes back.

    Args:
        before: that of the look before.
        verdict: of this look.
        at: seconds of the run.
    """
    known = {finding.cause: finding for finding in before.findings}
    return Judgement(
        sentence=verdict.sentence,
        state=str(verdict.state),
        findings=tuple(_firmed(known.get(finding.cause), finding, at) for finding in verdict.findings),
    )


def _firmed(before: FindingNow | None, found: Finding, at: float) -> FindingNow:
    looks = before.looks + 1 if before else 1
    return FindingNow(
        cause=found.cause,
        sentence=_with_culprits(found.sentence, (culprit.words for culprit in found.culprits[:1])),
        confidence=found.confidence,
        since=before.since if before else at,
        looks=looks,
        firm=looks >= FIRM_LOOKS,
    )


def _with_culprits(sentence: str, culprits: Iterable[str]) -> str:
    missing = [culprit for culprit in culprits if culprit not in sentence]
    return f"{sentence} ({', '.join(missing)})" if missing else sentence
