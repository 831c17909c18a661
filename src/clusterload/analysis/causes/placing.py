"""Causes about data placement: hot partitions, leader imbalance, the number of partitions."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING, Final

from clusterload.analysis.causes.blame import by_rise, imbalance, ranked, records_of_partitions, rising_clients
from clusterload.analysis.causes.cause import Cause, Signs
from clusterload.analysis.causes.signature_figures import MEGABYTE
from clusterload.analysis.causes.weights import between, either
from clusterload.analysis.finding import Culprit
from clusterload.analysis.provider_load import ProviderLoad
from clusterload.analysis.window_stats import Pair, known
from clusterload.model import units
from clusterload.model.resources import OTHERS, RESOURCES

MOST_TOPICS: Final = 10
"""Topics that are looked at, those first that most more is written to."""

MOST_BROKERS: Final = 6

UNEVEN: Final = 1.05
"""Even shares that a broker must lead for its load to be one of leaders: among equals it is another one."""

MATERIAL_BEFORE: Final = 0.2
"""Share of what a broker gets of a topic that it must have got before, for the topic's skew then to count."""

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusterload.analysis.causes.signature_figures import Scene


_BY_PROVIDER: Final = {"hot_partition_ingress": "written to it", "hot_partition_egress": "read from it"}
"""A provider's own signs of hot partitions, and what is done to them so much."""


def _hot_partition(scene: Scene) -> Signs | None:
    if (told := _told_by_provider(scene)) is not None:
        return told
    topics = _written(scene)
    found = [signs for topic in topics if (signs := _hottest(scene, topic)) is not None]
    if not topics:
        # Where no source tells partitions apart, brokers tell how much of a topic each of them leads.
        found = [signs for topic in _largest(scene) if (signs := _hottest_broker(scene, topic)) is not None]
    return max(found, key=lambda signs: signs.score, default=None)


def _told_by_provider(scene: Scene) -> Signs | None:
    """A provider that sees its brokers says which partitions are hot: a gauge above 0 of each."""
    found = {
        (f"{topic}-{partition}" if partition else topic, name)
        for name in _BY_PROVIDER
        for topic in scene.stats.by(name, "topic")
        for partition in scene.stats.by(name, "partition") or ("",)
        if scene.now(name, topic=topic, **({"partition": partition} if partition else {})) > 0
    }
    if not found:
        return None
    first, *more = sorted(found)
    names = [name for name, _ in sorted(found)]
    others = f" (and {len(more)} more: {', '.join(names[1:MOST_TOPICS])})" if more else ""
    kind = "partition" if scene.stats.by(first[1], "partition") else "topic"
    of = "a partition of " if kind == "topic" else "partition "
    load = ProviderLoad(mean=scene.now("cluster_load_percent_avg"), busiest=scene.now("cluster_load_percent_max"))
    return Signs(
        weight=1.0,
        fit=1.0 if load.skewed else 0.9,
        sentence=f"The provider calls {of}{first[0]} hot by what is {_BY_PROVIDER[first[1]]}{others}",
        evidence=tuple(
            scene.evidence(RESOURCES[name].title, name)
            for name in ("cluster_load_percent_max", "cluster_load_percent_avg")
        ),
        culprits=lambda: tuple(
            Culprit(kind=kind, name=name, share=math.nan, source=source) for name, source in sorted(found)
        ),
        effect="evenly spread, the busiest broker comes near the mean of all",
    )


def _written(scene: Scene) -> list[str]:
    """Topics of clients whose records are known by partition."""
    names = scene.stats.by("records_by_partition", "topic")
    return [topic for topic in names if not topic.startswith("__") and topic != OTHERS]


