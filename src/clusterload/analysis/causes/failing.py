"""Causes about failures and lag: a broker, a replica, the network, a disk."""

from __future__ import annotations

import math
from collections.abc import Set
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.causes.cause import Cause, Signs
from clusterload.analysis.causes.weights import between, by_size, either
from clusterload.analysis.finding import Culprit, Evidence
from clusterload.analysis.host_cpu import hosts_of
from clusterload.model import units
from clusterload.model.series import SECOND

if TYPE_CHECKING:
    from clusterload.analysis.causes.signature_figures import Scene
    from clusterload.analysis.window_stats import Pair

GONE_SECONDS: Final = 5.0
"""Seconds without metrics of one broker alone from which on it may be down; fewer may be a pause."""

GONE_READINGS: Final = 3.0
"""Readings of the source that must be missing, too: a single one is missed now and then."""

# How clearly a broker without Produce requests is the one that all others wait for: without any it cannot show it.
_BY_ABSENCE: Final = 0.7

# What every broker publishes in each reading.
_HEARTBEATS: Final = ("cpu_broker", "leaders", "connections", "requests", "partitions")


def silences(scene: Scene) -> dict[str, float]:
    """The longest time in the window without metrics of each broker, in seconds."""
    run = scene.stats.now
    heard: dict[str, list[int]] = {}
    for name in _HEARTBEATS:
        for series in run.named(name):
            if series.labels.get("broker"):
                inside = series.times[(series.times > run.start) & (series.times <= run.end) & ~np.isnan(series.values)]
                heard.setdefault(series.labels["broker"], []).extend(inside.tolist())
    brokers = hosts_of(run).keys() if heard else set[str]()
    return {
        who: float(np.max(np.diff([run.start, *sorted(set(heard.get(who, ()))), run.end]))) / SECOND
        for who in brokers | heard.keys()
    }


def _gone_after(scene: Scene) -> float:
    """Seconds of silence from which on a broker may be down, for a source that reads as often as this one."""
    every = max((series.granularity for name in _HEARTBEATS for series in scene.stats.now.named(name)), default=0.0)
    return max(GONE_SECONDS, GONE_READINGS * every)


def _alone(scene: Scene) -> tuple[str, float]:
    """The broker that gave no metrics while the others did, and for how many seconds longer than they."""
    quiet = silences(scene)
    if len(quiet) < 2:  # noqa: PLR2004 (nobody to compare with)
        return "", 0.0
    first, second, *_ = sorted(quiet, key=lambda who: -quiet[who])
    return first, quiet[first] - quiet[second]


def _others_lead(scene: Scene, lost: str) -> float:
    """How many more leaders the other brokers have than before."""
    leaders = scene.stats.per_broker("leaders")
    return sum(
        pair.rise for who, pair in leaders.items() if who != lost and scene.compared and not math.isnan(pair.rise)
    )


def _broker_down(scene: Scene) -> Signs | None:
    who, seconds = _alone(scene)
    leaders = scene.stats.per_broker("leaders")
    none_led = [broker for broker, pair in leaders.items() if pair.now == 0 and (pair.before > 0 or not scene.compared)]
    # A broker that dies gives metrics for the first seconds of the window; the last reading says more than the median.
    missing = max(scene.rise("under_replicated"), _last_rise(scene, "under_replicated"))
    offline = max(scene.rise("offline_partitions"), _last_rise(scene, "offline_partitions"))
    moved = _others_lead(scene, who)
    gone = _gone_after(scene)
    lost = who if seconds >= gone else (none_led[0] if none_led else "")
    if not lost:
        return None
    quiet = between(seconds, gone / 2, gone * 1.5) if lost == who else 0.0
    signs = either(between(missing, 0, 2), between(moved, 0, 2), between(offline, 0, 1))
    return Signs(
        weight=either(quiet * (0.3 + 0.7 * signs), 0.9 * signs if lost in none_led else 0.0),
        fit=max(signs, 0.3) if quiet else signs * between(missing + offline, 0, 1),
        sentence=f"Broker {lost} is down or cut off: no metrics for {units.duration(seconds)}"
        if quiet
        else f"Broker {lost} leads no partition and its replicas are missing",
        evidence=(
            Evidence(
                name="Time without metrics", whose=f"broker {lost}", now=seconds, unit=units.SECONDS,
                source="cpu_broker", window_s=scene.seconds,
            ),
            scene.evidence("Under-replicated partitions", "under_replicated"),
            *(scene.evidence("Leaders", "leaders", f"broker {broker}", broker=broker) for broker in sorted(leaders)),
        ),
        culprits=lambda: (Culprit(kind="broker", name=lost, share=1.0, source="leaders"),),
        effect="its leaders and replicas come back with it",
    )  # fmt: skip


