"""What clusterload shows over HTTP: the Metrics API for any Kafka."""
