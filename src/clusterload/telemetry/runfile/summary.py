"""Summary: what a run file says of itself, without the Series in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from clusterload.model.series import SECOND

if TYPE_CHECKING:
    from clusterload.model.workload import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run file says of itself.

    Attributes:
        path: of the file.
        id: of the run.
        plan: what load was asked for; None if none was.
        start: Unix nanoseconds at which the load, or what was recorded, began.
        end: Unix nanoseconds at which it ended.
        complete: False if the run was cut short, or still goes on.
        labels: what somebody wrote on it.
    """

    path: Path
    id: str
    plan: Plan | None
    start: int
    end: int
    complete: bool
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return (self.end - self.start) / SECOND
