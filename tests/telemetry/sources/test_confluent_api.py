"""Pages, pieces and layouts: one answer out of many."""

from __future__ import annotations

from typing import Any

import pytest

from clusterload.model.errors import SourceError
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.confluent import (
    Format,
    Granularity,
    Interval,
    MetricsClient,
    Query,
    QueryRefusedError,
    Table,
    of_cluster,
)
from tests.http_server import HttpServer, Request, Response

from .played import HURRIED, QUERY, access

MINUTE = 60 * SECOND


def query(minutes: int = 3, form: Format = Format.FLAT, grain: Granularity = Granularity.PT1M) -> Query:
    return Query(
        metric="io.confluent.kafka.server/received_bytes",
        filter=of_cluster("lkc-played"),
        granularity=grain,
        interval=Interval(start=0, end=minutes * MINUTE),
        group_by=("metric.topic",),
        format=form,
    )


def table(api: HttpServer, wanted: Query) -> Table:
    with MetricsClient(access(api), retry=HURRIED, sleep=lambda _: None) as client:
        return client.table(wanted)


def row(topic: str, minute: int, value: float) -> dict[str, Any]:
    return {"timestamp": f"1970-01-01T00:{minute:02}:00Z", "metric.topic": topic, "value": value}


def page(rows: list[dict[str, Any]], token: str | None = None) -> Response:
    return Response.of({"data": rows, "meta": {"pagination": {"page_size": 2, "next_page_token": token}}})


def test_three_pages_are_one_answer_and_each_is_asked_for_with_the_identical_body(api: HttpServer) -> None:
    api.in_turn(page([row("a", 0, 1)], "p2"), page([row("a", 1, 2), row("b", 0, 3)], "p3"), page([row("b", 1, 4)]))
    assert table(api, query()) == {("a",): {0: 1.0, MINUTE: 2.0}, ("b",): {0: 3.0, MINUTE: 4.0}}
    assert [request.params for request in api.requests] == [{}, {"page_token": "p2"}, {"page_token": "p3"}]
    assert len({request.body for request in api.requests}) == 1
    assert "now" not in api.requests[0].document["intervals"][0], "a moving time would make other pages"


def test_both_layouts_say_the_same(api: HttpServer) -> None:
    api.in_turn(page([row("a", 0, 1), row("a", 1, 2)]))
    flat = table(api, query())
    points = [{"timestamp": f"1970-01-01T00:0{minute}:00Z", "value": minute + 1} for minute in (0, 1)]
    api.in_turn(page([{"metric.topic": "a", "points": points}]))
    assert table(api, query(form=Format.GROUPED)) == flat


def test_a_long_interval_is_asked_for_in_pieces_and_joined(api: HttpServer) -> None:
    def answer(request: Request) -> Response:
        start = request.document["intervals"][0].split("/")[0]
        return page([{"timestamp": start, "metric.topic": "a", "value": 1}])

    api.answer = answer
    assert table(api, query(minutes=13 * 60)) == {("a",): {hours * 60 * MINUTE: 1.0 for hours in (0, 6, 12)}}
    assert [request.document["intervals"] for request in api.requests] == [
        ["1970-01-01T00:00:00Z/1970-01-01T06:00:00Z"],
        ["1970-01-01T06:00:00Z/1970-01-01T12:00:00Z"],
        ["1970-01-01T12:00:00Z/1970-01-01T13:00:00Z"],
    ]


def test_a_page_that_expired_makes_us_begin_again(api: HttpServer) -> None:
    expired = Response.of({"errors": [{"status": "400", "detail": "page token expired"}]}, status=400)
    api.in_turn(page([row("a", 0, 1)], "p2"), expired, page([row("a", 0, 5)], "p3"), page([row("a", 1, 6)]))
    assert table(api, query()) == {("a",): {0: 5.0, MINUTE: 6.0}}
    assert [request.params.get("page_token") for request in api.requests] == [None, "p2", None, "p3"]


def test_pages_that_always_expire_are_given_up(api: HttpServer) -> None:
    def answer(request: Request) -> Response:
        return Response(status=400) if request.params else page([row("a", 0, 1)], "p2")

    api.answer = answer
    with pytest.raises(QueryRefusedError):
        table(api, query())
    assert len(api.requests) == 6


def test_a_query_that_is_refused_at_once_is_not_asked_again(api: HttpServer) -> None:
    api.in_turn(Response(status=400))
    with pytest.raises(QueryRefusedError):
        table(api, query())
    assert len(api.requests) == 1


def test_a_pagination_loop_ends(api: HttpServer) -> None:
    api.in_turn(page([row("a", 0, 1)], "again"))
    with pytest.raises(SourceError, match="pagination loop"):
        table(api, query())


def test_one_bucket_for_all_stands_at_the_start_of_what_was_asked_for(api: HttpServer) -> None:
    api.in_turn(page([row("a", 7, 12)]))
    assert table(api, query(grain=Granularity.ALL)) == {("a",): {0: 12.0}}


@pytest.mark.parametrize(
    "data",
    [
        [1],
        [{}],
        [{"timestamp": "1970-01-01T00:00:00Z", "value": None}],
        [{"timestamp": "1970-01-01T00:00:00Z", "value": "1"}],
        [{"timestamp": "1970-01-01T00:00:00", "value": 1}],
        [{"timestamp": 5, "value": 1}],
        [{"value": 1}],
    ],
)
def test_rows_that_are_not_the_contracts_are_one_line(api: HttpServer, data: list[object]) -> None:
    api.in_turn(Response.of({"data": data}))
    with pytest.raises(SourceError, match="malformed Metrics API response for") as caught:
        table(api, query())
    assert "\n" not in str(caught.value)


def test_infinite_values_are_no_numbers(api: HttpServer) -> None:
    api.in_turn(Response(body=b'{"data": [{"timestamp": "1970-01-01T00:00:00Z", "value": Infinity}]}'))
    with pytest.raises(SourceError, match="a value is not a number"):
        table(api, query())


def test_descriptors_are_read_beside_the_query_call_over_all_pages(api: HttpServer) -> None:
    def described(name: str, **changed: object) -> dict[str, object]:
        given = {
            "name": f"io.confluent.kafka.server/{name}",
            "description": "",
            "type": "COUNTER_INT64",
            "unit": "By",
            "labels": [{"key": "topic"}, {"key": "metric.partition"}],
            "resources": ["kafka"],
            "lifecycle_stage": "GENERAL_AVAILABILITY",
        }
        return given | changed

    api.in_turn(
        page([described("received_bytes"), described("old", lifecycle_stage="DEPRECATED")], "p2"),
        page([described("lag", type="GAUGE_DOUBLE"), described("task", resources=["connector"])], "p3"),
        page([described("spread", type="HISTOGRAM")]),
    )
    with MetricsClient(access(api), retry=HURRIED) as client:
        found = client.descriptors()
    assert [(metric.short, str(metric.kind), metric.labels) for metric in found] == [
        ("received_bytes", "delta", ("topic", "partition")),
        ("lag", "gauge", ("topic", "partition")),
    ]
    assert api.requests[0].path == QUERY.replace("query", "descriptors/metrics")
    assert api.requests[1].params == {"resource_type": "kafka", "page_size": "1000", "page_token": "p2"}
