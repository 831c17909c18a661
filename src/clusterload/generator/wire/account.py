"""The reports of all workers put together: ledgers, Series, latencies."""

from __future__ import annotations

import math
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from clusterload.generator.progress import LoadProgress
from clusterload.model import units
from clusterload.model.histogram import Histogram
from clusterload.model.ledger import Book, Ledger
from clusterload.model.run import Generator, Traffic
from clusterload.model.series import SECOND, Kind, Point

if TYPE_CHECKING:
    from clusterload.generator.wire.worker_messages import Tally, WorkerReport
    from clusterload.model.units import Unit
    from clusterload.model.workload import Load
    from clusterload.telemetry.runfile import Recorder

LATENCIES: Final = ("due", "sent", "delay", "end_to_end")
"""What is kept of each Load: from due to answer, from sent to answer, from due to sent, from due to read."""

FIGURES: Final = {
    ("load_requests", "Produce"): "request_rate",
    ("load_requests", "Fetch"): "fetch_rate",
    ("load_requests", "OffsetCommit"): "commit_rate",
    ("load_requests", "Metadata"): "metadata_rate",
    ("load_requests", "InitProducerId"): "producer_id_rate",
    ("load_records", ""): "record_rate",
    ("load_connections_made", ""): "connection_rate",
}
"""The dial that a Series, or one API's part of it, belongs to."""


LAST: Final = 5
"""Seconds kept at hand for the live page; reports of a busy worker may close several at once."""


class LatencyHistograms:
    """All latencies of one kind of one Load, and those of each second.

    A second that is over is encoded as text, which takes a hundredth of the memory.
    """

    __slots__ = ("_last", "_open", "_packed", "latest", "whole")

    def __init__(self) -> None:
        self.whole = Histogram()
        self.latest = (math.nan, math.nan)
        self._open: dict[int, Histogram] = {}
        self._packed: dict[int, str] = {}
        self._last: deque[int] = deque(maxlen=LAST)

    def add(self, second: int, counts: Mapping[int, int]) -> None:
        """Count latencies of one second of the load: microseconds to count."""
        here = Histogram()
        here.record_counts(counts)
        self.whole.add(here)
        if second in self._packed:
            # A worker that was delayed reports on a second that was thought to be over.
            here.add(Histogram.decode(self._packed.pop(second)))
        if second in self._open:
            self._open[second].add(here)
        else:
            self._open[second] = here

    def close(self, over: int) -> None:
        """Pack the seconds before this one away; `latest` is then median and 99th percentile of the last of them."""
        for second in sorted(second for second in self._open if second < over):
            packed = self._open.pop(second)
            self.latest = (packed.quantile(0.5), packed.quantile(0.99))
            self._packed[second] = packed.encode()
            self._last.append(second)

    @property
    def last(self) -> dict[int, str]:
        """The seconds that were packed away last, as text."""
        return {second: self._packed[second] for second in self._last if second in self._packed}

    def seconds(self) -> dict[str, str]:
        """All of them as text, by second."""
        still_open = {second: kept.encode() for second, kept in self._open.items()}
        return {str(second): text for second, text in sorted((self._packed | still_open).items())}


