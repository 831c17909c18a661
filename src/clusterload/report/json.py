"""Runs and their judgement as plain values, for programs."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from clusterload.analysis.achieved import AchievedDial, achieved
from clusterload.analysis.bottleneck import bottlenecks
from clusterload.analysis.case_comparison import DialChange
from clusterload.analysis.diagnosis import Verdict
from clusterload.analysis.gates import Gate, check_thresholds
from clusterload.analysis.usage import Usage
from clusterload.model.histogram import Histogram
from clusterload.model.limits import row_of
from clusterload.model.run import Run, clock_time
from clusterload.model.workload import declaration_of
from clusterload.report.diagnosis import finding_document, limits_named, reached_document
from clusterload.report.gates import gate_document
from clusterload.report.load import QUANTILES
from clusterload.report.plain import finite

if TYPE_CHECKING:
    from clusterload.workflow.cases import Outcome


def run_document(run: Run, usage: Usage, verdict: Verdict, thresholds: Gate | None = None) -> dict[str, Any]:
    """A run with its usage and verdict; shares are ratios, values are in the unit given with them.

    Args:
        run: what was judged.
        usage: the same against limits.
        verdict: the judgement.
        thresholds: judged; those of the run's plan if none are given.
    """
    return {
        "run": str(run.path) if run.path else None,
        "id": run.id,
        "plan": run.plan.as_document() if run.plan else None,
        "start": clock_time(run.start),
        "end": clock_time(run.end),
        "complete": run.complete,
        **load_document(run),
        "resources": {line.resource.name: _resource(usage, line.resource.name) for line in usage.lines},
        "saturation": [
            {"resource": line.resource.name, "broker": line.broker, "typical": finite(line.typical)}
            for line in usage.saturation
        ],
        "limits": limits_named(usage),
        "limit_load": finite(verdict.limit_load),
        "provider_load": {
            line.resource.name: {"typical": finite(line.typical), "peak": finite(line.peak)} for line in usage.provider
        },
        "binding": verdict.binding.resource.name if verdict.binding else None,
        "state": str(verdict.state),
        "reached": [reached_document(reached) for reached in verdict.reached],
        "findings": [finding_document(finding) for finding in verdict.findings],
        "missing": list(verdict.missing),
        "verdict": verdict.sentence,
        "thresholds": gate_document(check_thresholds(run, usage) if thresholds is None else thresholds),
        "events": [asdict(event) for event in run.events],
    }


def load_document(run: Run) -> dict[str, Any]:
    """What a load came to: its dials by both counts, ledger, latency in ms, the bottleneck, what the generator took."""
    dials = achieved(run)
    return {
        "ledger": [asdict(ledger) for ledger in run.ledgers],
        "dials": [_dial(dial) for dial in dials],
        "latency": {load: _latency(run, load) for load in dict.fromkeys(latency.load for latency in run.latencies)},
        "bottleneck": [asdict(bottleneck) for bottleneck in bottlenecks(run, dials)],
        "traffic": [asdict(traffic) for traffic in run.traffic],
        "generator": asdict(run.generator) if run.generator else None,
    }


def _dial(dial: AchievedDial) -> dict[str, Any]:
    return {
        "load": dial.load,
        "dial": dial.dial,
        "unit": str(dial.asked.unit),
        "asked": "max" if math.isinf(dial.asked.value) else dial.asked.value,
        "achieved": finite(dial.value),
        "missed_by": finite(dial.missed_by),
        "kept": dial.kept,
        "counted": finite(dial.counted.value),
        "counted_of": {
            "resource": dial.counted.of,
            "loads": list(dial.counted.loads),
            "generator": finite(dial.counted.made),
        },
    }


def _latency(run: Run, load: str) -> dict[str, Any]:
    traffic = run.traffic_of(load)
    kinds = {latency.of: _quantiles(latency.histogram) for latency in run.latencies if latency.load == load}
    return {"closed_loop": bool(traffic and traffic.closed_loop), **kinds}


def _quantiles(kept: Histogram) -> dict[str, Any]:
    """Milliseconds, and how many were counted."""
    figures = {name: kept.quantile(q) for name, q in QUANTILES.items()} | {"max": kept.maximum, "mean": kept.mean}
    return {**{name: finite(value / 1e3) for name, value in figures.items()}, "count": kept.count}


def case_document(outcome: Outcome) -> dict[str, Any]:
    """A case with each of its steps, the effects of what changed, and the verdict in words."""
    return {
        "case": outcome.case.name,
        "verdict": outcome.sentence,
        "steps": [
            {
                **run_document(step.run, step.usage, step.verdict),
                "changes": [_change(change) for change in step.comparison.changes] if step.comparison else [],
                "effects": {
                    effect.name: {"ratio": finite(effect.ratio), "spread": finite(effect.spread)}
                    for effect in (*step.comparison.effects, step.comparison.limit_load)
                }
                if step.comparison
                else {},
                "predicted": step.run.environment.get("predicted", {}),
            }
            for step in outcome.steps
        ],
    }


def _change(change: DialChange) -> dict[str, Any]:
    plain = declaration_of(change.dial).values.plain
    return {"dial": change.dial, "before": plain(change.before), "after": plain(change.after)}


def _resource(usage: Usage, name: str) -> dict[str, Any]:
    line = usage.line(name)
    assert line is not None
    shares = usage.shares_of(name)
    limit = shares[0].limit if shares else usage.limits.of(name)
    return {
        "unit": str(line.resource.unit if line.resource.kind == "gauge" else line.resource.unit.rate()),
        "typical": finite(line.typical),
        "peak": finite(line.peak),
        "limit": str(limit.value) if limit else None,
        "share": finite(shares[0].typical) if shares else None,
        "limits": [
            {**row_of(share.limit), "of_broker": share.broker, "of_part": share.part, "share": finite(share.typical)}
            for share in shares
        ],
    }
