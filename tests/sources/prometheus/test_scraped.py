"""The source against a real Prometheus that scrapes played brokers: whatever brokers can show or fail to show."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from clusterload.errors import SourceError
from clusterload.series import SECOND
from clusterload.sources.following import Following
from clusterload.sources.names import Names
from tests.processes import wait_for
from tests.sources.kept import Kept

from .server import SOCKETS, TOPICS, PlayedBroker, Server, ago, collected, played_broker, server, source

if TYPE_CHECKING:
    from pathlib import Path

TOTAL = f"{TOPICS}bytesin_total"
IN_ALL = f'max({TOTAL}{{topic=""}})'
# One server scrapes them all, since it takes seconds to begin; each test has its own by the label env.
BROKERS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "grown": ({"broker": "4"},),
    "stepped": ({"broker": "1"},),
    "dead": ({"broker": "1"},),
    "restarted": ({"broker": "1"},),
    "doubled": ({"broker": "1", "prometheus_replica": "a"}, {"broker": "1", "prometheus_replica": "b"}),
    "same": ({"broker": "1"}, {"broker": "1"}),
    "who": ({"node_id": "7"}, {"kubernetes_pod_name": "my-cluster-kafka-12"}, {}, {}),
    "prod": ({"broker": "1"}, {"pod": "my-connect-0"}, {"pod": "my-cluster-controller-2"}),
    "parts": ({"pod": "redpanda-5", "keep": "redpanda_.*"}, {"pod": "redpanda-5", "keep": "vectorized_.*"}),
}


@dataclass(frozen=True, kw_only=True)
class World:
    """The server and the played brokers that it scrapes, by env."""

    server: Server
    brokers: Mapping[str, Sequence[PlayedBroker]]

    def until(self, env: str, value: float) -> int:
        """Wait until a scrape shows this many bytes in."""
        return self.server.until_scraped(f'min({TOTAL}{{topic="",env="{env}"}})', value)

    def read(self, env: str, start: int, **more: Any) -> Kept:
        """What is recorded of one env since a time."""
        return collected(source(self.server, select=f'env="{env}"', **more), start, time.time_ns())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as stack:
        brokers: dict[str, list[PlayedBroker]] = {}
        targets = []
        for env, each in BROKERS.items():
            first = stack.enter_context(played_broker())
            brokers[env] = [first, *(stack.enter_context(played_broker()) for _ in each[1:])]
            for number, labels in enumerate(each):
                # Two servers see one target by the same job and instance.
                shown = first if {"prometheus_replica", "keep"} & labels.keys() else brokers[env][number]
                more: dict[str, Any] = {"relabel_configs": [{"target_label": "job", "replacement": "kafka"}]}
                if "keep" in labels:
                    kept = {"source_labels": ["__name__"], "regex": labels["keep"], "action": "keep"}
                    more = {"metric_relabel_configs": [kept]}
                told = {name: value for name, value in labels.items() if name != "keep"}
                targets.append({"targets": [shown.place], "labels": {**told, "env": env}, "more": more})
        brokers["prod"][1].values = {"process_start_time_seconds": 1.0, "process_cpu_seconds_total": 5.0}
        brokers["prod"][2].values = {f'{SOCKETS}connection_count{{listener="CLIENT"}}': 9.0}
        brokers["parts"][0].values = redpanda(0.0, 0.0)
        one = stack.enter_context(server(tmp_path_factory.mktemp("prometheus"), *targets))
        one.until_scraped("count(up == 1)", float(len(targets)))
        yield World(server=one, brokers=brokers)


def redpanda(ingress: float, requests: float) -> dict[str, float]:
    """What a Redpanda shows at its two addresses."""
    of = 'redpanda_namespace="kafka",redpanda_topic="t",redpanda_request="produce"'
    return {
        f"redpanda_kafka_request_bytes_total{{{of}}}": ingress,
        'redpanda_cpu_busy_seconds_total{shard="0"}': ingress / 1000,
        "vectorized_kafka_rpc_requests_completed": requests,
    }


def later(seconds: float, than: int) -> None:
    """Wait until some time after a moment."""
    wait_for(lambda: time.time_ns() > than + seconds * SECOND)


def test_what_grew_in_a_stretch_is_read_with_the_scrapes_own_times(world: World) -> None:
    (broker,) = world.brokers["grown"]
    broker.show(1000.0, orders=600.0)
    start = world.until("grown", 1000.0)
    later(0.5, start)
    broker.show(1700.0, orders=900.0)
    end = world.until("grown", 1700.0)
    kept = collected(source(world.server, select='env="grown"'), start, end)
    assert sum(kept.values("ingress", broker="4")) == 700.0
    assert sum(kept.values("ingress_by_topic", topic="orders")) == 300.0
    assert set(kept.values("partitions")) == {7.0}
    assert all(start < point.time <= end for point in kept.points)
    first, last = kept.of("ingress")[0], kept.of("ingress")[-1]
    reach = (last.time - first.time) / SECOND + first.span
    assert sum(point.span for point in kept.of("ingress")) == pytest.approx(reach)
    assert kept.events == []


def test_the_interval_is_that_of_the_scrapes(world: World) -> None:
    wait_for(lambda: (world.server.value(f"count_over_time({IN_ALL}[1m:200ms])") or 0) > 4)
    assert source(world.server).interval == pytest.approx(0.2)
    assert source(world.server, step=30.0).interval == 30.0


def test_a_step_shows_the_same_growth_at_the_scrapes_own_times(world: World) -> None:
    (broker,) = world.brokers["stepped"]
    broker.show(1000.0)
    # A step's growth reaches back to the step before.
    later(1.5, world.until("stepped", 1000.0))
    start = ago(0)
    for grown in range(1100, 2100, 100):
        broker.show(float(grown))
        last = world.until("stepped", float(grown))
    later(2, last)
    kept, fine = world.read("stepped", start, step=1.0), world.read("stepped", start)
    assert sum(kept.values("ingress")) == sum(fine.values("ingress")) == 1000.0
    assert {point.time for point in kept.of("ingress")} < {point.time for point in fine.of("ingress")}
    assert kept.kinds == ["scrapes-passed-over"]


@pytest.mark.long
@pytest.mark.parametrize("step", [None, 1.0])
def test_a_dead_target_is_a_gap_and_not_a_level_that_goes_on(world: World, step: float | None) -> None:
    (broker,) = world.brokers["dead"]
    start = world.server.until_scraped('max(up{env="dead"})', 1.0)
    later(1, start)
    broker.dead = True
    died = world.server.until_scraped('max(up{env="dead"})', 0.0)
    later(4, died)
    broker.dead = False
    back = world.server.until_scraped('max(up{env="dead"})', 1.0)
    later(2, back)
    kept = world.read("dead", start, step=step)
    assert [point for point in kept.of("partitions") if died < point.time < back - SECOND // 2] == []
    assert [kind for kind in kept.kinds if kind != "scrapes-passed-over"] == ["scrape-missing"]
    assert "broker 1 was scraped again after" in kept.events[-1][2]


def test_a_broker_that_is_silent_at_the_end_is_told(world: World) -> None:
    (broker,) = world.brokers["dead"]
    start = world.server.until_scraped('max(up{env="dead"})', 1.0)
    broker.dead = True
    later(3, world.server.until_scraped('max(up{env="dead"})', 0.0))
    kept = world.read("dead", start)
    broker.dead = False
    assert kept.kinds == ["scrape-missing"]
    assert "broker 1 was not scraped after" in kept.events[0][2]


def test_a_broker_that_starts_anew_begins_to_count_anew(world: World) -> None:
    (broker,) = world.brokers["restarted"]
    broker.show(50_000.0)
    start = world.until("restarted", 50_000.0)
    broker.started += 100.0
    broker.show(300.0)
    world.until("restarted", 300.0)
    kept = world.read("restarted", start)
    assert sum(kept.values("ingress")) == 300.0
    assert kept.kinds == ["broker-restarted"]


def test_two_servers_series_of_one_broker_are_counted_once(world: World) -> None:
    broker, _ = world.brokers["doubled"]
    broker.show(10.0)
    start = world.until("doubled", 10.0)
    broker.show(30.0)
    world.until("doubled", 30.0)
    kept = world.read("doubled", start)
    assert sum(kept.values("ingress")) == 20.0
    assert kept.kinds == ["series-doubled"]
    assert "prometheus_replica=" in kept.events[0][2]


def test_two_targets_that_say_they_are_one_broker_are_told_and_not_added(world: World) -> None:
    start = ago(0)
    later(1, start)
    kept = world.read("same", start)
    assert kept.kinds == ["same-broker"]
    assert set(kept.values("partitions")) == {7.0}
    assert len({point.time for point in kept.of("partitions")}) == len(kept.of("partitions"))


def test_who_a_broker_is_comes_from_labels_pods_or_what_was_given(world: World) -> None:
    _, _, given, bare = world.brokers["who"]
    start = ago(0)
    later(1, start)
    kept = world.read("who", start, brokers={given.place: "9"})
    assert {point.labels["broker"] for point in kept.of("partitions")} == {"7", "12", "9", bare.place}
    assert kept.kinds == ["broker-unnamed"]


def test_only_the_selected_cluster_is_read_and_programs_that_are_no_brokers_never(world: World) -> None:
    start = ago(0)
    later(1, start)
    kept = world.read("prod", start)
    assert {point.labels["broker"] for point in kept.points} == {"1"}
    assert kept.kinds == []


def test_two_jobs_that_scrape_different_parts_of_a_broker_make_one_broker(world: World) -> None:
    broker, _ = world.brokers["parts"]
    start = ago(0)
    later(0.5, start)
    broker.values = redpanda(500.0, 30.0)
    later(1.5, world.server.until_scraped("min(vectorized_kafka_rpc_requests_completed)", 30.0))
    kept = world.read("parts", start, names=Names.named("redpanda"))
    assert {point.labels["broker"] for point in kept.points} == {"5"}
    assert (sum(kept.values("ingress")), sum(kept.values("requests"))) == (500.0, 30.0)
    assert max(kept.values("network_thread_busy")) > 0
    assert kept.kinds == []


def test_the_same_stretch_can_be_read_twice(world: World) -> None:
    start = ago(3)
    one, end = source(world.server, select='env="prod"'), ago(1)
    assert collected(one, start, end).points == collected(one, start, end).points != []


def test_a_server_without_kafka_is_told_as_such(world: World) -> None:
    with pytest.raises(SourceError, match="no metric of a broker by the names of 'jmx-exporter'"):
        world.read("nowhere", ago(5))


@pytest.mark.long
def test_very_many_topics_are_read_by_their_largest_and_the_rest_together(tmp_path: Path) -> None:
    count = 21_000
    with played_broker() as broker, server(tmp_path, {"targets": [broker.place]}, interval="2s") as one:
        busy = {f"busy-{number}": 500.0 for number in range(20)}
        idle = {f"idle-{number}": 5.0 for number in range(count)}
        broker.show(1_000_000.0, **busy, **idle)
        start = one.until_scraped(IN_ALL, 1_000_000.0)
        broker.show(1_003_500.0, **dict.fromkeys(busy, 600.0), **dict.fromkeys(list(idle)[:1500], 6.0))
        broker.values |= {f'{TOTAL}{{topic="{topic}"}}': 5.0 for topic in list(idle)[1500:]}
        end = one.until_scraped(IN_ALL, 1_003_500.0)
        kept = collected(source(one), start, end)
    assert sum(kept.values("ingress")) == 3500.0
    assert sum(kept.values("ingress_by_topic")) == 3500.0, "what is not read by itself is in the rest"
    assert sum(sum(kept.values("ingress_by_topic", topic=topic)) for topic in busy) == 2000.0
    assert len({point.labels["topic"] for point in kept.of("ingress_by_topic")}) <= 201
    assert "series-bounded" in kept.kinds


@pytest.mark.long
def test_the_rest_of_very_many_is_summed_by_the_server_where_there_is_no_total(tmp_path: Path) -> None:
    def topics(each: Mapping[str, float]) -> dict[str, float]:
        of = 'redpanda_namespace="kafka",redpanda_request="produce"'
        lines = {
            f'redpanda_kafka_request_bytes_total{{{of},redpanda_topic="{topic}"}}': value
            for topic, value in each.items()
        }
        return {**lines, 'redpanda_rpc_active_connections{redpanda_server="kafka"}': sum(each.values())}

    target = {"labels": {"pod": "redpanda-2"}}
    with played_broker() as broker, server(tmp_path, {"targets": [broker.place], **target}, interval="2s") as one:
        before = {f"idle-{number}": 5.0 for number in range(21_000)} | {"busy": 100.0}
        broker.values = topics(before)
        start = one.until_scraped("max(redpanda_rpc_active_connections)", sum(before.values()))
        after = {**before, **{f"idle-{number}": 7.0 for number in range(500)}, "busy": 900.0}
        broker.values = topics(after)
        # A sum is told with the scrape that follows it.
        later(6, one.until_scraped("max(redpanda_rpc_active_connections)", sum(after.values())))
        kept = collected(source(one, names=Names.named("redpanda")), start, time.time_ns())
    assert sum(kept.values("ingress", broker="2")) == 1800.0
    assert sum(kept.values("ingress_by_topic", topic="busy")) == 800.0
    assert sum(kept.values("ingress_by_topic")) == 1800.0
    assert len({point.labels["topic"] for point in kept.of("ingress_by_topic")}) <= 201
    assert kept.kinds.count("series-bounded") == 1


@pytest.mark.long
def test_following_goes_on_when_the_server_dies_and_comes_back(tmp_path: Path) -> None:
    with played_broker() as broker, server(tmp_path, {"targets": [broker.place], "labels": {"broker": "1"}}) as one:
        broker.show(100.0)
        one.until_scraped(IN_ALL, 100.0)
        kept = Kept()
        following = Following(late=source(one), interval=0.3, lateness=0.5).start(kept)
        try:
            wait_for(lambda: len(kept.of("ingress")) > 2)
            broker.show(150.0)
            wait_for(lambda: sum(kept.values("ingress")) == 50.0)
            one.kill()
            wait_for(lambda: "metrics-unread" in kept.kinds)
            broker.show(400.0)
            one.start()
            wait_for(lambda: "metrics-resumed" in kept.kinds)
            wait_for(lambda: sum(kept.values("ingress")) == 300.0)
        finally:
            following.stop()
    times = [point.time for point in kept.of("ingress")]
    assert times == sorted(set(times)), "no point twice"
