"""A stored run as it would have been seen while it went: a snapshot a second, by the code that makes real ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clusterload.analysis.diagnosis import diagnose
from clusterload.analysis.usage import assess
from clusterload.generator.progress import LoadProgress, Progress
from clusterload.model.ledger import Ledger
from clusterload.model.limits import Limits
from clusterload.model.run import Run
from clusterload.model.series import SECOND
from clusterload.model.workload import Plan
from clusterload.workflow.live.feed import firmed
from clusterload.workflow.live.figures import loads_now, metrics_now
from clusterload.workflow.live.snapshot import NOT_YET, Snapshot

TABLE = Limits.named("course-basic")
LOOK = 60
JUDGED_EACH = 5


def replayed(run: Run, first: int, last: int, *, ended: str = "") -> Iterator[Snapshot]:
    """The snapshots of some seconds of a run; the last one says how it ended, if that is given."""
    judgement, plan = NOT_YET, run.plan
    assert plan is not None
    for second in range(first, last + 1):
        end = run.start + second * SECOND
        seen = replace(
            run.between(max(run.start, end - LOOK * SECOND), end), plan=None, ledgers=(), latencies=(), events=()
        )
        events = tuple(event for event in run.events if event.time <= end)
        usage = assess(seen, TABLE)
        if second % JUDGED_EACH == 0:
            judgement = firmed(judgement, diagnose(seen, usage), second)
        state = progress(run, plan, second)
        yield Snapshot(
            number=second,
            start=run.start,
            at=second,
            title=plan.name,
            elapsed=second,
            duration=plan.duration,
            loads=loads_now(plan, state),
            metrics=metrics_now(seen, usage),
            judgement=judgement,
            events=events,
            ended=ended if second == last else "",
        )


def progress(run: Run, plan: Plan, second: int) -> Progress:
    """How the engines stood after so many seconds."""
    loads = tuple(_standing(run, ledger, second, plan.duration) for ledger in run.ledgers)
    total = Ledger.total(standing.ledger for standing in loads)
    return Progress(elapsed=second, duration=plan.duration, ledger=total, loads=loads)


def _standing(run: Run, whole: Ledger, second: int, duration: float) -> LoadProgress:
    part = second / duration
    counts = {name: round(getattr(whole, name) * part) for name in ("acknowledged", "failed", "unknown", "dropped")}
    latency = run.latency(whole.load, "due")
    last = latency.at(second - 1) if latency else None
    return LoadProgress(
        ledger=replace(
            whole,
            scheduled=sum(counts.values()),
            errors={error: round(count * part) for error, count in whole.errors.items()},
            **counts,
        ),
        figures={"connections": 30.0, "request_rate": 1990.0 + second % 7, "record_rate": 19_900.0 + second % 7},
        p50=last.quantile(0.5) if last and last.count else float("nan"),
        p99=last.quantile(0.99) if last and last.count else float("nan"),
    )