class Account:
    """Takes reports as they come, in any thread, and records them."""

    def __init__(self, loads: Iterable[Load], recorder: Recorder, *, closed_loops: frozenset[str]) -> None:
        self._loads = tuple(loads)
        self._recorder = recorder
        self._closed_loops = closed_loops
        self._lock = threading.Lock()
        self._tallies: dict[tuple[str, int], Tally] = {}
        self._reports: dict[int, WorkerReport] = {}
        self._figures: dict[tuple[str, int], dict[str, float]] = {}
        self._latencies: dict[tuple[str, str], LatencyHistograms] = defaultdict(LatencyHistograms)
        self._peak_rss: Counter[int] = Counter()
        self._prepared: Counter[str] = Counter()
        self.start = 0

    def take(self, report: WorkerReport) -> None:
        """Take one report of one worker; its first, as the load begins, is what all others are held against."""
        with self._lock:
            before = self._reports.get(report.worker)
            self._reports[report.worker] = report
            self._peak_rss[report.worker] = max(self._peak_rss[report.worker], report.rss)
            if before is None and not report.elapsed:
                for tally in report.tallies:
                    self._tallies[tally.load, report.worker] = tally
                    self._prepared[tally.load] += tally.made
                return
            at = self.start + round(report.elapsed * SECOND)
            span = report.elapsed - (before.elapsed if before else 0.0)
            self._record_worker(report, before, at, span)
            for tally in report.tallies:
                self._record_tally(report, tally, at, span)
            self._close_seconds()

    def _record_worker(self, report: WorkerReport, before: WorkerReport | None, at: int, span: float) -> None:
        labels = {"worker": str(report.worker)}
        grown = report.cpu - (before.cpu if before else 0.0)
        if span > 0:
            self._recorder.record(Point("generator_cpu", units.SECONDS, Kind.DELTA, labels, at, grown, span))
        self._recorder.record(Point("generator_lag", units.MILLISECONDS, Kind.GAUGE, labels, at, report.lag * 1e3))
        self._recorder.record(Point("generator_memory", units.BYTES, Kind.GAUGE, labels, at, float(report.rss)))

    def _record_tally(self, report: WorkerReport, tally: Tally, at: int, span: float) -> None:
        key = (tally.load, report.worker)
        before = self._tallies.get(key)
        self._tallies[key] = tally
        labels = {"load": tally.load, "worker": str(report.worker)}
        record = self._recorder.record
        if not report.last:
            # The last report comes when the load is over and its connections are closed, by us.
            record(Point("load_connections", units.CONNECTIONS, Kind.GAUGE, labels, at, float(tally.connections)))
        if span > 0:
            figures = {"connections": float(tally.connections)}
            for name, unit, value, more in _grown(tally, before):
                record(Point(name, unit, Kind.DELTA, {**labels, **more}, at, float(value), span))
                dial = FIGURES.get((name, more.get("api", "")))
                if dial:
                    figures[dial] = value / span
            sent = tally.ledger.acknowledged_bytes - (before.ledger.acknowledged_bytes if before else 0)
            self._figures[key] = {**figures, "byte_rate": sent / span}
        second = max(0, round(report.elapsed) - 1)
        for of in LATENCIES:
            counts: Mapping[int, int] = getattr(tally, of)
            if counts:
                self._latencies[tally.load, of].add(second, counts)

    def _close_seconds(self) -> None:
        """Pack away what no worker will add to."""
        over = min(round(report.elapsed) for report in self._reports.values())
        for latencies in self._latencies.values():
            latencies.close(over)

    @property
    def ledgers(self) -> tuple[Ledger, ...]:
        """The accounts of all Loads so far, in their order."""
        with self._lock:
            return tuple(self._ledger(load.name) for load in self._loads)

    def _ledger(self, load: str) -> Ledger:
        ledgers = [tally.ledger for (name, _), tally in self._tallies.items() if name == load]
        book = Book(load, ledgers[0].unit) if ledgers else Book(load)
        for ledger in ledgers:
            book.add(ledger)
        return book.ledger()

    @property
    def load_progress(self) -> tuple[LoadProgress, ...]:
        """How each Load does, in their order."""
        with self._lock:
            return tuple(self._standing(load.name) for load in self._loads)

    def _standing(self, load: str) -> LoadProgress:
        figures: Counter[str] = Counter()
        for (name, _), latest in self._figures.items():
            if name == load:
                figures.update(latest)
        p50, p99 = self._latencies[load, "due"].latest
        last = {of: kept.last for (name, of), kept in self._latencies.items() if name == load}
        return LoadProgress(ledger=self._ledger(load), figures=figures, p50=p50, p99=p99, latencies=last)

    def latency(self, load: str, of: str) -> Histogram:
        """All of a Load's latencies of one kind, so far."""
        with self._lock:
            return self._latencies[load, of].whole

    def documents(self) -> dict[str, Any]:
        """What the run file keeps besides ledgers and Series, as plain values."""
        with self._lock:
            return self._documents()

    def _documents(self) -> dict[str, Any]:
        latency: dict[str, dict[str, str]] = {}
        intervals: dict[str, dict[str, dict[str, str]]] = {}
        for (load, of), kept in sorted(self._latencies.items(), key=lambda item: item[0]):
            if kept.whole.count:
                latency.setdefault(load, {})[of] = kept.whole.encode()
                intervals.setdefault(load, {})[of] = kept.seconds()
        generator = Generator(
            cpu_seconds=sum(report.cpu for report in self._reports.values()),
            peak_rss_bytes=self._peak_rss.total(),
            workers=len(self._reports),
        )
        return {
            "latency": latency,
            "latency_intervals": intervals,
            "wire": {load.name: asdict(self._traffic(load.name)) for load in self._loads},
            "generator": asdict(generator),
        }

    def _traffic(self, load: str) -> Traffic:
        tallies = [tally for (name, _), tally in self._tallies.items() if name == load]
        distinct = [tally.distinct for tally in tallies if tally.distinct is not None]
        return Traffic(
            load=load,
            closed_loop=load in self._closed_loops,
            distinct=min(distinct, default=None),
            connections=sum(tally.connections for tally in tallies),
            prepared=self._prepared[load],
            made=sum(tally.made for tally in tallies),
            lost=dict(sum((Counter(tally.lost) for tally in tallies), Counter())),
            resent=sum(tally.resent for tally in tallies),
            throttled_ms=sum(tally.throttled for tally in tallies),
            requests=dict(sum((Counter(tally.answered) for tally in tallies), Counter())),
            late_requests=sum(tally.late for tally in tallies),
            alive=sum(tally.alive for tally in tallies if tally.alive is not None),
        )


def _grown(tally: Tally, before: Tally | None) -> Iterable[tuple[str, Unit, int, dict[str, str]]]:
    """What was counted since the last tally, as Series' names, units, amounts and further labels."""
    yield "load_records", units.RECORDS, tally.records - (before.records if before else 0), {}
    yield "load_bytes", units.BYTES, tally.bytes - (before.bytes if before else 0), {}
    yield "load_connections_made", units.CONNECTIONS, tally.made - (before.made if before else 0), {}
    yield "load_late", units.REQUESTS, tally.late - (before.late if before else 0), {}
    for api, count in tally.answered.items():
        then = before.answered.get(api, 0) if before else 0
        yield "load_requests", units.REQUESTS, count - then, {"api": api}
