"""Cause: one entry of the catalogue, and the signs of it in a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusterload.analysis.causes.signature_figures import Scene
    from clusterload.analysis.finding import Culprit, Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """How well a cause fits what was seen.

    Attributes:
        weight: how much of what is wrong it would explain, from 0 to 1.
        fit: how well its signature holds where that of its look-alikes would not, from 0 to 1.
        sentence: what holds, in a line, with its figures.
        evidence: the figures.
        culprits: says who causes it, the largest share first; there may be thousands to look at, so only when it is
            asked.
        cores: of the brokers' CPU that it explains, by prices; NaN where it is not about cost.
        effect: what its cure does, in numbers; nothing where they are not known.
    """

    weight: float
    fit: float
    sentence: str
    evidence: tuple[Evidence, ...] = ()
    culprits: Callable[[], tuple[Culprit, ...]] = tuple
    cores: float = math.nan
    effect: str = ""

    @property
    def score(self) -> float:
        """Weight and fit together."""
        return self.weight * self.fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One entry of the catalogue.

    Attributes:
        id: as findings name it.
        title: as people read it.
        means: what happens, in a sentence or two.
        moves: what rises or falls with it.
        stays: what does not, and would with a look-alike.
        look_alikes: causes that it is mistaken for, with the test that tells them apart.
        named_by: kind of culprit to the Series that names it; nothing where brokers publish no name.
        if_unnamed: how to find out who it is where no Series names it.
        cure: what to do.
        disproof: what would disprove it.
        signs: judges a run; None where its signature does not hold at all.
        explains_away: causes that seem to hold because of it, with the share of their score that it takes off.
        needs: Series without which it cannot be judged; of several names with `|` between them one is enough.
        of_cluster: whether brokers are held against each other; otherwise each host is judged by itself.
        fills: the resource whose limit it fills: of a limit of the whole cluster, it is judged of that, too.
        untested: why it could not be tried on the lab; empty if it was.
    """

    id: str
    title: str
    means: str
    moves: tuple[str, ...]
    stays: tuple[str, ...]
    look_alikes: Mapping[str, str]
    named_by: Mapping[str, str] = field(default_factory=dict)
    if_unnamed: str
    cure: str
    disproof: str
    signs: Callable[[Scene], Signs | None]
    explains_away: Mapping[str, float] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    of_cluster: bool = False
    fills: str = ""
    untested: str = ""
