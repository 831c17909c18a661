"""Telling: a snapshot in the words and figures that the page shows. Pure; names of others come out visible."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from clusterload.analysis.usage import NOTICEABLE
from clusterload.model import units
from clusterload.model.run import clock_time
from clusterload.model.series import SECOND
from clusterload.model.wording import capitalized
from clusterload.report.diagnosis import confidence_words
from clusterload.report.live import left_words, progress_words
from clusterload.report.plain import visible
from clusterload.report.tables import amount, limit_text

if TYPE_CHECKING:
    from clusterload.workflow.live import Snapshot
    from clusterload.workflow.live.snapshot import FindingNow, LevelNow, LoadNow, Metrics

EVENTS: Final = 50
"""Of the last things that happened so many are shown."""


def told(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as plain values: text, and what is drawn as a length or as marks."""
    metrics = snapshot.metrics
    document = {
        "title": snapshot.title,
        "about": metrics.about if metrics else "",
        "progress": progress_words(snapshot),
        "left": _left(snapshot),
        "done": None if math.isnan(snapshot.duration) else snapshot.elapsed / max(snapshot.duration, 1e-9),
        "state": snapshot.judgement.state,
        "sentence": capitalized(snapshot.judgement.sentence),
        "note": snapshot.note,
        "ended": snapshot.ended,
        "keys": [*_keys(metrics), *(pair for load in snapshot.loads for pair in _latency(load, snapshot))],
        "loads": [_load(one) for one in snapshot.loads],
        "resources": list(_resources(metrics)) if metrics else [],
        "findings": [_finding(one, snapshot.at) for one in snapshot.judgement.findings],
        "events": [
            {
                "at": (one.time - snapshot.start) / SECOND,
                "time": clock_time(one.time),
                "kind": one.kind,
                "text": one.text,
            }
            for one in snapshot.events[-EVENTS:]
        ],
    }
    shown: dict[str, Any] = _seen(document)
    return shown


def _left(snapshot: Snapshot) -> str:
    return "" if snapshot.ended else left_words(snapshot) or "until it is stopped"


def _keys(metrics: Metrics | None) -> Iterator[tuple[str, str]]:
    if metrics is None:
        return
    yield "Limit load", units.percent(metrics.limit_load) if metrics.shares else "no limit is known"
    if metrics.binding is not None and metrics.limit_load >= NOTICEABLE:
        yield "What binds", f"{metrics.binding.resource.title}{_of(metrics.binding)}"
    if metrics.busiest is not None:
        one = metrics.busiest
        yield "Saturation", f"{units.percent(one.now)}, {one.resource.title}{_of(one)}"
    for one in metrics.alarms:
        yield one.resource.title, units.number(one.now)


def _of(level: LevelNow) -> str:
    return f", broker {level.broker}" if level.broker else ""


def _latency(load: LoadNow, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    if not math.isnan(load.p99):
        of = f" of {load.name}" if len(snapshot.loads) > 1 else ""
        p50, p99 = (units.short(one, units.SECONDS) for one in (load.p50, load.p99))
        yield f"Latency{of}", f"median {p50}, p99 {p99}"


def _load(load: LoadNow) -> dict[str, Any]:
    ledger = load.ledger
    counts = ("scheduled", "acknowledged", "failed", "unknown", "dropped", "late")
    return {
        "name": load.name,
        "unit": ledger.unit,
        "dials": [
            [one.dial, units.short(one.asked, one.unit), units.short(one.achieved, one.unit)] for one in load.dials
        ],
        "ledger": [f"{getattr(ledger, name):,}" for name in counts],
        "errors": [[error, f"{count:,}"] for error, count in ledger.errors.items()],
    }


def _resources(metrics: Metrics) -> Iterator[list[str]]:
    for line in metrics.lines:
        share = metrics.share(line.resource.name)
        yield [
            line.resource.title,
            amount(line, line.now),
            amount(line, line.typical),
            limit_text(share.limit, line) if share else "unknown",
            units.percent(share.now) if share else "",
        ]
    for one in metrics.saturation:
        name = f"{one.resource.title}{_of(one)}"
        yield [name, units.percent(one.now), units.percent(one.typical), "", ""]


def _finding(one: FindingNow, at: float) -> dict[str, Any]:
    return {
        "cause": one.cause,
        "sentence": one.sentence,
        "confidence": one.confidence,
        "sure": confidence_words(one.confidence),
        "held": f"for {units.duration(max(0, round(at - one.since)))}",
        "firm": one.firm,
    }


def _seen(value: Any) -> Any:
    """The same with all text visible."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {key: _seen(one) for key, one in value.items()}
    return [_seen(one) for one in value] if isinstance(value, list | tuple) else value
