"""Causes about other requests than data: offset commits, metadata, groups, transactions, producer ids."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from clusterload.analysis.causes.blame import by_rise, groups_by_commits, rising_clients, rising_topics
from clusterload.analysis.causes.cause import Cause, Signs
from clusterload.analysis.causes.weights import between, by_size, either
from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.analysis.causes.signature_figures import Scene


def _material(scene: Scene, cores: float) -> float:
    """From 0 to 1, whether it takes enough of the hosts' CPU to matter."""
    return between(cores / scene.cores, 0.005, 0.03)


def _grown(scene: Scene, request: str) -> float:
    """From 0 to 1, by what factor a type of request grew; 0 without a baseline."""
    pair = scene.requests(request)
    if not scene.compared or not scene.added(request):
        return 0.0
    return between(pair.now / max(pair.before, scene.floor(5.0)), 2.0, 20.0)


def _offset_commits(scene: Scene) -> Signs | None:
    more = scene.added_lasting("OffsetCommit")
    if not more > 0:
        return None
    cores = scene.price("OffsetCommit", more) + scene.followers("OffsetCommit")
    return Signs(
        weight=either(scene.cost(cores), _grown(scene, "OffsetCommit"), scene.beyond(_a_fetch(scene, more), 0.3, 3.0))
        * _material(scene, cores),
        fit=1.0,
        sentence=f"Groups commit offsets {units.number(scene.requests('OffsetCommit').now)} times a second",
        evidence=(
            *scene.request_evidence("OffsetCommit", "FetchFollower"),
            scene.evidence("Offsets committed", "offset_commits"),
            scene.evidence("Growth of __consumer_offsets", "records_by_partition", topic="__consumer_offsets"),
            scene.evidence("Group coordinator threads busy", "coordinator_busy"),
            scene.evidence("Queue time of group coordinator events", "coordinator_queue_time"),
        ),
        culprits=lambda: (*groups_by_commits(scene), *rising_clients(scene)),
        cores=cores,
        effect=f"a commit every few seconds saves up to {scene.saved(cores)}",
    )


def _a_fetch(scene: Scene, rate: float) -> float:
    fetches = scene.requests("FetchConsumer").now
    return rate / fetches if fetches else math.nan


OFFSET_COMMITS = Cause(
    id="offset-commits",
    title="Excessive offset commits",
    means="A consumer commits after each record or poll. Every commit is a record in __consumer_offsets, which is "
    "replicated and compacted.",
    moves=("OffsetCommit requests", "growth of __consumer_offsets", "FetchFollower requests", "load of one broker"),
    stays=("ingress of clients", "Produce requests"),
    look_alikes={
        "hot-partition": "the partition that grows belongs to __consumer_offsets",
        "small-batches": "Produce requests rise, and OffsetCommit requests do not",
    },
    named_by={"group": "records_by_partition", "client": "thread_time_by_client"},
    if_unnamed="the partition of __consumer_offsets that grows leaves only the groups whose ids hash to it",
    cure="Commit by time (enable.auto.commit, or every few seconds), not by record.",
    disproof="Commits stop and the brokers' CPU does not fall.",
    signs=_offset_commits,
    needs=("requests_by_type",),
    explains_away={"hot-partition": 0.5, "leader-skew": 0.5},
)


def _metadata(scene: Scene) -> Signs | None:
    # Each connecting client sends one, and so does each member that joins a group.
    added = scene.added_lasting("Metadata")
    more = max(0.0, added - scene.connecting - scene.rebalancing)
    if not more > 0:
        return None
    cores = scene.price("Metadata", more)
    return Signs(
        weight=either(scene.cost(cores), _grown(scene, "Metadata"), _often(scene, more)) * _material(scene, cores),
        fit=between(more / added, 0.2, 0.6),
        sentence=f"Clients send {units.number(scene.requests('Metadata').now)} Metadata requests a second",
        evidence=(
            *scene.request_evidence("Metadata"),
            scene.evidence("Connection attempts", "connection_attempts"),
            scene.evidence("Partitions", "partitions"),
        ),
        culprits=lambda: rising_clients(scene, dataless=True),
        cores=cores,
        effect=f"refreshing metadata when something changed, as clients do by default, saves {scene.saved(cores)}",
    )


