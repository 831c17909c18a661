"""The source: the history of a cluster, read from the API once its figures are complete."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from clusterload.model.errors import SourceError
from clusterload.model.run import clock_time
from clusterload.model.series import Kind
from clusterload.model.units import duration
from clusterload.telemetry.sources.confluent.access import Access
from clusterload.telemetry.sources.confluent.api import MetricsClient, QueryRefusedError
from clusterload.telemetry.sources.confluent.interval import Granularity, Interval
from clusterload.telemetry.sources.confluent.late_data import (
    Answers,
    Cover,
    WaitPolicy,
    covered,
    read_until_stable,
    write,
)
from clusterload.telemetry.sources.confluent.mapping import Question, is_core, questions
from clusterload.telemetry.sources.confluent.query import Format, Query, Table, of_cluster
from clusterload.telemetry.sources.source import OnWait, Sink
from clusterload.telemetry.sources.transport import RetryPolicy

# What its documentation says of late 2026; figures can still grow for a while.
LATE_SECONDS: Final = 180.0
# Metrics are collected by the minute: nothing finer exists.
_FINEST: Final = Granularity.PT1M


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfluentSource:
    """Reads all that the Metrics API offers of one cluster, by whole buckets.

    Attributes:
        access: where, and with whose key.
        granularity: length of the buckets.
        cluster_id: what the brokers call themselves, to be held against `access`; empty if they were not asked.
        retry: timeouts and retries of each request.
        wait: how long figures are waited for.
        series: those that are asked for; all if none are named.
    """

    access: Access
    granularity: Granularity = _FINEST
    cluster_id: str = ""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    wait: WaitPolicy = field(default_factory=WaitPolicy)
    series: frozenset[str] = frozenset()

    @property
    def interval(self) -> float:
        """Seconds between points."""
        return float(self.granularity.seconds)

    @property
    def lateness(self) -> float:
        """Seconds after which figures are usually available."""
        return LATE_SECONDS

    @property
    def overhang(self) -> float:
        """None: whole buckets are read, the one that contains the end included."""
        return 0.0

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"the Metrics API at {self.access.host}"

    def bounded(
        self,
        most_values: int,  # noqa: ARG002 (it has few)
        *,
        series: Collection[str] | None = None,
        step: float | None = None,  # noqa: ARG002 (a bucket is a minute)
    ) -> ConfluentSource:
        """The same source for these Series alone; its points are a minute apart, and few."""
        return self if series is None else replace(self, series=frozenset(series))

    def collect(self, sink: Sink, start: int, end: int, on_wait: OnWait) -> None:
        """Record the metrics of the whole buckets that the time from `start` to `end` touches.

        Raises:
            SourceError: they could not be read at all. A single metric that could not be is an event.
        """
        interval = Interval(start=start, end=end).aligned(self.granularity)
        self._note_other_cluster(sink, interval)
        with MetricsClient(self.access, retry=self.retry) as client:
            asked = [each for each in questions(client.descriptors()) if self._wants(each)]
            core = [question for question in asked if is_core(question)]
            if not core:
                raise SourceError(f"{self.access.host} offers no known metric of Kafka: check the endpoint")

            def read() -> Answers:
                return tuple((question, self._answer(client, question, interval)) for question in core)

            reading = read_until_stable(read, interval, self.granularity, on_wait, self.wait)
            tables = [table for _, table in reading.answers]
            cover = covered(tables, interval, self.granularity, settled=reading.settled)
            self._note_gaps(sink, interval, cover, settled=reading.settled)
            for question, table in reading.answers:
                write(sink, question, table, cover)
            self._collect_rest(sink, client, asked[len(core) :], interval, cover)
        self._note_averages(sink, interval, asked)

    def _wants(self, question: Question) -> bool:
        return not self.series or not self.series.isdisjoint({question.total, question.each})

    def _answer(self, client: MetricsClient, question: Question, interval: Interval) -> Table:
        return client.table(
            Query(
                metric=question.metric.name,
                filter=of_cluster(self.access.cluster_id),
                granularity=self.granularity,
                interval=interval,
                group_by=question.group_by,
                format=Format.GROUPED if question.by else Format.FLAT,
            )
        )

    def _collect_rest(
        self, sink: Sink, client: MetricsClient, asked: Sequence[Question], interval: Interval, cover: Cover
    ) -> None:
        for question in asked:
            try:
                write(sink, question, self._answer(client, question, interval), cover)
            except QueryRefusedError as error:
                sink.event(interval.end, "metric-unread", f"{question.metric.short} was not read: {error}")
            except SourceError as error:
                sink.event(
                    interval.end, "metric-unread", f"{question.metric.short} and what follows was not read: {error}"
                )
                return

    def _note_other_cluster(self, sink: Sink, interval: Interval) -> None:
        if self.cluster_id and self.cluster_id != self.access.cluster_id:
            sink.event(
                interval.start,
                "cluster-id-differs",
                f"the brokers belong to cluster {self.cluster_id}, the metrics to {self.access.cluster_id}: "
                "check confluent.clusterid",
            )

    def _note_gaps(self, sink: Sink, interval: Interval, cover: Cover, *, settled: bool) -> None:
        until = cover.end
        if until is None:
            sink.event(interval.end, "metrics-missing", f"the Metrics API has no figures for {interval}")
            return
        if cover.starts[0] > interval.start:
            sink.event(interval.start, "metrics-missing", f"no figures before {clock_time(cover.starts[0])}")
        if not settled:
            sink.event(
                interval.end,
                "metrics-unsettled",
                f"figures were not complete {duration(self.wait.longest)} after {clock_time(interval.end)}: "
                f"they reach to {clock_time(until)}, and the last ones may still grow",
            )

    def _note_averages(self, sink: Sink, interval: Interval, asked: Sequence[Question]) -> None:
        gauges = sorted({question.total or question.each for question in asked if question.metric.kind is Kind.GAUGE})
        if self.granularity is not _FINEST and gauges:
            length = "the whole time" if self.granularity is Granularity.ALL else duration(self.granularity.seconds)
            sink.event(
                interval.end,
                "gauges-averaged",
                f"{', '.join(gauges)} are averages over {length}, which hide peaks: ask for PT1M to see them",
            )
