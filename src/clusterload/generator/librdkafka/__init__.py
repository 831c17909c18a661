"""The client engine: load as an application makes it, with librdkafka's producers and consumers."""

from clusterload.generator.librdkafka.engine import generate_load
from clusterload.generator.librdkafka.records import CaseRecords
from clusterload.generator.librdkafka.series import ClientStatistics, CountsRecorder

__all__ = ["CaseRecords", "ClientStatistics", "CountsRecorder", "generate_load"]
