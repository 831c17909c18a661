"""Runs with chosen figures, written by the real Recorder and read back, as a measurement leaves them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clusterload.model.ledger import Ledger
from clusterload.model.limits import Limits
from clusterload.model.resources import RESOURCES
from clusterload.model.run import Event, Run
from clusterload.model.series import SECOND, Kind, Point
from clusterload.model.workload import Dials, Load, Plan, totals_of
from clusterload.telemetry.runfile import Recorder, read_run

START = 1_767_225_600 * SECOND
BROKERS = ("1", "2", "3")

# How a cluster's figure falls on its three brokers.
_PARTS = (0.5, 0.3, 0.2)
_SATURATION = ("request_handler_busy", "network_thread_busy", "cpu_host")


def plan(
    name: str = "load",
    *,
    producers: int = 20,
    record_rate: float = 500.0,
    payload_size: int = 4096,
    duration: float = 25.0,
) -> Plan:
    """A plan of one load."""
    dials = Dials(producers=producers, record_rate=record_rate, payload_size=payload_size)
    return Plan(name=name, loads=(Load(name="sales", topic="sale_records", dials=dials),), duration=duration)


def kept_ledger(made: Plan) -> Ledger:
    """The account of a load in which all went well."""
    records = math.ceil(totals_of(made.loads[0], made.duration).records)
    return Ledger(load=made.loads[0].name, scheduled=records, acknowledged=records, acknowledged_bytes=records * 4153)


def limits(**values: str) -> Limits:
    """A table with these limits, as in `limits(ingress="3 MB/s", connections="1000 connections")`."""
    rows = []
    for resource, text in values.items():
        value, unit = text.split()
        rows.append(
            {
                "resource": resource,
                "value": float(value),
                "unit": unit,
                "force": "declared",
                "source": "the test",
                "as_of": "2026-01",
            }
        )
    return Limits.parsed("test", {"title": "Test", "limits": rows})


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What a cluster shows while a run goes, second by second.

    Attributes:
        levels: of the whole cluster; of a delta per second.
        busy: saturation of broker 1; the others are at half of it.
        absent: (resource, broker) of which nothing is seen at all; an empty broker stands for all.
        silent: whether nothing is seen in this second.
        predicted: standard deviation of the predicted connections, relative to their number.
        hosts: where each broker runs.
        jitter: seconds by which each broker's scrapes are beside the whole seconds.
    """

    levels: Mapping[str, float] = field(default_factory=lambda: case_levels(47, 2.1e6))
    busy: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(_SATURATION, 0.1))
    absent: Collection[tuple[str, str]] = ()
    silent: Callable[[int], bool] = lambda _: False
    predicted: float | None = None
    hosts: tuple[str, str, str] = ("host1", "host2", "host3")
    jitter: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def environment(self) -> dict[str, Any]:
        """What the run was made with, as far as judgements read it."""
        brokers = [
            {
                "id": int(broker),
                "id_string": broker,
                "host": self.hosts[number],
                "port": 9092 + number,
                "rack": "",
                "controller": number == 0,
            }
            for number, broker in enumerate(BROKERS)
        ]
        known: dict[str, Any] = {"cluster": {"id": "test", "lab": False, "brokers": brokers}}
        if self.predicted is not None:
            mean = self.levels["connections"]
            known["predicted"] = {"connections": {"mean": mean, "deviation": self.predicted * mean}}
        return known

    def show(self, recorder: Recorder, seconds: int) -> None:
        """Record what brokers show from just before a load until just after it."""
        heard = [second for second in range(-1, seconds + 3) if not self.silent(second)]
        for number, broker in enumerate(BROKERS):
            before: int | None = None
            for second in heard:
                at = START + round((second + self.jitter[number]) * SECOND)
                self._show(recorder, broker, _PARTS[number], second, at, None if before is None else at - before)
                before = at

    def _show(self, recorder: Recorder, broker: str, part: float, second: int, at: int, span: int | None) -> None:
        for name, level in self.levels.items():
            kind, unit = RESOURCES[name].kind, RESOURCES[name].unit
            if not {(name, broker), (name, "")}.isdisjoint(self.absent):
                continue
            if kind is Kind.GAUGE:
                recorder.record(Point(name, unit, kind, {"broker": broker}, at, level * part))
            elif span is not None:
                grown = level * part * span / SECOND * (1 + 0.01 * math.sin(second))
                recorder.record(Point(name, unit, kind, {"broker": broker}, at, grown, span / SECOND))
        for name, busy in self.busy.items():
            level = busy if broker == "1" else busy / 2
            recorder.record(Point(name, RESOURCES[name].unit, Kind.GAUGE, {"broker": broker}, at, level))


def case_levels(connections: float, ingress: float, requests: float = 90.0) -> dict[str, float]:
    """What the case study's cluster shows with so many connections and so many bytes a second."""
    return {"connections": connections, "ingress": ingress, "egress": 0.0, "requests": requests}


def stored(
    path: Path,
    cluster: Cluster | None = None,
    *,
    made: Plan | None = None,
    ledger: Ledger | None = None,
    events: Collection[Event] = (),
    complete: bool = True,
    accounted: bool = True,
    declared: Limits | None = None,
) -> Run:
    """A run that was written to a file and read back."""
    shown, asked = cluster or Cluster(), made or plan()
    seconds = int(asked.duration)
    with Recorder(path) as recorder:
        recorder.document("plan", asked.as_document())
        recorder.document("environment", shown.environment())
        recorder.document("window", {"start": START, "end": START + seconds * SECOND, "complete": complete})
        if declared is not None:
            recorder.document("limits", declared.as_document())
        if accounted:
            recorder.ledgers([ledger or kept_ledger(asked)])
        shown.show(recorder, seconds)
        for event in events:
            recorder.event(event.time, event.kind, event.text)
    return read_run(path)
