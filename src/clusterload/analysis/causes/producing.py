"""Causes about what producers send: how small, how much, how compressed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from clusterload.analysis.causes.blame import clients, topics
from clusterload.analysis.causes.cause import Cause, Neighbour, Signs
from clusterload.analysis.causes.scene import MEGABYTE
from clusterload.analysis.causes.weights import between, by_size, either
from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.analysis.causes.scene import Scene


def _small_batches(scene: Scene) -> Signs | None:
    if not scene.produced:
        return None
    cores = scene.price("Produce", scene.produced) + scene.followers("Produce")
    produce, records = scene.requests("Produce"), scene.batch_records
    few = 1 - by_size(_added_records(scene), 3.0, 12.0)
    small = 1 - by_size(scene.batch_bytes, 3e3, 30e3)
    material = between(cores / scene.cores, 0.02, 0.10)
    weight = either(scene.cost(cores), scene.grown("requests_by_type", 20) if _produce_leads(scene) else 0.0)
    return Signs(
        weight=weight * material,
        fit=few * small * (1 - scene.spread_connections),
        sentence=f"Small batches: {units.number(produce.now)} produce requests a second of "
        f"{units.number(records.now, 2)} records each",
        evidence=(
            *scene.request_evidence("Produce", "FetchFollower"),
            scene.figure("Records of a produce request", records, units.RECORDS, "records_in, requests_by_type"),
            scene.evidence("Ingress", "ingress"),
        ),
        culprits=(*clients(scene), *topics(scene, "records_in_by_topic")),
        cores=cores,
        effect=f"batches of ten times as many records save up to {units.number(0.9 * cores, 2)} cores",
    )


def _added_records(scene: Scene) -> float:
    """Records of a produce request among those that were added; of all where there is no baseline."""
    return max(0.0, scene.total("records_in").rise) / scene.produced if scene.produced else math.nan


def _produce_leads(scene: Scene) -> bool:
    """Whether produce requests rose more than consumers' fetches."""
    return scene.produced >= scene.asked("FetchConsumer") / 2


SMALL_BATCHES = Cause(
    id="small-batches",
    title="Small batches",
    means="Producers send a request for every record or few. Each costs the leader about as much as a large one, and "
    "wakes the followers' waiting fetches, which cost more than the request itself.",
    moves=("Produce requests", "FetchFollower requests", "records of a produce request fall"),
    stays=("bytes", "connections", "connection attempts"),
    neighbours=(
        Neighbour(cause="ingress-bytes", test="the requests that were added are large"),
        Neighbour(cause="connections", test="the requests come from many new connections, a few a second each"),
        Neighbour(cause="transactions", test="EndTxn and AddPartitionsToTxn rise too"),
        Neighbour(cause="recompression", test="brokers convert what arrives"),
    ),
    named_by={"client": "thread_time_by_client", "topic": "records_in_by_topic"},
    otherwise="brokers publish the time of each client once a client quota exists: --unlock-client-metrics",
    cure="linger.ms of 20 to 100 and a larger batch.size in that producer; or send less often.",
    disproof="The same bytes in a tenth of the requests cost the brokers as much.",
    signs=_small_batches,
    hides={"fetch-storm": 0.3},
)


def _ingress(scene: Scene) -> Signs | None:
    level, more = scene.total("ingress"), scene.rise("ingress")
    if not more > 0:
        return None
    cores = scene.price("ingress", more / MEGABYTE)
    material = between(cores / scene.cores, 0.003, 0.01)
    large = by_size(scene.batch_bytes, 2.5e3, 12e3) if scene.typed else 1.0
    weight = either(scene.cost(cores) * material, scene.grown("ingress", 5e4, 8.0) * material, scene.pressed("ingress"))
    return Signs(
        weight=weight,
        fit=large if scene.based else large * between(scene.pressed("ingress"), 0.1, 0.6),
        sentence=f"Much data arrives: {units.short(level.now, units.BYTES_PER_SECOND)}",
        evidence=(
            scene.evidence("Ingress", "ingress"),
            *scene.request_evidence("Produce"),
            scene.evidence("Replication", "replication_in"),
        ),
        culprits=(*clients(scene, "ingress_by_client", "thread_time_by_client"), *topics(scene, "ingress_by_topic")),
        cores=cores,
        effect=f"without it ingress is {units.short(level.now - more, units.BYTES_PER_SECOND)}, "
        f"and {units.number(cores, 2)} cores are free",
    )


INGRESS = Cause(
    id="ingress-bytes",
    title="Much data in",
    means="Producers send much data. It is written by the leader, copied by each follower, and read by consumers.",
    moves=("ingress", "replication", "bytes of a produce request"),
    stays=("request rates", "connections"),
    neighbours=(
        Neighbour(cause="small-batches", test="the requests rise as much as the bytes"),
        Neighbour(cause="hot-partition", test="nearly all of it goes to one partition"),
        Neighbour(cause="tls", test="it comes over a TLS listener"),
    ),
    named_by={"client": "ingress_by_client", "topic": "ingress_by_topic"},
    otherwise="brokers publish the bytes of each client once a client quota exists: --unlock-client-metrics",
    cure="Compress at the producer; send less; spread it over more brokers; a producer quota keeps it bounded.",
    disproof="Half the bytes in as many requests leave the limit load and the brokers' time as they are.",
    signs=_ingress,
)


def _recompression(scene: Scene) -> Signs | None:
    rate = scene.rise("message_conversions")
    if not rate > 1:
        return None
    part = rate / max(rate, scene.now("records_in"))
    cores = scene.price("conversions", rate)
    return Signs(
        weight=either(between(rate, 20.0, 600.0), 0.5 * part),
        fit=between(part, 0.02, 0.3),
        sentence=f"Brokers convert {units.number(rate)} records a second, {units.percent(part)} of what arrives",
        evidence=(
            scene.evidence("Records converted", "message_conversions"),
            scene.evidence("Records produced", "records_in"),
            scene.figure(
                "Time of a produce request at the leader",
                scene.mean_time("request_local_time", "Produce"),
                units.MILLISECONDS,
                "request_local_time, requests_by_type",
            ),
        ),
        culprits=(*topics(scene, "message_conversions_by_topic"), *clients(scene)),
        cores=cores,
        effect=f"stored as it comes it saves some {units.number(cores, 1)} cores",
    )


RECOMPRESSION = Cause(
    id="recompression",
    title="Records that brokers compress anew",
    means="A topic's compression.type (or format) is not the producers': brokers unpack and pack what arrives.",
    moves=("records that are converted", "time of a produce request at the leader", "CPU"),
    stays=("produce requests", "bytes that arrive"),
    neighbours=(
        Neighbour(cause="ingress-bytes", test="nothing is converted"),
        Neighbour(cause="small-batches", test="nothing is converted"),
    ),
    named_by={"topic": "message_conversions_by_topic", "client": "thread_time_by_client"},
    otherwise="where conversions are not published by topic, compare the topics' compression.type with the producers'",
    cure="compression.type=producer on the topic, or the topic's codec in the producer.",
    disproof="No record is converted while the time at the leader stays.",
    signs=_recompression,
    hides={"small-batches": 0.5, "ingress-bytes": 0.5},
)

CAUSES = (SMALL_BATCHES, INGRESS, RECOMPRESSION)
