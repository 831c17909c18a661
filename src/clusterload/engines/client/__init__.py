"""The client engine: load as an application makes it, with librdkafka's producers and consumers."""

from clusterload.engines.client.engine import made_load
from clusterload.engines.client.records import Records
from clusterload.engines.client.statistics import ClientStatistics
from clusterload.engines.client.traffic import Traffic

__all__ = ["ClientStatistics", "Records", "Traffic", "made_load"]
