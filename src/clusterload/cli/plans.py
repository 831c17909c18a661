"""The load that options describe: its plan, its totals in words, and the list of dials in the help."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click

from clusterload.cli import options
from clusterload.cli.grammar import LOAD, TIME, Parsed, as_usage, gathered, option
from clusterload.model import units
from clusterload.model.errors import ConfigurationError, UsageError, nearest
from clusterload.model.thresholds import Threshold
from clusterload.model.workload import (
    ACTIONS,
    ARRIVALS,
    USES,
    Fault,
    Load,
    Plan,
    Totals,
    declaration_of,
    dial_meaning,
    dial_names,
    from_dials,
    totals_of,
)
from clusterload.model.workload.schedule import SHAPES

_WIDTH: Final = 78
_NAME: Final = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The load that the command line describes; None and empty are not given. Times in seconds."""

    file: Path | None
    dials: tuple[str, ...]
    duration: float | None = None
    topic: str | None = None
    warm_up: float | None = None
    arrivals: str | None = None
    faults: tuple[Fault, ...] = ()

    def plan(self, fail_if: tuple[Threshold, ...] = (), abort_if: tuple[Threshold, ...] = ()) -> Plan:
        """The plan of the file or of the dials, with the other options in place of what it says itself.

        Args:
            fail_if: thresholds to add to the plan's own.
            abort_if: likewise, of those that end it.

        Raises:
            UsageError: the options are malformed, or do not go together with each other or with the plan.
            ConfigurationError: the file is missing, or not a plan that can be run.
        """
        plan = as_usage(self._of_dials) if self.file is None else self._of_file(self.file)
        changed = as_usage(self._changed, plan, fail_if, abort_if)
        for threshold in changed.too_long:
            # A threshold of the file that the file's own duration is too short for is the file's mistake.
            raise (ConfigurationError if changed == plan else UsageError)(
                f"threshold {threshold.text!r} must last longer than the "
                f"{units.duration(changed.duration - changed.warm_up)} that are judged: nothing could cross it; let it "
                "last for less, or the load for more"
            )
        return changed

    def _changed(self, plan: Plan, fail_if: tuple[Threshold, ...], abort_if: tuple[Threshold, ...]) -> Plan:
        return replace(
            plan,
            duration=plan.duration if self.duration is None else self.duration,
            warm_up=plan.warm_up if self.warm_up is None else self.warm_up,
            loads=tuple(replace(load, arrivals=self.arrivals or load.arrivals) for load in plan.loads),
            faults=(*plan.faults, *self.faults),
            thresholds=(*plan.thresholds, *fail_if),
            abort_if=(*plan.abort_if, *abort_if),
        )

    def _of_file(self, file: Path) -> Plan:
        if self.dials or self.topic:
            raise UsageError("a plan has its own dials and topics: give a plan or --dial, not both")
        return Plan.read(file)

    def _of_dials(self) -> Plan:
        given: dict[str, str] = {}
        for name, _, value in (pair.partition("=") for pair in self.dials):
            if name not in dial_names():
                raise UsageError(f"no dial {name!r}{nearest(name, dial_names())}; known: {', '.join(dial_names())}")
            if name in given:
                raise UsageError(f"dial {name} is given twice: give it once")
            given[name] = value
        return from_dials(given, topic=self.topic) if self.topic else from_dials(given)


def _fault(text: str) -> Fault:
    return Fault.read(text)


asked_options: Final = gathered(
    "asked", Asked,
    options.plan,
    options.dial,
    options.duration("Duration of the load, as in 25s; overrides the plan's."),
    option(
        "--warm-up", type=TIME, metavar="TIME", group=LOAD,
        help="Time at the start that is excluded from evaluation; overrides the plan's.",
    ),
    options.topic,
    option("--arrivals", type=click.Choice(ARRIVALS), group=LOAD, help="Arrival process; overrides the plan's."),
    option(
        "--fault", "faults", type=Parsed("FAULT", _fault), multiple=True, metavar="FAULT", group=LOAD,
        help="Inject a fault into the lab during the load, as in 'kill broker=1 at=5s for=3s'.",
    ),
)  # fmt: skip
"""A load of a plan or of dials; the command gets it as `asked`."""


