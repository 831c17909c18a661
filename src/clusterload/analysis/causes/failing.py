"""Causes about brokers and ways that fail or lag: a replica, a network, a broker, a disk."""

from __future__ import annotations

import math
from collections.abc import Set
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.causes.cause import Cause, Neighbour, Signs
from clusterload.analysis.causes.weights import between, by_size, either
from clusterload.analysis.finding import Culprit, Evidence
from clusterload.model import units
from clusterload.model.series import SECOND

if TYPE_CHECKING:
    from clusterload.analysis.causes.scene import Scene
    from clusterload.analysis.window_stats import Pair

GONE_SECONDS: Final = 5.0
"""Silence of one broker alone from which on it may be down; a shorter one may be a pause."""

# How clearly a broker without produce requests is the one that all others wait for: what has none cannot show it.
_BY_ABSENCE: Final = 0.7

# What every broker says in each reading.
_HEARTBEATS: Final = ("cpu_broker", "leaders", "connections", "requests", "partitions")


def silences(scene: Scene) -> dict[str, float]:
    """The longest time in the window that nothing was heard of each broker, in seconds."""
    run = scene.facts.now
    heard: dict[str, list[int]] = {}
    for name in _HEARTBEATS:
        for series in run.named(name):
            if series.labels.get("broker"):
                inside = series.times[(series.times > run.start) & (series.times <= run.end) & ~np.isnan(series.values)]
                heard.setdefault(series.labels["broker"], []).extend(inside.tolist())
    described = run.environment.get("cluster", {}).get("brokers", [])
    brokers = {str(broker["id"]) for broker in described} if heard else set()
    return {
        who: float(np.max(np.diff([run.start, *sorted(set(heard.get(who, ()))), run.end]))) / SECOND
        for who in brokers | heard.keys()
    }


def _alone(scene: Scene) -> tuple[str, float]:
    """The broker that was not heard while the others were, and for how many seconds longer than they."""
    quiet = silences(scene)
    if len(quiet) < 2:  # noqa: PLR2004 (nobody to compare with)
        return "", 0.0
    first, second, *_ = sorted(quiet, key=lambda who: -quiet[who])
    return first, quiet[first] - quiet[second]


def _others_lead(scene: Scene, lost: str) -> float:
    """How many leaders the other brokers have more than before."""
    leaders = scene.facts.per_broker("leaders")
    return sum(pair.rise for who, pair in leaders.items() if who != lost and scene.based and not math.isnan(pair.rise))


def _broker_down(scene: Scene) -> Signs | None:
    who, seconds = _alone(scene)
    leaders = scene.facts.per_broker("leaders")
    none_led = [broker for broker, pair in leaders.items() if pair.now == 0 and (pair.before > 0 or not scene.based)]
    # A broker that dies is heard for the first seconds of the window; the last reading says more than the middle.
    missing = max(scene.rise("under_replicated"), _last_rise(scene, "under_replicated"))
    offline = max(scene.rise("offline_partitions"), _last_rise(scene, "offline_partitions"))
    moved = _others_lead(scene, who)
    lost = who if seconds >= GONE_SECONDS else (none_led[0] if none_led else "")
    if not lost:
        return None
    quiet = between(seconds, GONE_SECONDS / 2, GONE_SECONDS * 1.5) if lost == who else 0.0
    signs = either(between(missing, 0, 2), between(moved, 0, 2), between(offline, 0, 1))
    return Signs(
        weight=either(quiet * (0.3 + 0.7 * signs), 0.9 * signs if lost in none_led else 0.0),
        fit=max(signs, 0.3) if quiet else signs * between(missing + offline, 0, 1),
        sentence=f"Broker {lost} is down or cut off: not heard for {units.duration(seconds)}"
        if quiet
        else f"Broker {lost} leads nothing and lacks its replicas",
        evidence=(
            Evidence(
                name="Silence", whose=f"broker {lost}", now=seconds, unit=units.SECONDS, source="cpu_broker",
                window_s=scene.seconds,
            ),
            scene.evidence("Under-replicated partitions", "under_replicated"),
            *(scene.evidence("Leaders", "leaders", f"broker {broker}", broker=broker) for broker in sorted(leaders)),
        ),
        culprits=(Culprit(kind="broker", name=lost, share=1.0, source="leaders"),),
        effect="its leaders and copies come back with it",
    )  # fmt: skip


