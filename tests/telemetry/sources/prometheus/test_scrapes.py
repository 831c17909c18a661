"""Lines by series become scrapes by target and time again, and each target one broker."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.series import SECOND
from clusterload.telemetry.sources.prometheus.api import RawSeries
from clusterload.telemetry.sources.prometheus.cardinality import Place, counted
from clusterload.telemetry.sources.prometheus.fetching import Chunk, scraped_interval
from clusterload.telemetry.sources.prometheus.scrapes import are_replicas, broker_of, scrapes_of, shown

from .server import JMX

BEAT = "kafka_server_replicamanager_partitioncount"
TOTAL = "kafka_server_brokertopicmetrics_bytesin_total"
TIMES = st.sets(st.integers(1, 1000), min_size=1, max_size=5).map(sorted)


def line(metric: str, times: list[int], values: list[float], **labels: str) -> RawSeries:
    return RawSeries({"__name__": metric, **labels}, tuple(time * SECOND for time in times), tuple(values))


def chunk(*lines: RawSeries, rests: list[RawSeries] | None = None, scraped: list[RawSeries] | None = None) -> Chunk:
    return Chunk(series=list(lines), rests=rests or [], scraped=scraped or [], heartbeat=BEAT)


@given(st.dictionaries(st.sampled_from(["b:1", "b:2", "b:3"]), TIMES, min_size=1), st.lists(st.text("ab", min_size=1)))
def test_every_value_is_in_the_one_scrape_that_it_came_from(targets: dict[str, list[int]], topics: list[str]) -> None:
    lines, wanted = [], defaultdict(set)
    for instance, times in targets.items():
        lines.append(line(BEAT, times, [1.0] * len(times), instance=instance, job="kafka"))
        for topic in set(topics):
            values = [float(time) for time in times]
            lines.append(line(TOTAL, times, values, instance=instance, job="kafka", topic=topic))
        for time in times:
            wanted[instance, time * SECOND] = {(BEAT, "", 1.0), *((TOTAL, topic, float(time)) for topic in set(topics))}
    found = {
        (dict(target)["instance"], time): {
            (sample.name, sample.labels.get("topic", ""), sample.value) for sample in samples
        }
        for target, by_time in scrapes_of(chunk(*lines)).items()
        for time, samples in by_time.items()
    }
    assert found == wanted
    assert all(list(by_time) == sorted(by_time) for by_time in scrapes_of(chunk(*lines)).values())


def test_a_step_that_shows_the_scrape_before_once_more_is_passed_over() -> None:
    beat = line(BEAT, [10, 20, 30, 40], [7.0, 7.0, 7.0, 8.0], instance="b:1")
    stamps = RawSeries({"instance": "b:1"}, beat.times, (9.5, 19.5, 19.5, 39.25))
    ((times),) = scrapes_of(chunk(beat, scraped=[stamps])).values()
    assert {time / SECOND: samples[0].value for time, samples in times.items()} == {9.5: 7.0, 19.5: 7.0, 39.25: 8.0}


def test_sums_of_the_rest_go_to_the_scrapes_that_follow_them() -> None:
    beat = line(BEAT, [10, 12, 14], [7.0] * 3, instance="b:1")
    rest = line(TOTAL, [11, 13], [5.0, 6.0], instance="b:1", topic="(others)")
    ((times),) = scrapes_of(chunk(beat, rests=[rest])).values()
    found = [[sample.value for sample in samples if sample.name == TOTAL] for samples in times.values()]
    assert found == [[], [5.0], [6.0]]


@pytest.mark.parametrize(
    ("labels", "broker"),
    [
        ({"broker": "3", "pod": "k-9", "instance": "h:1"}, ("3", True)),
        ({"broker_id": "4"}, ("4", True)),
        ({"pod": "my-cluster-pool-a-107", "instance": "h:1"}, ("107", True)),
        ({"kubernetes_pod_name": "redpanda-0"}, ("0", True)),
        ({"pod": "kafka-5f7d9-abcde", "instance": "h:1"}, ("h:1", False)),
        ({"instance": "given:9404", "broker": "3"}, ("by place", True)),
        ({"instance": "host.example.com:9404", "broker": "3"}, ("by host", True)),
        ({"instance": "[::1]:9404"}, ("by address", True)),
        ({}, ("unknown", False)),
    ],
)
def test_a_target_is_the_broker_that_it_was_said_to_be(labels: dict[str, str], broker: tuple[str, bool]) -> None:
    given_ids = {"given:9404": "by place", "host.example.com": "by host", "::1": "by address"}
    assert broker_of(tuple(sorted(labels.items())), given_ids) == broker


def test_replicas_are_told_from_strangers() -> None:
    first, second = (("instance", "a:1"), ("replica", "x")), (("instance", "a:1"), ("replica", "y"))
    assert are_replicas([first, second])
    assert not are_replicas([first, (("instance", "b:1"), ("replica", "x"))])
    assert shown(first) == "a:1 by replica=x"


def test_only_places_that_show_what_brokers_show_are_counted() -> None:
    def count(metric: str, instance: str, most: float) -> RawSeries:
        return RawSeries({"__name__": metric, "job": "j", "instance": instance}, (1, 2), (most, most - 1))

    found = counted(
        [
            count(BEAT, "broker:1", 1.0),
            count(TOTAL, "broker:1", 40.0),
            count("process_start_time_seconds", "broker:1", 1.0),
            count("process_start_time_seconds", "anything:1", 1.0),
            count("kafka_server_socket_server_metrics_connection_count", "controller:1", 1.0),
            count("unknown_metric", "broker:1", 9.0),
        ],
        JMX,
    )
    assert found.counts.keys() == {BEAT, TOTAL, "process_start_time_seconds"}
    assert set(found.counts["process_start_time_seconds"]) == {Place("j", "broker:1")}
    assert (found.of(TOTAL), found.heartbeat) == (40, BEAT)
    assert found.pick([TOTAL]) == 'instance=~"broker:1"'


@given(st.lists(st.integers(1, 60), min_size=1, max_size=9))
def test_the_interval_is_the_usual_distance_of_scrapes(gaps: list[int]) -> None:
    times = [sum(gaps[:number]) for number in range(len(gaps) + 1)]
    found = scraped_interval([line(BEAT, times, [1.0] * len(times))])
    assert found == sorted(gaps)[len(gaps) // 2]


def test_one_scrape_tells_no_interval() -> None:
    assert scraped_interval([line(BEAT, [1], [1.0])]) is None
