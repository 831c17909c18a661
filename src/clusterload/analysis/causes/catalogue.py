"""The catalogue of causes: each declared once, in the file of its family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clusterload.analysis.causes import bounding, connecting, consuming, coordinating, failing, placing, producing
from clusterload.analysis.causes.cause import Cause

FAMILIES: Final[Mapping[str, tuple[Cause, ...]]] = {
    "Connections": connecting.CAUSES,
    "What is produced": producing.CAUSES,
    "What is consumed": consuming.CAUSES,
    "What else is asked": coordinating.CAUSES,
    "Where data lies": placing.CAUSES,
    "What fails or lags": failing.CAUSES,
    "Nobody's load": bounding.CAUSES,
}
"""All causes by family, in the order in which they are told."""

CAUSES: Final[Mapping[str, Cause]] = {cause.id: cause for family in FAMILIES.values() for cause in family}
"""All causes by id."""
