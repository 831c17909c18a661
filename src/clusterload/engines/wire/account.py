"""The reports of all workers put together: ledgers, Series, latencies."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from clusterload import units
from clusterload.histogram import Histogram
from clusterload.ledger import Book, Ledger
from clusterload.series import SECOND, Kind

if TYPE_CHECKING:
    from clusterload.engines.wire.work import Report, Tally
    from clusterload.plan import Load
    from clusterload.store import Recorder
    from clusterload.units import Unit

LATENCIES: Final = ("due", "sent", "delay", "end_to_end")
"""What is kept of each Load: from due to answer, from sent to answer, from due to sent, from due to read."""

_INTERVAL: Final = 1.0


class Account:
    """Takes reports as they come, in any thread, and records what they say."""

    def __init__(self, loads: Iterable[Load], recorder: Recorder, *, closed_loops: frozenset[str]) -> None:
        self._loads = tuple(loads)
        self._recorder = recorder
        self._closed_loops = closed_loops
        self._lock = threading.Lock()
        self._tallies: dict[tuple[str, int], Tally] = {}
        self._reports: dict[int, Report] = {}
        self._intervals: dict[tuple[str, str, int], Histogram] = {}
        self._peak_rss: Counter[int] = Counter()
        self.start = 0

    def take(self, report: Report) -> None:
        """Take one report of one worker."""
        with self._lock:
            before = self._reports.get(report.worker)
            at = self.start + round(report.elapsed * SECOND)
            span = report.elapsed - (before.elapsed if before else 0.0)
            self._record_worker(report, before, at, span)
            for tally in report.tallies:
                self._record_tally(report, tally, at, span)
            self._reports[report.worker] = report
            self._peak_rss[report.worker] = max(self._peak_rss[report.worker], report.rss)

    def _record_worker(self, report: Report, before: Report | None, at: int, span: float) -> None:
        labels = {"worker": str(report.worker)}
        grown = report.cpu - (before.cpu if before else 0.0)
        if span > 0:
            self._recorder.point("generator_cpu", units.SECONDS, Kind.DELTA, labels, at, grown, span)
        self._recorder.point("generator_lag", units.MILLISECONDS, Kind.GAUGE, labels, at, report.lag * 1e3)
        self._recorder.point("generator_memory", units.BYTES, Kind.GAUGE, labels, at, float(report.rss))

    def _record_tally(self, report: Report, tally: Tally, at: int, span: float) -> None:
        key = (tally.load, report.worker)
        before = self._tallies.get(key)
        self._tallies[key] = tally
        labels = {"load": tally.load, "worker": str(report.worker)}
        point = self._recorder.point
        point("load_connections", units.CONNECTIONS, Kind.GAUGE, labels, at, float(tally.connections))
        if span > 0:
            for name, unit, value, more in _grown(tally, before):
                point(name, unit, Kind.DELTA, {**labels, **more}, at, float(value), span)
        second = int(report.elapsed / _INTERVAL - 1e-6)
        for of in LATENCIES:
            counts: Mapping[int, int] = getattr(tally, of)
            if counts:
                kept = self._intervals.setdefault((tally.load, of, second), Histogram())
                for value, count in counts.items():
                    kept.record(value, count)

    @property
    def ledgers(self) -> tuple[Ledger, ...]:
        """The accounts of all Loads so far, in their order."""
        with self._lock:
            return tuple(self._ledger(load.name) for load in self._loads)

    def _ledger(self, load: str) -> Ledger:
        tallies = [tally for (name, _), tally in self._tallies.items() if name == load]
        book = Book(load, tallies[0].ledger.unit) if tallies else Book(load)
        for tally in tallies:
            book.add(tally.ledger)
        return book.ledger()

    def latency(self, load: str, of: str) -> Histogram:
        """All of a Load's latencies of one kind, so far."""
        with self._lock:
            return Histogram.merged(
                kept for (name, kind, _), kept in self._intervals.items() if (name, kind) == (load, of)
            )

    def documents(self) -> dict[str, Any]:
        """What the run keeps beside ledgers and Series, as plain values."""
        latency: dict[str, dict[str, str]] = {}
        intervals: dict[str, dict[str, dict[str, str]]] = {}
        for load in self._loads:
            for of in LATENCIES:
                whole = self.latency(load.name, of)
                if whole.count:
                    latency.setdefault(load.name, {})[of] = whole.encode()
        for (name, of, second), kept in sorted(self._intervals.items(), key=lambda item: item[0]):
            intervals.setdefault(name, {}).setdefault(of, {})[str(second)] = kept.encode()
        return {
            "latency": latency,
            "latency_intervals": intervals,
            "wire": {load.name: self._of(load.name) for load in self._loads},
            "generator": {
                "cpu_seconds": sum(report.cpu for report in self._reports.values()),
                "peak_rss_bytes": self._peak_rss.total(),
                "workers": len(self._reports),
            },
        }

    def _of(self, load: str) -> dict[str, Any]:
        tallies = [tally for (name, _), tally in self._tallies.items() if name == load]
        distinct = [tally.distinct for tally in tallies if tally.distinct is not None]
        return {
            "closed_loop": load in self._closed_loops,
            "distinct": min(distinct, default=None),
            "connections": sum(tally.connections for tally in tallies),
            "made": sum(tally.made for tally in tallies),
            "lost": dict(sum((Counter(tally.lost) for tally in tallies), Counter())),
            "resent": sum(tally.resent for tally in tallies),
            "throttled_ms": sum(tally.throttled for tally in tallies),
            "requests": dict(sum((Counter(tally.answered) for tally in tallies), Counter())),
            "late_requests": sum(tally.late for tally in tallies),
            "alive": sum(tally.alive for tally in tallies if tally.alive is not None),
        }


def _grown(tally: Tally, before: Tally | None) -> Iterable[tuple[str, Unit, int, dict[str, str]]]:
    """What was counted since the last tally, as Series' names, units, amounts and further labels."""
    yield "load_records", units.RECORDS, tally.records - (before.records if before else 0), {}
    yield "load_bytes", units.BYTES, tally.bytes - (before.bytes if before else 0), {}
    yield "load_connections_made", units.CONNECTIONS, tally.made - (before.made if before else 0), {}
    yield "load_late", units.REQUESTS, tally.late - (before.late if before else 0), {}
    for api, count in tally.answered.items():
        then = before.answered.get(api, 0) if before else 0
        yield "load_requests", units.REQUESTS, count - then, {"api": api}