def _last_rise(scene: Scene, name: str) -> float:
    """How much more the last readings of the window say than the baseline."""
    run = scene.stats.now
    last = 0.0
    for series in run.named(name):
        inside = (series.times > run.start) & (series.times <= run.end) & ~np.isnan(series.values)
        last += float(series.values[inside][-1]) if inside.any() else 0.0
    return max(0.0, last - scene.before(name))


BROKER_DOWN = Cause(
    id="broker-down",
    title="Broker down",
    means="A broker stopped, crashed or is cut off. Others lead its partitions, and its replicas are missing.",
    moves=("metrics of that broker (stop)", "under-replicated partitions", "leaders of the other brokers"),
    stays=("what clients request",),
    look_alikes={
        "slow-replica": "it gives no metrics for seconds at a time, and keeps its leaders",
        "leader-skew": "every broker gives metrics and no replica is missing",
    },
    named_by={"broker": "leaders"},
    if_unnamed="metadata shows which brokers do not answer",
    cure="Bring the broker back; see its log. Then a preferred leader election gives it its leaders again.",
    disproof="The broker answers clients and leads as many partitions as before.",
    signs=_broker_down,
    needs=("leaders",),
    of_cluster=True,
    explains_away={
        "leader-skew": 1.0, "slow-replica": 0.9, "network-delay": 0.7, "metadata-storm": 0.9, "hot-partition": 0.7,
        "connection-churn": 0.8, "rebalances": 0.5, "connections": 0.7, "disk": 0.8, "fetch-storm": 0.7,
        "fan-out": 0.7, "small-batches": 0.5, "compaction": 0.9, "cold-reads": 0.5, "producer-ids": 0.7,
    },
)  # fmt: skip


def _slow_replica(scene: Scene) -> Signs | None:
    whole = scene.request_time("request_remote_time", "Produce")
    source = scene.stats.told_by("request_remote_time")
    part = "request_remote_time"
    if math.isnan(whole.now):
        part, whole = "request_time", scene.request_time("request_time", "Produce")
        source = scene.stats.told_by(part)
    each = {broker: scene.request_time(part, "Produce", broker) for broker in scene.stats.per_broker(source)}
    slower = {who: pair for who, pair in each.items() if not math.isnan(pair.now)}
    idle = each.keys() - slower.keys()
    behind, comparison = _waited_for(slower, idle)
    absent = _BY_ABSENCE if behind in idle else 0.0
    who, seconds = _alone(scene)
    paused = between(seconds * GONE_SECONDS / _gone_after(scene), 1.5, 3.5)
    if paused and (not comparison or who != behind):
        behind = who
    behind = behind or _missing_replica(scene)
    # The longest wait counts: requests of the lagging broker itself, and of idle brokers, wait for nobody.
    worst = max(slower.values(), key=lambda pair: pair.rise, default=whole)
    late = by_size(worst.rise, 8.0, 60.0) if worst.rise > 0 else 0.0
    late *= 1 - 0.8 * _starved(scene)
    if not scene.compared:
        late *= 0.6 + 0.4 * comparison
    missing = between(scene.rise("under_replicated"), 0, 2)
    if not late and not missing:
        return None
    return Signs(
        weight=either(late * between(worst.ratio, 1.5, 4.0) if scene.compared else late, 0.6 * missing),
        # On a full host all brokers are late, and not only one for the others.
        fit=either(comparison, absent, 0.9 * paused, 0.5 * missing, 0.35) * (1 - 0.7 * _full(scene) * (1 - comparison)),
        sentence=_lateness(behind, whole),
        evidence=(
            scene.figure("Remote time of a Produce request (waiting for replicas)", whole, units.MILLISECONDS, source),
            *(
                scene.figure(
                    "Remote time of a Produce request", slower[broker], units.MILLISECONDS, source, f"broker {broker}"
                )
                for broker in sorted(slower)
            ),
            scene.evidence("Under-replicated partitions", "under_replicated"),
        ),
        culprits=lambda: (Culprit(kind="broker", name=behind, share=math.nan, source=source),) if behind else (),
        effect=f"without it a Produce request waits {units.number(max(0.0, whole.rise))} ms less",
    )


