"""Lines: one resource over time, of a cluster, a broker or a part, and as a share of its limit."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.model.limits import Force, Limit
from clusterload.model.series import Kind

if TYPE_CHECKING:
    from clusterload.model.resources import Resource
    from clusterload.model.series import Floats

SUSTAINED: Final = 0.9
"""A share counts as sustained when it is reached in a tenth of the window: this quantile."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResourceLine:
    """One resource over time on a Usage's grid.

    Attributes:
        resource: which one.
        broker: its broker, or empty for the whole cluster.
        values: levels of a gauge, rates per second of a delta; NaN in gaps; shape `(grid.count,)`.
    """

    resource: Resource
    broker: str
    values: Floats

    @property
    def typical(self) -> float:
        """The mean of a rate, which is what it amounts to over the window; the median of a level."""
        return typical_of(self.values, self.resource)

    @property
    def sustained(self) -> float:
        """What is reached or exceeded in a tenth of the window."""
        return quantile(self.values, SUSTAINED)

    @property
    def peak(self) -> float:
        """The highest value."""
        return quantile(self.values, 1.0)

    @property
    def known(self) -> float:
        """Share of the window that has a value."""
        return float(np.mean(~np.isnan(self.values)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Share(ResourceLine):
    """A resource's line as a ratio of its limit: `values` are shares, of which 1 is the limit.

    Attributes:
        limit: what it is held against.
        part: the name of the part that it is of, where the limit is of a part, as a principal's is.
    """

    limit: Limit
    part: str = ""

    @property
    def title(self) -> str:
        """The resource's title, with whose it is: `Ingress of broker 1`, `Connections of principal a on broker 1`."""
        whose = self.whose
        return f"{self.resource.title} of {whose}" if whose else self.resource.title

    @property
    def whose(self) -> str:
        """The broker or part that it is of: `broker 1`, `principal a on broker 1`; empty for the whole cluster."""
        part = f"{self.limit.part} {self.part}" if self.part else ""
        return " on ".join(filter(None, (part, f"broker {self.broker}" if self.broker else "")))

    @property
    def advised(self) -> bool:
        """Whether the limit is a guideline only, beyond which more is let through."""
        return self.limit.force is Force.GUIDELINE


def typical_of(values: Floats, resource: Resource) -> float:
    """The mean of a rate, which is what it amounts to; the median of a level; NaN of nothing."""
    if resource.kind is Kind.GAUGE:
        return quantile(values, 0.5)
    known = values[~np.isnan(values)]
    return float(np.mean(known)) if len(known) else float("nan")


def quantile(values: Floats, at: float) -> float:
    """The quantile of what is known; NaN of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all NaN: the quantile is NaN, which is the answer
        return float(np.nanquantile(values, at))


def is_plural(title: str) -> bool:
    """Whether a resource is many things (connections) or one (ingress)."""
    name = title.split(" of ", maxsplit=1)[0]
    return name.endswith("s") and not name.endswith("ss")
