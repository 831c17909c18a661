"""What clusterload shows over HTTP: the Metrics API for any Kafka, a run's live page, figures for Prometheus.

Entry points: `metrics_api.service`, `live.app`, `prometheus`.
The only package that imports a web server.
"""
