"""Late data: figures come minutes late, so they are read until they stay the same; then where each stands in time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from clusterload.model.series import SECOND, Kind, Point
from clusterload.telemetry.sources.confluent.interval import Granularity, Interval
from clusterload.telemetry.sources.confluent.mapping import Question
from clusterload.telemetry.sources.confluent.query import Table
from clusterload.telemetry.sources.source import OnWait, Sink, Waiting

LATEST: Final = 600.0
"""Seconds after which no figure of an interval is still to come; the API promises half of it."""

BETWEEN_READINGS: Final = 30.0
"""Seconds between two reads that are compared."""

Answers: TypeAlias = tuple[tuple[Question, Table], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitPolicy:
    """How long figures are waited for.

    Attributes:
        longest: seconds after the interval's end at which the wait ends.
        pause: seconds between two reads.
        now: the time in Unix nanoseconds.
        sleep: waits for seconds.
    """

    longest: float = LATEST
    pause: float = BETWEEN_READINGS
    now: Callable[[], int] = time.time_ns
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class StableRead:
    """The last read, and whether its figures are complete."""

    answers: Answers
    settled: bool


def read_until_stable(
    read: Callable[[], Answers],
    interval: Interval,
    granularity: Granularity,
    on_wait: OnWait,
    wait: WaitPolicy = WaitPolicy(),
) -> StableRead:
    """Read until two reads agree and the last bucket is covered, or until the wait ends.

    An interval that ended longer ago than `LATEST` is read once.
    """
    if wait.now() >= interval.end + round(LATEST * SECOND):
        answers = read()
        return StableRead(answers=answers, settled=reaches_end(answers, interval, granularity))
    _until_over(interval, on_wait, wait)
    before: Answers | None = None
    while True:
        left = (interval.end - wait.now()) / SECOND + wait.longest
        answers = read()
        complete = covers(answers, interval, granularity)
        if complete and before == answers:
            return StableRead(answers=answers, settled=True)
        if left <= 0:
            return StableRead(answers=answers, settled=False)
        missing = "the same figures again" if complete else "figures of the last minutes"
        on_wait(Waiting(missing=missing, left=left))
        wait.sleep(min(wait.pause, left))
        before = answers


def _until_over(interval: Interval, on_wait: OnWait, wait: WaitPolicy) -> None:
    """Wait for the last bucket's own end: until then two reads may agree on a part of it."""
    left = (interval.end - wait.now()) / SECOND
    if left > 0:
        on_wait(Waiting(missing="the end of the last bucket", left=left))
        wait.sleep(left)


def reaches_end(answers: Answers, interval: Interval, granularity: Granularity) -> bool:
    """Whether any metric has a row in the last bucket."""
    last = interval.buckets(granularity)[-1]
    return any(_has(table, last) for _, table in answers)


def covers(answers: Answers, interval: Interval, granularity: Granularity) -> bool:
    """Whether the last bucket looks as if it had all that it will get.

    Something must have a row in it, and each counter that has any row must: one that has none may lag behind
    the others. A counter that stopped before the end is waited for in vain, but never taken for complete too early.
    """
    last = interval.buckets(granularity)[-1]
    lagging = any(
        question.metric.kind is Kind.DELTA and any(table.values()) and not _has(table, last)
        for question, table in answers
    )
    return reaches_end(answers, interval, granularity) and not lagging


def _has(table: Table, start: int) -> bool:
    return any(start in points for points in table.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """The buckets that the API has figures for.

    Attributes:
        starts: of the buckets, in Unix nanoseconds; without a hole.
        seconds: length of each.
        settled: whether no more rows are to come.
    """

    starts: Sequence[int]
    seconds: float
    settled: bool

    @property
    def end(self) -> int | None:
        """Where the last bucket ends; None if there is none."""
        return self.starts[-1] + round(self.seconds * SECOND) if self.starts else None

    def of(self, table: Table) -> Cover:
        """What is covered for one answer: before figures are complete, each metric may lag on its own."""
        if self.settled:
            return self
        last = max((time for points in table.values() for time in points), default=-1)
        return replace(self, starts=[start for start in self.starts if start <= last])


def covered(tables: Iterable[Table], interval: Interval, granularity: Granularity, *, settled: bool) -> Cover:
    """What an interval's figures cover, by the metrics that a running cluster always has.

    From the first bucket with any row, since nothing is known of a time before the API began to keep figures;
    to the end of the interval if they are complete, else to the last bucket with a row.
    """
    buckets = interval.buckets(granularity)
    seen = {time for table in tables for points in table.values() for time in points}
    inside = [number for number, start in enumerate(buckets) if start in seen]
    length = interval.length if granularity is Granularity.ALL else buckets.step
    end = len(buckets) if settled else (inside[-1] + 1 if inside else 0)
    return Cover(starts=buckets[inside[0] : end] if inside else (), seconds=length / SECOND, settled=settled)


def write(sink: Sink, question: Question, table: Table, cover: Cover) -> None:
    """Record an answer's Series over the buckets that are covered."""
    cover = cover.of(table)
    if question.total:
        _write_line(sink, question, question.total, {}, _added(table, cover, question.metric.kind), cover)
    if question.each:
        for group, points in sorted(table.items()):
            _write_line(sink, question, question.each, question.labels(group), points.get, cover)


def _added(table: Table, cover: Cover, kind: Kind) -> Callable[[int], float | None]:
    """The sum over all groups that have a row in a bucket; a group without a row had no traffic."""
    groups = list(table.values())
    if kind is Kind.GAUGE:
        (points,) = groups or [{}]  # a gauge's total is asked for without groups
        return points.get
    return {start: math.fsum(points.get(start, 0.0) for points in groups) for start in cover.starts}.get


def _write_line(
    sink: Sink,
    question: Question,
    name: str,
    labels: dict[str, str],
    value_at: Callable[[int], float | None],
    cover: Cover,
) -> None:
    unit, kind = question.unit(name), question.metric.kind
    for at, value in _placed(kind, value_at, cover):
        sink.record(Point(name, unit, kind, labels, at, value, cover.seconds, cover.seconds))


def _placed(kind: Kind, value_at: Callable[[int], float | None], cover: Cover) -> Iterator[tuple[int, float]]:
    """Values with their times.

    A delta ends with its bucket, and no row means that nothing happened. A gauge stands in the middle of its
    bucket, since on a border it would belong to the next one; no row is a gap, written as NaN so that the value
    before it does not hold on.
    """
    length = round(cover.seconds * SECOND)
    missing, offset = (0.0, length) if kind is Kind.DELTA else (math.nan, length // 2)
    for start in cover.starts:
        value = value_at(start)
        yield start + offset, missing if value is None else value
