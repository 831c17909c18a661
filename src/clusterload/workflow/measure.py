"""Measure: engines and sources on one clock make a Run. The only step that touches the network."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from clusterload.generator.librdkafka import CaseRecords, ClientStatistics
from clusterload.generator.librdkafka.predicted_connections import predicted_connections
from clusterload.generator.progress import GeneratedLoad, OnProgress
from clusterload.kafka.admin import topic_ids
from clusterload.kafka.cluster import Cluster, Topic
from clusterload.lab.faults import injected
from clusterload.model.errors import ClusterloadError
from clusterload.model.limits import Limits
from clusterload.model.run import Run
from clusterload.model.workload import Load, Plan
from clusterload.telemetry.record import collect, environment, recording, running
from clusterload.telemetry.runfile import Recorder, read_run
from clusterload.telemetry.sources.source import OnWait, Source
from clusterload.workflow.abort import abort_monitor
from clusterload.workflow.consent import Consent
from clusterload.workflow.declared_limits import keep_declared
from clusterload.workflow.drive import drive
from clusterload.workflow.live.window import OnLook, watched
from clusterload.workflow.preflight import Cleared, check_topic, preflight, writes
from clusterload.workflow.progress import progress_display
from clusterload.workflow.temporary_quota import own_quotas

_T = TypeVar("_T")


def measure(
    plan: Plan,
    cluster: Cluster,
    *,
    sources: Sequence[Source] | None = None,
    path: Path | str | None = None,
    consented: Consent = Consent(),  # noqa: B008 (frozen)
    seed: int | None = None,
    workers: int | None = None,
    limits: Limits | None = None,
    on_progress: OnProgress | None = None,
    on_look: OnLook | None = None,
    on_judge: OnLook | None = None,
    on_statistics: Callable[[str], None] | None = None,
    on_wait: OnWait | None = None,
) -> Run:
    """Make a plan's load on a cluster and record its metrics.

    A threshold of the plan's `abort_if` that is crossed ends the load: the run is then not complete, and an event says
    why.

    Args:
        plan: what to do.
        cluster: where.
        sources: of the metrics; by default the cluster's own exporters if it is a lab. `()` reads none: the
            run then still tells what was sent when, and metrics of that time can be added later.
        path: of the run file; by default `runs/<id>.run`.
        consented: to load a cluster that is not a lab: its id, and caps that were raised.
        seed: of all chance; by default drawn and written down.
        workers: processes of the wire engine; by default as many as the dials call for.
        limits: what a limit load is held against that may end the load; None for what the brokers declare.
        on_progress: called five times a second during the load; by default a notebook shows how far it is.
        on_look: called about every second with the last minute's metrics as a run, in a thread of its own.
        on_judge: called there about every five seconds with all Series of it.
        on_statistics: gets each client's own statistics as JSON, every second.
        on_wait: called now and then while metrics that come late are waited for; by default as `on_progress`.

    Raises:
        ConfigurationError: the plan cannot be carried out on this cluster.
        ConsentError: it is not a lab, and its id was not confirmed.
        ClusterError: the cluster refused before the load began.
        StoreError: the run file could not be begun.
        AbortedError: interrupted; what was measured until then is in the run file.
    """
    cleared = preflight(plan, cluster, sources=sources, consented=consented, limits=limits, workers=workers, path=path)
    chosen = cleared.sources
    topics, created = _used_topics(plan, cluster, cleared)
    show_progress = progress_display().load(plan, "") if on_progress is None else on_progress
    seed = random.SystemRandom().getrandbits(32) if seed is None else seed
    with recording(path) as recorder:
        recorder.document("plan", plan.as_document())
        created_here = {"created_topics": created, "created_groups": list(cleared.absent_groups), "seed": seed}
        surroundings = {
            **environment(cluster, chosen),
            **_of_plan(plan, cluster, topics),
            **created_here,
            **own_quotas(cluster),
        }
        recorder.document("environment", surroundings)
        declared = keep_declared(cluster, recorder)
        before = _ends(cluster, topics)
        with (
            watched(chosen, recorder, surroundings, on_look, on_judge, declared) as (show, shown),
            abort_monitor(plan, shown, chosen, limits or declared, surroundings) as (monitor, sink),
            running(chosen, sink),
            injected(plan.faults, cleared.lab, duration=plan.duration, on_event=shown.event) as faults,
        ):
            made = drive(
                plan,
                cluster.properties,
                recorder,
                seed=seed,
                workers=workers,
                on_start=_all(monitor.begin, faults.begin, show),
                on_progress=_all(monitor.take, show_progress),
                on_statistics=ClientStatistics(recorder, on_text=on_statistics),
                stop=lambda: monitor.crossed,
            )
        _check_growth(recorder, cluster, plan, topics, before, made)
        recorder.document("window", {"start": made.start, "end": made.end, "complete": made.complete})
        collect(chosen, recorder, made.start, made.end, on_wait or progress_display().wait())
    return read_run(recorder.path)


def _all(*calls: Callable[[_T], None]) -> Callable[[_T], None]:
    """All of these calls, one after the other."""

    def call(given: _T) -> None:
        for call in calls:
            call(given)

    return call


def _used_topics(plan: Plan, cluster: Cluster, cleared: Cleared) -> tuple[dict[str, Topic], dict[str, str]]:
    """The topics of all Loads by name, created where they were missing, and the ids of those that were."""
    topics: dict[str, Topic] = {}
    created: dict[str, str] = {}
    writing_first = sorted((load for load in plan.loads if load.has_topic), key=lambda load: not writes(load))
    for load in writing_first:
        if load.topic in topics:
            continue
        topics[load.topic], is_new = cluster.use_topic(load.topic)
        if is_new:
            created |= topic_ids(cluster, [load.topic])
    for load in writing_first:
        if load.topic not in cleared.topics and writes(load):
            # What the brokers' defaults did not tell beforehand.
            check_topic(load, (len(topics[load.topic].partitions), cluster.largest_message(load.topic)))
    return topics, created


def _ends(cluster: Cluster, topics: Mapping[str, Topic]) -> dict[str, int]:
    return {topic.name: sum(cluster.end_offsets(topic).values()) for topic in topics.values()}


def _check_growth(
    recorder: Recorder,
    cluster: Cluster,
    plan: Plan,
    topics: Mapping[str, Topic],
    before: Mapping[str, int],
    made: GeneratedLoad,
) -> None:
    """Hold the ledgers against how far the topics' end offsets moved; a difference is an event."""
    try:
        after = _ends(cluster, topics)
    except ClusterloadError as error:
        recorder.event(time.time_ns(), "growth-unknown", f"end offsets could not be read after the load: {error}")
        return
    grown = {name: after[name] - count for name, count in before.items()}
    recorder.document("growth", grown)
    writers = {load.name: load for load in plan.loads if writes(load)}
    for name in dict.fromkeys(load.topic for load in writers.values()):
        ledgers = [ledger for ledger in made.ledgers if ledger.load in writers and writers[ledger.load].topic == name]
        least = sum(ledger.acknowledged for ledger in ledgers)
        most = least + sum(ledger.unknown + made.extra_offsets.get(ledger.load, 0) for ledger in ledgers)
        words = f"topic {name!r} grew by {grown[name]:,} records, but {least:,} were acknowledged"
        if grown[name] < least:
            recorder.event(time.time_ns(), "growth-differs", words)
        elif grown[name] > most:
            recorder.event(time.time_ns(), "others-wrote", f"{words}: others write to it too, or retries stored twice")


def _of_plan(plan: Plan, cluster: Cluster, topics: Mapping[str, Topic]) -> dict[str, Any]:
    client = [load for load in plan.loads if load.use == ("client", "produce")]
    sizes = {load.name: CaseRecords(payload_size=load.dials.payload_size or 0).value_size for load in client}
    return {
        "predicted": _predicted(plan, client, cluster, topics),
        "value_size": sizes,
        "leaders": {topic.name: [partition.leader for partition in topic.partitions] for topic in topics.values()},
    }


def _predicted(
    plan: Plan, client: Sequence[Load], cluster: Cluster, topics: Mapping[str, Topic]
) -> dict[str, dict[str, float]]:
    """The connections that librdkafka will open, where the plan has nothing else."""
    if len(client) < len(plan.loads):
        return {}
    predictions = [predicted_connections(load.dials.producers or 0, topics[load.topic], cluster) for load in client]
    known = [prediction for prediction in predictions if prediction is not None]
    if not known or len(known) < len(predictions):
        return {}
    deviation = sum(prediction.deviation**2 for prediction in known) ** 0.5
    return {"connections": {"mean": sum(prediction.mean for prediction in known), "deviation": deviation}}
