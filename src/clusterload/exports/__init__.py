"""Exports: a run in the formats of other tools, as files and as frames."""

from clusterload.exports.exporting import FORMATS, export
from clusterload.exports.frames import frame
from clusterload.exports.tables import TABLES

__all__ = ["FORMATS", "TABLES", "export", "frame"]
