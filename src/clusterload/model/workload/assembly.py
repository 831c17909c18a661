"""Assembly: dials without a plan become one, a Load for each kind that they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clusterload.model.errors import ConfigurationError
from clusterload.model.workload.dials import USES, Dials, Use, declaration_of
from clusterload.model.workload.faults import Fault
from clusterload.model.workload.loads import Load
from clusterload.model.workload.names import PREFIX
from clusterload.model.workload.plan import Plan

DURATION: Final = 30.0
"""Seconds that a load of dials lasts by default."""

TOPIC: Final = f"{PREFIX}-load"
"""The default topic of a load of dials."""


def from_dials(
    given: Mapping[str, str],
    duration: float = DURATION,
    topic: str = TOPIC,
    *,
    name: str = "load",
    warm_up: float = 0.0,
    arrivals: str = "even",
    faults: tuple[Fault, ...] = (),
) -> Plan:
    """A Plan of one Load for each kind that the dials belong to, named after the kind.

    A dial of several kinds goes to the first of them that has a Load by another dial, as the dials are declared.

    Args:
        given: text by dial.
        duration: seconds.
        topic: of all Loads.
        name: of the Plan.
        warm_up: seconds.
        arrivals: of all Loads.
        faults: what breaks meanwhile.

    Raises:
        ConfigurationError: an unknown dial, a bad value, dials of two engines, a dial of which it is not clear
            where it belongs, or as a Load or a Plan refuses.
    """
    if not given:
        raise ConfigurationError("no dial is set, so there is nothing to do: add --dial NAME=VALUE, or give a plan")
    engine = _engine(given)
    places = {dial: tuple(use for use in declaration_of(dial).uses if use[0] == engine) for dial in given}
    settled = _settled(places)
    loads = []
    for use in USES:
        its_own = {dial: given[dial] for dial, place in settled.items() if place == use}
        if its_own:
            loads.append(
                Load(
                    name=use[1],
                    topic=topic,
                    dials=Dials.parsed(its_own),
                    kind=use[1],
                    engine=use[0],
                    arrivals=arrivals,
                )
            )
    return Plan(name=name, loads=tuple(loads), duration=duration, warm_up=warm_up, faults=faults)


def _engine(given: Mapping[str, str]) -> str:
    """The engine of all dials; `wire` where both would do."""
    engines = {dial: {engine for engine, _ in declaration_of(dial).uses} for dial in given}
    only = {engine: [dial for dial, takers in engines.items() if takers == {engine}] for engine in ("wire", "client")}
    if only["wire"] and only["client"]:
        raise ConfigurationError(
            f"{only['wire'][0]} is a dial of engine wire and {only['client'][0]} one of engine client: write a plan "
            "with two loads"
        )
    return "client" if only["client"] else "wire"


def _settled(places: Mapping[str, tuple[Use, ...]]) -> dict[str, Use]:
    """For each dial the one kind that it goes to."""
    certain = {uses[0] for uses in places.values() if len(uses) == 1}
    if not certain:
        certain = {("wire", "connect")} if set(places) == {"connections"} else {_first(places)}
    return {dial: _place(dial, uses, certain) for dial, uses in places.items()}


def _first(places: Mapping[str, tuple[Use, ...]]) -> Use:
    """Where the dials go when none of them belongs to one kind alone."""
    return next(use for dial, uses in places.items() for use in uses if dial != "connections" or len(places) == 1)


def _place(dial: str, uses: tuple[Use, ...], certain: set[Use]) -> Use:
    fitting = [use for use in uses if use in certain]
    if not fitting:
        kinds = " or ".join(kind for _, kind in uses)
        raise ConfigurationError(f"{dial} belongs to a load of kind {kinds}, and no other dial does: write a plan")
    if len(fitting) > 1 and fitting[0] != uses[0]:
        raise ConfigurationError(f"{dial} belongs to {len(fitting)} loads: write a plan that says to which")
    return fitting[0]