def _last_rise(scene: Scene, name: str) -> float:
    """How much more the last readings of the window say than the baseline."""
    run = scene.facts.now
    last = 0.0
    for series in run.named(name):
        inside = (series.times > run.start) & (series.times <= run.end) & ~np.isnan(series.values)
        last += float(series.values[inside][-1]) if inside.any() else 0.0
    return max(0.0, last - scene.before(name))


BROKER_DOWN = Cause(
    id="broker-down",
    title="A broker is down",
    means="A broker stopped, died or is cut off. Others lead for it, and its replicas are missing.",
    moves=("readings of that broker stop", "under-replicated partitions", "leaders of the others"),
    stays=("what clients ask for",),
    neighbours=(
        Neighbour(cause="slow-replica", test="it is silent for seconds at a time, and leaders stay"),
        Neighbour(cause="leader-skew", test="every broker is heard and no replica is missing"),
    ),
    named_by={"broker": "leaders"},
    otherwise="brokers that do not answer are known from metadata",
    cure="Bring the broker back; see its log. Afterwards a preferred election gives it its leaders again.",
    disproof="The broker answers clients and leads as many partitions as before.",
    signs=_broker_down,
    hides={
        "leader-skew": 1.0, "slow-replica": 0.9, "network-delay": 0.7, "metadata-storm": 0.9, "hot-partition": 0.7,
        "connection-churn": 0.8, "rebalances": 0.5, "connections": 0.7, "disk": 0.8, "fetch-storm": 0.7,
        "fan-out": 0.7, "small-batches": 0.5, "compaction": 0.9, "cold-reads": 0.5, "producer-ids": 0.7,
    },
)  # fmt: skip


def _slow_replica(scene: Scene) -> Signs | None:
    whole = scene.mean_time("request_remote_time", "Produce")
    source = "request_remote_time"
    if math.isnan(whole.now):
        whole, source = scene.mean_time("request_time", "Produce"), "request_time"
    each = {broker: scene.mean_time(source, "Produce", broker) for broker in scene.facts.per_broker(source)}
    slower = {who: pair for who, pair in each.items() if not math.isnan(pair.now)}
    idle = each.keys() - slower.keys()
    behind, comparison = _waited_for(slower, idle)
    absent = _BY_ABSENCE if behind in idle else 0.0
    who, seconds = _alone(scene)
    paused = between(seconds, 1.5, 3.5)
    if paused and (not comparison or who != behind):
        behind = who
    behind = behind or _lacked(scene)
    # Whoever waits the longest tells: the slow broker's own requests, and those of idle brokers, wait for nobody.
    worst = max(slower.values(), key=lambda pair: pair.rise, default=whole)
    late = by_size(worst.rise, 8.0, 60.0) if worst.rise > 0 else 0.0
    if not scene.based:
        late *= 0.6
    missing = between(scene.rise("under_replicated"), 0, 2)
    if not late and not missing:
        return None
    return Signs(
        weight=either(late * between(worst.ratio, 1.5, 4.0) if scene.based else late, 0.6 * missing),
        # On a full host all are late, but not one broker for the others only.
        fit=either(comparison, absent, 0.9 * paused, 0.5 * missing, 0.35) * (1 - 0.7 * _full(scene) * (1 - comparison)),
        sentence=_lateness(behind, whole),
        evidence=(
            scene.figure("Wait of a produce request for replicas", whole, units.MILLISECONDS, source),
            *(
                scene.figure("Wait for replicas", slower[broker], units.MILLISECONDS, source, f"broker {broker}")
                for broker in sorted(slower)
            ),
            scene.evidence("Under-replicated partitions", "under_replicated"),
        ),
        culprits=(Culprit(kind="broker", name=behind, share=math.nan, source=source),) if behind else (),
        effect=f"without it a produce request waits {units.number(max(0.0, whole.rise))} ms less",
    )


