"""Kafka as a client sees it: client library, properties, admin requests, quotas, and the protocol itself.

Entry points: `cluster.Cluster.connect`, `properties.Properties`, `protocol.conversation`.
Never imports metrics, loads or reports.
"""
