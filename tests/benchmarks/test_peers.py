"""What the peers print is read right; a change in it is an error, not a zero."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.peers import lock, perf_test, rdkafka, trogdor

_PERF = """191303 records sent, 38207.1 records/sec (3.64 MB/sec), 52.9 ms avg latency, 1484.0 ms max latency.
600000 records sent, 61703.002879 records/sec (5.88 MB/sec), 54.13 ms avg latency, 1484.00 ms max latency, 40 ms 50th, \
154 ms 95th, 293 ms 99th, 314 ms 99.9th.
"""
_RDKAFKA = """% 577 messages produced (57 bytes), 300 delivered (offset 1, 0 failed) in 1009ms: 296 msgs/s and 29 MB/s
% 1600000 messages produced (160000000 bytes), 1600000 delivered (offset 267008, 0 failed) in 5604ms: 285493 msgs/s \
and 28.55 MB/s, 0 produce failures, 0 in queue, no compression
"""


def test_the_totals_of_perf_test_are_those_of_its_last_line() -> None:
    assert perf_test.totals(_PERF) == {
        "records": 600_000,
        "rate": 61703.002879,
        "mean": 54.13,
        "p50": 40,
        "p95": 154,
        "p99": 293,
        "p999": 314,
    }


def test_the_totals_of_rdkafka_performance_are_those_of_its_last_line() -> None:
    assert rdkafka.totals(_RDKAFKA) == {"records": 1_600_000, "rate": 285_493}


def test_the_latencies_of_rdkafka_performance_are_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "times.us"
    file.write_text("".join(f"{1000 * number}\n" for number in range(1000)))
    found = rdkafka.latencies(file)
    assert (found["p50"], found["p99"], found["p999"], found["mean"]) == (500, 990, 999, 499.5)


def test_the_status_of_trogdor_is_its_last_line_of_json() -> None:
    assert trogdor.status('noise\n{"a": 1}\n{"totalConnections": 5}\n') == {"totalConnections": 5.0}


def test_a_peer_that_prints_something_else_is_an_error() -> None:
    for totals in (perf_test.totals, rdkafka.totals):
        with pytest.raises(ValueError, match="printed no totals"):
            totals("Exception in thread main")


def test_every_jar_of_the_peers_is_locked_with_its_checksum() -> None:
    jars = lock.read().jars
    assert {"org.apache.kafka:kafka-tools", "org.apache.kafka:trogdor", "org.eclipse.jdt:ecj"} <= {
        f"{jar.group}:{jar.artifact}" for jar in jars
    }
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in jars)
