"""The one place that knows the Kafka client library: properties, clusters, topics."""

from clusterload.kafka.cluster import Broker, Cluster, Partition, Topic
from clusterload.kafka.properties import Properties

__all__ = ["Broker", "Cluster", "Partition", "Properties", "Topic"]