def _often(scene: Scene, rate: float) -> float:
    """Without a baseline, how much more often connections send what each of them sends once and then hardly ever."""
    return scene.beyond(scene.a_connection(rate), 0.3, 5.0)


METADATA = Cause(
    id="metadata-storm",
    title="Metadata request storm",
    means="A client requests metadata again and again: tools in a loop, a new client for each message, topics that do "
    "not exist, or a very short metadata.max.age.ms.",
    moves=("Metadata requests",),
    stays=("bytes", "FetchFollower requests", "connection attempts"),
    look_alikes={
        "connection-churn": "connection attempts rise as much as Metadata requests",
        "rebalances": "JoinGroup and LeaveGroup requests rise too",
        "broker-down": "clients look for new leaders, for a moment",
    },
    named_by={"client": "thread_time_by_client"},
    if_unnamed="brokers publish thread time by client id only while a client quota exists: --unlock-client-metrics",
    cure="Keep one admin client; request only the topics in use; leave metadata.max.age.ms at its five minutes.",
    disproof="Metadata requests stop and the brokers' CPU does not fall.",
    signs=_metadata,
    needs=("requests_by_type",),
)


def _rebalances(scene: Scene) -> Signs | None:
    joins = scene.lasting("requests_by_type", request="JoinGroup")
    counted = scene.total("group_rebalances")
    beats = scene.added_lasting("LeaveGroup")
    changed = scene.rise("members_changed")
    if not max(joins, beats) > 0 and not changed > 0:
        return None
    rate = max(joins, beats)
    cores = scene.price("groups", scene.rebalancing)
    members = by_rise(scene, "members_changed", "group")
    return Signs(
        weight=either(
            between(rate, 0.2, 2.0) * _share_of_members(scene, rate),
            between(changed, 0.1, 1.0) * between(rate, 0.0, 0.3),
        ),
        fit=1.0 if joins and (beats or changed) else 0.5,
        sentence=f"Groups rebalance: {units.number(scene.requests('JoinGroup').now)} joins and "
        f"{units.number(scene.requests('LeaveGroup').now)} leaves a second",
        evidence=(
            *scene.request_evidence("JoinGroup", "SyncGroup", "LeaveGroup"),
            scene.figure("Rebalances", counted, units.COUNT_PER_SECOND, "group_rebalances"),
            scene.evidence("Egress", "egress"),
        ),
        culprits=lambda: (*members, *rising_clients(scene)),
        cores=cores,
        effect="members that stay keep reading; none re-reads what was not committed",
    )


def _share_of_members(scene: Scene, joins: float) -> float:
    """From 0 to 1, how large a part of all members joins, by their heartbeats (one in 3 s); 1 where unknown."""
    beats = scene.requests("Heartbeat").now
    return by_size(joins / beats, 0.002, 0.05) if beats > 0 else 1.0


REBALANCES = Cause(
    id="rebalances",
    title="Frequent group rebalances",
    means="Members of a group join and leave, or exceed max.poll.interval.ms. All members pause, and re-read what was "
    "not committed.",
    moves=("JoinGroup, SyncGroup and LeaveGroup requests", "FindCoordinator requests", "egress: members re-read"),
    stays=("ingress", "Produce requests"),
    look_alikes={
        "fan-out": "egress rises and no member joins or leaves",
        "metadata-storm": "Metadata requests rise and no member joins or leaves",
        "connection-churn": "connection attempts rise and no group changes",
    },
    named_by={"group": "members_changed", "client": "thread_time_by_client"},
    if_unnamed="describing the groups twice shows whose members changed",
    cure="Longer max.poll.interval.ms and session.timeout.ms, static membership (group.instance.id), cooperative "
    "assignment or the consumer protocol; find out why members leave.",
    disproof="The members stay for minutes and the load does not fall.",
    signs=_rebalances,
    needs=("requests_by_type|members_changed",),
    explains_away={
        "fan-out": 0.6,
        "metadata-storm": 0.8,
        "connection-churn": 0.7,
        "offset-commits": 0.5,
        "connections": 0.5,
    },
)


