"""The catalogue of causes: each declared once, in the file of its family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clusterload.analysis.causes import (
    bounding,
    connecting,
    consuming,
    coordinating,
    erring,
    failing,
    placing,
    producing,
)
from clusterload.analysis.causes.cause import Cause

FAMILIES: Final[Mapping[str, tuple[Cause, ...]]] = {
    "Connections": connecting.CAUSES,
    "Producing": producing.CAUSES,
    "Consuming": consuming.CAUSES,
    "Coordination": coordinating.CAUSES,
    "Data placement": placing.CAUSES,
    "Failures and lag": failing.CAUSES,
    "Errors": erring.CAUSES,
    "No client's load": bounding.CAUSES,
}
"""All causes by family, in the order of the pages."""

CAUSES: Final[Mapping[str, Cause]] = {cause.id: cause for family in FAMILIES.values() for cause in family}
"""All causes by id."""
