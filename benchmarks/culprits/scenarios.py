"""The scenarios: for every cause that this machine can make, how it is made, at two intensities.

Intensities are for three brokers on two cores with a background of some 0.5 MB/s: 1 is felt, 2 is felt more; neither
takes all of the machine. A scenario says how it is made; that it is named as its cause is for the judge to find.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.culprits.stage import Setup, Stage, clients

_PERF: Final = "org.apache.kafka.tools.ProducerPerformance"
_READ: Final = "org.apache.kafka.tools.ConsumerPerformance"
_ENDLESS: Final = "100000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One way of loading the lab.

    Attributes:
        id: what it is called.
        causes: what is true of it: none for what is clean or innocent, two for a double.
        kind: `cause`, `pair`, `double`, `innocent` or `clean`.
        setup: how it is made.
        intensities: at which it is recorded.
        proxied: whether it needs a lab with proxies.
        pair: scenarios of the same word differ by one thing only.
    """

    id: str
    causes: tuple[str, ...]
    kind: str
    setup: Setup
    intensities: tuple[int, ...] = (1, 2)
    proxied: bool = False
    pair: str = ""


def connections(stage: Stage, level: int) -> None:
    """Many clients that each send a little, as often as the background's do."""
    topic = stage.topic()
    count = (150, 300)[level - 1]
    client = stage.load(topic, connections=count, request_rate=f"{count}/s", records_per_request=4, record_size="500 B")
    stage.blame("client", client)
    stage.blame("topic", topic)


def connection_churn(stage: Stage, level: int) -> None:
    """Clients that connect, ask for versions and leave."""
    rate = (120, 300)[level - 1]
    stage.blame("client", stage.load(stage.background, kind="connect", connection_rate=f"{rate}/s"))


def authentication_failures(stage: Stage, level: int) -> None:
    """Clients with a wrong password that try again and again."""
    count = (4, 12)[level - 1]
    stage.run(
        "benchmarks.culprits.wrong_password", "{servers SASL_PLAINTEXT}", stage.words.word(), str(count), java=False
    )
    stage.nobody()


def small_batches(stage: Stage, level: int) -> None:
    """A producer whose every record is a request."""
    topic = stage.topic()
    rate = (700, 1400)[level - 1]
    client = stage.load(topic, record_rate=f"{rate}/s", records_per_request=1, record_size="100 B", in_flight=200)
    stage.blame("client", client)
    stage.blame("topic", topic)


