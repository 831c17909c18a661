"""Plan: what load to make, read from TOML or made in Python."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from clusterload.model.documents import Seconds, Text, read_table, read_toml
from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.thresholds import ANY, Threshold
from clusterload.model.workload.faults import Fault
from clusterload.model.workload.loads import Load


class _Written(msgspec.Struct, kw_only=True):
    """A plan as TOML or JSON has it."""

    name: Text = "load"
    loads: list[dict[str, Any]] = []
    duration: Seconds = 30.0
    warm_up: Seconds = 0.0
    faults: list[dict[str, Any]] = []
    thresholds: list[str] = []
    abort_if: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What load to make: Loads (who) for a duration (when), what breaks meanwhile, and what may not come of it.

    Attributes:
        name: what it is called.
        loads: at least one; none of the same name.
        duration: seconds.
        warm_up: seconds at the start that are left out of judgement and of latency.
        faults: what breaks while the load runs.
        thresholds: what the run may not come to.
        abort_if: thresholds that end the load at once when they are crossed.
    """

    name: str
    loads: tuple[Load, ...]
    duration: float
    warm_up: float = 0.0
    faults: tuple[Fault, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    abort_if: tuple[Threshold, ...] = ()

    def __post_init__(self) -> None:
        names = [load.name for load in self.loads]
        if not names:
            raise ConfigurationError(f"plan {self.name!r} has no load: add a [[loads]] table")
        if len(set(names)) < len(names):
            raise ConfigurationError(f"plan {self.name!r} names two loads alike: give each its own name")
        if not 0 < self.duration < math.inf:
            raise ConfigurationError(f"plan {self.name!r} lasts {self.duration:g} s: it must be above 0 and finite")
        if not 0 <= self.warm_up < self.duration:
            raise ConfigurationError(
                f"plan {self.name!r} lasts {self.duration:g} s and warms up for {self.warm_up:g} s: nothing is left of "
                "it, so warm up for less"
            )
        for fault in self.faults:
            if fault.at >= self.duration:
                raise ConfigurationError(
                    f"plan {self.name!r} lasts {self.duration:g} s, and fault {fault.do} comes at {fault.at:g} s: "
                    "let it come before the end"
                )
        for threshold in (*self.thresholds, *self.abort_if):
            if (load := threshold.which("load")) not in {"", ANY, *names}:
                raise ConfigurationError(
                    f"threshold {threshold.text!r}: plan {self.name!r} has no load {load!r}{nearest(load, names)}"
                )

    @property
    def too_long(self) -> tuple[Threshold, ...]:
        """The thresholds that must last for longer than what of the load is judged, so that nothing can cross them."""
        judged = self.duration - self.warm_up
        return tuple(
            threshold
            for threshold in (*self.thresholds, *self.abort_if)
            if threshold.lasts is not None and threshold.lasts > judged
        )

    @classmethod
    def parsed(cls, given: Mapping[str, Any]) -> Plan:
        """A Plan from what TOML or JSON gives.

        Raises:
            ConfigurationError: an unknown key or dial, or a value out of range.
        """
        written = read_table(given, _Written, "a plan")
        return cls(
            name=written.name,
            loads=tuple(map(Load.parsed, written.loads)),
            duration=written.duration,
            warm_up=written.warm_up,
            faults=tuple(map(Fault.parsed, written.faults)),
            thresholds=tuple(map(Threshold.parsed, written.thresholds)),
            abort_if=tuple(map(Threshold.parsed, written.abort_if)),
        )

    @classmethod
    def read(cls, path: Path | str) -> Plan:
        """A Plan from a TOML file.

        Raises:
            ConfigurationError: the file is missing, is not TOML, or is not a plan; the message names the file.
        """
        document = read_toml(Path(path), "plan")
        try:
            return cls.parsed(document)
        except ConfigurationError as error:
            raise ConfigurationError(f"plan {path}: {error}") from None

    def is_like(self, other: Plan) -> bool:
        """Whether another plan does the same for as long, whatever the two are called or held against."""
        mine, others = (replace(plan, name="", thresholds=(), abort_if=()) for plan in (self, other))
        return mine == others

    def as_document(self) -> dict[str, Any]:
        """What `parsed` reads back, made of plain values."""
        gates = {"thresholds": self.thresholds, "abort_if": self.abort_if}
        return {
            "name": self.name,
            "duration": self.duration,
            "warm_up": self.warm_up,
            "loads": [load.as_document() for load in self.loads],
            "faults": [fault.as_document() for fault in self.faults],
            # Only where there are some, so that a plan without them is read by what knows none.
            **{key: [threshold.text for threshold in each] for key, each in gates.items() if each},
        }


def watched(plan: Plan) -> tuple[tuple[str, str], ...]:
    """The Loads whose latency shows how the cluster serves, each with the kind of latency.

    A reader waits for records as long as there are none, so that of it only the time from due to read says something,
    and that only where the same plan writes them by engine wire.
    """
    found = []
    writers = {load.topic for load in plan.loads if load.use == ("wire", "produce")}
    for load in plan.loads:
        if load.engine != "wire" or load.dials.acks == "0":
            continue
        if load.kind == "consume":
            if load.topic in writers:
                found.append((load.name, "end_to_end"))
        elif load.kind != "connect" or load.dials.connection_rate is not None:
            found.append((load.name, "due"))
    return tuple(found)
