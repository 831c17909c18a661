"""The Admin API as a source: partitions, logs, consumer groups and their lag, without an exporter."""

from clusterload.telemetry.sources.admin.source import AdminSource

__all__ = ["AdminSource"]
