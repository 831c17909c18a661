"""Causes about what consumers read: how much, how often, from where."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from clusterload.analysis.causes.blame import rising_clients, rising_topics
from clusterload.analysis.causes.cause import Cause, Signs
from clusterload.analysis.causes.signature_figures import MEGABYTE
from clusterload.analysis.causes.weights import between, by_size, either
from clusterload.analysis.window_stats import Pair, known
from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.analysis.causes.signature_figures import Scene
    from clusterload.analysis.finding import Culprit


def _fetch_bytes(scene: Scene) -> float:
    """Bytes per added fetch."""
    more = scene.added("FetchConsumer")
    return max(0.0, scene.total("egress").rise) / more if more else math.nan


def _fetch_size(scene: Scene) -> Pair:
    out, fetches = scene.total("egress"), scene.requests("FetchConsumer")
    return Pair(
        now=out.now / fetches.now if fetches.now else math.nan,
        before=out.before / fetches.before if fetches.before else math.nan,
    )


def _fan_out(scene: Scene) -> Signs | None:
    more = scene.read_more
    if not more > 0:
        return None
    level, into = scene.total("egress"), scene.total("ingress")
    cores = scene.price("egress", more / MEGABYTE)
    material = between(cores / scene.cores, 0.0004, 0.002)
    large = by_size(_fetch_bytes(scene), 3e3, 15e3) if scene.added("FetchConsumer") else 1.0
    weight = either(
        scene.cost(cores) * material, scene.grown("egress", 1e5, 10.0) * material, scene.near_limit("egress")
    )
    cold = between(scene.rise("disk_reads") / more, 0.05, 0.4)
    times = Pair(
        now=level.now / into.now if into.now else math.nan,
        before=level.before / into.before if into.before else math.nan,
    )
    # Without a baseline, a topic that is read often may always have been: some of a healthy cluster are.
    often = 1.0 if scene.compared else by_size(times.now, 4.0, 15.0)
    return Signs(
        weight=either(weight, material * (_read_most_often(scene) if scene.compared else often)),
        fit=large * often * (1 - 0.8 * cold),
        sentence=f"High fan-out: {units.short(level.now, units.BYTES_PER_SECOND)} read, "
        f"{units.number(times.now, 2)} times what arrives",
        evidence=(
            scene.evidence("Egress", "egress"),
            scene.evidence("Ingress", "ingress"),
            scene.figure("Bytes per fetch", _fetch_size(scene), units.BYTES, "egress, requests_by_type"),
        ),
        culprits=lambda: _readers(scene),
        cores=cores,
        effect=f"without it egress is {units.short(level.now - more, units.BYTES_PER_SECOND)}",
    )


def _readers(scene: Scene) -> tuple[Culprit, ...]:
    clients = rising_clients(scene, "egress_by_client", "thread_time_by_client")
    topics = rising_topics(scene, "egress_by_topic")
    # Readers of one topic are many; without a baseline it is the topic that shows how often it is read.
    return (*clients, *topics) if scene.compared else (*topics, *clients)


FAN_OUT = Cause(
    id="fan-out",
    title="High consumer fan-out",
    means="Data that arrives once is read many times: each consumer group and each standalone consumer fetches all of "
    "it.",
    moves=("egress", "bytes per fetch"),
    stays=("ingress", "group membership", "disk reads"),
    look_alikes={
        "fetch-storm": "fetches are many and nearly empty",
        "rebalances": "members join and leave, and re-read what was not committed",
        "cold-reads": "the data is read from disk",
        "ingress-bytes": "ingress rises as well; consumers only follow",
    },
    named_by={"client": "egress_by_client", "topic": "egress_by_topic"},
    if_unnamed="brokers publish bytes by client id only while a client quota exists: --unlock-client-metrics",
    cure="Share what was read (one group instead of standalone consumers, or a cache); compress; set consumer quotas.",
    disproof="Half of the consumers stop and egress does not fall.",
    signs=_fan_out,
    fills="egress",
    needs=(
        "egress",
        "ingress",
    ),
)


def _read_most_often(scene: Scene) -> float:
    """From 0 to 1, how far one topic is read many times as much as before, for what is written to it."""
    written = scene.stats.by("ingress_by_topic", "topic")
    read = scene.stats.by("egress_by_topic", "topic")
    return max((_read_often(scene, pair, written.get(topic)) for topic, pair in read.items()), default=0.0)


def _read_often(scene: Scene, read: Pair, written: Pair | None) -> float:
    more = known(read.rise)
    material = between(scene.price("egress", more / MEGABYTE) / scene.cores, 0.0004, 0.002)
    into = known(written.now) if written else 0.0
    if not material or not into:
        return 0.0
    usual = known(read.before) / known(written.before) if written and known(written.before) else read.now / into
    return material * by_size(read.now / into / max(usual, 1.0), 1.0, 6.0)


def _fetch_storm(scene: Scene) -> Signs | None:
    more = scene.fetched
    if not more > 0:
        return None
    cores = scene.price("FetchConsumer", more)
    fetches = scene.requests("FetchConsumer")
    empty = 1 - by_size(_fetch_bytes(scene), 1.5e3, 15e3)
    many = 1.0
    connections = scene.rise("connections")
    # Many new connections that fetch now and then make no storm, unless they belong to producers.
    if connections >= 10 and scene.added("Produce") < connections / 3:  # noqa: PLR2004 (a client or two)
        many = by_size(more / connections, 2.0, 12.0)
    often = either(scene.grown("requests_by_type", 20), scene.beyond(scene.a_connection(more), 8.0, 25.0))
    weight = either(scene.cost(cores), often) * between(cores / scene.cores, 0.01, 0.07)
    return Signs(
        weight=weight,
        fit=empty * many,
        sentence=f"Empty-fetch storm: {units.number(fetches.now)} fetches a second of "
        f"{units.short(_fetch_size(scene).now, units.BYTES)} each",
        evidence=(
            *scene.request_evidence("FetchConsumer"),
            scene.figure("Bytes per fetch", _fetch_size(scene), units.BYTES, "egress, requests_by_type"),
            scene.time_evidence("request_time", "FetchConsumer"),
        ),
        culprits=lambda: rising_clients(scene) or rising_topics(scene, "fetch_requests_by_topic"),
        cores=cores,
        effect=f"a tenth as many fetches saves up to {scene.saved(0.9 * cores)}",
    )


FETCH_STORM = Cause(
    id="fetch-storm",
    title="Empty-fetch storm",
    means="A consumer with a fetch.max.wait.ms near 0 fetches again at once, whether there is data or not.",
    moves=("FetchConsumer requests", "time of a fetch (falls: none waits for data)", "bytes per fetch (fall)"),
    stays=("egress", "Produce requests"),
    look_alikes={
        "fan-out": "fetches carry many bytes",
        "small-batches": "each Produce request wakes the consumers' waiting fetches: Produce requests rise as much",
    },
    named_by={"client": "thread_time_by_client", "topic": "fetch_requests_by_topic"},
    if_unnamed="brokers publish thread time by client id only while a client quota exists: --unlock-client-metrics",
    cure="fetch.min.bytes above 1 and fetch.max.wait.ms of 500 in that consumer.",
    disproof="Fewer fetches leave the brokers' CPU unchanged.",
    signs=_fetch_storm,
    needs=("requests_by_type",),
)


def _cold_reads(scene: Scene) -> Signs | None:
    reads, remote, out = scene.total("disk_reads"), scene.total("remote_fetch_bytes"), scene.rise("egress")
    tiered = scene.rise("remote_fetch_bytes")
    more = scene.rise("disk_reads") + tiered
    if not more > 0:
        return None
    read, where = known(reads.now) + known(remote.now), " and remote storage" if tiered > 0 else ""
    part = min(1.0, more / out) if out else 0.0
    local = scene.request_time("request_local_time", "FetchConsumer")
    return Signs(
        # Brokers do not say what their disks can do; a larger machine is given a faster one.
        weight=by_size(more / scene.cores, 0.15e6, 2e6),
        fit=either(0.3 * between(local.ratio, 1.0, 4.0), by_size(part, 0.02, 0.3)),
        sentence=f"Cold reads from disk{where}: {units.short(read, units.BYTES_PER_SECOND)}",
        evidence=(
            scene.evidence("Disk reads", "disk_reads"),
            scene.evidence("Read from remote storage", "remote_fetch_bytes"),
            scene.evidence("Egress", "egress"),
            scene.time_evidence("request_local_time", "FetchConsumer"),
        ),
        culprits=lambda: (
            *rising_clients(scene, "egress_by_client", "thread_time_by_client"),
            *rising_topics(scene, "egress_by_topic"),
        ),
        effect="reads from the page cache need no disk",
    )


COLD_READS = Cause(
    id="cold-reads",
    title="Cold reads from disk",
    means="A consumer starts far back, or lags so far that its data has left the page cache. Each of its fetches waits "
    "for the disk, and pushes out of the cache what others read.",
    moves=("disk reads", "egress", "local time of a fetch"),
    stays=("ingress",),
    look_alikes={
        "fan-out": "nothing is read from disk",
        "compaction": "the log cleaner reads and writes; no client reads",
    },
    named_by={"client": "egress_by_client", "topic": "egress_by_topic"},
    if_unnamed="consumer lag by group shows who is far behind",
    cure="Cap that consumer (consumer quota), read old data at quiet hours, or give brokers more page cache.",
    disproof="The consumer stops and the disk reads continue.",
    signs=_cold_reads,
    needs=("disk_reads|remote_fetch_bytes",),
    explains_away={"fan-out": 0.7, "disk": 0.7, "compaction": 0.8, "fetch-storm": 0.5},
)


def _down_conversion(scene: Scene) -> Signs | None:
    rate = scene.rise("fetch_conversions")
    if not rate > 1:
        return None
    part = rate / max(rate, scene.now("records_in"))
    cores = scene.price("conversions", rate)
    late = by_size(scene.request_time("request_local_time", "FetchConsumer").rise, 2.0, 20.0)
    return Signs(
        weight=either(between(cores / scene.cores, 0.0008, 0.024), 0.5 * part, late),
        fit=between(part, 0.02, 0.3),
        sentence=f"Brokers convert {units.number(rate)} records a second for consumers that are too old for them",
        evidence=(
            scene.evidence("Records down-converted", "fetch_conversions"),
            scene.time_evidence("request_local_time", "FetchConsumer"),
            scene.evidence("Egress", "egress"),
            scene.evidence("Garbage collection", "gc_time"),
        ),
        culprits=lambda: (
            *rising_topics(scene, "fetch_conversions_by_topic"),
            *rising_clients(scene, "egress_by_client", "thread_time_by_client"),
        ),
        cores=cores,
        effect=f"without it some {scene.saved(cores)} are free, and data is sent to consumers without a copy",
    )


DOWN_CONVERSION = Cause(
    id="down-conversion",
    title="Down-conversion for old consumers",
    means="Consumers older than the record format on disk: brokers read every batch into memory, convert it, and "
    "cannot send it straight from the page cache (zero-copy). Kafka 4 refuses such consumers.",
    moves=("down-converted records", "local time of FetchConsumer requests", "CPU", "garbage collection"),
    stays=("egress", "FetchConsumer requests", "ingress"),
    look_alikes={
        "fan-out": "egress rises; no record is converted",
        "fetch-storm": "fetches rise; no record is converted",
        "recompression": "what producers send is converted, not what consumers read",
    },
    named_by={"topic": "fetch_conversions_by_topic", "client": "egress_by_client"},
    if_unnamed="connections by client software name old clients; brokers publish bytes by client id only while a "
    "client quota exists: --unlock-client-metrics",
    cure="Upgrade these consumers: from Kafka 4 on brokers refuse them.",
    disproof="No record is down-converted and the local time of FetchConsumer requests stays as high.",
    signs=_down_conversion,
    needs=("fetch_conversions",),
    explains_away={"fan-out": 0.4, "disk": 0.5, "slow-replica": 0.4, "cpu-starvation": 0.3},
    untested="Kafka 4 no longer converts for consumers, and a lab's clients are newer than that",
)

CAUSES = (FAN_OUT, FETCH_STORM, COLD_READS, DOWN_CONVERSION)
