"""How a shape is written: `500/s`, `ramp:100/s:5000/s:20s`, `replay:peak.csv:height=0.5`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.units import Unit, parse, parse_duration
from clusterload.model.workload.schedule.held import Replay, Spike, Step
from clusterload.model.workload.schedule.replay import read_replay
from clusterload.model.workload.schedule.shape import Shape
from clusterload.model.workload.schedule.smooth import Constant, Ramp, Sine

SHAPES: Final = {
    "ramp": "ramp:FROM:TO:OVER",
    "step": "step:VALUE@TIME,VALUE@TIME,...",
    "spike": "spike:BASE:HEIGHT:AT:LASTS",
    "sine": "sine:MEAN:AMPLITUDE:PERIOD",
    "replay": "replay:FILE[:time=FACTOR][:height=FACTOR]",
    "points": "points:VALUE@TIME,VALUE@TIME,...",
}
"""The shapes besides a bare value, each with how it is written."""

# A comma parts points, and thousands: what stands before the next @ is one value.
_POINT: Final = re.compile(r"([^@]+)@([^@,]+)(?:,|$)")
_OPTION: Final = re.compile(r":(\w+)=([^:=]*)$")


def parse_shape(text: str, unit: Unit, dial: str = "") -> Shape:
    """Read a shape; values are in `unit` or say their own, times are durations.

    Args:
        text: `500/s`, or one of `SHAPES`.
        unit: of the values.
        dial: whose rows of a replayed file count; all rows if empty.

    Raises:
        ConfigurationError: the text is not a shape, a value measures something else or is out of range, or a file
            cannot be read.
    """
    name, colon, rest = text.strip().partition(":")
    if not colon:
        return Constant(parse(text, unit).value)
    if name not in SHAPES:
        raise ConfigurationError(f"unknown shape {name!r}{nearest(name, SHAPES)}; known: {', '.join(SHAPES)}")
    if name == "replay":
        return _replay(rest, unit, dial)
    if name in {"step", "points"}:
        points = _points(name, rest, unit)
        return Step(points) if name == "step" else Replay(*zip(*points, strict=True))
    return _PARTED[name](_Parts(name, rest.split(":"), unit))


class _Parts:
    """The parts of a shape's text between its colons."""

    def __init__(self, name: str, parts: list[str], unit: Unit) -> None:
        wanted = SHAPES[name].count(":")
        if len(parts) != wanted:
            raise ConfigurationError(f"{name} takes {wanted} parts, not {len(parts)}: write {SHAPES[name]}")
        self._parts = parts
        self._unit = unit

    def value(self, place: int) -> float:
        return parse(self._parts[place], self._unit).value

    def seconds(self, place: int) -> float:
        return parse_duration(self._parts[place])


_PARTED: Final[dict[str, Callable[[_Parts], Shape]]] = {
    "ramp": lambda parts: Ramp(parts.value(0), parts.value(1), parts.seconds(2)),
    "spike": lambda parts: Spike(parts.value(0), parts.value(1), parts.seconds(2), parts.seconds(3)),
    "sine": lambda parts: Sine(parts.value(0), parts.value(1), parts.seconds(2)),
}


def _points(name: str, text: str, unit: Unit) -> tuple[tuple[float, float], ...]:
    found = list(_POINT.finditer(text))
    if not found or text.endswith(",") or "".join(point[0] for point in found) != text:
        raise ConfigurationError(
            f"{text!r} is not a list of points in time: write {SHAPES[name]}, as in {name}:100@0s,500@10s"
        )
    return tuple((parse_duration(point[2]), parse(point[1], unit).value) for point in found)


def _replay(text: str, unit: Unit, dial: str) -> Replay:
    factors = {"time": 1.0, "height": 1.0}
    path = text
    while option := _OPTION.search(path):
        name, value = option.groups()
        if name not in factors:
            raise ConfigurationError(
                f"a replay has no option {name!r}{nearest(name, factors)}: write {SHAPES['replay']}"
            )
        factors[name] = _factor(name, value)
        path = path[: option.start()]
    if not path:
        raise ConfigurationError(f"a replay needs a file: write {SHAPES['replay']}")
    return read_replay(path, unit, dial).stretched(factors["time"]).scaled(factors["height"])


def _factor(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ConfigurationError(f"{name}={text} of a replay is not a factor: give a number above 0, as in {name}=2")
    return value
