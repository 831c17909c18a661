"""The client engine: load as an application makes it, with librdkafka's producers and consumers."""

from clusterload.generator.librdkafka.engine import made_load
from clusterload.generator.librdkafka.records import Records
from clusterload.generator.librdkafka.series import ClientStatistics, Traffic

__all__ = ["ClientStatistics", "Records", "Traffic", "made_load"]
