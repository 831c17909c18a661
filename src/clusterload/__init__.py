"""Tell what is really loading an Apache Kafka cluster, and what would change it.

    plan    = Plan.read("peak.toml")
    run     = measure(plan, cluster)
    usage   = assess(run, limits)
    verdict = diagnose(run, usage)
    report  = render(run, usage, verdict)

The names below are the public ones. Each is loaded when it is first used, so that importing the package costs
nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusterload.achievement import Achieved, achieved
    from clusterload.brake import Brake, brakes
    from clusterload.case import Case, judge, run_case
    from clusterload.change import Changed, changed
    from clusterload.comparison import Comparison, compare
    from clusterload.consent import Consent
    from clusterload.contrast import Contrasted, contrasted
    from clusterload.diagnosis import State, Verdict, diagnose
    from clusterload.engines.client import ClientStatistics
    from clusterload.errors import ClusterloadError
    from clusterload.exports import export, frame
    from clusterload.gating import Gate, gate
    from clusterload.kafka import Cluster, Properties
    from clusterload.lab import Lab
    from clusterload.limits import Limits
    from clusterload.measurement import measure
    from clusterload.plan import Dials, Fault, Load, Plan
    from clusterload.reports.plots import plot
    from clusterload.reports.report import Report, answer, render, riddle
    from clusterload.run import Run
    from clusterload.series import Series
    from clusterload.store import Recorder, read_run
    from clusterload.thresholds import Threshold
    from clusterload.usage import Usage, assess
    from clusterload.watching import watch

__version__ = "0.1.0"

_HOMES = {
    "Achieved": "achievement",
    "Brake": "brake",
    "Case": "case",
    "Changed": "change",
    "ClientStatistics": "engines.client",
    "Cluster": "kafka",
    "ClusterloadError": "errors",
    "Comparison": "comparison",
    "Consent": "consent",
    "Contrasted": "contrast",
    "Dials": "plan",
    "Fault": "plan",
    "Gate": "gating",
    "Lab": "lab",
    "Limits": "limits",
    "Load": "plan",
    "Plan": "plan",
    "Properties": "kafka",
    "Recorder": "store",
    "Report": "reports.report",
    "Run": "run",
    "Series": "series",
    "State": "diagnosis",
    "Threshold": "thresholds",
    "Usage": "usage",
    "Verdict": "diagnosis",
    "achieved": "achievement",
    "answer": "reports.report",
    "assess": "usage",
    "brakes": "brake",
    "changed": "change",
    "compare": "comparison",
    "contrasted": "contrast",
    "diagnose": "diagnosis",
    "export": "exports",
    "frame": "exports",
    "gate": "gating",
    "judge": "case",
    "measure": "measurement",
    "plot": "reports.plots",
    "read_run": "store",
    "render": "reports.report",
    "riddle": "reports.report",
    "run_case": "case",
    "watch": "watching",
}

__all__ = [
    "Achieved",
    "Brake",
    "Case",
    "Changed",
    "ClientStatistics",
    "Cluster",
    "ClusterloadError",
    "Comparison",
    "Consent",
    "Contrasted",
    "Dials",
    "Fault",
    "Gate",
    "Lab",
    "Limits",
    "Load",
    "Plan",
    "Properties",
    "Recorder",
    "Report",
    "Run",
    "Series",
    "State",
    "Threshold",
    "Usage",
    "Verdict",
    "achieved",
    "answer",
    "assess",
    "brakes",
    "changed",
    "compare",
    "contrasted",
    "diagnose",
    "export",
    "frame",
    "gate",
    "judge",
    "measure",
    "plot",
    "read_run",
    "render",
    "riddle",
    "run_case",
    "watch",
]


def __getattr__(name: str) -> object:
    """Load a public name from its home."""
    if name not in _HOMES:
        raise AttributeError(f"module 'clusterload' has no attribute {name!r}")
    return getattr(import_module(f"clusterload.{_HOMES[name]}"), name)


# By name, as all else here: what is below reports must not come to depend on them by importing the version.
if "IPython" in sys.modules:
    import_module("clusterload.reports.notebook").register()