def _waited_for(waits: dict[str, Pair], idle: Set[str]) -> tuple[str, float]:
    """Which broker the others wait for, and from 0 to 1 how clearly: a broker does not wait for itself.

    Its own requests wait the least. Where those of all wait alike, it may be the one broker that has none.

    Args:
        waits: of the Produce requests of each broker that has some.
        idle: brokers that have none.
    """
    rises = sorted(max(0.0, pair.rise) for pair in waits.values())
    alike = max(rises[0], 1e-3) / rises[1] if len(rises) > 1 and rises[1] else 1.0
    comparison = 1 - by_size(alike, 0.15, 0.7)
    if comparison:
        return min(waits, key=lambda broker: waits[broker].rise), comparison
    return (next(iter(idle)) if rises and rises[0] and len(idle) == 1 else ""), 0.0


def _missing_replica(scene: Scene) -> str:
    """The only broker without under-replicated partitions: it is the replica that the others lack."""
    each = scene.stats.per_broker("under_replicated")
    whole = [who for who, pair in each.items() if pair.now == 0]
    return whole[0] if len(whole) == 1 and len(each) > 1 else ""


def _lateness(behind: str, wait: Pair) -> str:
    who = f"Broker {behind} lags as a replica" if behind else "Replicas lag"
    return who if math.isnan(wait.now) else f"{who}: Produce requests wait {units.number(wait.now)} ms for replicas"


def _starved(scene: Scene) -> float:
    """From 0 to 1, how full a broker's threads are: its followers, too, wait for an answer then, and are not slow."""
    names = ("network_thread_busy", "request_handler_busy")
    busy = (pair.now for name in names for pair in scene.stats.per_broker(name).values())
    return between(max((share for share in busy if not math.isnan(share)), default=0.0), 0.85, 0.95)


def _full(scene: Scene) -> float:
    """From 0 to 1, how full the fullest host is: on a full one everything is late."""
    return between(scene.now("cpu_host"), 0.85, 0.98)


SLOW_REPLICA = Cause(
    id="slow-replica",
    title="Lagging replica",
    means="One broker replicates late: its disk, its network, long GC pauses. Produce requests "
    "with acks=all wait for it, until it leaves the in-sync replicas (ISR).",
    moves=("remote time of Produce requests (waiting for replicas), on the other brokers", "produce latency"),
    stays=("local time of Produce requests", "remote time on the lagging broker's own partitions", "CPU"),
    look_alikes={
        "network-delay": "clients' round trips take longer; replication does not",
        "broker-down": "the broker gives no metrics at all, and its leaders move",
        "disk": "the local time itself rises",
        "cpu-starvation": "hosts are full, and all brokers wait",
    },
    named_by={"broker": "request_remote_time"},
    if_unnamed="the broker whose own leaders wait the least is the one that the others wait for",
    cure="Check that broker's disk, network, GC and noisy neighbours. Without it the rest is fast.",
    disproof="Produce requests wait for replicas equally long on all brokers.",
    signs=_slow_replica,
    needs=(
        "request_remote_time|request_time|request_remote_time_p95|request_time_p95",
        "requests_by_type",
    ),
    of_cluster=True,
    explains_away={"disk": 0.5, "network-delay": 0.3},
)


