"""Our side, as a user runs it: the command line, and its JSON.

What is read of the JSON: `ledger`, a list of accounts; `generator` with `cpu_seconds` and `peak_rss_bytes`; `latency`,
by load and kind (`due`, `sent`, `delay`) the quantiles `p50` to `p99.9`, `max` and `mean` in ms.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.rig.contest import OURS, Contender, Figures, Meanwhile, Scene, undisturbed
from benchmarks.rig.processes import Outcome
from clusterload import read_run

_PROGRAM = str(Path(sys.executable).parent / "clusterload")
Document = dict[str, Any]
Reading = Callable[[Document], Figures]
Target = Callable[[Scene], list[str]]


def broker(scene: Scene) -> list[str]:
    """Load the broker, and where records go, the contest's topic."""
    return ["--bootstrap-server", scene.servers, "--topic", scene.topic]


def noop(_scene: Scene) -> list[str]:
    """Load nothing: what would be sent is answered at once, inside the generator."""
    return ["--noop"]


def nothing_more(_document: Document) -> Figures:
    """Only the figures that every run has."""
    return {}


def contender(
    dials: Mapping[str, object],
    seconds: float,
    *,
    name: str = OURS,
    target: Target = broker,
    reading: Reading = nothing_more,
    meanwhile: Meanwhile = undisturbed,
) -> Contender:
    """Our tool with these dials for so long, against a target."""

    def argv(scene: Scene) -> list[str]:
        out = scene.log.with_suffix(".run")
        for old in out.parent.glob(f"{out.name}*") if out.parent.exists() else ():
            old.unlink()
        words = [_PROGRAM, "run", *target(scene), "--for", f"{seconds:g}s", "--no-metrics", "--json"]
        words += [word for dial, value in dials.items() for word in ("--dial", f"{dial}={value}")]
        return [*words, "--out", str(out)]

    def figures(scene: Scene, outcome: Outcome) -> Figures:
        document = json.loads(outcome.output)
        return _common(document, scene.log.with_suffix(".run")) | reading(document)

    return Contender(name=name, argv=argv, figures=figures, meanwhile=meanwhile)


def _common(document: Document, run: Path) -> Figures:
    """`rate` (acknowledged in a second of the load), the ledger's terms, the generator's cost, who answered last."""
    account = {
        term: float(sum(each[term] for each in document["ledger"]))
        for term in ("scheduled", "acknowledged", "failed", "unknown", "dropped", "late")
    }
    account["lost"] = account.pop("failed") + account.pop("unknown") + account.pop("dropped")
    generator = document["generator"]
    return account | {
        "rate": account["acknowledged"] / read_run(run).seconds,
        "generator_cpu": float(generator["cpu_seconds"]),
        "generator_memory": float(generator["peak_rss_bytes"]),
        "alive": float(sum(traffic["alive"] or 0 for traffic in document.get("traffic", []))),
    }


def latency(kind: str) -> Reading:
    """The latencies of the one load: `due` from the due time, `sent` from the send, `delay` between the two; in ms."""
    names = {"p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99", "p99_9": "p999", "max": "max", "mean": "mean"}

    def reading(document: Document) -> Figures:
        (kinds,) = document["latency"].values()
        found = kinds.get(kind, {})
        return {name: float(found.get(key, math.nan)) for key, name in names.items()}

    return reading
