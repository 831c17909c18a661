"""The Jolokia agents of the brokers: their MBeans over HTTP, asked live and directly."""

from clusterload.telemetry.sources.jolokia.source import JolokiaSource

__all__ = ["JolokiaSource"]