def _hottest(scene: Scene, topic: str) -> Signs | None:
    each = records_of_partitions(scene, topic)
    top, skew = imbalance({name: pair.now for name, pair in each.items()})
    if math.isnan(skew) or not top:
        return None
    more = _added_skew(each, skew)
    bytes_in = scene.total("ingress_by_topic", topic=topic)
    material = between(scene.price("ingress", bytes_in.now / MEGABYTE) / scene.cores_of_a_host, 0.002, 0.008)
    records = scene.total("records_by_partition", topic=topic)
    part = records.now / max(scene.now("records_in"), records.now)
    whole = sum(pair.now for pair in each.values() if not math.isnan(pair.now))
    share = each[top].now / whole
    return Signs(
        weight=either(between(part, 0.1, 0.5), material) * between(records.now, 5.0, 100.0),
        fit=between(more, 0.2, 0.6) * max(0.4, material),
        sentence=f"Partition {top} of {topic} gets {units.percent(share)} of its records; evenly spread it would get "
        f"{units.percent(1 / len(each))}",
        evidence=(
            scene.evidence("Records", "records_by_partition", f"{topic}-{top}", topic=topic, partition=top),
            scene.evidence("Records", "records_by_partition", f"topic {topic}", topic=topic),
            scene.evidence("Ingress", "ingress_by_topic", f"topic {topic}", topic=topic),
        ),
        culprits=lambda: (
            Culprit(kind="topic", name=topic, share=part, source="records_by_partition"),
            Culprit(kind="partition", name=f"{topic}-{top}", share=share, source="records_by_partition"),
            *rising_clients(scene, "ingress_by_client", "thread_time_by_client"),
        ),
        effect=f"evenly spread, its leader gets {units.percent(max(0.0, share - 1 / len(each)))} less of the topic",
    )


def _largest(scene: Scene) -> list[str]:
    """The topics of clients that most more is written to."""
    rises = {topic: pair.rise for topic, pair in scene.stats.by("ingress_by_topic", "topic").items() if pair.rise > 0}
    own = [topic for topic in rises if not topic.startswith("__") and topic != OTHERS]
    return sorted(own, key=lambda topic: (-rises[topic], topic))[:MOST_TOPICS]


def _hottest_broker(scene: Scene, topic: str) -> Signs | None:
    """That one broker gets far more of a topic than others that lead as many of its partitions."""
    each = {
        broker: pair for broker, pair in scene.stats.per_broker("ingress_by_topic", topic=topic).items() if pair.now > 0
    }
    if len(each) < 2:  # noqa: PLR2004 (nobody to compare with)
        return None
    top = max(each, key=lambda broker: each[broker].rise)
    others = [pair for broker, pair in each.items() if broker != top]
    usual = median(pair.now for pair in others)
    before = median(known(pair.before) for pair in others)
    times = each[top].now / usual
    # What was skewed with hardly anything in it did no harm then.
    much_before = before > 0 and known(each[top].before) > MATERIAL_BEFORE * each[top].now
    times_before = known(each[top].before) / before if much_before else 1.0
    excess = each[top].now - max(usual, known(each[top].before))
    material = between(scene.price("ingress", excess / MEGABYTE) / scene.cores_of_a_host, 0.002, 0.008)
    whole = sum(pair.now for pair in each.values())
    return Signs(
        weight=material,
        fit=between(times / max(1.0, times_before), 1.5, 4.0) * (0.9 if scene.compared else 0.8),
        sentence=f"Broker {top} gets {units.percent(each[top].now / whole)} of what is written to {topic}, "
        f"{units.number(times, 2)} times as much as the middle of the others: one of its partitions is hot",
        evidence=tuple(
            scene.evidence("Ingress", "ingress_by_topic", f"{topic} at broker {broker}", topic=topic, broker=broker)
            for broker in sorted(each, key=lambda broker: -each[broker].now)[:MOST_BROKERS]
        ),
        culprits=lambda: (
            Culprit(kind="topic", name=topic, share=each[top].now / whole, source="ingress_by_topic"),
            Culprit(kind="broker", name=top, share=each[top].now / whole, source="ingress_by_topic"),
            *rising_clients(scene, "ingress_by_client", "thread_time_by_client"),
        ),
        effect=f"evenly spread, broker {top} gets {units.short(excess, units.BYTES_PER_SECOND)} less",
    )


def _added_skew(each: Mapping[str, Pair], skew: float) -> float:
    """How much more skewed partitions are than before; or how skewed the added records are, where most were added."""
    _, usual = imbalance({name: pair.before for name, pair in each.items()})
    rises = {name: max(0.0, pair.rise) for name, pair in each.items() if not math.isnan(pair.rise)}
    _, added = imbalance(rises)
    whole = sum(pair.now for pair in each.values() if not math.isnan(pair.now))
    # A topic that was as skewed before, with hardly anything in it, did no harm then.
    new = 0.0 if math.isnan(added) else added * between(sum(rises.values()) / whole, 0.3, 0.7)
    return max(skew - (0.0 if math.isnan(usual) else usual), new)