def said_totals(plan: Plan) -> Iterator[str]:
    """What a plan would do, a line for each Load and fault."""
    for load in plan.loads:
        where = f" to topic {load.topic}" if load.has_topic else ""
        figures = ", ".join(_figures(load, _exact(load, plan.duration)))
        chance = "about " if load.arrivals == "poisson" else ""
        yield (
            f"{load.name}: {load.dials.as_text()} for {units.duration(plan.duration)}{where} by engine {load.engine}: "
            f"{chance}{figures}"
        )
    if plan.warm_up:
        yield f"The first {units.duration(plan.warm_up)} warm up, and are not judged."
    for fault in plan.faults:
        yield f"fault: {fault.as_text()}"
    yield from (f"fails if: {threshold.text}" for threshold in plan.thresholds)
    yield from (f"ends at once if: {threshold.text}" for threshold in plan.abort_if)


def _exact(load: Load, duration: float) -> Totals:
    """Totals with the bytes of values as they are made."""
    from clusterload.generator.librdkafka import CaseRecords

    asked = totals_of(load, duration)
    if load.use != ("client", "produce"):
        return asked
    size = CaseRecords(payload_size=load.dials.payload_size or 0).value_size
    return replace(asked, bytes_written=math.ceil(asked.records - 1e-6) * size)


def _figures(load: Load, asked: Totals) -> Iterator[str]:
    if math.inf in {asked.requests, asked.records}:
        yield "as many as the cluster takes"
    elif asked.records:
        yield _counted(asked.records, "records")
    if 0 < asked.requests < math.inf:
        yield _counted(asked.requests, "requests")
    if 0 < asked.bytes_written < math.inf:
        amount = units.text(units.Quantity(asked.bytes_written, units.BYTES))
        yield f"{amount} of values (on disk times the topic's replication factor)"
    if asked.producers:
        yield _counted(asked.producers, "producers")
    if asked.members:
        yield _counted(asked.members, "members")
    yield from _connections(load, asked)


def _connections(load: Load, asked: Totals) -> Iterator[str]:
    if load.kind == "produce" and load.engine == "wire" and load.dials.connections is None:
        yield "a connection to each leading broker"
    elif asked.connections:
        yield _counted(asked.connections, "connections")
    if asked.connection_rate == math.inf:
        yield "as many connections made a second as the cluster takes"
    elif asked.connection_rate:
        yield f"{_counted(asked.connection_rate, 'connections')} made a second"


def _counted(value: float, what: str) -> str:
    # What is due at the start counts too, so a part of an event is one.
    whole = math.ceil(value - 1e-6)
    return f"{whole:,} {what if whole != 1 else what.removesuffix('s')}"


def dials_help() -> str:
    """All dials, under what they belong to."""
    blocks = []
    for engine, kind in USES:
        names = dial_names((engine, kind))
        lines = [f"\b\nDials of {kind}, engine {engine}:"]
        for name in (name for name in names if declaration_of(name).uses[0] == (engine, kind)):
            lines += _row(name, dial_meaning(name))
        also = [name for name in names if declaration_of(name).uses[0] != (engine, kind)]
        if also:
            lines += textwrap.wrap(f"also {', '.join(also)}", _WIDTH, initial_indent="  ", subsequent_indent="  ")
        blocks.append("\n".join(lines))
    blocks.append(
        "\n".join(["\b\nA rate or connections may change over time:", *(f"  {form}" for form in SHAPES.values())])
    )
    blocks.append("\n".join(["\b\nFaults:", *(line for do in ACTIONS for line in _row(do, ACTIONS[do]))]))
    return "\n\n".join(blocks)


def _row(name: str, meaning: str) -> list[str]:
    wrapped = textwrap.wrap(meaning, _WIDTH - _NAME)
    return [f"  {name if not number else '':{_NAME - 2}}{line}" for number, line in enumerate(wrapped)]
