"""The source against a real Prometheus that scraped played brokers: whatever brokers can show or fail to show."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from clusterload.model.errors import SourceError
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.names.recognition import recognised
from clusterload.telemetry.sources.polling import HistoryPoller
from clusterload.telemetry.sources.prometheus import Access, PrometheusClient
from clusterload.telemetry.sources.prometheus.naming import Naming
from clusterload.telemetry.sources.prometheus.promql import named, selector
from tests.processes import wait_for
from tests.telemetry.sources.kept import Kept

from .server import (
    INTERVAL,
    PATIENT,
    SOCKETS,
    TOPICS,
    Past,
    PlayedBroker,
    Server,
    collected,
    played_broker,
    server,
    shown,
    source,
)

if TYPE_CHECKING:
    from pathlib import Path

TOTAL = f"{TOPICS}bytesin_total"
IN_ALL = f'max({TOTAL}{{topic=""}})'
# One server has them all, since it takes seconds to begin; each test has its own by the label env.
START = int(time.time()) - 300
END = START + 12
LEAD_IN = 40
"""Scrapes are there from so many seconds before `START`."""


@dataclass(slots=True)
class World:
    """A server's past, target by target: what each showed is written down, so that it is the same on any machine."""

    past: Past
    server: Server
    _ports: Iterator[int] = field(default_factory=lambda: iter(range(9000, 9100)))

    def target(self, env: str, shows: Mapping[float, Mapping[str, float]], **labels: str) -> str:
        """A target that was scraped all the time and showed these values, each from so many seconds after `START`.

        Gives back its instance, which `labels` may name, too.
        """
        instance = f"127.0.0.1:{next(self._ports)}"
        of = {"job": "kafka", "instance": instance, "env": env, **labels}
        since = sorted(shows)
        for number in range(round((LEAD_IN + END - START) / INTERVAL)):
            # Scrapes are at no whole seconds: those are the steps'.
            at = round(0.05 - LEAD_IN + number * INTERVAL, 3)
            self.past.scrape(START + at, of, shows[max(begin for begin in since if begin <= at)])
        return of["instance"]

    def read(self, env: str, **more: Any) -> Kept:
        """What is recorded of one env from `START` to `END`."""
        return collected(source(self.server, select=f'env="{env}"', **more), START * SECOND, END * SECOND)


BEFORE = float(-LEAD_IN)
"""From before the first scrape on."""


def ingress(value: float, started: float = START - 1000.0, **topics: float) -> Mapping[str, float]:
    """What a broker shows that has taken so many bytes."""
    return shown(started, value, topics)