def _waited_for(waits: dict[str, Pair], idle: Set[str]) -> tuple[str, float]:
    """Which broker the others wait for, and from 0 to 1 how clearly: nobody waits for itself.

    Its own requests wait the least. Where those of all wait alike, it may be the one broker that has none.

    Args:
        waits: of the produce requests of each broker that has some.
        idle: brokers that have none.
    """
    rises = sorted(max(0.0, pair.rise) for pair in waits.values())
    alike = max(rises[0], 1e-3) / rises[1] if len(rises) > 1 and rises[1] else 1.0
    comparison = 1 - by_size(alike, 0.15, 0.7)
    if comparison:
        return min(waits, key=lambda broker: waits[broker].rise), comparison
    return (next(iter(idle)) if rises and rises[0] and len(idle) == 1 else ""), 0.0


def _lacked(scene: Scene) -> str:
    """The one broker of which no partition lacks a replica while those of all others do: it is the replica."""
    each = scene.facts.per_broker("under_replicated")
    whole = [who for who, pair in each.items() if pair.now == 0]
    return whole[0] if len(whole) == 1 and len(each) > 1 else ""


def _lateness(behind: str, wait: Pair) -> str:
    who = f"Broker {behind} copies late" if behind else "Replicas are copied late"
    return who if math.isnan(wait.now) else f"{who}: produce requests wait {units.number(wait.now)} ms for replicas"


def _full(scene: Scene) -> float:
    """From 0 to 1, how full the fullest host is: on a full one everything is late."""
    return between(scene.now("cpu_host"), 0.85, 0.98)


SLOW_REPLICA = Cause(
    id="slow-replica",
    title="A replica that lags",
    means="One broker copies late: its disk, its network, long collections or pauses. Produce requests with acks=all "
    "wait for it, until it is taken out of the in-sync replicas.",
    moves=("time that produce requests wait for replicas, on the other brokers", "produce latency"),
    stays=("time at the leader", "the wait on the slow broker's own partitions", "CPU"),
    neighbours=(
        Neighbour(cause="network-delay", test="round trips of clients take longer; replicas do not"),
        Neighbour(cause="broker-down", test="the broker is not heard at all, and its leaders move"),
        Neighbour(cause="disk", test="the time at the leader itself rises"),
        Neighbour(cause="cpu-starvation", test="hosts are full, and all brokers wait"),
    ),
    named_by={"broker": "request_remote_time"},
    otherwise="the broker whose own leaders wait the least is the one that the others wait for",
    cure="Look at that broker: disk, network, garbage collection, neighbours. Taking it out of service frees the rest.",
    disproof="All brokers' produce requests wait alike.",
    signs=_slow_replica,
    hides={"disk": 0.5, "network-delay": 0.3},
)


