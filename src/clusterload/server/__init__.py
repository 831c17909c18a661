"""What clusterload shows over HTTP: the Metrics API for any Kafka, a run's live page, figures for Prometheus.

Entry points: `metrics_api.service`, `live.Page`, `prometheus.Exposition`.
The only package that imports a web server, which is an extra: where it is missing, importing this is a
ConfigurationError that says how to get it.
"""

from clusterload.model.extras import require_extra

require_extra("serve", "starlette", "uvicorn", purpose="serving over HTTP")