@pytest.fixture(scope="module")
def instances() -> dict[str, str]:
    """Instances that tests need the names of."""
    return {}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, instances: dict[str, str]) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("prometheus")
    made = World(Past(), Server(folder=folder, targets=()))
    made.target("grown", {BEFORE: ingress(1000.0, orders=600.0), 2.0: ingress(1700.0, orders=900.0)}, broker="4")
    steps = {2.0 + number * INTERVAL: ingress(1000.0 + 100 * number) for number in range(1, 11)}
    made.target("stepped", {BEFORE: ingress(1000.0), **steps}, broker="1")
    reset = ingress(300.0, started=START + 3.0)
    made.target("restarted", {BEFORE: ingress(50_000.0), 4.0: reset}, broker="1")
    # Two servers see one target by the same job and instance.
    seen = {BEFORE: ingress(10.0), 3.0: ingress(30.0)}
    doubled = made.target("doubled", seen, broker="1", prometheus_replica="a")
    made.target("doubled", seen, broker="1", prometheus_replica="b", instance=doubled)
    still = {BEFORE: ingress(0.0)}
    for _ in range(2):
        made.target("same", still, broker="1")
    made.target("who", still, node_id="7")
    made.target("who", still, kubernetes_pod_name="my-cluster-kafka-12")
    instances["given"], instances["bare"] = made.target("who", still), made.target("who", still)
    made.target("prod", still, broker="1")
    connect = {"process_start_time_seconds": 1.0, "process_cpu_seconds_total": 5.0}
    made.target("prod", {BEFORE: connect}, pod="my-connect-0")
    made.target(
        "prod", {BEFORE: {f'{SOCKETS}connection_count{{listener="CLIENT"}}': 9.0}}, pod="my-cluster-controller-2"
    )
    parts = {BEFORE: redpanda(0.0, 0.0), 3.0: redpanda(500.0, 30.0)}
    parts_ = made.target("parts", only("redpanda_", parts), pod="redpanda-5")
    made.target("parts", only("vectorized_", parts), pod="redpanda-5", instance=parts_)
    broker = made.target("jobs", {BEFORE: ingress(0.0), 3.0: ingress(500.0)}, broker="1").partition(":")[0]
    made.target("jobs", {BEFORE: node(0.0), 3.0: node(300.0)}, job="node", instance=f"{broker}:9100")
    made.target("jobs", {BEFORE: node(0.0), 3.0: node(900.0)}, job="node", instance="elsewhere:9100")
    for number in (1, 2):
        made.target("jobs", {BEFORE: lags(7.0)}, job="lag", instance=f"lag-{number}:9308")
    throttled = {'container_cpu_cfs_throttled_seconds_total{container="kafka",pod="k-kafka-1"}': 0.0}
    later_ = dict.fromkeys(throttled, 2.0)
    made.target("jobs", {BEFORE: throttled, 3.0: later_}, job="kubelet", instance="10.0.0.1:10250")
    made.target("hosts", {BEFORE: ingress(0.0)}, broker="1")
    made.target("hosts", {BEFORE: node(0.0)}, job="node", instance="elsewhere:9100")
    cloud = {f'confluent_kafka_server_received_bytes{{kafka_id="lkc-1",topic="{topic}"}}': 6000.0 for topic in "ab"}
    made.target("cloud", {BEFORE: cloud}, job="confluent", instance="api.telemetry.confluent.cloud:443")
    for env, program in (("next-to", "jmx_prometheus_standalone"), ("within", "jmx_prometheus_javaagent")):
        of_program = {f'jmx_exporter_build_info{{name="{program}"}}': 1.0, "process_cpu_seconds_total": 5.0}
        made.target(env, {BEFORE: {**ingress(0.0), **of_program}}, broker="1")
        made.target(env, {BEFORE: {"go_goroutines": 9.0, "process_cpu_seconds_total": 5.0}}, job="prometheus")
    made.server.remember(made.past)
    try:
        made.server.start()
        yield made
    finally:
        made.server.kill()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, PlayedBroker]]:
    """A server that scrapes a broker while tests run."""
    with (
        played_broker() as broker,
        server(tmp_path_factory.mktemp("live"), {"targets": [broker.place], "labels": {"broker": "1"}}) as scraping,
    ):
        yield scraping, broker


def node(read: float) -> dict[str, float]:
    """What a node exporter shows of a host with two CPUs."""
    cpus = {f'node_cpu_seconds_total{{cpu="{cpu}",mode="idle"}}': read / 100 for cpu in range(2)}
    return {**cpus, 'node_disk_read_bytes_total{device="sda"}': read, "process_cpu_seconds_total": read}


def lags(lag: float) -> dict[str, float]:
    """What kafka_exporter shows of one group."""
    return {'kafka_consumergroup_lag_sum{consumergroup="g",topic="t"}': lag, "process_cpu_seconds_total": 9.0}


def redpanda(ingress: float, requests: float) -> dict[str, float]:
    """What a Redpanda shows at its two addresses."""
    of = 'redpanda_namespace="kafka",redpanda_topic="t",redpanda_request="produce"'
    return {
        f"redpanda_kafka_request_bytes_total{{{of}}}": ingress,
        'redpanda_cpu_busy_seconds_total{shard="0"}': ingress / 1000,
        "vectorized_kafka_rpc_requests_completed": requests,
    }


def only(prefix: str, shows: Mapping[float, Mapping[str, float]]) -> dict[float, dict[str, float]]:
    """What is shown at one of the addresses."""
    return {at: {name: value for name, value in each.items() if name.startswith(prefix)} for at, each in shows.items()}


def later(seconds: float, than: int) -> None:
    """Wait until some time after a moment."""
    wait_for(lambda: time.time_ns() > than + seconds * SECOND)


