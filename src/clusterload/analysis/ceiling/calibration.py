"""What a calibration has found: ceilings, as a table of limits."""

from __future__ import annotations

from dataclasses import dataclass

from clusterload.analysis.ceiling.bound import Bound
from clusterload.analysis.ceiling.resource_load import drive_of
from clusterload.analysis.ceiling.search import Ceiling
from clusterload.model.limits import Force, Limit, Limits
from clusterload.model.units import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What a calibration has found so far.

    Attributes:
        cluster_id: whose ceilings.
        lab: whether it is a lab, whose brokers share this machine.
        brokers: how many it has.
        bounds: what broke a step.
        seed: of the order of the searches.
        day: when, as ISO-8601.
        ceilings: of each resource of which a search is over.
        doubts: what a reader should know.
    """

    cluster_id: str
    lab: bool
    brokers: int
    bounds: tuple[Bound, ...]
    seed: int
    day: str
    ceilings: tuple[Ceiling, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def limits(self) -> Limits | None:
        """The known ceilings as a table of limits; None if there are none."""
        known = tuple(self._limit(ceiling) for ceiling in self.ceilings if ceiling.known)
        if not known:
            return None
        name = f"measured-{self.cluster_id}"
        return Limits(name=name, title=f"Ceilings of {self._who}, measured", limits=known, note=self.note)

    @property
    def note(self) -> str:
        """What a reader of the table should know."""
        shared = (
            "The brokers share one machine with the generator and with each other: what it takes is missing to them. "
            if self.lab
            else ""
        )
        return f"{shared}A ceiling holds for the load that its note names, and for the time of a step."

    @property
    def _who(self) -> str:
        brokers = "1 broker" if self.brokers == 1 else f"{self.brokers} brokers"
        return f"{'lab' if self.lab else 'cluster'} {self.cluster_id} of {brokers}"

    def _limit(self, ceiling: Ceiling) -> Limit:
        repeats = f"{len(ceiling.telling)} of {ceiling.wanted} repeats" if self._short(ceiling) else _times(ceiling)
        kept = ", ".join(bound.kept_text for bound in self.bounds)
        return Limit(
            resource=ceiling.resource,
            value=Quantity(_rounded(ceiling.value), ceiling.unit),
            low=_rounded(ceiling.low),
            high=_rounded(ceiling.high),
            force=Force.MEASURED,
            source=f"clusterload limits calibrate on {self._who}, {repeats}, {kept}",
            as_of=self.day,
            note=f"{drive_of(ceiling.resource).how}; broke by {ceiling.reasons[0]}",
        )

    @staticmethod
    def _short(ceiling: Ceiling) -> bool:
        return len(ceiling.telling) < ceiling.wanted


def _times(ceiling: Ceiling) -> str:
    return "1 repeat" if ceiling.wanted == 1 else f"{ceiling.wanted} repeats"


def _rounded(value: float) -> float:
    """To four digits: more are not known."""
    return float(f"{value:.4g}")
