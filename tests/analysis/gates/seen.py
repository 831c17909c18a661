"""Runs whose figures are chosen second by second, written by the real Recorder and read back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from clusterload import Limits, Run, assess, read_run
from clusterload.analysis.gates import Gate, check_thresholds
from clusterload.generator.wire.account import LatencyHistograms
from clusterload.model.ledger import Ledger
from clusterload.model.resources import RESOURCES
from clusterload.model.run import Event
from clusterload.model.series import SECOND, Kind, Point
from clusterload.model.thresholds import Threshold
from clusterload.model.workload import Plan
from clusterload.telemetry.runfile import Recorder
from tests.stored_runs import START, limits

TABLE = limits(ingress="10 MB/s", connections="100 connections")
BROKERS = ("1", "2")

Key = TypeVar("Key", bound=tuple[str, ...])
"""Name and labels, as in `("cpu_host", "broker=1")`."""


def recorded(
    path: Path,
    figures: Mapping[Key, Sequence[float]],
    *,
    plan: Plan | None = None,
    seconds: int = 20,
    ledgers: Sequence[Ledger] = (),
    latencies: Mapping[tuple[str, str], Sequence[int]] | None = None,
    events: Sequence[Event] = (),
    complete: bool = True,
    brokers: Sequence[str] = BROKERS,
) -> Run:
    """A run of so many seconds.

    Figures are values second by second; where one is NaN, nothing is seen. Latencies are microseconds by Load and kind,
    100 of them each second; 0 is none.
    """
    with Recorder(path) as recorder:
        if plan is not None:
            recorder.document("plan", plan.as_document())
        recorder.document("environment", {"cluster": {"id": "test", "brokers": [{"id": one} for one in brokers]}})
        recorder.document("window", {"start": START, "end": START + seconds * SECOND, "complete": complete})
        recorder.ledgers(ledgers)
        for (name, *labels), values in figures.items():
            _series(recorder, name, dict(label.split("=") for label in labels), values)
        _latencies(recorder, latencies or {})
        for event in events:
            recorder.event(event.time, event.kind, event.text)
    return read_run(path)


def _series(recorder: Recorder, name: str, labels: Mapping[str, str], values: Sequence[float]) -> None:
    one = RESOURCES[name]
    for second, value in enumerate(values):
        if math.isnan(value):
            continue
        delta = one.kind is Kind.DELTA
        at = START + (second + 1) * SECOND if delta else START + second * SECOND + SECOND // 2
        recorder.record(Point(name, one.unit, one.kind, labels, at, value, 1.0 if delta else 0.0))


def _latencies(recorder: Recorder, latencies: Mapping[tuple[str, str], Sequence[int]]) -> None:
    whole: dict[str, dict[str, str]] = {}
    each: dict[str, dict[str, dict[str, str]]] = {}
    for (load, of), us in latencies.items():
        kept = LatencyHistograms()
        for second, one in enumerate(us):
            if one:
                kept.add(second, {one: 100})
        whole.setdefault(load, {})[of] = kept.whole.encode()
        each.setdefault(load, {})[of] = kept.seconds()
    recorder.document("latency", whole)
    recorder.document("latency_intervals", each)


def held(run: Run, *texts: str, table: Limits = TABLE) -> Gate:
    """A run held against its plan's thresholds and these."""
    return check_thresholds(run, assess(run, table), map(Threshold.parsed, texts))


def said(run: Run, text: str, table: Limits = TABLE) -> str:
    """What becomes of one threshold, in words."""
    (one,) = held(run, text, table=table).judged
    return f"{one.answer}: {one.words}"
