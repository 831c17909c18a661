"""Causes about what clients ask of brokers beside data: offsets, metadata, membership, transactions, ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusterload.analysis.causes.blame import by_rise, clients, groups_by_commits, topics
from clusterload.analysis.causes.cause import Cause, Neighbour, Signs
from clusterload.analysis.causes.weights import between, either
from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.analysis.causes.scene import Scene


def _material(scene: Scene, cores: float) -> float:
    """From 0 to 1, whether it takes so much of the hosts that it matters."""
    return between(cores / scene.cores, 0.005, 0.03)


def _grown(scene: Scene, request: str) -> float:
    """How many times a type of request has become what it was; 0 without a baseline."""
    pair = scene.requests(request)
    if not scene.based or not scene.asked(request):
        return 0.0
    return between(pair.now / max(pair.before, 5.0), 2.0, 20.0)


def _offset_commits(scene: Scene) -> Signs | None:
    more = scene.asked_on("OffsetCommit")
    if not more > 0:
        return None
    cores = scene.price("OffsetCommit", more) + scene.followers("OffsetCommit")
    return Signs(
        weight=either(scene.cost(cores), _grown(scene, "OffsetCommit")) * _material(scene, cores),
        fit=1.0,
        sentence=f"Groups commit {units.number(scene.requests('OffsetCommit').now)} times a second",
        evidence=(
            *scene.request_evidence("OffsetCommit", "FetchFollower"),
            scene.evidence("Offsets committed", "offset_commits"),
            scene.evidence("Growth of the offsets' topic", "records_by_partition", topic="__consumer_offsets"),
        ),
        culprits=(*groups_by_commits(scene), *clients(scene)),
        cores=cores,
        effect=f"a commit every few seconds saves up to {units.number(cores, 2)} cores",
    )


OFFSET_COMMITS = Cause(
    id="offset-commits",
    title="Offsets committed too often",
    means="A consumer commits after each record or poll. Every commit is a record of an internal topic, which is "
    "copied to the followers and compacted.",
    moves=("OffsetCommit requests", "growth of __consumer_offsets", "FetchFollower", "one broker more than others"),
    stays=("ingress of clients", "Produce requests"),
    neighbours=(
        Neighbour(cause="hot-partition", test="the partition that grows is of __consumer_offsets"),
        Neighbour(cause="small-batches", test="Produce requests rise, and OffsetCommit does not"),
    ),
    named_by={"group": "records_by_partition", "client": "thread_time_by_client"},
    otherwise="the partition of __consumer_offsets that grows tells the groups whose names hash to it",
    cure="Commit by time (enable.auto.commit, or every few seconds), not by record.",
    disproof="Commits stop and the brokers' time stays.",
    signs=_offset_commits,
    hides={"hot-partition": 0.5, "leader-skew": 0.5},
)


def _metadata(scene: Scene) -> Signs | None:
    # Who connects asks once, and so does who joins a group.
    asked = scene.asked_on("Metadata")
    more = max(0.0, asked - scene.connecting - scene.rebalancing)
    if not more > 0:
        return None
    cores = scene.price("Metadata", more)
    return Signs(
        weight=either(scene.cost(cores), _grown(scene, "Metadata")) * _material(scene, cores),
        fit=between(more / asked, 0.2, 0.6),
        sentence=f"Clients ask for metadata {units.number(scene.requests('Metadata').now)} times a second",
        evidence=(
            *scene.request_evidence("Metadata"),
            scene.evidence("Connection attempts", "connection_attempts"),
            scene.evidence("Partitions", "partitions"),
        ),
        culprits=clients(scene),
        cores=cores,
        effect=f"asking when something changed, as clients do by themselves, saves {units.number(cores, 2)} cores",
    )


METADATA = Cause(
    id="metadata-storm",
    title="Metadata asked all the time",
    means="A client asks for topics and leaders again and again: tools in a loop, clients that are made for each "
    "message, topics that do not exist, or a very short metadata.max.age.ms.",
    moves=("Metadata requests",),
    stays=("bytes", "FetchFollower requests", "connection attempts"),
    neighbours=(
        Neighbour(cause="connection-churn", test="attempts rise as much as Metadata"),
        Neighbour(cause="rebalances", test="JoinGroup and LeaveGroup rise too"),
        Neighbour(cause="broker-down", test="clients look for new leaders for a moment"),
    ),
    named_by={"client": "thread_time_by_client"},
    otherwise="brokers publish the time of each client once a client quota exists: --unlock-client-metrics",
    cure="Keep one admin client; ask for the topics in use only; leave metadata.max.age.ms at its five minutes.",
    disproof="Metadata stops and the brokers' time stays.",
    signs=_metadata,
)


def _rebalances(scene: Scene) -> Signs | None:
    joins = scene.lasting("requests_by_type", request="JoinGroup")
    counted = scene.total("group_rebalances")
    beats = scene.asked_on("LeaveGroup")
    changed = scene.rise("members_changed")
    if not max(joins, beats) > 0 and not changed > 0:
        return None
    rate = max(joins, beats)
    cores = scene.price("groups", scene.rebalancing)
    members = by_rise(scene, "members_changed", "group")
    return Signs(
        weight=either(between(rate, 0.2, 2.0), between(changed, 0.1, 1.0) * between(rate, 0.0, 0.3)),
        fit=1.0 if joins and (beats or changed) else 0.5,
        sentence=f"Groups rebalance: {units.number(scene.requests('JoinGroup').now)} joins and "
        f"{units.number(scene.requests('LeaveGroup').now)} leaves a second",
        evidence=(
            *scene.request_evidence("JoinGroup", "SyncGroup", "LeaveGroup"),
            scene.figure("Rebalances", counted, units.COUNT_PER_SECOND, "group_rebalances"),
            scene.evidence("Egress", "egress"),
        ),
        culprits=(*members, *clients(scene)),
        cores=cores,
        effect="members that stay read on; none reads anew what was not committed",
    )


REBALANCES = Cause(
    id="rebalances",
    title="Groups that rebalance again and again",
    means="Members of a group come and go, or take longer than max.poll.interval.ms. All members stop, and read anew "
    "what was not committed.",
    moves=("JoinGroup, SyncGroup and LeaveGroup requests", "FindCoordinator", "egress: members read anew"),
    stays=("ingress", "Produce requests"),
    neighbours=(
        Neighbour(cause="fan-out", test="egress rises and nobody joins or leaves"),
        Neighbour(cause="metadata-storm", test="Metadata rises and nobody joins or leaves"),
        Neighbour(cause="connection-churn", test="attempts rise and no group changes"),
    ),
    named_by={"group": "members_changed", "client": "thread_time_by_client"},
    otherwise="describing groups twice tells whose members changed",
    cure="Longer max.poll.interval.ms and session.timeout.ms, static members (group.instance.id), cooperative or the "
    "consumer protocol; find why members leave.",
    disproof="The members stay for minutes and the load stays.",
    signs=_rebalances,
    hides={"fan-out": 0.6, "metadata-storm": 0.8, "connection-churn": 0.7, "offset-commits": 0.5, "connections": 0.5},
)


def _transactions(scene: Scene) -> Signs | None:
    more = scene.asked_on("EndTxn")
    if not more > 0:
        return None
    cores = scene.price("transactions", scene.transactions) + scene.followers("transaction")
    return Signs(
        weight=either(scene.cost(cores), _grown(scene, "EndTxn")) * _material(scene, cores),
        fit=1.0,
        sentence=f"{units.number(scene.requests('EndTxn').now)} transactions a second",
        evidence=scene.request_evidence("EndTxn", "AddPartitionsToTxn", "WriteTxnMarkers", "InitProducerId"),
        culprits=(*clients(scene), *topics(scene, "records_in_by_topic")),
        cores=cores,
        effect=f"ten times as many records in each transaction saves up to {units.number(0.9 * cores, 2)} cores",
    )


TRANSACTIONS = Cause(
    id="transactions",
    title="Many small transactions",
    means="Producers commit a transaction for a few records. Each takes requests to the coordinator, records of its "
    "state with their copies, and a marker in every partition that was written.",
    moves=("EndTxn, AddPartitionsToTxn and WriteTxnMarkers requests", "FetchFollower requests"),
    stays=("connections", "bytes of clients"),
    neighbours=(
        Neighbour(cause="small-batches", test="no EndTxn"),
        Neighbour(cause="producer-ids", test="InitProducerId rises and EndTxn does not"),
    ),
    named_by={"client": "thread_time_by_client", "topic": "records_in_by_topic"},
    otherwise="brokers publish no transactional ids in metrics; listing transactions tells them",
    cure="More records in a transaction: a longer commit.interval.ms, or transactions by time and not by record.",
    disproof="Half as many transactions of the same records cost as much.",
    signs=_transactions,
    hides={"small-batches": 0.6, "producer-ids": 0.7, "fetch-storm": 0.5},
)


def _producer_ids(scene: Scene) -> Signs | None:
    asked = scene.asked_on("InitProducerId")
    more = max(0.0, asked - scene.connecting - scene.asked_on("EndTxn"))
    if not more > 0:
        return None
    cores = scene.price("InitProducerId", more)
    return Signs(
        weight=either(scene.cost(cores), _grown(scene, "InitProducerId")) * _material(scene, cores),
        fit=between(more / asked, 0.2, 0.6),
        sentence=f"Producers ask for ids {units.number(scene.requests('InitProducerId').now)} times a second",
        evidence=scene.request_evidence("InitProducerId", "EndTxn", "Produce"),
        culprits=clients(scene),
        cores=cores,
        effect=f"producers that are kept save {units.number(cores, 2)} cores, and brokers' memory for each id",
    )


PRODUCER_IDS = Cause(
    id="producer-ids",
    title="Producer ids asked all the time",
    means="Idempotent producers are made again and again. Each asks for an id that brokers remember for a day.",
    moves=("InitProducerId requests",),
    stays=("EndTxn requests", "bytes"),
    neighbours=(Neighbour(cause="transactions", test="EndTxn rises too"),),
    named_by={"client": "thread_time_by_client"},
    otherwise="brokers publish the time of each client once a client quota exists: --unlock-client-metrics",
    cure="Keep one producer for the life of a process; idempotence off where it is not needed.",
    disproof="InitProducerId stops and the brokers' time stays.",
    signs=_producer_ids,
)

CAUSES = (OFFSET_COMMITS, METADATA, REBALANCES, TRANSACTIONS, PRODUCER_IDS)