def _network_delay(scene: Scene) -> Signs | None:
    each = {
        broker: pair for broker, pair in scene.stats.per_broker("round_trip_time").items() if not math.isnan(pair.now)
    }
    rises = {broker: pair.rise - _inside(scene, broker) for broker, pair in each.items()}
    if not rises or max(rises.values()) <= 1:
        return None
    who = max(rises, key=lambda broker: rises[broker])
    others = [rises[broker] for broker in rises if broker != who]
    spared = 1 - between(min(others, default=0.0) / rises[who], 0.1, 0.6) if others else 0.0
    worst = each[who]
    return Signs(
        weight=by_size(rises[who], 4.0, 30.0) * (between(worst.ratio, 1.5, 4.0) if scene.compared else 0.7),
        fit=either(spared, 1 - _full(scene)) * (1 - _full(scene) * (0.5 - 0.3 * spared)),
        sentence=f"A round trip to broker {who} takes {units.number(worst.now)} ms",
        evidence=(
            *(scene.evidence("Round trip", "round_trip_time", f"broker {at}", broker=at) for at in sorted(each)),
            scene.time_evidence("request_time", "Produce"),
        ),
        culprits=lambda: (Culprit(kind="broker", name=who, share=math.nan, source="round_trip_time"),),
        effect=f"without it each request and its response take {units.number(rises[who])} ms less",
    )  # fmt: skip


def _inside(scene: Scene, broker: str) -> float:
    """Milliseconds that a request waits longer within a broker."""
    return max(0.0, scene.request_time("request_queue_time", "Produce", broker).rise or 0.0) if scene.by_type else 0.0


NETWORK_DELAY = Cause(
    id="network-delay",
    title="High network latency to a broker",
    means="The network between clients and a broker is slow: distance, a full link, a proxy, packet loss. Clients that "
    "wait for responses send less; brokers are idle.",
    moves=("round-trip time", "latency that clients see"),
    stays=("time of requests within brokers", "CPU"),
    look_alikes={
        "slow-replica": "the time within brokers rises: they wait for a replica",
        "cpu-starvation": "hosts are full, and requests wait in the request queue",
        "throttling": "brokers publish throttle times",
    },
    named_by={"broker": "round_trip_time"},
    if_unnamed="a round trip from this machine to each broker shows it: --with-admin, or a live diagnosis",
    cure="Move clients closer, widen the link, or batch more, so that fewer round trips are needed.",
    disproof="A client next to the brokers sees the same latency.",
    signs=_network_delay,
    needs=("round_trip_time",),
    of_cluster=True,
)


def _disk(scene: Scene) -> Signs | None:
    local = scene.request_time("request_local_time", "Produce")
    if not scene.compared or not local.rise > 3:  # noqa: PLR2004 (times are whole milliseconds)
        return None
    added = between(scene.requests("Produce").ratio, 1.3, 3.0)
    return Signs(
        weight=by_size(local.rise, 5.0, 60.0) * between(local.ratio, 2.0, 6.0),
        fit=(1 - _full(scene)) * (1 - 0.8 * added) * 0.8,
        sentence=f"Slow writes: a Produce request spends {units.number(local.now)} ms at its leader",
        evidence=(
            scene.time_evidence("request_local_time", "Produce"),
            scene.evidence("Disk writes", "disk_writes"),
            scene.evidence("Ingress", "ingress"),
        ),
    )


DISK = Cause(
    id="disk",
    title="Slow disk",
    means="Appends or flushes wait for the disk: it is busy with other work, throttled by its provider, or failing.",
    moves=("local time of Produce requests",),
    stays=("requests", "bytes", "CPU", "partitions"),
    look_alikes={
        "cpu-starvation": "the host's CPU is full",
        "partitions": "partitions rose",
        "slow-replica": "the local time is unchanged, the remote time (for replicas) rises",
        "cold-reads": "much is read from disk for consumers",
    },
    if_unnamed="the host's own disk metrics (queue and utilisation) show it",
    cure="A faster disk, or less on it; several log.dirs.",
    disproof="The host's disks are idle.",
    signs=_disk,
    needs=(
        "request_local_time|request_local_time_p95",
        "requests_by_type",
    ),
    untested="the lab's disk cannot be slowed down without privileges that a test must not need",
)

CAUSES = (BROKER_DOWN, SLOW_REPLICA, NETWORK_DELAY, DISK)
