"""Plan: what load to make. Loads with their dials, for a duration, and what breaks meanwhile."""

from clusterload.plan.arithmetic import Resolved, resolved
from clusterload.plan.assembly import from_dials
from clusterload.plan.dials import (
    USES,
    Declared,
    Dials,
    declared,
    dial_meaning,
    dial_names,
    dial_noun,
    dial_number,
    dial_text,
    peak_of,
    shape_of,
)
from clusterload.plan.faults import ACTIONS, Fault
from clusterload.plan.loads import ARRIVALS, ENGINES, KINDS, Load
from clusterload.plan.names import PREFIX, checked_topic
from clusterload.plan.plan import Plan
from clusterload.plan.telling import watched
from clusterload.plan.totals import Totals, totals
from clusterload.plan.values import MAX, Level, Rate

__all__ = [
    "ACTIONS",
    "ARRIVALS",
    "ENGINES",
    "KINDS",
    "MAX",
    "PREFIX",
    "USES",
    "Declared",
    "Dials",
    "Fault",
    "Level",
    "Load",
    "Plan",
    "Rate",
    "Resolved",
    "Totals",
    "checked_topic",
    "declared",
    "dial_meaning",
    "dial_names",
    "dial_noun",
    "dial_number",
    "dial_text",
    "from_dials",
    "peak_of",
    "resolved",
    "shape_of",
    "totals",
    "watched",
]
