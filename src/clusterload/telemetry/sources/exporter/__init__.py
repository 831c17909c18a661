"""The JMX exporters of the brokers, scraped live and directly."""

from clusterload.telemetry.sources.exporter.source import ExporterSource

__all__ = ["ExporterSource"]