def _network_delay(scene: Scene) -> Signs | None:
    each = {
        broker: pair for broker, pair in scene.facts.per_broker("round_trip_time").items() if not math.isnan(pair.now)
    }
    rises = {broker: pair.rise - _inside(scene, broker) for broker, pair in each.items()}
    if not rises or max(rises.values()) <= 1:
        return None
    who = max(rises, key=lambda broker: rises[broker])
    others = [rises[broker] for broker in rises if broker != who]
    spared = 1 - between(min(others, default=0.0) / rises[who], 0.1, 0.6) if others else 0.0
    worst = each[who]
    return Signs(
        weight=by_size(rises[who], 4.0, 30.0) * (between(worst.ratio, 1.5, 4.0) if scene.based else 0.7),
        fit=either(spared, 1 - _full(scene)) * (1 - _full(scene) * (0.5 - 0.3 * spared)),
        sentence=f"The way to broker {who} takes {units.number(worst.now)} ms a round trip",
        evidence=(
            *(scene.evidence("Round trip", "round_trip_time", f"broker {at}", broker=at) for at in sorted(each)),
            scene.figure(
                "Time of a produce request within brokers", scene.mean_time("request_time", "Produce"),
                units.MILLISECONDS, "request_time",
            ),
        ),
        culprits=(Culprit(kind="broker", name=who, share=math.nan, source="round_trip_time"),),
        effect=f"without it each request and answer takes {units.number(rises[who])} ms less",
    )  # fmt: skip


def _inside(scene: Scene, broker: str) -> float:
    """Milliseconds that a request waits longer within a broker."""
    return max(0.0, scene.mean_time("request_queue_time", "Produce", broker).rise or 0.0) if scene.typed else 0.0


NETWORK_DELAY = Cause(
    id="network-delay",
    title="A slow way to the brokers",
    means="The network between clients and a broker takes long: distance, a full link, a proxy, loss. Clients that "
    "wait for answers send less; brokers are idle.",
    moves=("round trips", "latency that clients see"),
    stays=("time of requests within brokers", "CPU"),
    neighbours=(
        Neighbour(cause="slow-replica", test="the time within brokers rises: they wait for a replica"),
        Neighbour(cause="cpu-starvation", test="hosts are full, and requests wait in the queue"),
        Neighbour(cause="throttling", test="brokers publish throttle times"),
    ),
    named_by={"broker": "round_trip_time"},
    otherwise="a round trip of our own to each broker tells: --with-admin, or a live diagnosis",
    cure="Bring clients nearer, widen the link, or batch more, so that fewer round trips are needed.",
    disproof="A client beside the brokers sees the same latency.",
    signs=_network_delay,
)


def _disk(scene: Scene) -> Signs | None:
    local = scene.mean_time("request_local_time", "Produce")
    if not scene.based or not local.rise > 3:  # noqa: PLR2004 (times are whole milliseconds)
        return None
    asked = between(scene.requests("Produce").ratio, 1.3, 3.0)
    return Signs(
        weight=by_size(local.rise, 5.0, 60.0) * between(local.ratio, 2.0, 6.0),
        fit=(1 - _full(scene)) * (1 - 0.8 * asked) * 0.8,
        sentence=f"Writing takes long: a produce request spends {units.number(local.now)} ms at its leader",
        evidence=(
            scene.figure("Time of a produce request at the leader", local, units.MILLISECONDS, "request_local_time"),
            scene.evidence("Written to disk", "disk_writes"),
            scene.evidence("Ingress", "ingress"),
        ),
    )


DISK = Cause(
    id="disk",
    title="A slow disk",
    means="Appending or flushing waits for the disk: it is full of other work, throttled by its provider, or failing.",
    moves=("time of produce requests at the leader",),
    stays=("requests", "bytes", "CPU", "partitions"),
    neighbours=(
        Neighbour(cause="cpu-starvation", test="the host's CPU is full"),
        Neighbour(cause="partitions", test="partitions rose"),
        Neighbour(cause="slow-replica", test="the time at the leader stays, the wait for replicas rises"),
        Neighbour(cause="cold-reads", test="much is read from disk for consumers"),
    ),
    otherwise="the host's own figures (queue and busy time of its disks) tell",
    cure="A faster disk, or less on it; several log.dirs.",
    disproof="The host's disks are idle.",
    signs=_disk,
    seen="the lab's disk cannot be made slow without rights that a test must not need",
)

CAUSES = (BROKER_DOWN, SLOW_REPLICA, NETWORK_DELAY, DISK)
