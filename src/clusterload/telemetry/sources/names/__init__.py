"""Metric-name maps: what a cluster's metrics are called where they come from, as tables (the TOML files here).

A map says for each Series from which metric it comes, which of the metric's lines count, and by which of its
labels there are several Series. One's own map is a TOML file that `extends` one of these.
"""

from clusterload.telemetry.sources.names.names import Names, Threads, table_names
from clusterload.telemetry.sources.names.rewriting import Selector
from clusterload.telemetry.sources.names.rule import BROKER, Labels, Rule

__all__ = ["BROKER", "Labels", "Names", "Rule", "Selector", "Threads", "table_names"]
