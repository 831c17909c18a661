"""Mix: a plan made larger or smaller, as a whole or by one of its dials."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Final

from clusterload.model.errors import ConfigurationError
from clusterload.model.units import BYTES, COUNT, Unit
from clusterload.model.workload import MAX, Load, Plan, declaration_of, dial_number

MIX: Final = "mix"
"""What is driven up where no single dial is."""

FACTOR: Final = Unit(symbol="x", thing="factor")
"""How many times as large a mix is."""

RATES: Final = (
    "request_rate",
    "record_rate",
    "byte_rate",
    "connection_rate",
    "fetch_rate",
    "commit_rate",
    "metadata_rate",
    "producer_id_rate",
    "transaction_rate",
)
"""The dials that grow with a mix: what each client does a second."""


def scaled(plan: Plan, factor: float) -> Plan:
    """The plan with every rate `factor` times as high; the connections, too, that follow from one.

    Raises:
        ConfigurationError: no Load has a rate, or one is `max`.
    """
    if not any(_rates(load) for load in plan.loads):
        raise ConfigurationError(f"plan {plan.name!r} has no rate that could grow: raise one of its dials by --raise")
    return replace(plan, loads=tuple(_scaled(load, factor) for load in plan.loads))


def _scaled(load: Load, factor: float) -> Load:
    dials: dict[str, Any] = {name: value * factor for name, value in _rates(load).items()}
    stays = load.dials.connection_lifetime
    if load.dials.connection_rate is not None and stays and load.dials.connections is not None:
        dials["connections"] = max(1, round(_number(load, "connections") * factor))
        dials["connection_rate"] = dials["connections"] / stays  # both are whole together, or neither is
    return replace(load, dials=replace(load.dials, **dials)) if dials else load


def _rates(load: Load) -> dict[str, float]:
    chosen = load.dials.chosen()
    return {name: _number(load, name) for name in RATES if name in chosen}


def _number(load: Load, dial: str) -> float:
    """A dial as the number it is.

    Raises:
        ConfigurationError: it is none: `max`, or changes over time.
    """
    value = getattr(load.dials, dial)
    number = dial_number(value)
    if math.isnan(number):
        what = "as much as the cluster takes" if value == MAX else "no one number"
        raise ConfigurationError(f"{dial} of load {load.name!r} is {what}, so it cannot be raised: give a number")
    return number


def load_of(plan: Plan, dial: str) -> tuple[Load, str]:
    """The Load that a dial, or `load.dial`, is of, and the dial.

    Raises:
        ConfigurationError: the dial or the Load does not exist, or not exactly one Load sets it.
    """
    of, dot, name = dial.rpartition(".")
    declaration_of(name)
    named = [load for load in plan.loads if not dot or load.name == of]
    if not named:
        raise ConfigurationError(f"plan {plan.name!r} has no load {of!r}: it has {', '.join(_names(plan.loads))}")
    having = [load for load in named if name in load.dials.chosen()]
    if not having:
        raise ConfigurationError(f"{dial} is not set, so there is nothing to begin with: set it by --dial {name}=…")
    if len(having) > 1:
        either = " or ".join(f"{load.name}.{name}" for load in having)
        raise ConfigurationError(f"{name} is a dial of {len(having)} loads: raise {either}")
    return having[0], name


def _names(loads: tuple[Load, ...]) -> list[str]:
    return [load.name for load in loads]


def value_of(plan: Plan, dial: str) -> float:
    """What a dial, or `load.dial`, is set to, as a number.

    Raises:
        ConfigurationError: as `load_of`, or it is not a number.
    """
    load, name = load_of(plan, dial)
    return _number(load, name)


def with_value(plan: Plan, dial: str, value: float) -> Plan:
    """The plan with a dial, or `load.dial`, set to a value."""
    load, name = load_of(plan, dial)
    given: Any = str(round(value)) if unit_of(dial) is BYTES else value
    changed = replace(load, dials=replace(load.dials, **{name: given}))
    return replace(plan, loads=tuple(changed if other is load else other for other in plan.loads))


def unit_of(dial: str) -> Unit:
    """What a dial is counted in."""
    values = declaration_of(dial.rpartition(".")[2]).values
    sizes = dial.endswith(("record_size", "payload_size"))
    unit = getattr(values, "unit", BYTES if sizes else COUNT)
    return unit if isinstance(unit, Unit) else COUNT


def is_whole(dial: str) -> bool:
    """Whether a dial's values are whole numbers."""
    return bool(getattr(declaration_of(dial.rpartition(".")[2]).values, "whole", False)) or unit_of(dial) is BYTES
