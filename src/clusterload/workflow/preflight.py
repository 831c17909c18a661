"""Preflight: the one place where a plan is checked against a cluster before its load.

First what can be said without a connection: the plan, its thresholds, this machine. Then consent. Then what the cluster
has to be asked: faults, topics, rights, groups. Nothing is created or changed, and no connection of the load is made.
"""

from __future__ import annotations

import math
import resource
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from clusterload.generator.librdkafka import CaseRecords
from clusterload.kafka.admin import absent_groups, allowed_operations
from clusterload.kafka.cluster import Cluster, Topic
from clusterload.kafka.protocol.security import security_of
from clusterload.lab.faults import check_faults
from clusterload.lab.registry import find_lab
from clusterload.model.errors import AuthorizationError, ConfigurationError
from clusterload.model.workload import Load, Plan, resolve
from clusterload.model.workload.dials import peak_of
from clusterload.telemetry.discovery import sources_of
from clusterload.telemetry.runfile import require_free
from clusterload.telemetry.sources.source import HistorySource, Source
from clusterload.workflow import consent
from clusterload.workflow.abort import check_abort_if
from clusterload.workflow.consent import Consent
from clusterload.workflow.declared_limits import require_limits

if TYPE_CHECKING:
    from clusterload.lab.description import LabInfo
    from clusterload.model.limits import Limits

