"""Limits: what a cluster may carry, as tables with provenance (the TOML files beside this one)."""

from clusterload.limits.library import families, tables
from clusterload.limits.limit import Force, Limit, Scope, row_of
from clusterload.limits.table import Limits

__all__ = ["Force", "Limit", "Limits", "Scope", "families", "row_of", "tables"]
