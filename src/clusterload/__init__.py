"""Tell what is really loading an Apache Kafka cluster, and what would change it.

    plan    = Plan.read("peak.toml")
    run     = measure(plan, cluster)
    usage   = assess(run, limits)
    verdict = diagnose(run, usage)
    report  = render(run, usage, verdict)

`watch` looks at a cluster without any load; `bill`, `headroom`, `changes` and `compare` say more of runs, and `frame`
makes a data frame of one. The names below are the public ones. Each is loaded when it is first used, so that importing
the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from clusterload._version import __version__ as __version__

if TYPE_CHECKING:
    from clusterload.analysis.achieved import AchievedDial, achieved
    from clusterload.analysis.bill import Bill, bill
    from clusterload.analysis.bottleneck import Bottleneck, bottlenecks
    from clusterload.analysis.changes import ChangeSet, changes
    from clusterload.analysis.compare import Comparison, compare
    from clusterload.analysis.diagnosis import State, Verdict, diagnose
    from clusterload.analysis.gates import Gate, check_thresholds
    from clusterload.analysis.headroom import Headroom, headroom
    from clusterload.analysis.usage import Usage, assess
    from clusterload.generator.librdkafka import ClientStatistics
    from clusterload.kafka.cluster import Cluster
    from clusterload.kafka.properties import Properties
    from clusterload.lab.lab import Lab
    from clusterload.model.errors import ClusterloadError
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run
    from clusterload.model.series import Series
    from clusterload.model.thresholds import Threshold
    from clusterload.model.workload import Dials, Fault, Load, Plan
    from clusterload.report.export import export, frame
    from clusterload.report.plots import plot
    from clusterload.report.report import Report, render
    from clusterload.telemetry.runfile import Recorder, read_run
    from clusterload.workflow.cleanup import cleanup
    from clusterload.workflow.consent import Consent
    from clusterload.workflow.experiment import run_experiment
    from clusterload.workflow.measure import measure
    from clusterload.workflow.step_search.capacity import find_capacity
    from clusterload.workflow.watch import watch

_HOMES = {
    "AchievedDial": "analysis.achieved",
    "Bill": "analysis.bill",
    "Bottleneck": "analysis.bottleneck",
    "ChangeSet": "analysis.changes",
    "ClientStatistics": "generator.librdkafka",
    "Cluster": "kafka.cluster",
    "ClusterloadError": "model.errors",
    "Comparison": "analysis.compare",
    "Consent": "workflow.consent",
    "Dials": "model.workload",
    "Fault": "model.workload",
    "Gate": "analysis.gates",
    "Headroom": "analysis.headroom",
    "Lab": "lab.lab",
    "Limits": "model.limits",
    "Load": "model.workload",
    "Plan": "model.workload",
    "Properties": "kafka.properties",
    "Recorder": "telemetry.runfile",
    "Report": "report.report",
    "Run": "model.run",
    "Series": "model.series",
    "State": "analysis.diagnosis",
    "Threshold": "model.thresholds",
    "Usage": "analysis.usage",
    "Verdict": "analysis.diagnosis",
    "achieved": "analysis.achieved",
    "assess": "analysis.usage",
    "bill": "analysis.bill",
    "bottlenecks": "analysis.bottleneck",
    "changes": "analysis.changes",
    "check_thresholds": "analysis.gates",
    "cleanup": "workflow.cleanup",
    "compare": "analysis.compare",
    "diagnose": "analysis.diagnosis",
    "export": "report.export",
    "find_capacity": "workflow.step_search.capacity",
    "frame": "report.export",
    "headroom": "analysis.headroom",
    "measure": "workflow.measure",
    "plot": "report.plots",
    "read_run": "telemetry.runfile",
    "render": "report.report",
    "run_experiment": "workflow.experiment",
    "watch": "workflow.watch",
}

__all__ = [
    "AchievedDial",
    "Bill",
    "Bottleneck",
    "ChangeSet",
    "ClientStatistics",
    "Cluster",
    "ClusterloadError",
    "Comparison",
    "Consent",
    "Dials",
    "Fault",
    "Gate",
    "Headroom",
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
    "assess",
    "bill",
    "bottlenecks",
    "changes",
    "check_thresholds",
    "cleanup",
    "compare",
    "diagnose",
    "export",
    "find_capacity",
    "frame",
    "headroom",
    "measure",
    "plot",
    "read_run",
    "render",
    "run_experiment",
    "watch",
]


def __getattr__(name: str) -> object:
    """Load a public name from its home."""
    if name not in _HOMES:
        raise AttributeError(f"module 'clusterload' has no attribute {name!r}")
    return getattr(import_module(f"clusterload.{_HOMES[name]}"), name)
