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
        "about": f"{metrics.about}; {metrics.against}" if metrics else "",
        "progress": progress_words(snapshot),
        "left": _left(snapshot),
        "done": None if math.isnan(snapshot.duration) else snapshot.elapsed / max(snapshot.duration, 1e-9),
        "state": snapshot.judgement.state,
        "sentence": capitalized(snapshot.judgement.sentence),
        "note": snapshot.note,
        "ended": snapshot.ended,
        "keys": [*_keys(metrics), *(pair for load in snapshot.loads for pair in _latency(load, snapshot))],
        "loads": [_load(load) for load in snapshot.loads],
        "resources": list(_resources(metrics)) if metrics else [],
        "findings": [_finding(finding, snapshot.at) for finding in snapshot.judgement.findings],
        "events": [
            {
                "at": (event.time - snapshot.start) / SECOND,
                "time": clock_time(event.time),
                "kind": event.kind,
                "text": event.text,
            }
            for event in snapshot.events[-EVENTS:]
        ],
    }
    shown: dict[str, Any] = _seen(document)
    return shown


def _left(snapshot: Snapshot) -> str:
    return "" if snapshot.ended else left_words(snapshot) or "until it is stopped"


def _keys(metrics: Metrics | None) -> Iterator[tuple[str, str]]:
    if metrics is None:
        return
    yield "Limit load", units.percent(metrics.limit_load) if metrics.shares else "no limits are known"
    if metrics.binding is not None and metrics.limit_load >= NOTICEABLE:
        yield "Binding", f"{metrics.binding.resource.title}{_of(metrics.binding)}"
    if metrics.busiest is not None:
        busiest = metrics.busiest
        yield "Saturation", f"{units.percent(busiest.now)}, {busiest.resource.title}{_of(busiest)}"
    for alarm in metrics.alarms:
        yield alarm.resource.title, units.number(alarm.now)


def _of(level: LevelNow) -> str:
    return f", {level.whose}" if level.whose else ""


def _latency(load: LoadNow, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    if not math.isnan(load.p99):
        of = f" of {load.name}" if len(snapshot.loads) > 1 else ""
        p50, p99 = (units.short(seconds, units.SECONDS) for seconds in (load.p50, load.p99))
        yield f"Latency{of}", f"median {p50}, p99 {p99}"


def _load(load: LoadNow) -> dict[str, Any]:
    ledger = load.ledger
    counts = ("scheduled", "acknowledged", "failed", "unknown", "dropped", "late")
    return {
        "name": load.name,
        "unit": ledger.unit,
        "dials": [
            [dial.dial, units.short(dial.asked, dial.unit), units.short(dial.achieved, dial.unit)]
            for dial in load.dials
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
    for level in metrics.saturation:
        name = f"{level.resource.title}{_of(level)}"
        yield [name, units.percent(level.now), units.percent(level.typical), "", ""]


def _finding(finding: FindingNow, at: float) -> dict[str, Any]:
    return {
        "cause": finding.cause,
        "sentence": finding.sentence,
        "confidence": finding.confidence,
        "sure": confidence_words(finding.confidence),
        "held": f"for {units.duration(max(0, round(at - finding.since)))}",
        "firm": finding.firm,
    }


def _seen(value: Any) -> Any:
    """The same with all text visible."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {key: _seen(item) for key, item in value.items()}
    return [_seen(item) for item in value] if isinstance(value, list | tuple) else value
