"""The client engine: load as an application makes it, with librdkafka producers."""

from clusterload.engines.client.produce import made_load
from clusterload.engines.client.records import Records
from clusterload.engines.client.statistics import ClientStatistics

__all__ = ["ClientStatistics", "Records", "made_load"]
