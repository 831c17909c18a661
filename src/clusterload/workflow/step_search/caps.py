"""Caps of a search: how far a load may be raised on a cluster, by consent and by what this machine can take."""

from __future__ import annotations

import math
import resource
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from clusterload.lab.registry import find_lab
from clusterload.model import units
from clusterload.model.errors import ConsentError
from clusterload.model.paths import labs_dir
from clusterload.workflow.consent import CAPS, Consent, asked

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster
    from clusterload.model.workload import Plan
    from clusterload.workflow.step_search.stepped_load import SteppedLoad

DISK_SHARE: Final = 0.05
"""Share of the free disk that one step of a lab may write: what is deleted stays there for a minute."""

COPIES: Final = 3
"""Replicas that a lab keeps at most of each record."""

_OTHER_FILES: Final = 512
_TOTALS: Final = ("bytes_written", "duration")
_FINE: Final = 1e-3


@dataclass(slots=True, kw_only=True)
class StepCaps:
    """How far steps may go.

    Attributes:
        caps: most of what one plan may ask for, by the names of `consent.CAPS`.
        why: what the caps are, in words.
        together: whether the caps on bytes and time hold for all steps together.
        files: most connections, since each is a file of this process; infinite if they are not bounded.
    """

    caps: Mapping[str, float]
    why: str
    together: bool
    files: float
    _used: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_TOTALS, 0.0))

    @classmethod
    def of(cls, cluster: Cluster, consented: Consent) -> StepCaps:
        """The caps of a cluster: on a lab this machine's disk, on any other what was consented to."""
        _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = math.inf if files in {resource.RLIM_INFINITY, -1} else float(files - _OTHER_FILES)
        if find_lab(cluster.id) is None:
            return cls(caps={**CAPS, **consented.caps}, why="the cap", together=True, files=most)
        disk = DISK_SHARE * shutil.disk_usage(labs_dir()).free / min(COPIES, len(cluster.brokers))
        return cls(caps={"bytes_written": disk}, why="this machine's disk, as", together=False, files=most)

    def most(self, load: SteppedLoad) -> tuple[float, str]:
        """The highest value that a load may be raised to, and why not higher.

        Raises:
            ConsentError: not even the lowest value is allowed.
        """
        most, why = load.most, f"a search ends at {units.short(load.most, load.unit)}"
        if load.opens and self.files < most:
            most, why = self.files, f"this process may open {self.files:,.0f} connections (ulimit -Hn)"
        beyond = self._beyond(load.plan(most))
        if not beyond:
            return most, why
        if lowest := self._beyond(load.plan(load.least)):
            raise ConsentError(
                f"{load.name} cannot be raised: its lowest step goes beyond {self.why} {lowest} "
                f"{self.caps[lowest]:,.0f}: raise it with --cap, or make shorter steps"
            )
        low, high = load.least, most
        while high / low > 1 + _FINE and not (load.whole and high - low <= 1):
            middle = math.sqrt(low * high)
            middle = float(round(middle)) if load.whole else middle
            if not low < middle < high:
                break
            over = self._beyond(load.plan(middle))
            low, high, beyond = (low, middle, over) if over else (middle, high, beyond)
        return low, f"{self.why} {beyond} {self.caps[beyond]:,.0f} allows no more"

    def _beyond(self, plan: Plan) -> str:
        """The first cap that a plan goes beyond, or nothing."""
        wanted = asked(plan)
        return next((name for name, cap in self.caps.items() if not wanted[name] <= cap), "")

    def use(self, plan: Plan) -> None:
        """Count a plan towards the caps that hold for all steps together."""
        for name in _TOTALS:
            self._used[name] += asked(plan)[name]

    def used_up(self, plan: Plan) -> str:
        """Why a plan is not allowed after all those before it, or nothing."""
        for name in _TOTALS if self.together else ():
            if not self._used[name] + asked(plan)[name] <= self.caps[name]:
                return (
                    f"all steps together would go beyond {self.why} {name} {self.caps[name]:,.0f}: raise it with --cap"
                )
        return ""
