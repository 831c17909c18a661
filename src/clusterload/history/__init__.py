"""What was scraped of a cluster, minute by minute, for days."""

from clusterload.history.file import Line
from clusterload.history.history import KEPT_MINUTES, Cells, History
from clusterload.history.minutes import MINUTE, Minutes

__all__ = ["KEPT_MINUTES", "MINUTE", "Cells", "History", "Line", "Minutes"]
