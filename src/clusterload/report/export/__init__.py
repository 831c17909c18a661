"""Exports: a run in the formats of other tools, as files and as frames."""

from clusterload.report.export.exporting import FORMATS, export
from clusterload.report.export.frames import frame
from clusterload.report.export.tables import TABLES

__all__ = ["FORMATS", "TABLES", "export", "frame"]
