"""Hosts: whose CPU is full, and whether it is the brokers that fill it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from clusterload.analysis.finding import Reached
from clusterload.analysis.usage import Usage
from clusterload.model import units
from clusterload.model.run import Run
from clusterload.model.series import joined

HOST_CPU: Final = "cpu_host"

FULL: Final = 0.97
"""A host's CPU counts as full at this level in the median; lower ones still serve, more slowly."""

CROWDED: Final = 0.8
"""From this level on what others do on a host slows its brokers down; threads begin to wait for a CPU."""

TOO_MUCH: Final = 1.5
"""Times what a host is busy with that its brokers cannot take together: both are read at different moments."""

OWN: Final = 0.5
"""Share of a full host's CPU that its brokers must take to be the ones that fill it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FullHost:
    """A host whose CPU is full.

    Attributes:
        brokers: those on it.
        busy: how full, as a ratio.
        own: share of the host's CPU that its brokers took; NaN if unknown.
    """

    brokers: tuple[str, ...]
    busy: float
    own: float

    @property
    def by_brokers(self) -> bool:
        """Whether the brokers fill it; where that is unknown, they are assumed to."""
        return not self.own < OWN

    @property
    def reached(self) -> Reached:
        """That the brokers are short of CPU."""
        share = "" if np.isnan(self.own) else f"; the brokers took {units.percent(self.own)}"
        return Reached(
            what=f"the CPU of the host of {self._names}",
            sentence=f"CPU of the host of {self._names}: full",
            evidence=(f"{units.percent(self.busy)} (median of the window){share}",),
        )

    @property
    def doubt(self) -> str:
        """That another process keeps the host busy, so that the run does not show what the brokers themselves need."""
        return (
            f"the CPU of the host of {self._names} was full, and the brokers took {units.percent(self.own)} of it: "
            "another process was running on that host"
        )

    @property
    def _names(self) -> str:
        return _names(self.brokers)


def full_hosts(run: Run, usage: Usage) -> tuple[FullHost, ...]:
    """The hosts whose CPU is full, each once, however many of its brokers report it."""
    return tuple(_full_hosts(run, usage))


def _full_hosts(run: Run, usage: Usage) -> Iterator[FullHost]:
    for brokers, busy in _busy_hosts(run, usage).items():
        if busy >= FULL:
            yield FullHost(brokers=brokers, busy=busy, own=own_share(run, usage, brokers))


def hosts_of(run: Run) -> dict[str, str]:
    """The host of each broker that the cluster lists, by the broker's id.

    It is the address at which the cluster or its exporters are reached. Behind a proxy or a forwarded port many hosts
    have one address: brokers that together take more CPU than one host was busy with have each a host of their own.
    """
    described = run.environment.get("cluster", {}).get("brokers", [])
    at = {str(broker["id"]): str(broker.get("host", broker["id"])) for broker in described}
    on: dict[str, list[str]] = defaultdict(list)
    for broker, host in at.items():
        on[host].append(broker)
    apart = {host for host, brokers in on.items() if len(brokers) > 1 and _more_than_one_host(run, brokers)}
    return {broker: f"{host} of broker {broker}" if host in apart else host for broker, host in at.items()}


def _more_than_one_host(run: Run, brokers: list[str]) -> bool:
    """Whether brokers took more CPU than the busiest of their hosts has in use; false where that is unknown."""
    took, busy, cores = (_means(run, name, brokers) for name in ("cpu_broker", HOST_CPU, "cores"))
    return bool(took and cores) and sum(took) > TOO_MUCH * max(cores) * max(busy, default=1.0)


def _means(run: Run, name: str, brokers: list[str]) -> list[float]:
    """Mean of a figure over the run, of each broker of which it is known; per second where it counts."""
    own = [series.between(run.start, run.end) for series in run.named(name) if series.labels.get("broker") in brokers]
    known = [series for series in own if not np.isnan(series.values).all()]
    return [
        float(np.nanmean(series.values)) / (float(np.mean(series.spans)) if len(series.spans) else 1.0)
        for series in known
    ]


def crowded(run: Run, usage: Usage, level: float = CROWDED) -> str:
    """That others than its brokers keep a host busy, in words; empty if none does, or if it is unknown.

    Args:
        run: whose brokers.
        usage: of the run.
        level: from which share of a host's CPU on it counts as busy.
    """
    for brokers, busy in _busy_hosts(run, usage).items():
        own = own_share(run, usage, brokers)
        if busy >= level and own < OWN * busy:
            return (
                f"the CPU of the host of {_names(brokers)} was {units.percent(busy)} busy, and the brokers took "
                f"{units.percent(own)}"
            )
    return ""


def _busy_hosts(run: Run, usage: Usage) -> dict[tuple[str, ...], float]:
    """How busy each host is, by the brokers on it."""
    at = hosts_of(run)
    busy: dict[str, dict[str, float]] = defaultdict(dict)
    for line in usage.saturation:
        if line.resource.name == HOST_CPU:
            busy[at.get(line.broker, line.broker)][line.broker] = line.typical
    # A broker without a figure does not hide another's.
    return {tuple(brokers): float(np.fmax.reduce(list(brokers.values()))) for brokers in busy.values()}


def _names(brokers: tuple[str, ...]) -> str:
    *most, last = brokers
    return f"brokers {', '.join(most)} and {last}" if most else f"broker {last}"


def own_share(run: Run, usage: Usage, brokers: tuple[str, ...]) -> float:
    """Share of the host's cores that its brokers took, by the mean over the window; NaN if unknown."""
    used = [series for series in run.named("cpu_broker") if series.labels["broker"] in brokers]
    cores = [
        float(series.values[-1]) for series in run.named("cores") if series.labels["broker"] in brokers and len(series)
    ]
    if len(used) < len(brokers) or not cores:
        return float("nan")
    seconds = joined(used, usage.grid)
    known = seconds[~np.isnan(seconds)]
    return float(np.mean(known)) / usage.grid.seconds / max(cores) if len(known) else float("nan")
