"""Measurement: engines and sources on one clock make a Run. The only step that touches the network."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from clusterload.generator.librdkafka import ClientStatistics, Records
from clusterload.generator.librdkafka.connections import predicted_connections
from clusterload.generator.progress import Made, OnProgress
from clusterload.kafka.admin import absent_groups, topic_ids
from clusterload.kafka.cluster import Cluster, Topic
from clusterload.lab.faults import check_faults, injected
from clusterload.lab.registry import find_lab
from clusterload.model.errors import ClusterloadError, ConfigurationError
from clusterload.model.limits import Limits
from clusterload.model.run import Run
from clusterload.model.workload import Load, Plan, resolved
from clusterload.telemetry.discovery import sources_of
from clusterload.telemetry.record import collect, environment, recording, running
from clusterload.telemetry.runfile import Recorder, read_run, require_free
from clusterload.telemetry.sources.source import LateSource, OnWait, Source
from clusterload.workflow import consent
from clusterload.workflow.abort import check_stopping, guarded
from clusterload.workflow.consent import Consent
from clusterload.workflow.drive import generated
from clusterload.workflow.live.window import OnLook, watched
from clusterload.workflow.progress import onlooker

_T = TypeVar("_T")

# Bytes around the smallest batch's only value: its header, the record's own, and the key.
_HEADER: Final = 61
_AROUND: Final = _HEADER + 20 + 8


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

    A threshold of the plan's `abort_if` that is crossed ends the load in good order: the run is then not complete, and
    an event says why.

    Args:
        plan: what to do.
        cluster: where.
        sources: of the metrics; by default the cluster's own exporters if it is a lab. `()` reads none: the
            run then still tells what was sent when, and metrics of that time can be held against it later.
        path: of the run file; by default `runs/<id>.run`.
        consented: the yes that a cluster which is not a lab needs.
        seed: of all chance; by default drawn and written down.
        workers: processes of the wire engine; by default as many as the dials call for.
        limits: what a limit load is held against that may end the load.
        on_progress: called five times a second during the load; by default a notebook shows how far it is.
        on_look: called about every second with the last minute's metrics as a run, in a thread of its own.
        on_judge: called there about every five seconds with all Series of it.
        on_statistics: gets each client's own statistics as JSON, every second.
        on_wait: called now and then while metrics that come late are waited for; by default as `on_progress`.

    Raises:
        ConfigurationError: the plan cannot be carried out on this cluster.
        ConsentError: it is not a lab, and there is no yes for it.
        ClusterError: the cluster refused before the load began.
        StoreError: the run file could not be begun.
        AbortedError: interrupted; what was measured until then is in the run file.
    """
    lab = find_lab(cluster.id)
    if lab is None:
        consent.require(consented, plan, cluster.id)
    check_faults(plan.faults, lab, duration=plan.duration, made={load.topic for load in plan.loads})
    chosen = sources_of(cluster) if sources is None else sources
    _check_length(plan, chosen)
    check_stopping(plan.abort_if, chosen, limits)
    if path is not None:
        require_free(Path(path))
    groups = absent_groups(cluster, [load.group_id for load in plan.loads if load.has_group])
    topics, created = _usable_topics(plan, cluster)
    told = onlooker().load(plan, "") if on_progress is None else on_progress
    seed = random.SystemRandom().getrandbits(32) if seed is None else seed
    with recording(path) as recorder:
        recorder.document("plan", plan.as_document())
        made_of = {"created_topics": created, "created_groups": groups, "seed": seed}
        surroundings = {**environment(cluster, chosen), **_of_plan(plan, cluster, topics), **made_of}
        recorder.document("environment", surroundings)
        before = _ends(cluster, topics)
        with (
            watched(chosen, recorder, surroundings, on_look, on_judge) as (show, shown),
            guarded(plan, shown, chosen, limits, surroundings) as (guard, sink),
            running(chosen, sink),
            injected(plan.faults, lab, duration=plan.duration, on_event=shown.event) as faults,
        ):
            made = generated(
                plan,
                cluster.properties,
                recorder,
                seed=seed,
                workers=workers,
                on_start=_each(guard.begin, faults.begin, show),
                on_progress=_each(guard.tell, told),
                on_statistics=ClientStatistics(recorder, on_text=on_statistics),
                stop=lambda: guard.crossed,
            )
        _check_growth(recorder, cluster, plan, topics, before, made)
        recorder.document("window", {"start": made.start, "end": made.end, "complete": made.complete})
        collect(chosen, recorder, made.start, made.end, on_wait or onlooker().wait())
    return read_run(recorder.path)


def _each(*calls: Callable[[_T], None]) -> Callable[[_T], None]:
    """All of these calls, one after the other."""

    def call(given: _T) -> None:
        for one in calls:
            one(given)

    return call


def _check_length(plan: Plan, sources: Sequence[Source]) -> None:
    for source in sources:
        # A load begins and ends within a bucket; only those between are all of it.
        least = 2 * source.interval
        if isinstance(source, LateSource) and plan.duration < least:
            raise ConfigurationError(
                f"plan {plan.name!r} lasts {plan.duration:g} s, and the metrics come once in {source.interval:g} s: "
                f"make it last {least:g} s or longer (a case: with --full)"
            )


