"""Limits: what a cluster may carry, as tables with provenance (the TOML files in this folder)."""

from clusterload.model.limits.library import families, tables
from clusterload.model.limits.limit import BUSY, Force, Limit, Scope
from clusterload.model.limits.row import row_of
from clusterload.model.limits.table import DECLARED, HOW_TO_NAME, NO_LIMITS, Limits

__all__ = [
    "BUSY",
    "DECLARED",
    "HOW_TO_NAME",
    "NO_LIMITS",
    "Force",
    "Limit",
    "Limits",
    "Scope",
    "families",
    "row_of",
    "tables",
]
