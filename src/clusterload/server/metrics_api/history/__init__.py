"""What was scraped of a cluster, minute by minute, for days."""

from clusterload.server.metrics_api.history.file import Line
from clusterload.server.metrics_api.history.history import KEPT_MINUTES, MINUTE, Cells, History, Minutes

__all__ = ["KEPT_MINUTES", "MINUTE", "Cells", "History", "Line", "Minutes"]
