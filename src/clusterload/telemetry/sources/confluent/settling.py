"""Settling: the API's figures come minutes late, so they are read until they stay the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from clusterload.model.series import SECOND, Kind
from clusterload.telemetry.sources.confluent.interval import Granularity, Interval
from clusterload.telemetry.sources.confluent.mapping import Question
from clusterload.telemetry.sources.confluent.query import Table
from clusterload.telemetry.sources.source import OnWait, Waiting

LATEST: Final = 600.0
"""Seconds after which nothing of an interval is still on its way; the API promises half of it."""

BETWEEN_READINGS: Final = 30.0
"""Seconds between two readings that are held against each other."""

Answers: TypeAlias = tuple[tuple[Question, Table], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """How long figures are waited for.

    Attributes:
        longest: seconds after the interval's end at which the wait is over.
        pause: seconds between two readings.
        now: tells Unix nanoseconds.
        sleep: waits for seconds.
    """

    longest: float = LATEST
    pause: float = BETWEEN_READINGS
    now: Callable[[], int] = time.time_ns
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The last reading, and whether nothing more is to come."""

    answers: Answers
    settled: bool


def settle(
    read: Callable[[], Answers],
    interval: Interval,
    granularity: Granularity,
    on_wait: OnWait,
    settling: Settling = Settling(),
) -> Reading:
    """Read until two readings agree and the last bucket is covered, or until the wait is over.

    An interval that ended longer ago than `LATEST` is read once.
    """
    if settling.now() >= interval.end + round(LATEST * SECOND):
        answers = read()
        return Reading(answers=answers, settled=reaches_end(answers, interval, granularity))
    _until_over(interval, on_wait, settling)
    before: Answers | None = None
    while True:
        left = (interval.end - settling.now()) / SECOND + settling.longest
        answers = read()
        complete = covers(answers, interval, granularity)
        if complete and before == answers:
            return Reading(answers=answers, settled=True)
        if left <= 0:
            return Reading(answers=answers, settled=False)
        missing = "the same figures again" if complete else "figures of the last minutes"
        on_wait(Waiting(missing=missing, left=left))
        settling.sleep(min(settling.pause, left))
        before = answers


def _until_over(interval: Interval, on_wait: OnWait, settling: Settling) -> None:
    """Wait for the last bucket's own end: until then two readings may agree on a part of it."""
    left = (interval.end - settling.now()) / SECOND
    if left > 0:
        on_wait(Waiting(missing="the end of the last bucket", left=left))
        settling.sleep(left)


def reaches_end(answers: Answers, interval: Interval, granularity: Granularity) -> bool:
    """Whether any metric has a row in the last bucket."""
    last = interval.buckets(granularity)[-1]
    return any(_has(table, last) for _, table in answers)


def covers(answers: Answers, interval: Interval, granularity: Granularity) -> bool:
    """Whether the last bucket looks as if it had all that it will get.

    Something must have a row in it, and each counter that has any row must: one that has none may lag behind
    the others. A counter that fell silent before the end is waited for in vain, never taken for settled too early.
    """
    last = interval.buckets(granularity)[-1]
    lagging = any(
        question.metric.kind is Kind.DELTA and any(table.values()) and not _has(table, last)
        for question, table in answers
    )
    return reaches_end(answers, interval, granularity) and not lagging


def _has(table: Table, start: int) -> bool:
    return any(start in points for points in table.values())
