"""What is written, read and requested: by topic, partition, type of request and error."""

from __future__ import annotations

from typing import Final

from clusterload.model import units
from clusterload.model.resources.resource import Resource, sign
from clusterload.model.series_kind import Kind

TRAFFIC: Final[tuple[Resource, ...]] = (
    sign("records_in", "Records produced", units.RECORDS, Kind.DELTA),
    sign("ingress_by_topic", "Ingress by topic", units.BYTES, Kind.DELTA, "topic"),
    sign("egress_by_topic", "Egress by topic", units.BYTES, Kind.DELTA, "topic"),
    sign("records_in_by_topic", "Records produced by topic", units.RECORDS, Kind.DELTA, "topic"),
    sign(
        "produce_requests_by_topic",
        "Produce requests by topic",
        units.REQUESTS,
        Kind.DELTA,
        "topic",
        trap="once for each partition in a request",
    ),
    sign(
        "fetch_requests_by_topic",
        "Fetch requests by topic",
        units.REQUESTS,
        Kind.DELTA,
        "topic",
        trap="of followers too, and once for each partition in a request",
    ),
    sign("records_out", "Records consumed", units.RECORDS, Kind.DELTA),
    sign("records_out_by_topic", "Records consumed by topic", units.RECORDS, Kind.DELTA, "topic"),
    *(
        sign(
            f"hot_partition_{way}",
            f"Hot partitions by {title}, by their provider",
            units.RATIO,
            Kind.GAUGE,
            "topic",
            "partition",
            trap="1 while the provider calls it hot; none where it does not",
        )
        for way, title in (("ingress", "ingress"), ("egress", "egress"))
    ),
    sign(
        "requests_by_type",
        "Requests by type",
        units.REQUESTS,
        Kind.DELTA,
        "request",
        trap="all listeners: brokers and controllers send requests too (Metadata, ApiVersions, FetchFollower); all "
        "versions added up; Fetch is the sum of FetchConsumer and FetchFollower, so it is left out",
    ),
    sign("request_time", "Time of requests by type", units.MILLISECONDS, Kind.DELTA, "request"),
    sign(
        "request_queue_time",
        "Time of requests in the queue by type",
        units.MILLISECONDS,
        Kind.DELTA,
        "request",
        trap="waiting for a request handler; grows by other processes' work; single times are whole milliseconds",
    ),
    sign(
        "request_local_time",
        "Time of requests at the leader by type",
        units.MILLISECONDS,
        Kind.DELTA,
        "request",
        trap="of a handler, waiting for a CPU or disk included; single times are whole milliseconds",
    ),
    sign(
        "request_remote_time",
        "Time of requests in waiting for others by type",
        units.MILLISECONDS,
        Kind.DELTA,
        "request",
        trap="a Produce waits for replicas; a fetch waits for records, so that there it means idle consumers",
    ),
    *(
        sign(
            f"{name}_p95",
            f"{title}: 95th percentile",
            units.MILLISECONDS,
            Kind.GAUGE,
            "request",
            trap="of a sample of the last minutes, recent requests most: it rises within seconds and falls within "
            "minutes; read where an exporter gives percentiles and no mean",
        )
        for name, title in (
            ("request_time", "Time of requests by type"),
            ("request_queue_time", "Time of requests in the queue by type"),
            ("request_local_time", "Time of requests at the leader by type"),
            ("request_remote_time", "Time of requests in waiting for others by type"),
        )
    ),
    sign("message_conversions", "Records recompressed", units.RECORDS, Kind.DELTA),
    sign("message_conversions_by_topic", "Records recompressed by topic", units.RECORDS, Kind.DELTA, "topic"),
    sign(
        "fetch_conversions",
        "Records down-converted for consumers",
        units.RECORDS,
        Kind.DELTA,
        trap="before Kafka 4 only: since then no consumer is so old that brokers convert for it",
    ),
    sign("fetch_conversions_by_topic", "Records down-converted by topic", units.RECORDS, Kind.DELTA, "topic"),
    sign(
        "errors",
        "Responses by error",
        units.COUNT,
        Kind.DELTA,
        "request",
        "error",
        trap="NONE is a success; some errors are part of a protocol: MEMBER_ID_REQUIRED of each first JoinGroup, "
        "NOT_COORDINATOR after a move; a request for several partitions counts once for each error",
    ),
    sign("request_bytes", "Bytes of requests", units.BYTES, Kind.DELTA, trap="with their framing, not only records"),
    sign("response_bytes", "Bytes of responses", units.BYTES, Kind.DELTA, trap="with their framing, not only records"),
    sign(
        "records_by_partition",
        "Records by partition",
        units.RECORDS,
        Kind.DELTA,
        "topic",
        "partition",
        trap="of the cluster: deltas of end offsets, so transactions' markers count; internal topics among them",
    ),
)
