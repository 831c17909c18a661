"""Causes that are nobody's load: quotas, neighbours, brokers' own work, and none at all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from clusterload.analysis.causes.blame import ranked
from clusterload.analysis.causes.cause import Cause, Neighbour, Signs
from clusterload.analysis.causes.weights import between, by_size
from clusterload.analysis.window_stats import Pair
from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.analysis.causes.scene import Scene
    from clusterload.analysis.finding import Culprit

_QUOTAS: Final = ("produce_throttle_time", "fetch_throttle_time", "request_throttle_time")


def _throttling(scene: Scene) -> Signs | None:
    highest = {name: scene.total(name) for name in _QUOTAS}
    name = max(_QUOTAS, key=lambda quota: -1.0 if math.isnan(highest[quota].now) else highest[quota].now)
    pair = highest[name]
    rise = pair.now - pair.before if pair.before > 0 else pair.now
    if not rise > 0.5:  # noqa: PLR2004 (what lingers of a moment)
        return None
    return Signs(
        weight=by_size(rise, 1.0, 15.0),
        fit=1.0,
        sentence=f"A quota holds clients up: they wait up to {units.number(pair.now)} ms a request",
        evidence=(
            scene.evidence("Throttle time", name),
            scene.evidence("Ingress", "ingress"),
            scene.evidence("Egress", "egress"),
        ),
        culprits=_held_up(scene, name),
        effect="a higher quota lets more through; what that costs the brokers the bill tells",
    )


def _held_up(scene: Scene, name: str) -> tuple[Culprit, ...]:
    by = {
        kind: {who: pair.filled for who, pair in scene.facts.by(name, kind).items()} for kind in ("client", "principal")
    }
    return tuple(culprit for kind, each in by.items() for culprit in ranked(each, kind, name))


THROTTLING = Cause(
    id="throttling",
    title="A quota that binds",
    means="A client, user or their requests are over a quota: brokers answer late on purpose. The cluster is not full.",
    moves=("throttle time of a client", "that client's latency"),
    stays=("CPU", "other clients' latency"),
    neighbours=(
        Neighbour(cause="network-delay", test="no throttle time"),
        Neighbour(cause="slow-replica", test="no throttle time; requests wait for replicas"),
    ),
    named_by={"client": "produce_throttle_time"},
    otherwise="clients know it too: produce-throttle-time-avg and fetch-throttle-time-avg",
    cure="Raise the quota if the brokers have room, or let the client send less.",
    disproof="Throttle times are 0 while the client is slow.",
    signs=_throttling,
    hides={"disk": 0.5, "slow-replica": 0.3},
)


def _starvation(scene: Scene) -> Signs | None:
    busy = scene.total("cpu_host")
    if math.isnan(busy.now) or math.isnan(scene.total("cpu_broker").now):
        return None
    own = scene.total("cpu_broker")
    others = Pair(now=_others(busy.now, own.now, scene), before=_others(busy.before, own.before, scene))
    more = others.rise if scene.based else others.now
    asked_more = max(
        scene.grown("requests", 20, 4.0), scene.grown("ingress", 1e5, 6.0), scene.grown("egress", 2e5, 8.0),
        between(scene.connecting, 5.0, 50.0), between(scene.rise("partitions"), 100, 500),
    )  # fmt: skip
    took_more = between(own.rise / scene.cores, 0.05, 0.2) if scene.based else between(own.now / scene.cores, 0.2, 0.5)
    full = between(busy.now, 0.8, 0.95)
    queue = scene.mean_time("request_queue_time", "Produce")
    return Signs(
        weight=full * between(more / scene.cores, 0.15, 0.45),
        fit=(1 - 0.8 * asked_more) * (1 - took_more),
        sentence=f"Something beside Kafka keeps the hosts busy: their CPU is {units.percent(busy.now)} used, of which "
        f"brokers take {units.percent(own.now / scene.cores)}",
        evidence=(
            scene.evidence("CPU of the host", "cpu_host"),
            scene.figure("CPU of the brokers", own, units.CORES, "cpu_broker"),
            scene.figure("CPU of others", others, units.CORES, "cpu_host, cpu_broker"),
            scene.figure("Wait of a produce request in the queue", queue, units.MILLISECONDS, "request_queue_time"),
        ),
        effect="brokers' time in the queue falls to what it was",
    )


def _others(busy: float, own: float, scene: Scene) -> float:
    """Cores that something else than brokers takes."""
    return max(0.0, busy * scene.cores - own)


STARVATION = Cause(
    id="cpu-starvation",
    title="A neighbour takes the CPU",
    means="Another process, container or machine on the same host takes the CPU. Kafka is innocent: it is asked no "
    "more, takes no more, and answers late.",
    moves=("CPU of the host", "time of requests in the queue"),
    stays=("CPU of the brokers, or it falls", "requests", "bytes"),
    neighbours=(
        Neighbour(cause="small-batches", test="the brokers take the CPU themselves, and are asked for more"),
        Neighbour(cause="slow-replica", test="one broker is late, and its host is not full"),
    ),
    otherwise="processes of the host are not Kafka's to tell: look at the host itself",
    cure="Find it on the host (top, pidstat); give brokers a host or a share of their own.",
    disproof="The host's CPU is full and it is the brokers that take it.",
    signs=_starvation,
    hides={"slow-replica": 0.8, "network-delay": 0.8, "disk": 0.9, "broker-down": 0.3, "compaction": 0.7},
)


def _compaction(scene: Scene) -> Signs | None:
    # Brokers publish no bytes that the cleaner moves: they are what is written beyond what clients and copies bring.
    copied = max(scene.rise("ingress"), 0.0) + max(scene.rise("replication_in"), 0.0)
    more = max(0.0, scene.rise("disk_writes") - 2 * copied) if scene.based else 0.0
    if not more > 0:
        return None
    reads = scene.rise("disk_reads")
    return Signs(
        weight=by_size(more, 4e6, 40e6),
        fit=0.5 * between(reads / more, 0.05, 0.5),
        sentence=f"Brokers clean their logs: {units.short(more, units.BYTES_PER_SECOND)} that no client sent or reads",
        evidence=(
            scene.evidence("Read from disk", "disk_reads"),
            scene.evidence("Written to disk", "disk_writes"),
            scene.evidence("Ingress", "ingress"),
        ),
    )


COMPACTION = Cause(
    id="compaction",
    title="Log cleaning",
    means="The log cleaner reads and writes compacted topics anew: CPU and disk that no client asks for at the time.",
    moves=("reads from and writes to disk", "CPU"),
    stays=("ingress", "egress", "requests"),
    neighbours=(
        Neighbour(cause="cold-reads", test="clients read what is read from disk"),
        Neighbour(cause="offset-commits", test="OffsetCommit rises: what is cleaned is its topic"),
    ),
    otherwise="the cleaner's own metrics and log name the topic",
    cure="Less churn in compacted topics; log.cleaner.threads and log.cleaner.io.max.bytes.per.second bound it.",
    disproof="The cleaner is idle.",
    signs=_compaction,
    seen="the lab's topics are too small for the cleaner to be felt",
)


def _none(scene: Scene) -> Signs | None:  # noqa: ARG001 (nothing is asked)
    return None


NONE = Cause(
    id="none",
    title="No cause",
    means="Nothing of the catalogue holds: the cluster does what it usually does. It is given as no finding at all.",
    moves=(),
    stays=("everything, within what the baseline moves by itself",),
    neighbours=(),
    otherwise="there is nobody to name",
    cure="Nothing needs one.",
    disproof="A resource is at its limit, or a rise lasts that no finding explains.",
    signs=_none,
)

CAUSES = (THROTTLING, STARVATION, COMPACTION, NONE)