def _usable_topics(plan: Plan, cluster: Cluster) -> tuple[dict[str, Topic], dict[str, str]]:
    """The topics of all Loads by name, and those that came into being by this: their ids by name."""
    topics: dict[str, Topic] = {}
    created: dict[str, str] = {}
    writing_first = sorted((load for load in plan.loads if load.has_topic), key=lambda load: not _writes(load))
    for load in writing_first:
        if load.topic not in topics:
            topics[load.topic], is_new = cluster.use_topic(load.topic)
            if is_new:
                created |= topic_ids(cluster, [load.topic])
        if _writes(load):
            _check_size(load, cluster.largest_message(load.topic))
            _check_partitions(load, topics[load.topic])
    return topics, created


def _writes(load: Load) -> bool:
    return load.kind in {"produce", "transact"}


def _check_size(load: Load, most: int | None) -> None:
    """See that the topic takes what a Load makes: a message's bound is held against a whole record batch."""
    size, what, cure = _largest(load)
    if most is not None and size > most:
        raise ConfigurationError(
            f"load {load.name!r} makes {what}, and topic {load.topic!r} takes messages up to {most:,} B: "
            f"lower {cure}, or raise the topic's max.message.bytes"
        )


def _largest(load: Load) -> tuple[float, str, str]:
    """Bytes of a Load's largest batch, what that is in words, and the dial that makes it so."""
    if load.use == ("client", "produce"):
        value = Records(payload_size=load.dials.payload_size or 0).value_size
        return value + _AROUND, f"values of {value:,} B", "payload_size"
    if load.kind == "transact":
        value = load.setting("record_size").largest
        return value + _AROUND, f"values of up to {value:,} B", "record_size"
    if load.use != ("wire", "produce"):
        return 0.0, "", ""
    asked = resolved(load)
    together, largest = asked.records_per_request, asked.sizes.largest
    if together == 1:
        return largest + _AROUND, f"values of up to {largest:,} B", "record_size"
    if load.dials.compression not in {None, "none"}:
        return 0.0, "", ""  # how small it becomes is not known beforehand
    size = _HEADER + together * (asked.value_size + _AROUND - _HEADER)
    return size, f"requests of {together:,} records, {size:,.0f} B", "records_per_request or record_size"


def _check_partitions(load: Load, topic: Topic) -> None:
    touched, there = load.dials.partitions or 0, len(topic.partitions)
    if touched > there:
        raise ConfigurationError(
            f"load {load.name!r} touches {touched:,} partitions, and topic {load.topic!r} has {there:,}: lower "
            "partitions, or add some to the topic"
        )


def _ends(cluster: Cluster, topics: Mapping[str, Topic]) -> dict[str, int]:
    return {topic.name: sum(cluster.end_offsets(topic).values()) for topic in topics.values()}


def _check_growth(
    recorder: Recorder, cluster: Cluster, plan: Plan, topics: Mapping[str, Topic], before: Mapping[str, int], made: Made
) -> None:
    """Hold the ledgers against how far the topics' end offsets moved; a difference is an event."""
    try:
        after = _ends(cluster, topics)
    except ClusterloadError as error:
        recorder.event(time.time_ns(), "growth-unknown", f"end offsets could not be read after the load: {error}")
        return
    grown = {name: after[name] - count for name, count in before.items()}
    recorder.document("growth", grown)
    writers = {load.name: load for load in plan.loads if _writes(load)}
    for name in dict.fromkeys(load.topic for load in writers.values()):
        ledgers = [one for one in made.ledgers if one.load in writers and writers[one.load].topic == name]
        least = sum(ledger.acknowledged for ledger in ledgers)
        most = least + sum(ledger.unknown + made.extra_offsets.get(ledger.load, 0) for ledger in ledgers)
        words = f"topic {name!r} grew by {grown[name]:,} records, but {least:,} were acknowledged"
        if grown[name] < least:
            recorder.event(time.time_ns(), "growth-differs", words)
        elif grown[name] > most:
            recorder.event(time.time_ns(), "others-wrote", f"{words}: others write to it too, or retries stored twice")


def _of_plan(plan: Plan, cluster: Cluster, topics: Mapping[str, Topic]) -> dict[str, Any]:
    client = [load for load in plan.loads if load.use == ("client", "produce")]
    sizes = {load.name: Records(payload_size=load.dials.payload_size or 0).value_size for load in client}
    return {
        "predicted": _predicted(plan, client, cluster, topics),
        "value_size": sizes,
        "leaders": {topic.name: [one.leader for one in topic.partitions] for topic in topics.values()},
    }


def _predicted(
    plan: Plan, client: Sequence[Load], cluster: Cluster, topics: Mapping[str, Topic]
) -> dict[str, dict[str, float]]:
    """The connections that librdkafka will open, where the plan has nothing else."""
    if len(client) < len(plan.loads):
        return {}
    predictions = [predicted_connections(load.dials.producers or 0, topics[load.topic], cluster) for load in client]
    known = [one for one in predictions if one is not None]
    if not known or len(known) < len(predictions):
        return {}
    deviation = sum(one.deviation**2 for one in known) ** 0.5
    return {"connections": {"mean": sum(one.mean for one in known), "deviation": deviation}}
