"""Tell what is really loading an Apache Kafka cluster, and what would change it."""

__version__ = "0.1.0"
