"""Causes that are no client's load: quotas, noisy neighbours, brokers' own work, and none at all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from clusterload.analysis.causes.blame import ranked
from clusterload.analysis.causes.cause import Cause, Signs
from clusterload.analysis.causes.weights import between, by_size
from clusterload.analysis.window_stats import Pair
from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.analysis.causes.signature_figures import Scene
    from clusterload.analysis.finding import Culprit

NOTICED: Final = 0.5
"""Milliseconds of throttle time up to which it lingers of a moment."""

_QUOTAS: Final = ("produce_throttle_time", "fetch_throttle_time", "request_throttle_time")


def _throttling(scene: Scene) -> Signs | None:
    highest = {name: _throttle_time(scene, name) for name in _QUOTAS}
    name = max(_QUOTAS, key=lambda quota: -1.0 if math.isnan(highest[quota].now) else highest[quota].now)
    pair = highest[name]
    rise = pair.now - pair.before if pair.before > 0 else pair.now
    if not rise > NOTICED:
        return None
    return Signs(
        weight=by_size(rise, 1.0, 15.0),
        fit=1.0,
        sentence=f"A quota throttles clients: they wait up to {units.number(pair.now)} ms a request",
        evidence=(
            scene.evidence("Throttle time", name),
            scene.evidence("Ingress", "ingress"),
            scene.evidence("Egress", "egress"),
        ),
        culprits=lambda: _throttled_clients(scene, name),
        effect="a higher quota lets more through; the bill says what that costs the brokers",
    )


def _throttle_time(scene: Scene, name: str) -> Pair:
    """The longest time that a quota delays anybody who is there."""
    whole = scene.total(name)
    absent = _absent(scene) if whole.now > NOTICED else frozenset[str]()
    if not absent:
        return whole
    each = [pair for who, pair in scene.stats.by(name, "client").items() if who not in absent]
    now = max((pair.now for pair in each if not math.isnan(pair.now)), default=math.nan)
    return Pair(now=now, before=max((pair.before for pair in each if not math.isnan(pair.before)), default=math.nan))


def _absent(scene: Scene) -> frozenset[str]:
    """Clients that brokers know and that send nothing: their throttle time is of before, for gauges of it linger."""
    return frozenset(who for who, pair in scene.stats.by("thread_time_by_client", "client").items() if pair.now == 0)


def _throttled_clients(scene: Scene, name: str) -> tuple[Culprit, ...]:
    absent = _absent(scene)
    by = {
        kind: {who: pair.filled for who, pair in scene.stats.by(name, kind).items() if who not in absent}
        for kind in ("client", "principal")
    }
    return tuple(culprit for kind, each in by.items() for culprit in ranked(each, kind, name))


THROTTLING = Cause(
    id="throttling",
    title="Throttled by a quota",
    means="A client, user or request rate is over its quota: brokers delay responses on purpose. The cluster is not "
    "full.",
    moves=("throttle time of a client", "that client's latency"),
    stays=("CPU", "other clients' latency"),
    look_alikes={
        "network-delay": "no throttle time",
        "slow-replica": "no throttle time; requests wait for replicas",
    },
    named_by={"client": "produce_throttle_time"},
    if_unnamed="clients publish it too: produce-throttle-time-avg and fetch-throttle-time-avg",
    cure="Raise the quota if the brokers have capacity, or have the client send less.",
    disproof="Throttle times are 0 while the client is slow.",
    signs=_throttling,
    needs=("produce_throttle_time|fetch_throttle_time|request_throttle_time",),
    explains_away={"disk": 0.5, "slow-replica": 0.3},
)


def _starvation(scene: Scene) -> Signs | None:
    busy = scene.total("cpu_host")
    if math.isnan(busy.now) or math.isnan(scene.total("cpu_broker").now):
        return None
    own = scene.total("cpu_broker")
    others = Pair(now=_others(busy.now, own.now, scene), before=_others(busy.before, own.before, scene))
    more = others.rise if scene.compared else others.now
    asked_more = max(
        scene.grown("requests", 20, 4.0), scene.grown("ingress", 1e5, 6.0), scene.grown("egress", 2e5, 8.0),
        between(scene.connecting / scene.cores, 2.5, 25.0), between(scene.rise("partitions") / scene.cores, 50, 250),
    )  # fmt: skip
    took_more = (
        between(own.rise / scene.cores, 0.05, 0.2) if scene.compared else between(own.now / scene.cores, 0.2, 0.5)
    )
    full = between(busy.now, 0.8, 0.95)
    return Signs(
        weight=full * between(more / scene.cores, 0.15, 0.45),
        fit=(1 - 0.8 * asked_more) * (1 - took_more),
        sentence=f"Something other than Kafka keeps the hosts busy: their CPU is {units.percent(busy.now)} used, "
        f"of which the brokers take {units.percent(own.now / scene.cores)}",
        evidence=(
            scene.evidence("CPU of the host", "cpu_host"),
            scene.figure("CPU of the brokers", own, units.CORES, "cpu_broker"),
            scene.figure("CPU of other processes", others, units.CORES, "cpu_host, cpu_broker"),
            scene.time_evidence("request_queue_time", "Produce"),
        ),
        effect="request queue time falls to what it was",
    )


def _others(busy: float, own: float, scene: Scene) -> float:
    """Cores that something else than brokers takes."""
    return max(0.0, busy * scene.cores - own)


STARVATION = Cause(
    id="cpu-starvation",
    title="CPU starvation by a noisy neighbour",
    means="Another process, container or machine on the same host takes the CPU. Kafka is not the cause: it gets no "
    "more requests, uses no more CPU, and answers late.",
    moves=("CPU of the host", "request queue time"),
    stays=("CPU of the brokers, or it falls", "requests", "bytes"),
    look_alikes={
        "small-batches": "the brokers use the CPU themselves, and get more requests",
        "slow-replica": "one broker is late, and its host is not full",
    },
    if_unnamed="Kafka sees no other processes: look at the host itself",
    cure="Find it on the host (top, pidstat); give brokers a host or CPU shares of their own.",
    disproof="The host's CPU is full and it is the brokers that use it.",
    signs=_starvation,
    needs=(
        "cpu_host",
        "cpu_broker",
    ),
    explains_away={"slow-replica": 0.8, "network-delay": 0.8, "disk": 0.9, "broker-down": 0.3, "compaction": 0.7},
)


def _cpu_limit(scene: Scene) -> Signs | None:
    held, own = scene.total("cpu_throttled"), scene.total("cpu_broker")
    more = scene.rise("cpu_throttled")
    if not more > 0:
        return None
    part = held.now / (held.now + own.now) if own.now > 0 else math.nan
    return Signs(
        weight=between(held.now / scene.cores, 0.02, 0.3),
        fit=0.5 + 0.5 * between(part, 0.02, 0.2),
        sentence=f"The CPU limit of the container holds the brokers' threads back for {units.number(held.now, 2)} s "
        "a second",
        evidence=(
            scene.evidence("Held back", "cpu_throttled"),
            scene.figure("CPU of the brokers", own, units.CORES, "cpu_broker"),
            scene.evidence("CPU of the host", "cpu_host"),
            scene.time_evidence("request_queue_time", "Produce"),
        ),
        effect="threads no longer wait for the next period of 100 ms; request queue time falls",
    )


CPU_LIMIT = Cause(
    id="cpu-limit",
    title="CPU limit of the container",
    means="The container may use so much CPU in each period of 100 ms (the kernel's CFS quota) and no more: when a "
    "burst has used it up, all of the broker's threads stop until the next period, even on an idle host.",
    moves=("time that threads are held back", "request queue time", "latency"),
    stays=("CPU of the host, which may be idle",),
    look_alikes={
        "cpu-starvation": "the host is full of other processes; nothing is held back",
        "slow-replica": "one broker is late, and it is not held back",
    },
    if_unnamed="it is the limit of the broker's own pod",
    cure="Raise the CPU limit of the brokers' pods, or set none and keep the request; fewer num.io.threads and "
    "num.network.threads make smaller bursts.",
    disproof="Nothing is held back (nr_throttled of the container's cpu.stat stands still) and requests still wait.",
    signs=_cpu_limit,
    needs=("cpu_throttled",),
    explains_away={"slow-replica": 0.5, "disk": 0.5, "network-delay": 0.4, "cpu-starvation": 0.4},
    untested="the lab's brokers run in no container",
)


def _compaction(scene: Scene) -> Signs | None:
    # Brokers publish no bytes of the log cleaner: they are what is written beyond what clients and replication bring.
    copied = max(scene.rise("ingress"), 0.0) + max(scene.rise("replication_in"), 0.0)
    more = max(0.0, scene.rise("disk_writes") - 2 * copied) if scene.compared else 0.0
    if not more > 0:
        return None
    reads = scene.rise("disk_reads")
    return Signs(
        weight=by_size(more / scene.cores, 2e6, 20e6),
        fit=0.5 * between(reads / more, 0.05, 0.5),
        sentence=f"The log cleaner writes {units.short(more, units.BYTES_PER_SECOND)} that no client sent",
        evidence=(
            scene.evidence("Disk reads", "disk_reads"),
            scene.evidence("Disk writes", "disk_writes"),
            scene.evidence("Ingress", "ingress"),
            scene.evidence("Dirty share of the dirtiest log", "cleaner_dirty"),
        ),
    )


COMPACTION = Cause(
    id="compaction",
    title="Log compaction",
    means="The log cleaner reads and rewrites compacted topics: CPU and disk I/O that no client requests at the time.",
    moves=("disk reads and writes", "CPU"),
    stays=("ingress", "egress", "requests"),
    look_alikes={
        "cold-reads": "clients read what is read from disk",
        "offset-commits": "OffsetCommit requests rise: their topic is what is compacted",
    },
    if_unnamed="the log cleaner's own metrics and log name the topic",
    cure="Fewer updates in compacted topics; log.cleaner.threads and log.cleaner.io.max.bytes.per.second bound it.",
    disproof="The log cleaner is idle.",
    signs=_compaction,
    needs=(
        "disk_writes",
        "ingress",
    ),
    untested="the lab's topics are too small for compaction to be felt",
)


def _none(scene: Scene) -> Signs | None:  # noqa: ARG001 (no figure is needed)
    return None


NONE = Cause(
    id="none",
    title="No cause",
    means="No cause in the catalogue holds: the cluster behaves as usual. It is reported as no finding.",
    moves=(),
    stays=("everything, within what the baseline varies by itself",),
    look_alikes={},
    if_unnamed="there is nobody to name",
    cure="Nothing needs one.",
    disproof="A resource is at its limit, or a rise lasts that no finding explains.",
    signs=_none,
)

CAUSES = (THROTTLING, STARVATION, CPU_LIMIT, COMPACTION, NONE)
