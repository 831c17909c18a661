"""What a query answers: buckets, order, groups, pages, lateness; and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clusterload.server.metrics_api.calls import Calls
from clusterload.server.metrics_api.catalogue import METRICS, RESOURCES
from clusterload.server.metrics_api.history import History
from clusterload.server.metrics_api.intervals import timestamp
from clusterload.server.metrics_api.refusal import RequestRefusedError

from .asked import AT, FILTER, ID, NAME, Scraped, as_bytes, query

BY_TOPIC: dict[str, Any] = {"group_by": ["metric.topic"]}


@pytest.fixture
def scraped(tmp_path: Path) -> Iterator[Scraped]:
    """A history of two brokers, to be filled."""
    with History(tmp_path / "h", brokers=("1", "2"), names=RESOURCES) as history:
        yield Scraped(history)


class Asked:
    """Asks at a given time, by default an hour after AT."""

    def __init__(self, scraped: Scraped, lateness: int = 0) -> None:
        self.now = 60.0 * (AT + 60)
        self.calls = Calls(cluster_id=ID, history=scraped.history, clock=lambda: self.now, lateness=lateness)

    def __call__(self, body: dict[str, Any], token: str | None = None) -> dict[str, Any]:
        return self.calls.query(as_bytes(body), token)

    def points(self, body: dict[str, Any]) -> list[tuple[int, float]]:
        """Minutes after AT, and values."""
        times = {timestamp(AT + offset): offset for offset in range(-600, 600)}
        return [(times[one["timestamp"]], one["value"]) for one in self(body)["data"]]

    def refusal(self, body: dict[str, Any] | bytes, token: str | None = None) -> RequestRefusedError:
        """What a body that is refused is told."""
        with pytest.raises(RequestRefusedError) as refused:
            self.calls.query(body if isinstance(body, bytes) else as_bytes(body), token)
        return refused.value


@pytest.fixture
def asked(scraped: Scraped) -> Asked:
    return Asked(scraped)


def watched(scraped: Scraped, minutes: int, connections: float = 20) -> None:
    """Both brokers scraped in each minute: 2 x `connections`, 10 requests a minute."""
    for minute in range(minutes):
        scraped.requests(60 * minute + 30, 10)
        for broker in "12":
            scraped.gauge("connections", 60 * minute + 59, connections, broker=broker)


def test_a_load_within_touched_minutes_gives_the_same_minutes_in_the_same_order_for_every_metric(
    scraped: Scraped, asked: Asked
) -> None:
    watched(scraped, 6)
    for minute in range(1, 5):
        scraped.delta("ingress_by_topic", 60 * minute + 30, 1000 * minute, topic="cars")
    interval = f"{timestamp(AT + 1)[:-3]}23+00:00/{timestamp(AT + 4)[:-3]}26+00:00".replace("Z", "")
    bodies = [query("received_bytes", interval, **BY_TOPIC), query("active_connection_count", interval)]
    answers = [asked.points(body) for body in (*bodies, query("request_count", interval))]
    assert answers == [
        [(4, 4000), (3, 3000), (2, 2000), (1, 1000)],
        [(4, 40), (3, 40), (2, 40), (1, 40)],
        [(4, 10), (3, 10), (2, 10), (1, 10)],
    ]


def test_a_point_has_a_time_in_utc_a_value_and_the_labels_it_is_grouped_by(scraped: Scraped, asked: Asked) -> None:
    scraped.delta("ingress_by_topic", 30, 1234, topic="cars")
    assert asked(query("received_bytes", group_by=["metric.topic", "resource.kafka.id"]))["data"] == [
        {"timestamp": "2025-02-19T21:20:00Z", "metric.topic": "cars", "resource.kafka.id": ID, "value": 1234}
    ]


def test_a_topic_without_traffic_in_a_minute_and_internal_topics_have_no_row(scraped: Scraped, asked: Asked) -> None:
    scraped.delta("ingress_by_topic", 30, 7, topic="cars")
    scraped.delta("ingress_by_topic", 90, 0, topic="cars")
    scraped.delta("ingress_by_topic", 150, 8, topic="cars")
    scraped.delta("ingress_by_topic", 90, 99, topic="__consumer_offsets")
    assert asked.points(query("received_bytes", **BY_TOPIC)) == [(2, 8), (0, 7)]
    assert asked.points(query("received_bytes")) == [(2, 8), (0, 7)]


def test_without_consumers_sent_bytes_are_an_empty_list(scraped: Scraped, asked: Asked) -> None:
    watched(scraped, 3)
    scraped.delta("egress", 30, 0)
    scraped.delta("egress_by_topic", 30, 0, topic="cars")
    assert asked(query("sent_bytes", **BY_TOPIC))["data"] == []


def test_a_one_minute_gauge_is_the_last_sample_and_a_coarser_one_averages_minutes(
    scraped: Scraped, asked: Asked
) -> None:
    for minute, last in enumerate((10, 20, 60)):
        for broker in "12":
            scraped.gauge("connections", 60 * minute + 5, 500, broker=broker)
            scraped.gauge("connections", 60 * minute + 55, last, broker=broker)
    assert asked.points(query("active_connection_count")) == [(2, 120), (1, 40), (0, 20)]
    (all_of_it,) = asked(query("active_connection_count", granularity="ALL"))["data"]
    assert all_of_it == {"timestamp": timestamp(AT), "value": 60}


def test_a_minute_in_which_a_broker_stayed_silent_has_no_gauge_instead_of_one_that_is_too_low(
    scraped: Scraped, asked: Asked
) -> None:
    for minute, broker in ((0, "1"), (0, "2"), (1, "1"), (2, "1"), (2, "2")):
        scraped.gauge("connections", 60 * minute + 30, 5, broker=broker)
    assert asked.points(query("active_connection_count")) == [(2, 10), (0, 10)]


def test_counters_of_coarser_buckets_are_sums_aligned_to_utc_of_the_minutes_touched(
    scraped: Scraped, asked: Asked
) -> None:
    for minute in range(10):
        scraped.delta("ingress_by_topic", 60 * minute + 30, 1, topic="cars")
    assert AT % 5 == 0
    interval = f"{timestamp(AT + 3)}/{timestamp(AT + 9)}"
    assert asked.points(query("received_bytes", interval, granularity="PT5M")) == [(5, 4), (0, 2)]


def test_types_of_requests_and_the_rest_add_up_to_the_clients_listeners_total(scraped: Scraped, asked: Asked) -> None:
    scraped.requests(30, 100, Produce=60, FetchConsumer=25, FetchFollower=5000, ApiVersions=70, Vote=3)
    assert asked.points(query("request_count")) == [(0, 100)]
    by_type = asked(query("request_count", group_by=["metric.type"]))["data"]
    assert {one["metric.type"]: one["value"] for one in by_type} == {"Fetch": 25, "Other": 15, "Produce": 60}
    only = {"op": "AND", "filters": [FILTER, {"op": "EQ", "field": "metric.type", "value": "Produce"}]}
    assert asked.points(query("request_count", filter=only)) == [(0, 60)]


def test_a_rest_that_seems_negative_across_a_minute_is_told_as_none(scraped: Scraped, asked: Asked) -> None:
    scraped.requests(30, 10, FetchConsumer=12)
    by_type = asked(query("request_count", group_by=["metric.type"]))["data"]
    assert {one["metric.type"]: one["value"] for one in by_type} == {"Fetch": 12, "Other": 0}


def test_grouped_and_flat_say_the_same(scraped: Scraped, asked: Asked) -> None:
    for topic in "ba":
        for minute in range(3):
            scraped.delta("ingress_by_topic", 60 * minute + 30, 1 + minute, topic=topic)
    grouped = asked(query("received_bytes", **BY_TOPIC, format="GROUPED"))["data"]
    assert [group["metric.topic"] for group in grouped] == ["a", "b"]
    assert grouped[0]["points"] == [{"timestamp": timestamp(AT + minute), "value": 1 + minute} for minute in (2, 1, 0)]
    flat = [{"metric.topic": group["metric.topic"], **point} for group in grouped for point in group["points"]]
    assert asked(query("received_bytes", **BY_TOPIC))["data"] == flat


def pages(asked: Asked, body: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """All pages of a question."""
    found, token = [], None
    while True:
        answer = asked(body, token)
        found.append(answer["data"])
        token = answer["meta"]["pagination"].get("next_page_token")
        if token is None:
            return found


@pytest.mark.parametrize("more", [{}, {"granularity": "ALL"}, {"format": "GROUPED"}])
def test_pages_together_are_the_whole_answer(scraped: Scraped, asked: Asked, more: dict[str, Any]) -> None:
    for number in range(7):
        scraped.delta("ingress_by_topic", 30, 1 + number % 3, topic=f"t{number}")
        scraped.delta("ingress_by_topic", 700 * 60, 1, topic=f"later-{number}")
    body = query("received_bytes", **BY_TOPIC, **more)
    found = pages(asked, {**body, "limit": 3})
    assert [len(page) for page in found] == [3, 3, 1]
    assert [one for page in found for one in page] == asked(body)["data"]
    assert [len(page) for page in pages(asked, {**body, "limit": 7})] == [7]


def test_now_means_the_same_on_all_pages(scraped: Scraped, asked: Asked) -> None:
    for number in range(3):
        scraped.delta("ingress_by_topic", 30, 1, topic=f"t{number}")
    asked.now = 60.0 * (AT + 1)
    body = query("received_bytes", "now-1m/now", **BY_TOPIC, limit=2)
    token = asked(body)["meta"]["pagination"]["next_page_token"]
    asked.now += 120
    assert [one["metric.topic"] for one in asked(body, token)["data"]] == ["t2"]


def test_a_page_token_needs_a_group_by_and_the_same_body(scraped: Scraped, asked: Asked) -> None:
    for number in range(3):
        scraped.delta("ingress_by_topic", 30, 1, topic=f"t{number}")
    body = query("received_bytes", **BY_TOPIC, limit=2)
    token = asked(body)["meta"]["pagination"]["next_page_token"]
    assert "not for this request" in str(asked.refusal({**body, "limit": 1}, token))
    assert "only with a group_by" in str(asked.refusal(query("received_bytes"), token))


def test_all_is_one_bucket_sorted_by_value_as_asked(scraped: Scraped, asked: Asked) -> None:
    for topic, value in {"a": 5, "b": 9, "c": 1}.items():
        scraped.delta("ingress_by_topic", 90, value, topic=topic)
    body = query("received_bytes", **BY_TOPIC, granularity="ALL")
    assert [one["value"] for one in asked(body)["data"]] == [9, 5, 1]
    assert {one["timestamp"] for one in asked(body)["data"]} == {timestamp(AT)}
    rising = [{"metric": f"{NAME}received_bytes", "order": "ASCENDING"}]
    assert [one["value"] for one in asked({**body, "order_by": rising})["data"]] == [1, 5, 9]


def test_without_lateness_the_running_minute_is_told_as_far_as_it_has_come(scraped: Scraped, asked: Asked) -> None:
    scraped.delta("ingress_by_topic", 30, 5, topic="cars")
    asked.now = 60.0 * AT + 31
    assert asked.points(query("received_bytes")) == [(0, 5)]


def test_data_younger_than_the_lateness_is_not_answered(scraped: Scraped) -> None:
    for minute in range(10):
        scraped.delta("ingress_by_topic", 60 * minute + 30, 5, topic="cars")
    late = Asked(scraped, lateness=3)
    late.now = 60.0 * (AT + 6)
    assert [minute for minute, _ in late.points(query("received_bytes"))] == [2, 1, 0]
    late.now -= 0.001
    assert [minute for minute, _ in late.points(query("received_bytes"))] == [1, 0]


def test_minutes_before_the_seven_days_that_are_kept_are_not_answered(scraped: Scraped, asked: Asked) -> None:
    scraped.delta("ingress_by_topic", 30, 5, topic="cars")
    asked.now += 7 * 86_400
    assert asked(query("received_bytes"))["data"] == []


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"filter": {"field": "resource.kafka.id", "op": "EQ", "value": "lkc-other"}}, 403, "not authorized"),
        ({"filter": None}, 400, "must restrict"),
        ({"filter": {"op": "EQ", "value": "x"}}, 400, "must restrict"),
        ({"filter": {"op": "LIKE", "field": "a", "value": "b"}}, 400, r"\$.filter"),
        ({"aggregations": []}, 400, "length"),
        ({"aggregations": [{"metric": "a"}, {"metric": "b"}]}, 400, "length <= 1"),
        ({"aggregations": [{"metric": f"{NAME}recieved_bytes"}]}, 400, "did you mean .*received_bytes"),
        ({"aggregations": [{"metric": f"{NAME}received_bytes", "agg": "AVG"}]}, 400, "AVG"),
        ({"granularity": "PT2M"}, 400, "PT2M"),
        ({"intervals": []}, 400, "length"),
        ({"intervals": ["now-1h/now"] * 11}, 400, "too many intervals"),
        ({"intervals": ["now-7h/now"]}, 400, "with granularity PT1M at most 360"),
        ({"intervals": ["never"]}, 400, "is not an interval"),
        ({"limit": 0}, 400, "limit"),
        ({"limit": 1001}, 400, "limit"),
        ({"limit": "10"}, 400, "limit"),
        ({"format": "GROUPED"}, 400, "needs a group_by"),
        ({"format": "WIDE"}, 400, "WIDE"),
        ({"group_by": ["metric.partition"]}, 400, "has no label 'metric.partition'"),
        ({"group_by": ["metric.topic", "metric.topic"]}, 400, "twice"),
        ({"order_by": [{"metric": f"{NAME}received_bytes"}]}, 400, "only valid with granularity ALL"),
        ({"order_by": [{"metric": "other"}], "granularity": "ALL"}, 400, "is not queried"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_with_the_reason(
    asked: Asked, change: dict[str, Any], status: int, said: str
) -> None:
    refused = asked.refusal({**query("received_bytes"), **change})
    assert refused.status == status
    with pytest.raises(RequestRefusedError, match=said):
        raise refused


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"filter": ' + b'{"op": "NOT", "filter": ' * 5000])
def test_a_malformed_body_is_refused(asked: Asked, body: bytes) -> None:
    assert asked.refusal(body).status == 400


def attributes(asked: Asked, **more: Any) -> dict[str, Any]:
    body = {"filter": FILTER, "group_by": ["metric.topic"], "intervals": query("")["intervals"], **more}
    return asked.calls.attributes(as_bytes(body), more.pop("token", None))


def test_attributes_list_the_values_that_a_label_had_in_the_time(scraped: Scraped, asked: Asked) -> None:
    for topic, second in (("b", 30), ("a", 30), ("__x", 30), ("later", 60 * 30)):
        scraped.delta("ingress_by_topic", second, 1, topic=topic)
    scraped.delta("egress_by_topic", 30, 1, topic="c")
    found = attributes(asked, metric=f"{NAME}received_bytes")
    assert found == {"data": [{"metric.topic": "a"}, {"metric.topic": "b"}], "meta": {"pagination": {"page_size": 100}}}
    assert [one["metric.topic"] for one in attributes(asked)["data"]] == ["a", "b", "c"]
    last_hour = {"filter": FILTER, "group_by": ["metric.topic"]}
    assert [one["metric.topic"] for one in asked.calls.attributes(as_bytes(last_hour), None)["data"]] == [
        "a", "b", "c", "later"
    ]  # fmt: skip


def test_attributes_have_pages(scraped: Scraped, asked: Asked) -> None:
    for number in range(5):
        scraped.delta("ingress_by_topic", 30, 1, topic=f"t{number}")
    body = as_bytes({"filter": FILTER, "group_by": ["metric.topic"], "limit": 3})
    first = asked.calls.attributes(body, None)
    second = asked.calls.attributes(body, first["meta"]["pagination"]["next_page_token"])
    assert [one["metric.topic"] for one in first["data"] + second["data"]] == ["t0", "t1", "t2", "t3", "t4"]
    assert "next_page_token" not in second["meta"]["pagination"]


def test_attributes_of_a_label_that_no_metric_has_are_refused(asked: Asked) -> None:
    with pytest.raises(RequestRefusedError, match="no metric has a label"):
        attributes(asked, group_by=["metric.colour"])
    with pytest.raises(RequestRefusedError, match="has no label"):
        attributes(asked, group_by=["metric.topic"], metric=f"{NAME}request_count")


def test_descriptors_list_only_what_the_brokers_told(scraped: Scraped, asked: Asked) -> None:
    scraped.delta("ingress", 30, 0)
    scraped.gauge("connections", 30, 1)
    listed = asked.calls.metric_descriptors(100, None, None)
    assert [one["name"] for one in listed["data"]] == [f"{NAME}received_bytes", f"{NAME}active_connection_count"]
    assert listed["meta"]["pagination"] == {"page_size": 100, "total_size": 2}
    assert asked.calls.metric_descriptors(100, None, "connector")["data"] == []
    first = asked.calls.metric_descriptors(1, None, "kafka")
    second = asked.calls.metric_descriptors(1, first["meta"]["pagination"]["next_page_token"], "kafka")
    assert first["data"] + second["data"] == listed["data"]


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: str(metric.short))
def test_every_metric_of_the_catalogue_can_be_asked_for_with_every_label_it_names(
    scraped: Scraped, asked: Asked, metric: Any
) -> None:
    for broker in "12":
        for resource in metric.resources:
            own: dict[str, Any] = {"topic": "t"} if "topic" in resource else {}
            if metric.gauge:
                scraped.gauge(resource, 30, 3, broker=broker)
            else:
                scraped.delta(resource, 30, 3, broker=broker, **own)
    labels = sorted(metric.known_labels)
    (point,) = asked(query(metric.short, group_by=labels))["data"]
    assert point.keys() == {*labels, "timestamp", "value"}
    assert point["value"] == 6
    assert json.loads(json.dumps(metric.descriptor()))["labels"] == [
        {"key": key, "description": text, "exportable": True} for key, text in metric.labels.items()
    ]
