"""A run worth a report: three brokers, a load of ours, and clients of which one opens many connections midway.

Written by the real Account and Recorder, and read back. What others choose to be called is a parameter, so that it may
be hostile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from clusterload.analysis.diagnosis import diagnose
from clusterload.analysis.usage import assess
from clusterload.generator.wire.account import Account
from clusterload.generator.wire.worker_messages import Tally, WorkerReport
from clusterload.model.limits import Limits
from clusterload.model.resources import RESOURCES
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Kind, Point
from clusterload.model.workload import Load, Plan
from clusterload.report import report
from clusterload.telemetry.runfile import Recorder, read_run
from tests.wire_runs import START, Course, produce

SECONDS: Final = 180
ONSET: Final = 60
SILENT: Final = range(130, 138)
"""Seconds in which brokers tell nothing."""

_BROKERS: Final = ("1", "2", "3")
_PARTS: Final = (0.36, 0.33, 0.31)
# Of these each broker has the figure, not a third of it.
_EACH: Final = {"cpu_host", "cores", "network_thread_busy", "request_handler_busy"}
_LEVELS: Final = {"connections", "partitions", "leaders", "cores", "under_replicated"}

_USUAL: Final[Mapping[str, float]] = {
    "ingress": 22e6,
    "egress": 41e6,
    "requests": 7100,
    "connections": 36,
    "connection_attempts": 0.2,
    "partitions": 234,
    "leaders": 78,
    "under_replicated": 0,
    "replication_in": 44e6,
    "records_in": 21_400,
    "cpu_broker": 1.4,
    "cpu_host": 0.46,
    "cores": 4,
    "request_handler_busy": 0.17,
    "network_thread_busy": 0.22,
    "requests_by_type{request=Produce}": 2300,
    "requests_by_type{request=FetchConsumer}": 900,
    "requests_by_type{request=FetchFollower}": 2600,
    "requests_by_type{request=Metadata}": 3,
    "request_local_time{request=Produce}": 2300 * 0.3,
    "request_local_time{request=FetchConsumer}": 900 * 0.2,
}

# Before and after; names in braces are labels, of which some stand for what is hostile.
_CHANGES: Final[Mapping[str, tuple[float, float]]] = {
    "connections": (36, 81),
    "requests": (7100, 7420),
    "requests_by_type{request=Produce}": (2300, 2450),
    "requests_by_type{request=FetchFollower}": (2600, 2900),
    "ingress": (22e6, 22.6e6),
    "records_in": (21_400, 22_000),
    "cpu_broker": (1.4, 1.93),
    "cpu_host": (0.46, 0.63),
    "records_in_by_topic{ours}": (20_000, 20_000),
    "records_in_by_topic{topic}": (1400, 2000),
    "ingress_by_topic{ours}": (20.6e6, 20.6e6),
    "ingress_by_topic{topic}": (1.4e6, 2e6),
    "egress_by_topic{topic}": (1.4e6, 1.5e6),
    "thread_time_by_client{client}": (0, 0.21),
    "thread_time_by_client{mailer}": (0.06, 0.062),
    "thread_time_by_client{search-indexer}": (0.11, 0.108),
    "ingress_by_client{client}": (0, 0.62e6),
    "ingress_by_client{mailer}": (1.4e6, 1.38e6),
    "egress_by_client{search-indexer}": (40e6, 40.2e6),
}


def busy(
    path: Path,
    *,
    name: str = "peak hour",
    load: str = "orders",
    client: str = "basket-service",
    topic: str = "orders",
    event: str = "broker 2 was scraped 1.4 s late",
    error: str = "NOT_LEADER_OR_FOLLOWER",
) -> Run:
    """Ours is steady; after a minute the client opens 45 connections that each send a little."""
    ours = produce(
        load, "load-orders", connections="30", request_rate="2000/s", records_per_request="10", record_size="1KiB"
    )
    plan = Plan(name=name, loads=(ours,), duration=SECONDS)
    with Recorder(path, run_id="20260101T000000Z-busy") as recorder:
        recorder.document("plan", plan.as_document())
        recorder.document("environment", _environment())
        recorder.document("window", {"start": START, "end": START + SECONDS * SECOND, "complete": True})
        _generate(recorder, ours, error)
        _scrape(recorder, client, topic, ours.topic)
        recorder.event(START + 61 * SECOND, "scrape-late", event)
        recorder.event(START + SILENT.start * SECOND, "scrape-failed", "no broker answered for 8 s")
    return read_run(path)


def told(run: Run) -> report.Report:
    """The report of its part after the first minute, which is its baseline."""
    border = run.start + ONSET * SECOND
    now, before = run.between(border, run.end), run.between(run.start, border)
    usage = assess(now, Limits.named("course-basic"))
    return report.render(now, usage, diagnose(now, usage, before), before)


def _environment() -> dict[str, object]:
    brokers = [{"id": int(one), "host": f"broker{one}.example", "rack": f"zone-{one}"} for one in _BROKERS]
    return {"clusterload": "0.1.0", "cluster": {"id": "shop-eu-1", "lab": False, "brokers": brokers}}


def _generate(recorder: Recorder, load: Load, error: str) -> None:
    """What the wire engine tells; answers come later once the cluster is fuller, and now and then one late."""
    course, chance = Course(connections=30, prepared=30, kept=0.9995, failed=error, host=0.46), np.random.default_rng(7)
    account = Account([load], recorder, closed_loops=frozenset())
    account.start = START
    for second in range(SECONDS + 1):
        tally = course.tally(load, float(second))
        account.take(_report(_answered(tally, second, chance), float(second)))
    account.take(_report(replace(course.tally(load, float(SECONDS)), due={}, sent={}, delay={}), SECONDS + 0.001))
    recorder.ledgers(account.ledgers)
    for name, document in account.documents().items():
        recorder.document(name, document)


def _report(tally: Tally, elapsed: float) -> WorkerReport:
    return WorkerReport(
        worker=0,
        elapsed=elapsed,
        tallies=(tally,),
        cpu=0.3 * elapsed,
        lag=0.001,
        rss=41_000_000,
        last=elapsed > SECONDS,
    )


def _answered(tally: Tally, second: int, chance: np.random.Generator) -> Tally:
    """A tally with the latencies of its last second."""
    if not second:
        return tally
    fuller = 1.6 if second > ONSET else 1.0
    sent = 1900 * fuller * chance.lognormal(0, 0.45, 150)
    queued = chance.exponential(120 * fuller, 150) + (chance.random(150) < 0.01) * chance.exponential(40_000, 150)
    return replace(tally, due=_counted(sent + queued), sent=_counted(sent), delay=_counted(queued))


def _counted(microseconds: np.ndarray[tuple[int], np.dtype[np.float64]]) -> dict[int, int]:
    values, counts = np.unique(np.maximum(1, microseconds.astype(int)), return_counts=True)
    return {int(value): int(count) for value, count in zip(values, counts, strict=True)}


def _scrape(recorder: Recorder, client: str, topic: str, ours: str) -> None:
    chance = np.random.default_rng(11)
    for key, (before, after) in ({key: (value, value) for key, value in _USUAL.items()} | dict(_CHANGES)).items():
        resource, labels = RESOURCES[key.partition("{")[0]], _labels(key, client, topic, ours)
        for number, broker in enumerate(_BROKERS):
            part = 1.0 if resource.name in _EACH else _PARTS[number]
            for second, value in _course(resource.name, before * part, after * part, chance):
                at = START + second * SECOND
                span = 1.0 if resource.kind is Kind.DELTA else 0.0
                recorder.record(
                    Point(resource.name, resource.unit, resource.kind, {"broker": broker, **labels}, at, value, span)
                )


def _course(name: str, before: float, after: float, chance: np.random.Generator) -> Iterator[tuple[int, float]]:
    for second in range(-1, SECONDS + 3):
        if second in SILENT or (before == 0 and second <= ONSET):
            continue
        risen = min(1.0, max(0.0, (second - ONSET) / 12))
        wave = 0 if name in _LEVELS else 0.05 * np.sin(second / 9) + 0.025 * chance.standard_normal()
        level = (before + risen * (after - before)) * (1 + wave)
        yield second, float(round(level)) if name in {"connections", "partitions", "leaders"} else level


def _labels(key: str, client: str, topic: str, ours: str) -> dict[str, str]:
    inside = key.partition("{")[2].removesuffix("}")
    if not inside or inside.startswith("request="):
        return {"request": inside.removeprefix("request=")} if inside else {}
    named = {"client": client, "topic": topic, "ours": ours}.get(inside, inside)
    return {"topic" if "_by_topic" in key else "client": named}
