"""Eleven loads by programs that are not ours: Kafka's own performance tools, and plain librdkafka clients.

The scenarios of `scenarios` are mostly made by the tool's own engines, which could leave a mark that its diagnosis has
come to know. These are made by others, are never fitted to, and are told apart with and without a baseline.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Final

from benchmarks.culprits.answers import Answer, blames_rightly, first_of, is_right
from benchmarks.culprits.judge import answers, verdict
from benchmarks.culprits.orders import Order
from benchmarks.culprits.scenarios import Scenario
from benchmarks.culprits.stage import Stage
from benchmarks.culprits.stored import load, recorded
from clusterload.analysis.window_stats import WindowStats

_PRODUCE: Final = "org.apache.kafka.tools.ProducerPerformance"
_CONSUME: Final = "org.apache.kafka.tools.ConsumerPerformance"
_RDKAFKA: Final = "benchmarks.culprits.rdkafka_loads"
_ENDLESS: Final = "100000000"
_READERS: Final = 4
_FILLED_MEGABYTES: Final = 200


def _producer_perf_test(stage: Stage, topic: str, *, size: int, rate: int, config: Sequence[str]) -> None:
    client = stage.words.word()
    stage.run(
        _PRODUCE, "--topic", topic, "--num-records", _ENDLESS, "--record-size", str(size), "--throughput", str(rate),
        "--producer-props", "bootstrap.servers={servers}", f"client.id={client}", "acks=all", *config,
    )  # fmt: skip
    stage.blame("client", client)
    stage.blame("topic", topic)


def _rdkafka(stage: Stage, kind: str, topic: str, group: str = "") -> str:
    client = stage.words.word()
    stage.run(_RDKAFKA, kind, "{servers}", client, topic, group, java=False)
    stage.blame("client", client)
    return client


def ingress_bytes(stage: Stage) -> None:
    """kafka-producer-perf-test, 2,000 records/s of 5 kB."""
    config = ("linger.ms=20", "batch.size=131072")
    _producer_perf_test(stage, stage.topic(), size=5000, rate=2000, config=config)


def small_batches(stage: Stage) -> None:
    """kafka-producer-perf-test, 1,000 records/s, linger.ms=0, batch.size=1."""
    _producer_perf_test(stage, stage.topic(), size=100, rate=1000, config=("linger.ms=0", "batch.size=1"))


def recompression(stage: Stage) -> None:
    """kafka-producer-perf-test, compression.type=lz4 to a topic of gzip."""
    config = ("linger.ms=20", "compression.type=lz4")
    _producer_perf_test(stage, stage.topic(compression_type="gzip"), size=400, rate=3000, config=config)


def fan_out(stage: Stage) -> None:
    """kafka-consumer-perf-test, four groups from the beginning of a topic.

    Each has its answers come twice a second and large, so that it reads for all of the window: brokers wait for
    fetch.min.bytes, which max.partition.fetch.bytes never lets come together.
    """
    topic, client = stage.topic(), stage.words.word()
    stage.do("fill", when="before", topic=topic, megabytes=_FILLED_MEGABYTES)
    stage.blame("client", client)
    stage.blame("topic", topic)
    for _ in range(_READERS):
        group = stage.words.word()
        stage.run(
            _CONSUME, "--bootstrap-server", "{servers}", "--topic", topic, "--group", group, "--num-records", _ENDLESS,
            "--timeout", "120000", "--fetch-size", "500000", "--command-property", f"client.id={client}",
            "--command-property", "fetch.min.bytes=10000000", "--command-property", "fetch.max.wait.ms=500",
        )  # fmt: skip
        stage.blame("group", group)


def fetch_storm(stage: Stage) -> None:
    """librdkafka, three consumers with fetch.wait.max.ms=1."""
    group = stage.words.word()
    topic = stage.topic()
    _rdkafka(stage, "fetch-storm", topic, group)
    stage.blame("topic", topic)


def rebalances(stage: Stage) -> None:
    """librdkafka, eight members of a group that leave it after 2.5 to 4.6 s and join again."""
    group = stage.words.word()
    _rdkafka(stage, "rebalances", stage.background, group)
    stage.blame("group", group)


def offset_commits(stage: Stage) -> None:
    """librdkafka, three consumers that commit each record synchronously."""
    group = stage.words.word()
    _rdkafka(stage, "offset-commits", stage.background, group)
    stage.blame("group", group)


def metadata_storm(stage: Stage) -> None:
    """librdkafka, four clients that each list topics 150 times a second."""
    _rdkafka(stage, "metadata-storm", stage.background)


def connection_churn(stage: Stage) -> None:
    """librdkafka, 80 times a second a new producer for one record."""
    _rdkafka(stage, "connection-churn", stage.topic())


def transactions(stage: Stage) -> None:
    """librdkafka, three producers with 20 transactions/s each, one record each."""
    topic = stage.topic()
    _rdkafka(stage, "transactions", topic)
    stage.blame("topic", topic)


def hot_partition(stage: Stage) -> None:
    """librdkafka, 5 MB/s of which 95 % have the same key."""
    topic = stage.topic()
    _rdkafka(stage, "hot-partition", topic)
    stage.blame("topic", topic)


def _scenario(setup: Callable[[Stage], None]) -> Scenario:
    @wraps(setup)
    def at_its_level(stage: Stage, _level: int) -> None:
        setup(stage)

    name = setup.__name__.replace("_", "-")
    return Scenario(id=name, causes=(name,), kind="cause", setup=at_its_level, intensities=(1,))


OTHERS: Final[Mapping[str, Scenario]] = {
    scenario.id: scenario
    for scenario in map(
        _scenario,
        (
            ingress_bytes, small_batches, recompression, fan_out, fetch_storm, rebalances, offset_commits,
            metadata_storm, connection_churn, transactions, hot_partition,
        ),
    )
}  # fmt: skip
"""All kinds by the cause that is true of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said of a recording, with a baseline or without.

    Attributes:
        cause: that is true.
        answers: the likeliest first.
        right: whether the first is the true cause.
        culprit: whether that cause blames whom it should.
        busy: share of the machine's CPU that was taken in the baseline already: at 1, nothing loads as it was to load.
    """

    cause: str
    answers: tuple[Answer, ...]
    right: bool
    culprit: bool
    busy: float = math.nan

    @property
    def cells(self) -> tuple[str, ...]:
        """Said, confidence, culprit, right, CPU of the baseline."""
        first = self.answers[0] if self.answers else None
        blamed = " ".join(first.culprits[0]) if first and first.culprits else "-"
        who = f"{blamed} ({'right' if self.culprit else 'wrong'})"
        confidence = f"{first.confidence:.2f}" if first else "-"
        return first_of(self.answers), confidence, who, "yes" if self.right else "NO", f"{self.busy:.0%}"


def orders(only: Sequence[str], seed: int) -> list[Order]:
    """The runs of these kinds, of all where none is named."""
    return [Order(scenario=OTHERS[name], intensity=1, seed=seed) for name in only or OTHERS]


def judged(folder: Path, only: Sequence[str] = ()) -> list[tuple[Said, Said]]:
    """What is said of each recording in a folder: with its baseline, and without."""
    found = []
    for path in recorded(folder):
        now, before, truth = load(path)
        if truth.scenario not in (only or OTHERS):
            continue
        busy = WindowStats(now, before).per_broker("cpu_host")
        taken = max((level.before for level in busy.values()), default=math.nan)
        pair = []
        for baseline in (before, None):
            given = answers(verdict(now, baseline))
            right, culprit = is_right(given, truth), blames_rightly(given, truth)
            pair.append(Said(cause=truth.scenario, answers=given, right=right, culprit=culprit, busy=taken))
        found.append((pair[0], pair[1]))
    return found


def table(said: Sequence[tuple[Said, Said]]) -> str:
    """What was said of each, with a baseline and without, and how often it was right."""
    lines = [
        "| kind, made by | baseline | said | confidence | culprit | right |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for pair in said:
        made = (OTHERS[pair[0].cause].setup.__doc__ or "").partition("\n")[0].rstrip(".")
        for told, baseline in zip(pair, ("with", "without"), strict=True):
            lines.append(f"| {' | '.join((f'{told.cause}: {made}', baseline, *told.cells))} |")
    for place, baseline in enumerate(("with a baseline", "without a baseline")):
        right = sum(pair[place].right for pair in said)
        culprit = sum(pair[place].culprit for pair in said)
        lines.append(f"\n{baseline}: {right} of {len(said)} causes right, {culprit} of {len(said)} culprits")
    return "\n".join(lines)
