"""A real Apache Kafka cluster that clusterload starts by itself."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusterload.lab.lab import Lab
    from clusterload.lab.registry import LabBroker, LabInfo, find_lab, running_labs

__all__ = ["Lab", "LabBroker", "LabInfo", "find_lab", "running_labs"]


def __getattr__(name: str) -> object:
    """Load a public name when it is first used, so that the supervisor, which needs none, starts quickly."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{'lab' if name == 'Lab' else 'registry'}"), name)
