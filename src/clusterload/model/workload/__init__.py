"""Plan: what load to make. Loads with their dials, for a duration, and what breaks meanwhile."""

from clusterload.model.workload.arithmetic import Resolved
from clusterload.model.workload.assembly import from_dials
from clusterload.model.workload.dials import (
    USES,
    Declaration,
    Dials,
    declaration_of,
    dial_meaning,
    dial_names,
    dial_noun,
    dial_number,
    dial_text,
    peak_of,
    shape_of,
)
from clusterload.model.workload.faults import ACTIONS, Fault
from clusterload.model.workload.loads import ARRIVALS, ENGINES, KINDS, Load, resolve
from clusterload.model.workload.names import PREFIX, checked_topic
from clusterload.model.workload.plan import Plan, watched
from clusterload.model.workload.totals import Totals, totals_of
from clusterload.model.workload.values import MAX, Level, Rate

__all__ = [
    "ACTIONS",
    "ARRIVALS",
    "ENGINES",
    "KINDS",
    "MAX",
    "PREFIX",
    "USES",
    "Declaration",
    "Dials",
    "Fault",
    "Level",
    "Load",
    "Plan",
    "Rate",
    "Resolved",
    "Totals",
    "checked_topic",
    "declaration_of",
    "dial_meaning",
    "dial_names",
    "dial_noun",
    "dial_number",
    "dial_text",
    "from_dials",
    "peak_of",
    "resolve",
    "shape_of",
    "totals_of",
    "watched",
]
