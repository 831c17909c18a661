"""Trogdor, the fault and load tool of Kafka's own tests: its tasks, each run by its own worker."""

from __future__ import annotations

import hashlib
import json
import subprocess
from typing import TYPE_CHECKING

from benchmarks.peers import java
from benchmarks.peers.places import HERE, cached
from clusterload.lab.java import find

if TYPE_CHECKING:
    from pathlib import Path

_SOURCE = HERE / "TrogdorTask.java"
_WORKLOAD = "org.apache.kafka.trogdor.workload"


def build() -> Path:
    """The folder of the compiled runner, which is made the first time."""
    source = _SOURCE.read_bytes()
    folder = cached(f"trogdor-{hashlib.sha256(source).hexdigest()[:12]}")
    if not (folder / "TrogdorTask.class").exists():
        # The lab's Java has no compiler; this one is a jar like the others.
        path = ":".join(map(str, java.jars()))
        compiler = [str(find().path), "-cp", path, "org.eclipse.jdt.internal.compiler.batch.Main"]
        subprocess.run([*compiler, "-source", "17", "-target", "17", "-cp", path, "-d", folder, _SOURCE], check=True)
    return folder


def command(task: dict[str, object]) -> list[str]:
    """The words that run a task; its description is kept in a file that they name."""
    text = json.dumps(task, indent=1)
    file = cached("trogdor-tasks") / f"{hashlib.sha256(text.encode()).hexdigest()[:12]}.json"
    file.write_text(text, encoding="utf-8")
    return java.command("TrogdorTask", str(file), classes=(build(),))


def connection_stress(servers: str, action: str, *, seconds: float, threads: int, more: dict[str, str]) -> list[str]:
    """Connect and leave as fast as it can: `action` CONNECT (bare TCP) or FETCH_METADATA; `more` client properties."""
    return command(
        {
            "class": f"{_WORKLOAD}.ConnectionStressSpec",
            "durationMs": int(1000 * seconds),
            "clientNode": ["node0"],
            "bootstrapServers": servers,
            "targetConnectionsPerSec": 1_000_000,
            "numThreads": threads,
            "action": action,
            "commonClientConf": more,
        }
    )


def produce_bench(servers: str, topic: str, *, partitions: int, rate: int, records: int, size: int) -> list[str]:
    """Produce at a rate and measure latency. The topic must be there already, with this many partitions."""
    return command(
        {
            "class": f"{_WORKLOAD}.ProduceBenchSpec",
            "durationMs": 600_000,
            "producerNode": "node0",
            "bootstrapServers": servers,
            "targetMessagesPerSec": rate,
            "maxMessages": records,
            "producerConf": {"acks": "1"},
            "valueGenerator": {"type": "uniformRandom", "size": size, "seed": 0, "padding": 0},
            "activeTopics": {topic: {"numPartitions": partitions, "replicationFactor": 1}},
        }
    )


def status(output: str) -> dict[str, float]:
    """The figures of a task's last status, which is the last line of JSON that it printed."""
    last = [line for line in output.splitlines() if line.startswith("{")][-1]
    return {name: float(value) for name, value in json.loads(last).items()}
