"""Finding: a cause that holds, with the figures that say it, who it is, and what would change it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.model.units import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A limit that was reached, or a part of a broker that is saturated: what binds, not why.

    Attributes:
        what: in a few words.
        sentence: what holds, in a line.
        evidence: the figures, with their unit and source.
        advised: whether it only goes against a guideline: nothing keeps more from being let through.
        cure: a setting of the broker itself that would help; None where only less load does.
    """

    what: str
    sentence: str
    evidence: tuple[str, ...] = ()
    advised: bool = False
    cure: Cure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A figure that speaks for a finding.

    Attributes:
        name: what it is of, in words.
        whose: of what part, as `client billing`; empty for the whole cluster.
        now: in the window.
        before: in the baseline; NaN without one.
        unit: of both.
        source: the name of the Series that it is from; two, where it is one over the other.
        window_s: seconds of the window.
    """

    name: str
    whose: str = ""
    now: float
    before: float = math.nan
    unit: Unit
    source: str
    window_s: float

    @property
    def words(self) -> str:
        """`Produce requests 1,580/s (84/s before)`."""
        whose = f" of {self.whose}" if self.whose else ""
        before = "" if math.isnan(self.before) else f" ({units.level(self.before, self.unit)} before)"
        return f"{self.name}{whose} {units.level(self.now, self.unit)}{before}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """Who causes it.

    Attributes:
        kind: client, principal, group, topic, partition, broker, listener or software.
        name: as brokers publish it; of a partition `topic-3`.
        share: of what moved, from 0 to 1; NaN if unknown.
        source: the name of the Series that names it.
    """

    kind: str
    name: str
    share: float
    source: str

    @property
    def words(self) -> str:
        """`client billing`."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cure:
    """What would change it.

    Attributes:
        what: to do.
        effect: what that does, in numbers where they are known.
        gain: share of what binds that it gives back, from 0 to 1; NaN if unknown.
    """

    what: str
    effect: str = ""
    gain: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A cause that holds in a run.

    Attributes:
        cause: its id in the catalogue.
        sentence: what holds, in a line.
        confidence: how likely it is right, from 0 to 1.
        culprits: who causes it, the largest share first; empty where no metric names it.
        evidence: the figures, the weightiest first.
        disproof: what would disprove it.
        cure: what would change it.
        advised: whether what it fills is a guideline only.
        brokers: whose hosts it matters to, the worst first; empty where it is judged of the whole cluster.
        compared: whether it is held against a baseline, and so is what changed; otherwise it is what contributes the
            most now.
    """

    cause: str
    sentence: str
    confidence: float
    culprits: tuple[Culprit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    disproof: str = ""
    cure: Cure | None = None
    advised: bool = False
    brokers: tuple[str, ...] = ()
    compared: bool = True
