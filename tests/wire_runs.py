"""Runs of the wire engine with chosen figures: written by the real Account and Recorder, and read back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clusterload.generator.wire.account import Account
from clusterload.generator.wire.worker_messages import Tally, WorkerReport
from clusterload.model.ledger import Ledger
from clusterload.model.resources import RESOURCES
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Kind, Point
from clusterload.model.workload import Dials, Load, Plan, resolve, totals_of
from clusterload.telemetry.runfile import Recorder, read_run

START = 1_767_225_600 * SECOND


def produce(name: str = "produce", topic: str = "t", arrivals: str = "even", **dials: str) -> Load:
    """A produce Load of the wire engine."""
    return Load(name=name, topic=topic, dials=Dials.parsed(dials), kind="produce", engine="wire", arrivals=arrivals)


def connect(name: str = "connect", **dials: str) -> Load:
    """A connect Load."""
    return Load(name=name, topic="t", dials=Dials.parsed(dials), kind="connect", engine="wire")


def plan(*loads: Load, duration: float = 10.0, warm_up: float = 0.0) -> Plan:
    """A plan of these Loads."""
    return Plan(name="load", loads=loads, duration=duration, warm_up=warm_up)


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a load goes, the same in each second.

    Attributes:
        kept: share of what is asked for that is made and acknowledged.
        seen: share of what is made that brokers count.
        connections: open, of each Load.
        prepared: connections made before the load.
        latency: microseconds of each request.
        cpu: share of a core that the worker takes.
        lag: seconds that its event loop is late.
        late: share of what is scheduled that is sent late.
        host: CPU of the brokers' host, from 0 to 1.
        broker_cores: cores that the broker takes.
        scraped: whether brokers tell anything.
        offset: seconds by which scrapes come after whole seconds of the load.
        brokers: ids that the cluster has; only broker 1 is scraped.
        lost, throttled_ms, distinct, resent: as in the Tally.
        errors: of the ledger, for what is not acknowledged.
    """

    kept: float = 1.0
    seen: float = 1.0
    connections: int = 50
    prepared: int = 50
    latency: int = 1000
    cpu: float = 0.2
    lag: float = 0.001
    late: float = 0.0
    host: float = 0.5
    broker_cores: float = 0.5
    scraped: bool = True
    offset: float = 0.3
    brokers: Collection[int] = (1,)
    lab: bool = True
    lost: Mapping[str, int] = field(default_factory=dict)
    throttled_ms: int = 0
    distinct: float | None = None
    resent: int = 0
    failed: str = ""

    def tally(self, load: Load, elapsed: float) -> Tally:
        """What a Load's population tells after so many seconds."""
        asked = totals_of(load, max(elapsed, 1e-9))
        if load.kind == "connect":
            scheduled = made = round(asked.connection_rate * elapsed)
            requests, records, unit, answered = made, 0, "connections", {"ApiVersions": round(made * self.kept)}
        else:
            each = resolve(load).records_per_request
            requests = round(asked.requests * self.kept) if elapsed and asked.requests < 1e12 else round(1000 * elapsed)
            scheduled = round(asked.requests) * each if elapsed and asked.requests < 1e12 else requests * each
            records, made, unit, answered = requests * each, 0, "records", {"Produce": requests}
        good = round(scheduled * self.kept)
        rest = scheduled - good
        size = int(resolve(load).value_size) if load.kind == "produce" else 0
        quiet = load.dials.acks == "0"
        ledger = Ledger(
            load=load.name,
            unit=unit,
            scheduled=scheduled,
            acknowledged=0 if quiet else good,
            unknown=good if quiet else 0,
            failed=rest if self.failed else 0,
            dropped=0 if self.failed else rest,
            late=round(scheduled * self.late),
            acknowledged_bytes=0 if quiet else good * size,
            errors={self.failed or "_QUEUE_FULL": rest} if rest else {},
        )
        latency = {self.latency: 100} if elapsed and not quiet else {}
        return Tally(
            load=load.name,
            ledger=ledger,
            answered=answered,
            connections=self.connections,
            made=self.prepared + round(made * self.kept),
            lost=self.lost,
            resent=self.resent,
            throttled=self.throttled_ms,
            records=0 if quiet else records,
            bytes=0 if quiet else records * (size + 70),
            distinct=self.distinct,
            due=latency,
            sent=latency,
            delay={5: 100} if latency else {},
        )