def same_bytes_batched(stage: Stage, level: int) -> None:
    """The bytes of `small_batches` in few requests: felt by nobody."""
    topic = stage.topic()
    rate = (700, 1400)[level - 1]
    stage.load(topic, record_rate=f"{rate}/s", records_per_request=rate // 20, record_size="100 B")


def ingress_bytes(stage: Stage, level: int) -> None:
    """Much data in large batches: by Kafka's own tool, or by the wire engine."""
    topic = stage.topic()
    stage.blame("topic", topic)
    if level == 1:
        client = stage.words.word()
        stage.run(
            _PERF, "--topic", topic, "--num-records", _ENDLESS, "--record-size", "10000", "--throughput", "600",
            "--producer-props", "bootstrap.servers={servers}", f"client.id={client}", "acks=all", "linger.ms=20",
            "batch.size=131072",
        )  # fmt: skip
    else:
        client = stage.load(topic, byte_rate="12 MB/s", records_per_request=100, record_size="1 kB")
    stage.blame("client", client)


def same_connections_other_bytes(stage: Stage, level: int) -> None:
    """The connections and requests of `connections`, with far more bytes in each."""
    topic = stage.topic()
    count = (150, 300)[level - 1]
    size = ("15 kB", "10 kB")[level - 1]
    client = stage.load(topic, connections=count, request_rate=f"{count}/s", records_per_request=4, record_size=size)
    stage.blame("client", client)
    stage.blame("topic", topic)


def same_requests_other_size(stage: Stage, level: int) -> None:
    """The requests of `small_batches`, each with twenty times the bytes: still it is the requests that cost."""
    topic = stage.topic()
    rate = (700, 1400)[level - 1]
    client = stage.load(topic, record_rate=f"{rate}/s", records_per_request=1, record_size="2 kB", in_flight=200)
    stage.blame("client", client)
    stage.blame("topic", topic)


def fan_out(stage: Stage, level: int) -> None:
    """Many readers of what the background writes, each with answers as large as it can have them."""
    readers = (30, 70)[level - 1]
    client = stage.load(stage.background, kind="consume", fan_out=readers, fetch_min_bytes=262_144, fetch_max_wait="2s")
    stage.blame("client", client)
    stage.blame("topic", stage.background)


def fetch_storm(stage: Stage, level: int) -> None:
    """A reader that asks again at once, whether there is something or not."""
    topic = stage.topic()
    rate = (600, 1300)[level - 1]
    client = stage.load(topic, kind="consume", fetch_rate=f"{rate}/s", connections=9)
    stage.blame("client", client)
    stage.blame("topic", topic)


def offset_commits(stage: Stage, level: int) -> None:
    """A group that commits its place again and again."""
    rate = (350, 700)[level - 1]
    client = stage.load(stage.background, kind="admin", commit_rate=f"{rate}/s", connections=8)
    stage.blame("client", client)
    stage.blame("group", f"{client}-group")


def metadata_storm(stage: Stage, level: int) -> None:
    """A client that asks who leads what, all the time."""
    rate = (400, 900)[level - 1]
    stage.blame("client", stage.load(stage.background, kind="admin", metadata_rate=f"{rate}/s", connections=8))


def rebalances(stage: Stage, level: int) -> None:
    """A group whose members come and go."""
    members, stay = ((6, "4s"), (12, "3s"))[level - 1]
    client = stage.load(stage.background, kind="group", members=members, member_lifetime=stay)
    stage.blame("group", f"{client}-group")
    stage.blame("client", *clients(client, members))


def transactions(stage: Stage, level: int) -> None:
    """Producers that commit a transaction for each few records."""
    topic = stage.topic()
    rate, producers = ((30, 3), (60, 6))[level - 1]
    client = stage.load(topic, kind="transact", producers=producers, transaction_rate=f"{rate}/s")
    stage.blame("client", *clients(client, producers))
    stage.blame("topic", topic)


def producer_ids(stage: Stage, level: int) -> None:
    """A client that asks for a new producer id, all the time."""
    rate = (400, 900)[level - 1]
    stage.blame("client", stage.load(stage.background, kind="admin", producer_id_rate=f"{rate}/s", connections=8))


def hot_partition(stage: Stage, level: int) -> None:
    """A topic of which one partition gets nearly all."""
    topic = stage.topic()
    rate = ("3 MB/s", "7 MB/s")[level - 1]
    client = stage.load(topic, byte_rate=rate, records_per_request=50, record_size="1 kB", partitions=1)
    stage.load(topic, byte_rate="200 kB/s", records_per_request=20, record_size="1 kB")
    stage.blame("topic", topic)
    stage.blame("client", client)


def even_partitions(stage: Stage, level: int) -> None:
    """The bytes of `hot_partition`, evenly."""
    topic = stage.topic()
    rate = ("3.2 MB/s", "7.2 MB/s")[level - 1]
    client = stage.load(topic, byte_rate=rate, records_per_request=50, record_size="1 kB")
    stage.blame("topic", topic)
    stage.blame("client", client)


def leader_skew(stage: Stage, level: int) -> None:
    """One broker comes to lead what others led: of the background's topic, or of all topics."""
    broker = stage.chance.choice((1, 2, 3))
    stage.do("lead", broker=broker, topics=[stage.background] if level == 1 else [])
    stage.blame("broker", str(broker))


def partitions(stage: Stage, level: int) -> None:
    """A topic with very many partitions comes into being."""
    name = stage.words.word()
    stage.do("make topic", name=name, partitions=(250, 600)[level - 1])
    stage.blame("topic", name)


def recompression(stage: Stage, level: int) -> None:
    """A topic that is compressed otherwise than its producer does: brokers recompress."""
    topic = stage.topic(compression_type="gzip")
    rate = (1500, 4000)[level - 1]
    client = stage.load(topic, record_rate=f"{rate}/s", records_per_request=25, record_size="400 B", compression="lz4")
    stage.blame("topic", topic)
    stage.blame("client", client)


def kept_compression(stage: Stage, level: int) -> None:
    """The records of `recompression` on a topic that keeps what it gets: felt by nobody."""
    topic = stage.topic(compression_type="producer")
    rate = (1500, 4000)[level - 1]
    stage.load(topic, record_rate=f"{rate}/s", records_per_request=50, record_size="400 B", compression="lz4")


def slow_replica(stage: Stage, level: int) -> None:
    """What one broker copies from the others comes late."""
    broker = stage.chance.choice((1, 2, 3))
    delay = (0.15, 0.4)[level - 1]
    stage.do("impair", listener="BROKER", who=f"broker-{broker}-fetcher", delay=delay, jitter=delay / 5)
    stage.blame("broker", str(broker))


def network_delay(stage: Stage, level: int) -> None:
    """What clients and one broker say to each other takes long."""
    broker = stage.chance.choice((1, 2, 3))
    delay = (0.04, 0.15)[level - 1]
    stage.do("impair", listener="CLIENT", broker=broker, delay=delay, jitter=delay / 5)
    stage.blame("broker", str(broker))


def throttling(stage: Stage, level: int) -> None:
    """A producer that wants more than its quota."""
    topic, client = stage.topic(), stage.words.word()
    quota, rate = ((200_000.0, "2 MB/s"), (60_000.0, "3 MB/s"))[level - 1]
    stage.do("quota", when="before", client=client, values={"producer_byte_rate": quota})
    stage.load(topic, client_id=client, byte_rate=rate, records_per_request=20, record_size="1 kB")
    stage.blame("client", client)
    stage.blame("topic", topic)


def cold_reads(stage: Stage, level: int) -> None:
    """A reader begins at the start of a topic that is not in memory any more."""
    topic = stage.topic()
    rate, megabytes = ((4, 250), (8, 500))[level - 1]
    stage.do("fill", when="before", topic=topic, megabytes=megabytes)
    stage.do("forget pages", topic=topic)
    # A fetch brings a MiB of a partition at most, and 6 partitions lie on 3 brokers.
    client = stage.load(topic, kind="consume", fetch_from="earliest", fetch_rate=f"{rate}/s", connections=3)
    stage.blame("client", client)
    stage.blame("topic", topic)


def tls(stage: Stage, level: int) -> None:
    """The data of a producer that encrypts them."""
    topic = stage.topic()
    rate = ("3 MB/s", "7 MB/s")[level - 1]
    client = stage.load(topic, listener="SSL", byte_rate=rate, records_per_request=50, record_size="1 kB")
    stage.blame("client", client)
    stage.blame("topic", topic)


def plain(stage: Stage, level: int) -> None:
    """The data of `tls`, not encrypted."""
    topic = stage.topic()
    rate = ("3 MB/s", "7 MB/s")[level - 1]
    client = stage.load(topic, byte_rate=rate, records_per_request=50, record_size="1 kB")
    stage.blame("client", client)
    stage.blame("topic", topic)


def cpu_starvation(stage: Stage, level: int) -> None:
    """Others on the same machine want all of it; Kafka is innocent."""
    stage.do("neighbour", processes=(2, 5)[level - 1])
    stage.nobody()


def broker_down(stage: Stage, level: int) -> None:
    """A broker stops in good order, or dies."""
    broker = stage.chance.choice((1, 2, 3))
    stage.do("break", broker=broker, how=("stop", "kill")[level - 1])
    stage.blame("broker", str(broker))


# What does no harm.


def clean(stage: Stage, level: int) -> None:
    """Nothing but the background."""


def idle_connections(stage: Stage, level: int) -> None:
    """Connections that say nothing."""
    stage.load(stage.background, kind="connect", connections=(1000, 2000)[level - 1])


def some_ingress(stage: Stage, level: int) -> None:
    """A new producer of well batched records, as the background's."""
    topic = stage.topic()
    stage.load(topic, byte_rate=("150 kB/s", "300 kB/s")[level - 1], records_per_request=30, record_size="1 kB")


def another_reader(stage: Stage, level: int) -> None:
    """Another group reads what the background writes."""
    stage.load(stage.background, kind="group", members=level)


def a_few_questions(stage: Stage, level: int) -> None:
    """Tools that ask now and then, and a few connections that come and go."""
    stage.load(stage.background, kind="admin", metadata_rate=f"{3 * level}/s")
    stage.load(stage.background, kind="connect", connection_rate=f"{level}/s")


def a_new_topic(stage: Stage, level: int) -> None:
    """A topic of a usual size is made and written to."""
    stage.do("make topic", name=stage.words.word(), partitions=6 * level)
    stage.load(stage.topic(), byte_rate="50 kB/s", records_per_request=10, record_size="1 kB")


def _cause(setup: Setup, *, proxied: bool = False) -> Scenario:
    name = setup.__name__.replace("_", "-")
    return Scenario(id=name, causes=(name,), kind="cause", setup=setup, proxied=proxied)


def _pair(word: str, setup: Setup, *causes: str) -> Scenario:
    name = setup.__name__.replace("_", "-")
    return Scenario(id=name, causes=causes, kind="pair", setup=setup, pair=word)


def _harmless(setup: Setup, kind: str = "innocent") -> Scenario:
    name = setup.__name__.replace("_", "-")
    return Scenario(id=name, causes=(), kind=kind, setup=setup)


def _double(first: Setup, second: Setup) -> Scenario:
    def setup(stage: Stage, level: int) -> None:
        first(stage, level)
        named = stage.named
        second(stage, level)
        stage.named = named or stage.named

    causes = tuple(scenario.__name__.replace("_", "-") for scenario in (first, second))
    return Scenario(id="+".join(causes), causes=causes, kind="double", setup=setup, intensities=(1,))


_ALL: Final = (
    *map(
        _cause,
        (
            connections, connection_churn, authentication_failures, small_batches, ingress_bytes, fan_out, fetch_storm,
            offset_commits, metadata_storm, rebalances, transactions, producer_ids, hot_partition, leader_skew,
            partitions, recompression, throttling, cold_reads, tls, cpu_starvation, broker_down,
        ),
    ),
    _cause(slow_replica, proxied=True),
    _cause(network_delay, proxied=True),
    _pair("same bytes, other batching", same_bytes_batched),
    _pair("same connections, other bytes", same_connections_other_bytes, "connections", "ingress-bytes"),
    _pair("same requests, other size", same_requests_other_size, "small-batches"),
    _pair("same bytes, evenly", even_partitions, "ingress-bytes"),
    _pair("same records, codec kept", kept_compression),
    _pair("same bytes, in plain text", plain, "ingress-bytes"),
    _double(small_batches, fan_out),
    _double(connection_churn, ingress_bytes),
    _double(metadata_storm, recompression),
    _double(offset_commits, ingress_bytes),
    _double(fetch_storm, connections),
    _double(rebalances, throttling),
    _double(transactions, connection_churn),
    _double(hot_partition, metadata_storm),
    _harmless(clean, "clean"),
    *map(_harmless, (idle_connections, some_ingress, another_reader, a_few_questions, a_new_topic)),
)  # fmt: skip

SCENARIOS: Final[Mapping[str, Scenario]] = {scenario.id: scenario for scenario in _ALL}
"""All scenarios by their id."""