def _transactions(scene: Scene) -> Signs | None:
    more = scene.added_lasting("EndTxn")
    if not more > 0:
        return None
    cores = scene.price("transactions", scene.transactions) + scene.followers("transaction")
    return Signs(
        weight=either(scene.cost(cores), _grown(scene, "EndTxn"), scene.beyond(_records(scene, more), 200.0, 20.0))
        * _material(scene, cores),
        fit=1.0,
        sentence=f"{units.number(scene.requests('EndTxn').now)} transactions a second",
        evidence=scene.request_evidence("EndTxn", "AddPartitionsToTxn", "WriteTxnMarkers", "InitProducerId"),
        culprits=lambda: (*rising_clients(scene), *rising_topics(scene, "records_in_by_topic")),
        cores=cores,
        effect=f"ten times as many records in each transaction saves up to {scene.saved(0.9 * cores)}",
    )


def _records(scene: Scene, transactions: float) -> float:
    """Records for each transaction, at most."""
    return scene.now("records_in") / transactions


TRANSACTIONS = Cause(
    id="transactions",
    title="Many small transactions",
    means="Producers commit a transaction for every few records. Each takes requests to the transaction coordinator, "
    "replicated records of its state, and a marker in every partition that was written.",
    moves=("EndTxn, AddPartitionsToTxn and WriteTxnMarkers requests", "FetchFollower requests"),
    stays=("connections", "bytes of clients"),
    look_alikes={
        "small-batches": "no EndTxn requests",
        "producer-ids": "InitProducerId requests rise and EndTxn requests do not",
    },
    named_by={"client": "thread_time_by_client", "topic": "records_in_by_topic"},
    if_unnamed="brokers publish no transactional ids in metrics; kafka-transactions.sh list shows them",
    cure="More records in a transaction: a longer commit.interval.ms, or commit by time and not by record.",
    disproof="Half as many transactions of the same records cost as much CPU.",
    signs=_transactions,
    needs=("requests_by_type",),
    explains_away={"small-batches": 0.6, "producer-ids": 0.7, "fetch-storm": 0.5},
)


def _producer_ids(scene: Scene) -> Signs | None:
    added = scene.added_lasting("InitProducerId")
    more = max(0.0, added - scene.connecting - scene.added_lasting("EndTxn"))
    if not more > 0:
        return None
    cores = scene.price("InitProducerId", more)
    return Signs(
        weight=either(scene.cost(cores), _grown(scene, "InitProducerId"), _often(scene, more))
        * _material(scene, cores),
        fit=between(more / added, 0.2, 0.6),
        sentence=f"Producers send {units.number(scene.requests('InitProducerId').now)} InitProducerId requests a "
        "second",
        evidence=scene.request_evidence("InitProducerId", "EndTxn", "Produce"),
        culprits=lambda: rising_clients(scene, dataless=True),
        cores=cores,
        effect=f"reused producers save {scene.saved(cores)}, and brokers' memory for each id",
    )


PRODUCER_IDS = Cause(
    id="producer-ids",
    title="InitProducerId request storm",
    means="Idempotent producers are created again and again. Each requests a producer id, which brokers remember for a "
    "day.",
    moves=("InitProducerId requests",),
    stays=("EndTxn requests", "bytes"),
    look_alikes={"transactions": "EndTxn requests rise too"},
    named_by={"client": "thread_time_by_client"},
    if_unnamed="brokers publish thread time by client id only while a client quota exists: --unlock-client-metrics",
    cure="Keep one producer for the life of a process; enable.idempotence=false where it is not needed.",
    disproof="InitProducerId requests stop and the brokers' CPU does not fall.",
    signs=_producer_ids,
    needs=("requests_by_type",),
)

CAUSES = (OFFSET_COMMITS, METADATA, REBALANCES, TRANSACTIONS, PRODUCER_IDS)
