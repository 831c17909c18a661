"""Noop: a plan carried out against a stub broker, to measure the generator's own overhead."""

from __future__ import annotations

import random
from pathlib import Path

from clusterload.generator.progress import OnProgress, Progress
from clusterload.generator.wire.stub_broker import stub_broker
from clusterload.kafka.properties import Properties
from clusterload.model.errors import ConfigurationError
from clusterload.model.run import Run
from clusterload.model.workload import Plan
from clusterload.telemetry.record import machine, recording
from clusterload.telemetry.runfile import read_run
from clusterload.workflow.abort import abort_monitor, check_abort_if
from clusterload.workflow.drive import drive
from clusterload.workflow.preflight import check_machine
from clusterload.workflow.progress import progress_display

PARTITIONS = 6
"""Of each topic of the stub broker, unless the plan touches more."""


def measure_noop(
    plan: Plan,
    *,
    path: Path | str | None = None,
    seed: int | None = None,
    workers: int | None = None,
    on_progress: OnProgress | None = None,
) -> Run:
    """Make a plan's load against a stub broker on this machine. What is late then is late by the generator itself.

    Args:
        plan: Loads of the engine `wire` that produce or connect, without faults.
        path: of the run file; by default `runs/<id>.run`.
        seed: of all chance; by default drawn and written down.
        workers: processes; by default as many as the dials call for.
        on_progress: called five times a second; by default a notebook shows how far it is.

    Raises:
        ConfigurationError: a Load needs a real broker.
        StoreError: the run file could not be begun.
        AbortedError: interrupted.
    """
    for load in plan.loads:
        if load.engine != "wire" or load.kind not in {"produce", "connect"}:
            raise ConfigurationError(
                f"load {load.name!r} ({load.engine}, {load.kind}) cannot run against the stub broker: only what "
                "engine wire produces or connects can"
            )
    check_abort_if(plan.abort_if, ())
    check_machine(plan, workers)
    if plan.faults:
        raise ConfigurationError("the stub broker cannot be broken: leave the faults out")
    topics = {load.topic: max(PARTITIONS, load.dials.partitions or 0) for load in plan.loads}
    show_progress = progress_display().load(plan, "") if on_progress is None else on_progress
    seed = random.SystemRandom().getrandbits(32) if seed is None else seed
    with recording(path) as recorder, stub_broker(topics) as servers:
        recorder.document("plan", plan.as_document())
        target = {"id": "noop", "lab": False, "brokers": []}
        surroundings = {**machine(), "cluster": target, "seed": seed}
        recorder.document("environment", surroundings)
        properties = Properties(values={"bootstrap.servers": servers}, origin="the stub broker")
        with abort_monitor(plan, recorder, (), None, surroundings) as (monitor, _):

            def tell(state: Progress) -> None:
                monitor.take(state)
                show_progress(state)

            made = drive(
                plan,
                properties,
                recorder,
                seed=seed,
                workers=workers,
                on_start=monitor.begin,
                on_progress=tell,
                stop=lambda: monitor.crossed,
            )
        recorder.document("window", {"start": made.start, "end": made.end, "complete": made.complete})
    return read_run(recorder.path)
