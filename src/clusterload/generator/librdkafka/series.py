"""Series of this engine: librdkafka's own statistics, and what groups and transactions have moved."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from clusterload.model import units
from clusterload.model.series import SECOND, Kind, Point
from clusterload.model.units import Unit
from clusterload.telemetry.runfile import Recorder

# Counters since the client began: name in librdkafka's STATISTICS.md, name of the Series, unit.
_COUNTERS: Final = (
    ("tx", "client_requests", units.REQUESTS),
    ("tx_bytes", "client_bytes_out", units.BYTES),
    ("txmsgs", "client_records_out", units.RECORDS),
    ("txmsg_bytes", "client_record_bytes_out", units.BYTES),
)
_QUANTILES: Final = ("p50", "p99")


LoadCounts = Mapping[str, int]
"""How much a Load has moved since its start, by the name of the Series."""

OnCounts = Callable[[str, int, LoadCounts], None]
"""Takes a Load's name, Unix nanoseconds, and the Load's counts at that time; the first ones at its start."""

_UNITS: Final = {"load_records": units.RECORDS, "load_bytes": units.BYTES, "load_rebalances": units.COUNT}


class ClientStatistics:
    """Takes the JSON of librdkafka's `stats_cb` and records it as Series.

    Series are labelled by `client`. Counters become deltas; batch sizes, queueing and round-trip times are
    gauges (the median and 99th percentile over librdkafka's window, for the worst broker or topic).
    """

    def __init__(self, recorder: Recorder, *, on_text: Callable[[str], None] | None = None) -> None:
        """Record into `recorder`; `on_text` also gets each JSON text as it comes."""
        self._recorder = recorder
        self._on_text = on_text
        self._last: dict[str, tuple[str, int, Mapping[str, float]]] = {}

    def __call__(self, text: str) -> None:
        """Take one report of one client."""
        if self._on_text is not None:
            self._on_text(text)
        now = time.time_ns()
        report = json.loads(text)
        client = str(report["client_id"])
        self._count(client, now, report)
        for name, unit, value in _gauges(report):
            self._recorder.record(Point(name, unit, Kind.GAUGE, {"client": client}, now, value))

    def _count(self, client: str, now: int, report: Mapping[str, Any]) -> None:
        counters = {name: float(report[key]) for key, name, _ in _COUNTERS}
        before = self._last.get(client)
        self._last[client] = (report["name"], now, counters)
        # Another client of the same id, such as the next member of a group, counts from 0 again.
        if before is None or before[0] != report["name"]:
            return
        _, then, earlier = before
        for _, name, unit in _COUNTERS:
            grown = counters[name] - earlier[name]
            self._recorder.record(Point(name, unit, Kind.DELTA, {"client": client}, now, grown, (now - then) / 1e9))


def _gauges(report: Mapping[str, Any]) -> Iterator[tuple[str, Unit, float]]:
    yield "client_queued_records", units.RECORDS, float(report["msg_cnt"])
    used = [broker for broker in report["brokers"].values() if broker["tx"] > 0]
    topics = list(report["topics"].values())
    for quantile in _QUANTILES:
        yield from _worst(f"client_queueing_time_{quantile}", units.MICROSECONDS, used, "int_latency", quantile)
        yield from _worst(f"client_round_trip_time_{quantile}", units.MICROSECONDS, used, "rtt", quantile)
        yield from _worst(f"client_batch_bytes_{quantile}", units.BYTES, topics, "batchsize", quantile)
        yield from _worst(f"client_batch_records_{quantile}", units.RECORDS, topics, "batchcnt", quantile)


def _worst(
    name: str, unit: Unit, parts: list[Mapping[str, Any]], window: str, quantile: str
) -> Iterator[tuple[str, Unit, float]]:
    # A window without samples reads zero, which would be a wrong figure, not a small one.
    seen = [float(part[window][quantile]) for part in parts if part[window]["cnt"] > 0]
    if seen:
        yield name, unit, max(seen)


class CountsRecorder:
    """Takes the counts of Loads and records how much they grew, labelled by `load`.

    Of a group, records and bytes are those that its members consumed; of transactions, those that were
    committed. Bytes are those of values: librdkafka does not give those of batches. Rebalances are assignments that
    members were given: a rebalance of the group gives one to each member.
    """

    def __init__(self, recorder: Recorder) -> None:
        """Record into `recorder`."""
        self._recorder = recorder
        self._last: dict[str, tuple[int, LoadCounts]] = {}

    def __call__(self, load: str, now: int, counts: LoadCounts) -> None:
        """Take the counts of a Load at Unix nanoseconds `now`."""
        before = self._last.get(load)
        self._last[load] = (now, counts)
        if before is None:
            return
        then, earlier = before
        for name, count in counts.items():
            grown = float(count - earlier[name])
            self._recorder.record(
                Point(name, _UNITS[name], Kind.DELTA, {"load": load}, now, grown, (now - then) / SECOND)
            )
