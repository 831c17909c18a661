"""Causes about what producers send: how small, how much, how compressed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from clusterload.analysis.causes.blame import rising_clients, rising_topics
from clusterload.analysis.causes.cause import Cause, Signs
from clusterload.analysis.causes.signature_figures import MEGABYTE
from clusterload.analysis.causes.weights import between, by_size, either
from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.analysis.causes.signature_figures import Scene


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
        sentence=f"Small batches: {units.number(produce.now)} Produce requests a second of "
        f"{units.number(records.now, 2)} records each",
        evidence=(
            *scene.request_evidence("Produce", "FetchFollower"),
            scene.figure("Records per Produce request", records, units.RECORDS, "records_in, requests_by_type"),
            scene.evidence("Ingress", "ingress"),
        ),
        culprits=lambda: (*rising_clients(scene), *rising_topics(scene, "records_in_by_topic")),
        cores=cores,
        effect=f"batches of ten times as many records save up to {scene.saved(0.9 * cores)}",
    )


def _added_records(scene: Scene) -> float:
    """Records per added Produce request; per Produce request without a baseline."""
    return max(0.0, scene.total("records_in").rise) / scene.produced if scene.produced else math.nan


def _produce_leads(scene: Scene) -> bool:
    """Whether Produce requests rose more than consumers' fetches."""
    return scene.produced >= scene.added("FetchConsumer") / 2


SMALL_BATCHES = Cause(
    id="small-batches",
    title="Small batches",
    means="Producers send a request for every record or every few records. Each costs the leader about as much as a "
    "large one, and wakes the followers' waiting fetches, which cost more than the Produce request itself.",
    moves=("Produce requests", "FetchFollower requests", "records per Produce request (fall)"),
    stays=("bytes", "connections", "connection attempts"),
    look_alikes={
        "ingress-bytes": "the added requests are large",
        "connections": "the requests come from many new connections, a few a second each",
        "transactions": "EndTxn and AddPartitionsToTxn requests rise too",
        "recompression": "brokers convert the records that arrive",
    },
    named_by={"client": "thread_time_by_client", "topic": "records_in_by_topic"},
    if_unnamed="brokers publish thread time by client id only while a client quota exists: --unlock-client-metrics",
    cure="linger.ms of 20 to 100 and a larger batch.size in that producer; or send less often.",
    disproof="The same bytes in a tenth of the requests cost the brokers as much CPU.",
    signs=_small_batches,
    needs=(
        "requests_by_type",
        "records_in|records_in_by_topic",
    ),
    explains_away={"fetch-storm": 0.3},
)


def _ingress(scene: Scene) -> Signs | None:
    level, more = scene.total("ingress"), scene.rise("ingress")
    if not more > 0:
        return None
    cores = scene.price("ingress", more / MEGABYTE)
    material = between(cores / scene.cores, 0.003, 0.01)
    # More bytes in no more requests: batches became larger, each by as much as there is.
    told = scene.by_type and not (scene.compared and scene.produced == 0)
    large = by_size(scene.batch_bytes, 2.5e3, 12e3) if told else 1.0
    if scene.compared:
        weight = either(scene.cost(cores) * material, scene.grown("ingress", 5e4, 8.0) * material)
    else:
        large = by_size(scene.batch_bytes, 12e3, 25e3) if scene.by_type else 0.5
        weight = _work_of_one(scene, cores)
    weight = either(weight, scene.near_limit("ingress"))
    return Signs(
        weight=weight,
        fit=large,
        sentence=f"High ingress: {units.short(level.now, units.BYTES_PER_SECOND)}",
        evidence=(
            scene.evidence("Ingress", "ingress"),
            *scene.request_evidence("Produce"),
            scene.evidence("Replication", "replication_in"),
        ),
        culprits=lambda: (
            *rising_clients(scene, "ingress_by_client", "thread_time_by_client"),
            *rising_topics(scene, "ingress_by_topic"),
        ),
        cores=cores,
        effect=f"without it ingress is {units.short(level.now - more, units.BYTES_PER_SECOND)}, "
        f"and {scene.saved(cores)} are free",
    )


def _work_of_one(scene: Scene, cores: float) -> float:
    """From 0 to 1, how much of the hosts' CPU it takes to write all that arrives, as far as it is one client's."""
    work = cores + scene.price("Produce", scene.produced) + scene.followers("Produce")
    led = scene.led_by_one(client="ingress_by_client", topic="ingress_by_topic")
    return between(work / scene.cores, 0.05, 0.11) * between(led, 0.4, 0.8)


INGRESS = Cause(
    id="ingress-bytes",
    title="High ingress",
    means="Producers send a lot of data. The leader writes it, each follower replicates it, and consumers read it.",
    moves=("ingress", "replication", "bytes per Produce request"),
    stays=("request rates", "connections"),
    look_alikes={
        "small-batches": "requests rise as much as bytes",
        "hot-partition": "nearly all of it goes to one partition",
        "tls": "it arrives on a TLS listener",
    },
    named_by={"client": "ingress_by_client", "topic": "ingress_by_topic"},
    if_unnamed="brokers publish bytes by client id only while a client quota exists: --unlock-client-metrics",
    cure="Compress in the producer; send less; spread it over more brokers; cap it with a producer quota.",
    disproof="Half the bytes in as many requests leave the limit load and the brokers' CPU unchanged.",
    signs=_ingress,
    fills="ingress",
    needs=("ingress|ingress_by_topic",),
)


def _recompression(scene: Scene) -> Signs | None:
    rate = scene.rise("message_conversions")
    if not rate > 1:
        return None
    part = rate / max(rate, scene.now("records_in"))
    cores = scene.price("conversions", rate)
    return Signs(
        weight=either(between(cores / scene.cores, 0.0008, 0.024), 0.5 * part),
        fit=between(part, 0.02, 0.3),
        sentence=f"Brokers convert {units.number(rate)} records a second, {units.percent(part)} of what arrives",
        evidence=(
            scene.evidence("Records converted", "message_conversions"),
            scene.evidence("Records produced", "records_in"),
            scene.time_evidence("request_local_time", "Produce"),
        ),
        culprits=lambda: (*rising_topics(scene, "message_conversions_by_topic"), *rising_clients(scene)),
        cores=cores,
        effect=f"storing batches as they arrive saves some {scene.saved(cores)}",
    )


RECOMPRESSION = Cause(
    id="recompression",
    title="Recompression on the brokers",
    means="The topic's compression.type (or record format) differs from the producers': brokers decompress and "
    "recompress every batch that arrives.",
    moves=("converted records", "local time of Produce requests", "CPU"),
    stays=("Produce requests", "ingress"),
    look_alikes={
        "ingress-bytes": "no record is converted",
        "small-batches": "no record is converted",
    },
    named_by={"topic": "message_conversions_by_topic", "client": "thread_time_by_client"},
    if_unnamed="where conversions are not published by topic, compare the topics' compression.type with the producers'",
    cure="compression.type=producer on the topic, or the topic's codec in the producer.",
    disproof="No record is converted and the local time of Produce requests stays as high.",
    signs=_recompression,
    needs=("message_conversions",),
    explains_away={"small-batches": 0.5, "ingress-bytes": 0.5},
)

CAUSES = (SMALL_BATCHES, INGRESS, RECOMPRESSION)