def test_what_grew_in_a_stretch_is_read_with_the_scrapes_own_times(world: World) -> None:
    kept = world.read("grown")
    assert sum(kept.values("ingress", broker="4")) == 700.0
    assert sum(kept.values("ingress_by_topic", topic="orders")) == 300.0
    assert set(kept.values("partitions")) == {7.0}
    times = [point.time for point in kept.of("ingress")]
    assert times == [START * SECOND + 50_000_000 + number * SECOND // 5 for number in range(60)]
    assert [point.time for point in kept.of("ingress") if point.value] == [START * SECOND + 2_050_000_000]
    assert sum(point.span for point in kept.of("ingress")) == pytest.approx(60 * INTERVAL)
    assert kept.events == []


def test_the_interval_is_that_of_the_scrapes(world: World, live: tuple[Server, PlayedBroker]) -> None:
    read = source(world.server, select='env="grown"')
    collected(read, START * SECOND, END * SECOND)
    assert read.interval == pytest.approx(INTERVAL)
    now, _ = live
    wait_for(lambda: (now.value(f"count_over_time({IN_ALL}[1m:200ms])") or 0) > 4)
    assert 0.1 <= source(now).interval < 15.0, "by the last scrapes, which a busy machine makes late"
    assert source(now, step=30.0).interval == 30.0


def test_a_step_shows_the_same_growth_at_the_scrapes_own_times(world: World) -> None:
    kept, fine = world.read("stepped", step=1.0), world.read("stepped")
    assert sum(kept.values("ingress")) == sum(fine.values("ingress")) == 1000.0
    assert {point.time for point in kept.of("ingress")} < {point.time for point in fine.of("ingress")}
    assert kept.kinds == ["scrapes-passed-over"]


@pytest.mark.long
@pytest.mark.parametrize("step", [None, 1.0])
def test_a_dead_target_is_a_gap_and_not_a_level_that_goes_on(
    live: tuple[Server, PlayedBroker], step: float | None
) -> None:
    scraping, broker = live
    start = scraping.until_scraped("max(up)", 1.0)
    later(1, start)
    broker.dead = True
    died = scraping.until_scraped("max(up)", 0.0)
    later(4, died)
    broker.dead = False
    back = scraping.until_scraped("max(up)", 1.0)
    later(2, back)
    kept = collected(source(scraping, step=step), start, time.time_ns())
    assert [point for point in kept.of("partitions") if died < point.time < back - SECOND // 2] == []
    # A busy machine may miss more scrapes than those.
    gaps = [text for at, kind, text in kept.events if kind == "scrape-missing" and died < at]
    assert "broker 1 was scraped again after" in gaps[0]


def test_a_broker_that_is_silent_at_the_end_is_told(live: tuple[Server, PlayedBroker]) -> None:
    scraping, broker = live
    start = scraping.until_scraped("max(up)", 1.0)
    broker.dead = True
    died = scraping.until_scraped("max(up)", 0.0)
    later(3, died)
    kept = collected(source(scraping), start, time.time_ns())
    broker.dead = False
    last_time, kind, text = kept.events[-1]
    assert (kind, last_time <= died) == ("scrape-missing", True)
    assert "broker 1 was not scraped after" in text


def test_a_broker_that_restarts_resets_its_counters(world: World) -> None:
    kept = world.read("restarted")
    assert sum(kept.values("ingress")) == 300.0
    assert kept.kinds == ["broker-restarted"]


def test_two_servers_series_of_one_broker_are_counted_once(world: World) -> None:
    kept = world.read("doubled")
    assert sum(kept.values("ingress")) == 20.0
    assert kept.kinds == ["series-doubled"]
    assert "prometheus_replica=" in kept.events[0][2]


def test_two_targets_that_say_they_are_one_broker_are_told_and_not_added(world: World) -> None:
    kept = world.read("same")
    assert kept.kinds == ["same-broker"]
    assert set(kept.values("partitions")) == {7.0}
    assert len({point.time for point in kept.of("partitions")}) == len(kept.of("partitions"))


def test_who_a_broker_is_comes_from_labels_pods_or_what_was_given(world: World, instances: dict[str, str]) -> None:
    kept = world.read("who", brokers={instances["given"]: "9"})
    assert {point.labels["broker"] for point in kept.of("partitions")} == {"7", "12", "9", instances["bare"]}
    assert kept.kinds == ["broker-unnamed"]


def test_only_the_selected_cluster_is_read_and_programs_that_are_no_brokers_never(world: World) -> None:
    kept = world.read("prod")
    assert {point.labels["broker"] for point in kept.points} == {"1"}
    assert kept.kinds == []


def test_two_jobs_that_scrape_different_parts_of_a_broker_make_one_broker(world: World) -> None:
    kept = world.read("parts", names=Names.named("redpanda"))
    assert {point.labels["broker"] for point in kept.points} == {"5"}
    assert (sum(kept.values("ingress")), sum(kept.values("requests"))) == (500.0, 30.0)
    assert max(kept.values("network_thread_busy")) > 0
    assert kept.kinds == []


def test_by_which_names_a_cluster_is_read_is_recognised(world: World) -> None:
    kept = world.read("parts", names=())
    assert (sum(kept.values("ingress")), sum(kept.values("requests"))) == (500.0, 30.0)
    assert [text for _, _, text in kept.events] == ["metrics are read by the names of 'redpanda'"]
    assert world.read("grown", names=()).points == world.read("grown").points != []


def test_the_jobs_of_a_cluster_add_to_each_other(world: World) -> None:
    """A broker's host is known by its name, a pod's broker by its number, and a lag is of the cluster, told once."""
    kept = world.read("jobs", names=())
    assert sum(kept.values("ingress", broker="1")) == 500.0
    assert sum(kept.values("disk_reads", broker="1")) == 300.0
    assert set(kept.values("cores", broker="1")) == {2.0}
    assert sum(kept.values("cpu_throttled", broker="1")) == 2.0
    lags = kept.of("consumer_lag", group="g", topic="t")
    assert {(point.value, point.labels.get("broker")) for point in lags} == {(7.0, None)}
    assert len({point.time for point in lags}) == len(lags) > 1
    assert {point.labels.get("broker") for point in kept.points} == {"1", None}
    assert not kept.of("cpu_broker")
    assert set(kept.kinds) <= {"names-recognised", "names-doubled"}


def test_the_process_of_an_exporter_next_to_the_broker_is_not_the_broker_s(world: World) -> None:
    """It says of itself what it is. That a server knows programs in Go as well says nothing of the brokers."""
    assert world.read("within", names=()).of("cpu_broker", broker="1")
    kept = world.read("next-to", names=())
    assert kept.of("partitions", broker="1")
    assert not kept.of("cpu_broker")


def test_node_exporters_of_other_hosts_are_not_read_and_that_is_told(world: World) -> None:
    kept = world.read("hosts", names=())
    assert not kept.of("disk_reads")
    (said,) = [text for _, kind, text in kept.events if kind == "hosts-unknown"]
    assert "nothing is known of the brokers' hosts" in said


def test_a_cloud_that_is_scraped_has_figures_of_the_cluster_and_no_brokers(world: World) -> None:
    """It shows an amount a minute, however often that is scraped."""
    kept = world.read("cloud", names=())
    assert {point.labels.get("broker") for point in kept.points} == {None}
    assert sum(kept.values("ingress_by_topic", topic="a")) == pytest.approx(100.0 * (END - START), rel=0.05)
    assert sum(kept.values("ingress")) == pytest.approx(200.0 * (END - START), rel=0.05)


def test_of_the_containers_of_a_whole_kubernetes_only_the_brokers_are_asked_for(world: World) -> None:
    with PrometheusClient(Access(url=world.server.url), retry=PATIENT) as client:
        naming = Naming()
        inventory = naming.inventory(client, 'env="jobs"', START * SECOND, END * SECOND)
        throttled = "container_cpu_cfs_throttled_seconds_total"
        assert inventory.of(throttled) == 1
        found = client.instant(selector(named([throttled]), 'env="jobs"', inventory.pick([throttled])), END * SECOND)
    assert [series.labels["pod"] for series in found] == ["k-kafka-1"]


def test_names_that_fit_badly_are_told_with_the_nearest(world: World) -> None:
    with pytest.raises(SourceError) as caught:
        world.read("parts", names=Names.named("strimzi"))
    assert "no metric of a broker by the names 'strimzi'" in str(caught.value)
    assert "and 3 are known by 'redpanda'" in str(caught.value)


def test_known_names_without_a_value_are_not_said_to_be_unknown() -> None:
    """A server lists the names of all that it keeps, whatever time is asked for."""
    naming = Naming()
    naming.found = recognised(
        {"kafka_server_replicamanager_leadercount", "kafka_server_brokertopicmetrics_bytesin_total"}
    )
    said = str(naming.missing("Prometheus"))
    assert "by the names of 'jmx-exporter', and no value of them in that time" in said


def test_the_same_stretch_can_be_read_twice(world: World) -> None:
    reader = source(world.server, select='env="prod"')
    first, again = (collected(reader, START * SECOND, END * SECOND) for _ in range(2))
    assert first.points == again.points != []


def test_a_server_without_kafka_is_told_as_such(world: World) -> None:
    with pytest.raises(SourceError, match=r"no metric at all in that time: check prometheus\.select"):
        world.read("nowhere")


@pytest.mark.long
def test_very_many_topics_are_read_by_their_largest_and_the_rest_together(tmp_path: Path) -> None:
    count = 21_000
    with played_broker() as broker, server(tmp_path, {"targets": [broker.place]}, interval="2s") as scraping:
        busy = {f"busy-{number}": 500.0 for number in range(20)}
        idle = {f"idle-{number}": 5.0 for number in range(count)}
        broker.show(1_000_000.0, **busy, **idle)
        start = scraping.until_scraped(IN_ALL, 1_000_000.0)
        broker.show(1_003_500.0, **dict.fromkeys(busy, 600.0), **dict.fromkeys(list(idle)[:1500], 6.0))
        broker.values |= {f'{TOTAL}{{topic="{topic}"}}': 5.0 for topic in list(idle)[1500:]}
        end = scraping.until_scraped(IN_ALL, 1_003_500.0)
        kept = collected(source(scraping), start, end)
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
    with played_broker() as broker, server(tmp_path, {"targets": [broker.place], **target}, interval="2s") as scraping:
        before = {f"idle-{number}": 5.0 for number in range(21_000)} | {"busy": 100.0}
        broker.values = topics(before)
        start = scraping.until_scraped("max(redpanda_rpc_active_connections)", sum(before.values()))
        after = {**before, **{f"idle-{number}": 7.0 for number in range(500)}, "busy": 900.0}
        broker.values = topics(after)
        # A sum is told with the scrape that follows it.
        later(6, scraping.until_scraped("max(redpanda_rpc_active_connections)", sum(after.values())))
        kept = collected(source(scraping, names=Names.named("redpanda")), start, time.time_ns())
    assert sum(kept.values("ingress", broker="2")) == 1800.0
    assert sum(kept.values("ingress_by_topic", topic="busy")) == 800.0
    assert sum(kept.values("ingress_by_topic")) == 1800.0
    assert len({point.labels["topic"] for point in kept.of("ingress_by_topic")}) <= 201
    assert kept.kinds.count("series-bounded") == 1


@pytest.mark.long
def test_following_goes_on_when_the_server_dies_and_comes_back(tmp_path: Path) -> None:
    with (
        played_broker() as broker,
        server(tmp_path, {"targets": [broker.place], "labels": {"broker": "1"}}) as scraping,
    ):
        broker.show(100.0)
        scraping.until_scraped(IN_ALL, 100.0)
        kept = Kept()
        following = HistoryPoller(history=source(scraping), interval=0.3, lateness=0.5).start(kept)
        try:
            wait_for(lambda: len(kept.of("ingress")) > 2)
            broker.show(150.0)
            wait_for(lambda: sum(kept.values("ingress")) == 50.0)
            scraping.kill()
            wait_for(lambda: "metrics-unread" in kept.kinds)
            broker.show(400.0)
            scraping.start()
            wait_for(lambda: "metrics-resumed" in kept.kinds)
            wait_for(lambda: sum(kept.values("ingress")) == 300.0)
        finally:
            following.stop()
    times = [point.time for point in kept.of("ingress")]
    assert times == sorted(set(times)), "no point twice"