HOT_PARTITION = Cause(
    id="hot-partition",
    title="Hot partition",
    means="Keys are few or skewed, or a producer sets the partition: one leader and its followers do the work of all.",
    moves=("records of one partition, compared with the others of its topic", "bytes of one broker"),
    stays=("totals of the cluster, compared with those of an evenly spread topic of the same rate",),
    look_alikes={
        "leader-skew": "partitions are even, and one broker leads most of them",
        "offset-commits": "the partition belongs to __consumer_offsets",
        "ingress-bytes": "all partitions of the topic grow alike",
    },
    named_by={
        "topic": "records_by_partition",
        "partition": "records_by_partition",
        "client": "ingress_by_client",
    },
    if_unnamed="the growth of end offsets by partition shows it; the Admin API gives it",
    cure="Better keys (more of them, or salted), or the default partitioner where order does not matter.",
    disproof="The partitions of the topic grow alike.",
    signs=_hot_partition,
    needs=("records_by_partition|ingress_by_topic|hot_partition_ingress",),
    of_cluster=True,
    explains_away={"ingress-bytes": 0.75, "leader-skew": 0.6, "small-batches": 0.3},
)


def _leader_skew(scene: Scene) -> Signs | None:
    leaders = scene.stats.per_broker("leaders")
    bytes_in = scene.stats.per_broker("ingress")
    top, skew = imbalance(_now(leaders))
    if not top:
        return None
    _, usual = imbalance(_before(leaders))
    loaded, load = imbalance(_now(bytes_in))
    _, load_usual = imbalance(_before(bytes_in))
    moved = sum(abs(pair.rise) for pair in leaders.values() if not math.isnan(pair.rise)) / 2 if scene.compared else 0.0
    gained = {who: pair for who, pair in leaders.items() if scene.compared and pair.rise > 0}
    more = _times_even(skew, leaders) - _times_even(usual, leaders)
    heavier = _times_even(load, bytes_in) - _times_even(load_usual, bytes_in) if not math.isnan(load) else 0.0
    who = loaded if heavier > more and loaded in gained else top
    if not leaders[who].now * len(leaders) > UNEVEN * sum(_now(leaders).values()):
        return None
    clear = between(moved, 0.5, 2.0) if scene.compared else _stands_out(_now(leaders))
    return Signs(
        weight=either(between(more, 0.2, 1.0), between(heavier, 0.3, 1.0) * _by(who, gained, scene)),
        fit=clear * _by(who, gained, scene) * _no_broker_lost(scene),
        sentence=f"Broker {who} leads {units.number(leaders[who].now)} of "
        f"{units.number(sum(_now(leaders).values()))} partitions",
        evidence=tuple(
            scene.evidence("Leaders", "leaders", f"broker {broker}", broker=broker) for broker in sorted(leaders)
        )
        + tuple(scene.evidence("Ingress", "ingress", f"broker {broker}", broker=broker) for broker in sorted(bytes_in)),
        culprits=lambda: (Culprit(kind="broker", name=who, share=_share(_now(leaders), who), source="leaders"),),
        effect="spreading leaders evenly takes that broker's extra share away",
    )


def _by(who: str, gained: Mapping[str, Pair], scene: Scene) -> float:
    """1 if it came to lead more, or where that cannot be told; less if it is busier for another reason."""
    return 1.0 if not scene.compared or who in gained else 0.3


def _times_even(skew: float, each: Mapping[str, Pair]) -> float:
    """How much more than its even share the largest has, in even shares; 0 where it is not known."""
    return 0.0 if math.isnan(skew) else skew * (len(each) - 1)


def _stands_out(leads: Mapping[str, float]) -> float:
    """From 0 to 1, how far the broker that leads the most is above the middle of the others."""
    *others, most = sorted(leads.values())
    return between(most / max(1.0, median(others)), 1.3, 2.0)


def _now(pairs: Mapping[str, Pair]) -> dict[str, float]:
    return {who: pair.now for who, pair in pairs.items() if not math.isnan(pair.now)}


def _before(pairs: Mapping[str, Pair]) -> dict[str, float]:
    return {who: pair.before for who, pair in pairs.items() if not math.isnan(pair.before)}


def _share(values: Mapping[str, float], who: str) -> float:
    whole = sum(values.values())
    return values.get(who, math.nan) / whole if whole else math.nan