# Bytes around the smallest batch's only value: its header, the record's own, and the key.
_HEADER: Final = 61
_AROUND: Final = _HEADER + 20 + 8
_OTHER_FILES: Final = 64
_NEEDED: Final = {"produce": "WRITE", "transact": "WRITE", "consume": "READ", "group": "READ"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """What the checks of a plan found that its load needs.

    Attributes:
        lab: the cluster, if it is a lab.
        sources: of the metrics.
        topics: those of the plan's Loads that exist, by name.
        absent_groups: the consumer groups that the load will create.
    """

    lab: LabInfo | None
    sources: tuple[Source, ...]
    topics: Mapping[str, Topic]
    absent_groups: tuple[str, ...]


def preflight(
    plan: Plan,
    cluster: Cluster,
    *,
    sources: Sequence[Source] | None = None,
    consented: Consent = Consent(),  # noqa: B008 (frozen)
    limits: Limits | None = None,
    workers: int | None = None,
    path: Path | str | None = None,
) -> Cleared:
    """Check that a plan can be carried out on a cluster, and may be; the arguments are those of `measure`.

    Raises:
        ConfigurationError: the plan cannot be carried out on this cluster, or by this machine.
        ConsentError: the cluster is not a lab, and its id is not confirmed, or the plan goes beyond a cap.
        AuthorizationError: a right on a topic is missing.
        ClusterError: a topic does not exist and is not created on first use, or the cluster does not answer.
        StoreError: the run file exists already.
    """
    lab = find_lab(cluster.id)
    if plan.faults and lab is None:
        raise ConfigurationError(
            f"plan {plan.name!r} has faults, and cluster {cluster.id} is not a lab: only a lab may be broken"
        )
    chosen = tuple(sources_of(cluster) if sources is None else sources)
    _check_length(plan, chosen)
    check_abort_if(plan.abort_if, chosen)
    check_machine(plan, workers)
    if any(load.engine == "wire" for load in plan.loads):
        security_of(cluster.properties)  # a login that engine wire does not have
    if path is not None:
        require_free(Path(path))
    if lab is None:
        consent.require(consented, plan, cluster.id)
    require_limits((*plan.abort_if, *plan.thresholds), cluster, limits)
    check_faults(plan.faults, lab, duration=plan.duration, made={load.topic for load in plan.loads})
    topics = _checked_topics([load for load in plan.loads if load.has_topic], cluster)
    groups = absent_groups(cluster, [load.group_id for load in plan.loads if load.has_group])
    return Cleared(lab=lab, sources=chosen, topics=topics, absent_groups=tuple(groups))


def preflight_all(
    plans: Sequence[Plan],
    cluster: Cluster,
    *,
    sources: Sequence[Source] | None = None,
    consented: Consent = Consent(),  # noqa: B008 (frozen)
    limits: Limits | None = None,
) -> None:
    """Check plans that run one after the other before the first of them; caps on bytes and time hold for all together.

    Raises:
        ClusterloadError: as `preflight`, for the first plan that cannot be carried out.
    """
    for plan in plans:
        check_machine(plan)
    if find_lab(cluster.id) is None:
        consent.require_together(consented, plans, cluster.id)
    passed: list[Plan] = []  # a plan that is repeated is checked once
    for plan in plans:
        if (bare := replace(plan, name="")) not in passed:
            preflight(plan, cluster, sources=sources, consented=consented, limits=limits)
            passed.append(bare)


def _check_length(plan: Plan, sources: Iterable[Source]) -> None:
    for source in sources:
        # A load begins and ends within a bucket; only those between are all of it.
        least = 2 * source.interval
        if isinstance(source, HistorySource) and plan.duration < least:
            raise ConfigurationError(
                f"plan {plan.name!r} lasts {plan.duration:g} s, and the metrics come once in {source.interval:g} s: "
                f"make it last {least:g} s or longer (a case: with --full)"
            )


def check_machine(plan: Plan, workers: int | None = None) -> None:
    """See that this machine can make a plan's load by engine wire: open files and memory.

    Args:
        plan: whose load.
        workers: processes of the engine; by default as many as the dials call for.

    Raises:
        ConfigurationError: it cannot; the message says what to raise or to lower.
    """
    wire = [load for load in plan.loads if load.engine == "wire"]
    if not wire:
        return
    from clusterload.generator.wire.engine import worker_count  # noqa: PLC0415 (heavy, and not for every load)

    _check_files(wire, workers or worker_count(wire))
    for load in wire:
        _check_memory(load)


def _check_files(loads: Sequence[Load], workers: int) -> None:
    """Each connection of a worker process is an open file of it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = math.ceil(sum(peak_of(load.dials.connections) for load in loads) / workers) + _OTHER_FILES
    if most not in {resource.RLIM_INFINITY, -1} and needed > most:
        raise ConfigurationError(
            f"{needed - _OTHER_FILES:,} connections a worker need {needed:,} open files, and the limit is {most:,}: "
            f"raise it (ulimit -Hn {needed}, as root), or share the load with --workers {math.ceil(needed / most)}"
        )


def _check_memory(load: Load) -> None:
    """What is in flight on all connections when brokers stop answering must fit into this machine at all."""
    size = _largest(load)[0]
    held = peak_of(load.dials.connections) * (load.dials.in_flight or 1) * size
    total = psutil.virtual_memory().total
    if held > total:
        raise ConfigurationError(
            f"load {load.name!r} may have {held / 1e9:,.1f} GB of requests in flight, and this machine has "
            f"{total / 1e9:,.1f} GB of memory: lower connections, in_flight, records_per_request or record_size"
        )


def _checked_topics(loads: Sequence[Load], cluster: Cluster) -> dict[str, Topic]:
    """The topics of Loads that exist, by name; the others can be created, as far as the cluster says."""
    known = {topic.name: topic for topic in cluster.topics()} if loads else {}
    names = dict.fromkeys(load.topic for load in loads)
    existing = {name: known[name] for name in names if name in known}
    allowed = allowed_operations(cluster, existing)
    for load in loads:
        if load.topic not in existing:
            check_topic(load, cluster.topic_on_first_use(load.topic))
            continue
        _check_right(load, allowed.get(load.topic, frozenset()))
        largest = cluster.largest_message(load.topic) if writes(load) else None
        check_topic(load, (len(existing[load.topic].partitions), largest))
    return existing


def _check_right(load: Load, allowed: frozenset[str]) -> None:
    needed = _NEEDED.get(load.kind)
    # Without an authorizer, and from old brokers, nothing is said: then nothing is known to be missing.
    if needed and allowed and not allowed & {needed, "ALL"}:
        raise AuthorizationError(
            f"load {load.name!r} needs {needed.capitalize()} on topic {load.topic!r}, which this client may not: "
            "grant it by an ACL, or name another topic; see docs/privileges.md"
        )


def writes(load: Load) -> bool:
    """Whether a Load writes records to its topic."""
    return load.kind in {"produce", "transact"}


def check_topic(load: Load, topic: tuple[int | None, int | None]) -> None:
    """See that a topic has the partitions that a Load touches and takes what it makes.

    Args:
        load: which touches it.
        topic: its number of partitions, and its `max.message.bytes`; None where that is not known.

    Raises:
        ConfigurationError: it does not.
    """
    partitions, most = topic
    if not writes(load):
        return
    size, what, cure = _largest(load)
    if most is not None and size > most:  # a message's bound is held against a whole record batch
        raise ConfigurationError(
            f"load {load.name!r} makes {what}, and topic {load.topic!r} takes messages up to {most:,} B: "
            f"lower {cure}, or raise the topic's max.message.bytes"
        )
    touched = load.dials.partitions or 0
    if partitions is not None and touched > partitions:
        raise ConfigurationError(
            f"load {load.name!r} touches {touched:,} partitions, and topic {load.topic!r} has {partitions:,}: lower "
            "partitions, or add some to the topic"
        )


def _largest(load: Load) -> tuple[float, str, str]:
    """Bytes of a Load's largest batch, what that is in words, and the dial that makes it so."""
    if load.use == ("client", "produce"):
        value = CaseRecords(payload_size=load.dials.payload_size or 0).value_size
        return value + _AROUND, f"values of {value:,} B", "payload_size"
    if load.kind == "transact":
        value = load.setting("record_size").largest
        return value + _AROUND, f"values of up to {value:,} B", "record_size"
    if load.use != ("wire", "produce"):
        return 0.0, "", ""
    asked = resolve(load)
    together, largest = asked.records_per_request, asked.sizes.largest
    if together == 1:
        return largest + _AROUND, f"values of up to {largest:,} B", "record_size"
    if load.dials.compression not in {None, "none"}:
        return 0.0, "", ""  # how small it becomes is not known beforehand
    size = _HEADER + together * (asked.value_size + _AROUND - _HEADER)
    return size, f"requests of {together:,} records, {size:,.0f} B", "records_per_request or record_size"
