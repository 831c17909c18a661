"""Factors: dials of a plan's Loads, and the values to which they are set in turn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clusterload.analysis.effects import Factor, FactorLevel
from clusterload.model.errors import ConfigurationError, UsageError, nearest
from clusterload.model.workload import Dials, Load, Plan, declaration_of, dial_names, dial_noun, dial_number, dial_text


@dataclass(frozen=True, slots=True, kw_only=True)
class VariedDial:
    """A factor that is a dial of ours.

    Attributes:
        text: as it was asked for.
        factor: its levels in words.
        load: whose dial it is.
        dial: which.
        values: of the dial, level by level; the first is where it hurts.
    """

    text: str
    factor: Factor
    load: str
    dial: str
    values: tuple[Any, ...]

    def set_in(self, plan: Plan, level: int) -> Plan:
        """A plan with this dial at one of its levels.

        Raises:
            ConfigurationError: a Load cannot have it together with its other dials.
        """
        loads = tuple(
            replace(load, dials=replace(load.dials, **{self.dial: self.values[level]}))
            if load.name == self.load
            else load
            for load in plan.loads
        )
        return replace(plan, loads=loads)


def baseline_values(texts: Sequence[str]) -> dict[str, str]:
    """By dial the value at which each factor hurts, for a plan that is made of dials.

    Raises:
        UsageError: a text is not a factor.
        ConfigurationError: the dial does not exist, or it cannot have such a value.
    """
    found = {}
    for text in texts:
        _, dial, values = _read(text)
        read = [_value(dial, value) for value in values]
        found[dial] = values[read.index(_ranked(read, None)[0])]
    return found


def read_factor(text: str, plan: Plan) -> VariedDial:
    """A factor from `dial=value,value` or `load.dial=value,value`.

    It hurts at the plan's own value; where that is not among the values, at the largest number or the first word. With
    one value only, the plan's own is the other one.

    Raises:
        UsageError: the text is not a factor.
        ConfigurationError: no Load has the dial, or several have and none is named, or it cannot have such a value.
    """
    name, dial, values = _read(text)
    load = _load(name, dial, plan)
    own = getattr(load.dials, dial)
    chosen = _ranked([_value(dial, value) for value in values], own)
    of = f" of {load.name}" if sum(dial in dial_names(load.use) for load in plan.loads) > 1 else ""
    made = VariedDial(
        text=text,
        factor=Factor(
            name=f"{name}.{dial}" if name else dial,
            noun=dial_noun(dial) + of,
            levels=tuple(FactorLevel(text=dial_text(dial, value) + of, number=dial_number(value)) for value in chosen),
        ),
        load=load.name,
        dial=dial,
        values=tuple(chosen),
    )
    for level in range(len(chosen)):
        made.set_in(plan, level)
    return made


def _read(text: str) -> tuple[str, str, list[str]]:
    what, sign, given = text.partition("=")
    load, _, dial = what.strip().rpartition(".")
    values = [value.strip() for value in given.split(",") if value.strip()]
    if not sign or not values:
        raise UsageError(f"{text!r} is not a factor: write a dial and its values, as in connections=10,20")
    if dial not in dial_names():
        raise UsageError(f"no dial {dial!r}{nearest(dial, dial_names())}; known: {', '.join(dial_names())}")
    return load, dial, values


def _value(dial: str, text: str) -> Any:
    return getattr(Dials(**{dial: declaration_of(dial).values.read(dial, text)}), dial)


def _ranked(values: Sequence[Any], own: Any) -> list[Any]:
    """Each value once, the one where it hurts first, then from large to small."""
    every = [*([own] if len(values) == 1 and own is not None else []), *values]
    once = [value for number, value in enumerate(every) if value not in every[:number]]
    numbers = [dial_number(value) for value in once]
    if not any(math.isnan(number) for number in numbers):
        once.sort(key=dial_number, reverse=True)
    return [own, *(value for value in once if value != own)] if own in once else once


def _load(name: str, dial: str, plan: Plan) -> Load:
    by_name: Mapping[str, Load] = {load.name: load for load in plan.loads}
    if name:
        if name not in by_name:
            raise ConfigurationError(f"no load {name!r}{nearest(name, by_name)}; the plan has {', '.join(by_name)}")
        return by_name[name]
    setting = [load for load in plan.loads if getattr(load.dials, dial) is not None]
    taking = setting or [load for load in plan.loads if dial in dial_names(load.use)]
    if len(taking) > 1:
        raise ConfigurationError(
            f"loads {' and '.join(load.name for load in taking)} have a dial {dial}: name one, as in "
            f"{taking[0].name}.{dial}=…"
        )
    if not taking:
        raise ConfigurationError(f"no load of plan {plan.name!r} has a dial {dial}: vary another one")
    return taking[0]
