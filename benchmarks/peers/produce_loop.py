"""What people write first in Python: a loop around one confluent-kafka producer.

python -m benchmarks.peers.produce_loop SERVERS TOPIC SIZE SECONDS
"""

from __future__ import annotations

import json
import os
import sys
import time

from confluent_kafka import Producer


def command(servers: str, topic: str, *, size: int, seconds: float) -> list[str]:
    """The words that run this loop."""
    return [sys.executable, "-m", "benchmarks.peers.produce_loop", servers, topic, str(size), f"{seconds:g}"]


def totals(output: str) -> dict[str, float]:
    """What it printed: records, and their rate in records/s."""
    figures: dict[str, float] = json.loads(output.splitlines()[-1])
    return figures


def main() -> None:
    """Produce as fast as the queue takes it, then wait until all is delivered."""
    servers, topic, size, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    settings = {"bootstrap.servers": servers, "acks": "1", "linger.ms": 5, "queue.buffering.max.messages": 1_000_000}
    producer, value, sent = Producer(settings), os.urandom(size), 0
    begin = time.perf_counter()
    until = begin + seconds
    while time.perf_counter() < until:
        try:
            for _ in range(1000):
                producer.produce(topic, value)
                sent += 1
            producer.poll(0)
        except BufferError:
            producer.poll(0.01)
    producer.flush()
    print(json.dumps({"records": sent, "rate": sent / (time.perf_counter() - begin)}))


if __name__ == "__main__":
    main()
