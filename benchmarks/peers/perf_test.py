"""kafka-producer-perf-test, the load tool that comes with Kafka."""

from __future__ import annotations

import re

from benchmarks.peers import java

_TOTAL = re.compile(
    r"^(?P<records>\d+) records sent, (?P<rate>[\d.]+) records/sec .*?, (?P<mean>[\d.]+) ms avg latency, "
    r"[\d.]+ ms max latency, (?P<p50>\d+) ms 50th, (?P<p95>\d+) ms 95th, (?P<p99>\d+) ms 99th, (?P<p999>\d+) ms 99.9th",
    re.MULTILINE,
)


def command(
    servers: str, topic: str, *, records: int, size: int, rate: float = -1, linger_ms: int = 5, batch: int = 65_536
) -> list[str]:
    """The words that send so many records; `rate` is in records/s, -1 for as fast as it can."""
    properties = (f"bootstrap.servers={servers}", "acks=1", f"linger.ms={linger_ms}", f"batch.size={batch}")
    return java.command(
        "org.apache.kafka.tools.ProducerPerformance",
        *("--topic", topic, "--num-records", str(records), "--record-size", str(size), "--throughput", f"{rate:g}"),
        *("--producer-props", *properties),
    )


def totals(output: str) -> dict[str, float]:
    """What it says at its end: records, rate in records/s, latencies in ms (mean, p50, p95, p99, p999)."""
    found = _TOTAL.search(output)
    if found is None:
        raise ValueError(f"kafka-producer-perf-test printed no totals: {output[-500:]}")
    return {name: float(value) for name, value in found.groupdict().items()}
