"""Loads by plain librdkafka clients.

python -m benchmarks.culprits.rdkafka_loads KIND SERVERS CLIENT_ID TOPIC [GROUP]

Each is written as an application would write it, with nothing of this tool in it. It ends in good order at SIGTERM or
SIGINT, and by itself after two minutes.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

_LONGEST_SECONDS: Final = 120.0
_ANSWER_SECONDS: Final = 10.0
_SOON_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Who loads what, and when it is to stop."""

    servers: str
    client_id: str
    topic: str
    group: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    def config(self, more: Mapping[str, str | int | float | bool]) -> dict[str, str | int | float | bool]:
        """The properties of a client."""
        return {"bootstrap.servers": self.servers, "client.id": self.client_id, "log_level": 0, **more}

    def consumer(self, group: str, more: Mapping[str, str | int | float | bool]) -> Consumer:
        """A member of a group that reads the topic from its beginning."""
        given = {"group.id": group, "auto.offset.reset": "earliest", "session.timeout.ms": 6000, **more}
        consumer = Consumer(self.config(given))
        consumer.subscribe([self.topic])
        return consumer

    def paced(self, rate: float) -> Iterator[int]:
        """Numbers so many times a second at most, until it is to stop; what comes late is not made up for."""
        number, due = 0, time.monotonic()
        while not self.stop.wait(max(0.0, due - time.monotonic())):
            yield number
            number, due = number + 1, max(due + 1 / rate, time.monotonic() - 1.0)


def fetch_storm(application: Application, number: int) -> None:
    """A consumer that has brokers answer at once, whether there is something or not."""
    impatient = {"fetch.wait.max.ms": 1, "fetch.min.bytes": 1}
    consumer = application.consumer(f"{application.group}-{number}", impatient)
    while not application.stop.is_set():
        consumer.consume(500, _SOON_SECONDS)
    consumer.close()


def rebalances(application: Application, number: int) -> None:
    """A member that leaves its group after some seconds, and joins again."""
    while not application.stop.is_set():
        consumer = application.consumer(application.group, {})
        until = time.monotonic() + 2.5 + number * 0.3
        while time.monotonic() < until and not application.stop.is_set():
            consumer.consume(500, _SOON_SECONDS)
        consumer.close()


def offset_commits(application: Application, _number: int) -> None:
    """A consumer that commits each record, and waits for the answer."""
    consumer = application.consumer(application.group, {"enable.auto.commit": "false"})
    while not application.stop.is_set():
        message = consumer.poll(_SOON_SECONDS)
        if message is not None and not message.error():
            consumer.commit(message=message, asynchronous=False)
    consumer.close()


def metadata_storm(application: Application, _number: int) -> None:
    """A client that lists all topics in a loop."""
    admin = AdminClient(application.config({}))
    for _ in application.paced(150):
        admin.list_topics(timeout=_ANSWER_SECONDS)


def connection_churn(application: Application, number: int) -> None:
    """A producer for each record."""
    for turn in application.paced(20):
        producer = Producer(application.config({"linger.ms": 0}))
        producer.produce(application.topic, f"record {turn} of {number}")
        producer.flush(_ANSWER_SECONDS)
        producer.close()


def transactions(application: Application, number: int) -> None:
    """A transaction for each record."""
    producer = Producer(application.config({"transactional.id": f"{application.client_id}-{number}"}))
    producer.init_transactions(_ANSWER_SECONDS)
    for turn in application.paced(20):
        producer.begin_transaction()
        producer.produce(application.topic, f"record {turn}")
        producer.commit_transaction(_ANSWER_SECONDS)


def hot_partition(application: Application, _number: int) -> None:
    """Nineteen of twenty records have the same key."""
    producer = Producer(application.config({"linger.ms": 20}))
    value = bytes(4000)
    for turn in application.paced(1250):
        key = b"all" if turn % 20 else str(turn).encode()
        producer.produce(application.topic, value, key)
        producer.poll(0)
    producer.flush(_ANSWER_SECONDS)


Kind = Callable[[Application, int], None]

KINDS: Final[Mapping[str, tuple[Kind, int]]] = {
    "fetch-storm": (fetch_storm, 3),
    "rebalances": (rebalances, 8),
    "offset-commits": (offset_commits, 3),
    "metadata-storm": (metadata_storm, 4),
    "connection-churn": (connection_churn, 4),
    "transactions": (transactions, 3),
    "hot-partition": (hot_partition, 1),
}
"""Each kind with how many clients do it, a thread each."""


def main(kind: str, servers: str, client_id: str, topic: str, group: str = "") -> int:
    """Make the load until a signal comes; 1 if no client is left."""
    application = Application(servers=servers, client_id=client_id, topic=topic, group=group)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: application.stop.set())
    act, count = KINDS[kind]
    workers = [threading.Thread(target=_guarded, args=(act, application, n), daemon=True) for n in range(count)]
    for worker in workers:
        worker.start()
    until = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < until and not application.stop.is_set() and any(worker.is_alive() for worker in workers):
        application.stop.wait(_SOON_SECONDS)
    failed = not application.stop.is_set()
    application.stop.set()
    for worker in workers:
        worker.join(_ANSWER_SECONDS)
    return int(failed)


def _guarded(act: Kind, application: Application, number: int) -> None:
    """Begin again after an error of Kafka, as an application that is restarted."""
    while not application.stop.is_set():
        try:
            act(application, number)
        except (KafkaException, BufferError) as error:
            print(f"{application.client_id}-{number}: {error}", file=sys.stderr, flush=True)
            application.stop.wait(1.0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