def stored(path: Path, made: Plan, course: Course | None = None, *, complete: bool = True) -> Run:
    """A run that was written to a file and read back."""
    course = course or Course()
    seconds = int(made.duration)
    brokers = [{"id": broker, "host": f"host{broker}"} for broker in course.brokers]
    with Recorder(path) as recorder:
        recorder.document("plan", made.as_document())
        recorder.document("environment", {"cluster": {"id": "test", "lab": course.lab, "brokers": brokers}})
        recorder.document("window", {"start": START, "end": START + seconds * SECOND, "complete": complete})
        wire = [load for load in made.loads if load.engine == "wire"]
        account = Account(wire, recorder, closed_loops=frozenset())
        account.start = START
        for second in range(seconds + 1):
            account.take(_report(wire, course, float(second), last=False))
        account.take(_report(wire, course, seconds + 0.001, last=True))
        recorder.ledgers(account.ledgers)
        for name, document in account.documents().items():
            recorder.document(name, document)
        if course.scraped:
            _scrape(recorder, account, made, course)
    return read_run(path)


def _report(loads: list[Load], course: Course, elapsed: float, *, last: bool) -> WorkerReport:
    at = min(elapsed, float(int(elapsed)))
    tallies = tuple(course.tally(load, at) for load in loads)
    return WorkerReport(
        worker=0, elapsed=elapsed, tallies=tallies, cpu=course.cpu * elapsed, lag=course.lag, rss=1_000_000, last=last
    )


def _scrape(recorder: Recorder, account: Account, made: Plan, course: Course) -> None:
    """What broker 1 tells from before the load until after it, between the load's whole seconds."""
    seconds = int(made.duration)
    for second in range(-3, seconds + 3):
        at = second + course.offset
        levels = {"connections": course.connections * len(made.loads), "cpu_host": course.host, "cores": 2.0}
        for name, level in levels.items():
            _point(recorder, name, at, level if 0 <= at <= seconds or name != "connections" else 0.0)
        # Of the second that ends here, this much lies in the load.
        part = max(0.0, min(at, seconds) - max(at - 1, 0.0))
        _point(recorder, "cpu_broker", at, course.broker_cores, span=1.0)
        for name, labels, rate, before in _rates(made, course):
            grown = rate * part * course.seen + (before if at - 1 <= 0 < at else 0)
            _point(recorder, name, at, grown, span=1.0, **labels)
    assert account.ledgers


def _rates(made: Plan, course: Course) -> list[tuple[str, dict[str, str], float, float]]:
    found: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

    def add(name: str, rate: float, **labels: str) -> None:
        key = (name, tuple(labels.items()))
        found[key] = found.get(key, 0.0) + rate

    for load in made.loads:
        end = course.tally(load, made.duration)
        add("requests_by_type", end.answered.get("Produce", 0) / made.duration, request="Produce")
        if load.kind == "produce":
            size = int(resolve(load).value_size)
            sent = end.answered["Produce"] * resolve(load).records_per_request / made.duration
            add("records_in_by_topic", sent, topic=load.topic)
            add("ingress_by_topic", sent * (size + 70), topic=load.topic)
        add("connection_attempts", (end.made - course.prepared) / made.duration)
    before = {"connection_attempts": float(course.prepared * len(made.loads))}
    return [(name, dict(labels), rate, before.get(name, 0.0)) for (name, labels), rate in found.items()]


def _point(recorder: Recorder, name: str, at: float, value: float, span: float = 0.0, **labels: Any) -> None:
    resource = RESOURCES[name]
    kind = Kind.DELTA if span else Kind.GAUGE
    assert resource.kind is kind
    recorder.record(
        Point(name, resource.unit, kind, {"broker": "1", **labels}, START + round(at * SECOND), value, span)
    )
