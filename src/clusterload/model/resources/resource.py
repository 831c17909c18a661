"""Resource: one thing that is measured of a broker or its cluster."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clusterload.model import units
from clusterload.model.series_kind import Kind
from clusterload.model.units import Unit

OTHERS: Final = "(others)"
"""The label's value of what is left of a resource when its largest Series are taken by themselves."""


class Role(StrEnum):
    """What a resource is good for."""

    DIMENSION = "dimension"
    """Can have a limit; part of the limit load."""
    SATURATION = "saturation"
    """How busy the broker itself is, from 0 to 1; never added to the limit load."""
    SIGN = "sign"
    """Neither, but distinguishes causes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing that is measured of a broker.

    Attributes:
        name: also the name of its Series.
        title: as people read it.
        unit: of the Series; a delta's amount.
        kind: gauge or delta.
        role: dimension, saturation or sign.
        sum_of: the resources that it is the sum of, where it has no Series of its own.
        per: the labels, besides `broker`, by which there are several Series; one of several may be missing where a
            source does not know it.
        trap: how the figure misleads, or nothing.
    """

    name: str
    title: str
    unit: Unit
    kind: Kind
    role: Role
    per: tuple[str, ...] = ()
    trap: str = ""
    sum_of: tuple[str, ...] = ()


def dimension(name: str, title: str, unit: Unit, kind: Kind, trap: str = "") -> Resource:
    """A resource that can have a limit."""
    return Resource(name=name, title=title, unit=unit, kind=kind, role=Role.DIMENSION, trap=trap)


def saturation(name: str, title: str, trap: str = "") -> Resource:
    """How busy a part of a broker is."""
    return Resource(name=name, title=title, unit=units.RATIO, kind=Kind.GAUGE, role=Role.SATURATION, trap=trap)


def sign(name: str, title: str, unit: Unit, kind: Kind, *per: str, trap: str = "") -> Resource:
    """A figure that distinguishes causes; `per` are its labels besides the broker."""
    return Resource(name=name, title=title, unit=unit, kind=kind, role=Role.SIGN, per=per, trap=trap)
