"""Kind: how values over time are to be read. By itself, so that who only names resources needs no arithmetic."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """How the values of a Series are to be read."""

    GAUGE = "gauge"
    """What was the case at its time."""
    DELTA = "delta"
    """How much happened in the span that ends at its time."""