def _no_broker_lost(scene: Scene) -> float:
    """1 while no broker lags or is gone: leaders that moved because of that are not an imbalance of their own."""
    return 0.3 if scene.rise("under_replicated") > 0 else 1.0


LEADER_SKEW = Cause(
    id="leader-skew",
    title="Leader imbalance",
    means="Partition leaders are not spread evenly: after a restart without a preferred leader election, or after a "
    "reassignment. Clients produce to and fetch from leaders only.",
    moves=("leaders of one broker", "bytes of that broker"),
    stays=("totals of the cluster", "each partition's share of its topic"),
    look_alikes={
        "hot-partition": "leaders are even, and one partition grows more",
        "broker-down": "a broker leads nothing, gives no metrics, and replicas are missing",
    },
    named_by={"broker": "leaders"},
    if_unnamed="leaders by broker show it",
    cure="kafka-leader-election.sh --election-type PREFERRED --all-topic-partitions; auto.leader.rebalance.enable.",
    disproof="Leaders are even and the broker stays busier.",
    signs=_leader_skew,
    needs=("leaders",),
    of_cluster=True,
)


def _partitions(scene: Scene) -> Signs | None:
    level, more = scene.total("partitions"), scene.rise("partitions")
    brokers = len(scene.stats.per_broker("partitions"))
    if not more > 0:
        return None
    if not brokers:
        return _partitions_of_cluster(scene)
    cores = scene.price("partitions", more)
    high = between(cores / scene.cores, 0.04, 0.10)
    weight = either(
        between(cores / scene.cores, 0.015, 0.08) * between(level.ratio, 1.1, 1.6) if scene.compared else high,
        scene.near_limit("partitions"),
    )
    return Signs(
        weight=weight,
        fit=1.0,
        sentence=f"High partition count: {units.number(level.now)} replicas on "
        f"{brokers} broker{'s' if brokers > 1 else ''}",
        evidence=(
            scene.evidence("Replicas", "partitions"),
            scene.time_evidence("request_local_time", "FetchFollower"),
        ),
        culprits=lambda: _new_topics(scene),
        cores=cores,
        effect=f"without what was added {scene.saved(cores)} are free",
    )


def _partitions_of_cluster(scene: Scene) -> Signs:
    """Of a provider's count for the whole cluster, before replication: what it costs a broker is not known."""
    return Signs(
        weight=scene.near_limit("partitions"),
        fit=1.0,
        sentence=f"High partition count: {units.number(scene.now('partitions'))} partitions in the cluster",
        evidence=(scene.evidence("Partitions", "partitions"),),
        culprits=lambda: _new_topics(scene),
    )


def _new_topics(scene: Scene) -> tuple[Culprit, ...]:
    """Topics by the partitions that they have more than before."""
    counts: dict[str, list[set[str]]] = {}
    for at, run in enumerate((scene.stats.now, scene.stats.before)):
        for series in run.named("records_by_partition") if run is not None else ():
            topic, inside = series.labels.get("topic", ""), (series.times > run.start) & (series.times <= run.end)  # type: ignore[union-attr]
            if inside.any() and topic not in {"", "(others)"}:
                counts.setdefault(topic, [set(), set()])[at].add(series.labels.get("partition", ""))
    found = {who: Pair(now=float(len(now)), before=float(len(before))) for who, (now, before) in counts.items()}
    named = ranked(found, "topic", "records_by_partition")
    return named or by_rise(scene, "retained_bytes_by_topic", "topic")


PARTITIONS = Cause(
    id="partitions",
    title="High partition count",
    means="Each replica is fetched, checked and kept in memory, whether data arrives or not.",
    moves=("partitions", "local time of FetchFollower requests", "CPU"),
    stays=("requests", "bytes"),
    look_alikes={
        "disk": "the number of partitions is unchanged",
        "slow-replica": "one broker lags, and the number of partitions is unchanged",
    },
    named_by={"topic": "records_by_partition"},
    if_unnamed="describing the topics shows how many partitions each has",
    cure="Fewer partitions per topic, fewer topics; delete unused topics.",
    disproof="The partitions are deleted and the brokers' CPU does not fall.",
    signs=_partitions,
    fills="partitions",
    needs=("partitions",),
    explains_away={"disk": 0.8, "metadata-storm": 0.5, "compaction": 0.6, "leader-skew": 0.5},
)

CAUSES = (HOT_PARTITION, LEADER_SKEW, PARTITIONS)
