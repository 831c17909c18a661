"""What brokers, their hosts and their provider tell of themselves."""

from __future__ import annotations

from typing import Final

from clusterload.model import units
from clusterload.model.resources.resource import Resource, sign
from clusterload.model.series_kind import Kind

BROKERS: Final[tuple[Resource, ...]] = (
    sign("cores", "Cores of the host", units.CORES, Kind.GAUGE, trap="as the broker's Java sees them"),
    sign("cpu_broker", "CPU of the broker", units.SECONDS, Kind.DELTA),
    sign("retained_bytes", "Retained bytes", units.BYTES, Kind.GAUGE),
    sign("retained_bytes_by_topic", "Retained bytes by topic", units.BYTES, Kind.GAUGE, "topic"),
    sign(
        "cluster_load_percent",
        "Cluster load, by its provider",
        units.RATIO,
        Kind.GAUGE,
        trap="from 0 to 1; the provider does not publish what goes into it, and only dedicated clusters have it",
    ),
    sign(
        "cluster_load_percent_avg",
        "Cluster load, by its provider: mean of brokers",
        units.RATIO,
        Kind.GAUGE,
        trap="from 0 to 1; high together with the busiest broker's: more capacity is needed",
    ),
    sign(
        "cluster_load_percent_max",
        "Cluster load, by its provider: busiest broker",
        units.RATIO,
        Kind.GAUGE,
        trap="from 0 to 1; high while the mean is low: the load is skewed",
    ),
    sign("replication_in", "Replication in", units.BYTES, Kind.DELTA),
    sign("replication_out", "Replication out", units.BYTES, Kind.DELTA),
    sign("leaders", "Leaders", units.PARTITIONS, Kind.GAUGE),
    sign("under_replicated", "Under-replicated partitions", units.PARTITIONS, Kind.GAUGE),
    sign("isr_shrinks", "ISR shrinks", units.COUNT, Kind.DELTA, trap="a fenced broker does not count as a shrink"),
    sign("isr_expands", "ISR expands", units.COUNT, Kind.DELTA, trap="also when a broker comes back"),
    sign(
        "disk_reads",
        "Read from disk",
        units.BYTES,
        Kind.DELTA,
        trap="what the page cache lacked; on Linux only, where the broker may read its own I/O figures",
    ),
    sign(
        "disk_writes",
        "Written to disk",
        units.BYTES,
        Kind.DELTA,
        trap="into the page cache, so the disk may see it later; with logs, snapshots and compaction",
    ),
    sign("remote_fetch_bytes", "Read from remote storage", units.BYTES, Kind.DELTA, trap="tiered topics only"),
    sign("remote_copy_bytes", "Copied to remote storage", units.BYTES, Kind.DELTA, trap="tiered topics only"),
    sign(
        "cleaner_dirty",
        "Dirty share of the dirtiest log",
        units.RATIO,
        Kind.GAUGE,
        trap="of compacted topics; 0 until the log cleaner has looked",
    ),
    sign("cleaner_dead_threads", "Dead threads of the log cleaner", units.COUNT, Kind.GAUGE),
    sign(
        "round_trip_time",
        "Round trip to the broker",
        units.MILLISECONDS,
        Kind.GAUGE,
        trap="of our own request over a connection that is kept open: our network, the broker's threads and its queue",
    ),
    sign("log_bytes", "Size of logs", units.BYTES, Kind.GAUGE, trap="on disk, of all replicas of the broker"),
    sign("offline_partitions", "Partitions without a leader", units.PARTITIONS, Kind.GAUGE),
    sign(
        "cpu_throttled",
        "Held back by the container's CPU limit",
        units.SECONDS,
        Kind.DELTA,
        trap="of all threads together, so more than a second a second is possible; the host may be idle meanwhile",
    ),
    sign("gc_time", "Garbage collection", units.SECONDS, Kind.DELTA),
)
