"""Many librdkafka producers in one process, each record a request of its own.

python -m benchmarks.peers.many_producers SERVERS TOPIC PRODUCERS SIZE SECONDS

With 0 seconds they connect, stay until a line comes on standard input, and send one record each.
"""

from __future__ import annotations

import json
import os
import sys
import time

from confluent_kafka import KafkaError, Message, Producer

_UNDER_WAY = 5  # records at once for each producer, as many as our side's default dial `in_flight`


class Senders:
    """Producers that send in turn; what was delivered is counted."""

    def __init__(self, servers: str, topic: str, producers: int, size: int) -> None:
        settings = {"bootstrap.servers": servers, "acks": "1", "linger.ms": 0, "batch.num.messages": 1}
        self._producers = [Producer({**settings, "max.in.flight": _UNDER_WAY}) for _ in range(producers)]
        self._topic, self._value, self.delivered = topic, os.urandom(size), 0

    def _done(self, error: KafkaError | None, _message: Message) -> None:
        if error is None:
            self.delivered += 1

    def round(self) -> None:
        """Let each producer send what it has room for, and hear of what was delivered."""
        for producer in self._producers:
            producer.poll(0)
            for _ in range(_UNDER_WAY - len(producer)):
                producer.produce(self._topic, self._value, on_delivery=self._done)

    def one_each(self) -> None:
        """Send one record by each producer, and wait until all are delivered."""
        for producer in self._producers:
            producer.produce(self._topic, self._value, on_delivery=self._done)
        self.flush()

    def flush(self) -> None:
        """Wait until all that was sent is delivered."""
        for producer in self._producers:
            producer.flush()


def command(servers: str, topic: str, *, producers: int, size: int, seconds: float) -> list[str]:
    """The words that run this module."""
    words = [servers, topic, str(producers), str(size), f"{seconds:g}"]
    return [sys.executable, "-m", "benchmarks.peers.many_producers", *words]


def totals(output: str) -> dict[str, float]:
    """What it printed: records, and their rate in records/s."""
    figures: dict[str, float] = json.loads(output.splitlines()[-1])
    return figures


def main() -> None:
    """Connect all, then send until the time is over, or hold until a line says to end."""
    servers, topic, producers, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    seconds = float(sys.argv[5])
    senders = Senders(servers, topic, producers, size)
    senders.one_each()
    print("connected", flush=True)
    if not seconds:
        sys.stdin.readline()
    before, begin = senders.delivered, time.perf_counter()
    while time.perf_counter() < begin + seconds:
        senders.round()
    if not seconds:
        senders.one_each()
    senders.flush()
    sent, lasted = senders.delivered - before, time.perf_counter() - begin
    print(json.dumps({"records": senders.delivered, "measured": sent, "rate": sent / lasted}))


if __name__ == "__main__":
    main()
