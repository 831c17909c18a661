"""Provider load: what a provider says of how loaded its cluster is, which no count of ours can contradict.

Confluent publishes `cluster_load_percent` of Dedicated clusters, and the mean and the maximum of its brokers. How it is
made is not published: CPU, memory, I/O and more. A cluster can be full by it while each dimension is far from its
limit, so it bounds headroom, and is shown next to the limit load, never added to it.

Above 80 % latency and throttling are to be expected (Confluent Cloud documentation, Dedicated Cluster Performance and
Expansion, looked up in November 2026). A high mean asks for more capacity; a busiest broker far above the mean says
that the load is skewed, which more capacity does not cure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.analysis.finding import Reached
from clusterload.model import units

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from clusterload.analysis.lines import ResourceLine

NAMES: Final = ("cluster_load_percent", "cluster_load_percent_avg", "cluster_load_percent_max")
"""The provider's figures: of the cluster, the mean of its brokers, its busiest broker."""

HIGH: Final = 0.8
"""Load above which its provider foretells latency and throttling."""

SKEWED: Final = 1.5
"""Times the mean from which on the busiest broker says that the load is skewed: even brokers are well below it."""

FULL: Final = 0.9
"""Load from which on a cluster counts as full, as threads of brokers do."""

LOADED: Final = 0.5
"""Load of the busiest broker below which a skew harms nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLoad:
    """The typical load by its provider over a window, as ratios; NaN where it does not say.

    Attributes:
        cluster: what it calls the cluster's load.
        mean: of the brokers.
        busiest: the busiest broker.
    """

    cluster: float = math.nan
    mean: float = math.nan
    busiest: float = math.nan

    @classmethod
    def of(cls, lines: Iterable[ResourceLine]) -> ProviderLoad:
        """From the lines that a provider gives."""
        typical = {line.resource.name: line.typical for line in lines}
        cluster, mean, busiest = (typical.get(name, math.nan) for name in NAMES)
        return cls(cluster=cluster, mean=mean, busiest=busiest)

    @property
    def known(self) -> bool:
        """Whether the provider says anything."""
        return not math.isnan(self.highest)

    @property
    def highest(self) -> float:
        """The largest of what it says: the busiest broker is full before the cluster is."""
        return max((load for load in (self.cluster, self.mean, self.busiest) if not math.isnan(load)), default=math.nan)

    @property
    def skewed(self) -> bool:
        """Whether one broker is far busier than the mean, and busy enough to matter."""
        return self.busiest >= LOADED and self.busiest >= SKEWED * self.mean

    @property
    def note(self) -> str:
        """What it means, for people; nothing where the load is moderate and even."""
        if self.skewed:
            return (
                f"by its provider the busiest broker has a load of {units.percent(self.busiest)}, while the brokers' "
                f"mean is {units.percent(self.mean)}: the load is skewed, and more capacity would not spread it"
            )
        if self.highest > HIGH:
            more = "more capacity is needed, or less load" if self.mean > HIGH or math.isnan(self.mean) else ""
            return (
                f"the cluster's load is {units.percent(self.highest)} by its provider, who foretells latency and "
                f"throttling above {units.percent(HIGH)}{f': {more}' if more else ''}"
            )
        return ""


def full_by_provider(lines: Iterable[ResourceLine]) -> Iterator[Reached]:
    """That a cluster is full by its provider's own measure, whatever our counts say."""
    load = ProviderLoad.of(lines)
    if load.highest >= FULL:
        whose = "its busiest broker's" if load.highest == load.busiest and load.skewed else "the cluster's"
        yield Reached(
            what="the cluster's load, by its provider",
            sentence=f"The provider says that {whose} load is {units.percent(load.highest)}",
            evidence=(f"from {units.percent(FULL)} on it counts as full",),
        )
