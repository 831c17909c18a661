"""One question over HTTP, and everything that can go wrong with it."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from email.utils import formatdate

import pytest

from clusterload.model.errors import SourceError
from clusterload.telemetry.sources.confluent import Access, MetricsClient, QueryRefusedError
from clusterload.telemetry.sources.transport import RetryPolicy
from tests.http_server import HttpServer, Response

from .played import CLUSTER, HURRIED, SECRET, TOKEN, access, endpoint, playing

FINE = Response.of({"data": [{"value": 1}]})


class Clock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def ask(api: HttpServer, retry: RetryPolicy = HURRIED, clock: Clock | None = None) -> object:
    clock = clock or Clock()
    with MetricsClient(access(api), retry=retry, clock=clock, sleep=clock.sleep) as client:
        return client.call(endpoint(api), {}, b"{}")


def failure(api: HttpServer, retry: RetryPolicy = HURRIED) -> str:
    with pytest.raises(SourceError) as caught:
        ask(api, retry)
    line = str(caught.value)
    assert "\n" not in line
    assert SECRET not in line
    assert TOKEN not in line
    return line


def test_the_token_is_sent_as_basic_authorization(api: HttpServer) -> None:
    api.in_turn(FINE)
    assert ask(api) == {"data": [{"value": 1}]}
    assert api.requests[0].headers["Authorization"] == f"Basic {TOKEN}"
    assert api.requests[0].headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("header", ["rateLimit-reset", "Retry-After"])
def test_a_limited_rate_is_waited_out_as_long_as_the_api_says(api: HttpServer, header: str) -> None:
    api.in_turn(Response(status=429, headers={header: "17"}), FINE)
    clock = Clock()
    assert ask(api, clock=clock) == {"data": [{"value": 1}]}
    assert len(clock.slept) == 1
    assert 17 <= clock.slept[0] < 18


def test_a_date_to_retry_after_is_understood(api: HttpServer) -> None:
    api.in_turn(Response(status=503, headers={"Retry-After": formatdate(time.time() + 40, usegmt=True)}), FINE)
    clock = Clock()
    ask(api, clock=clock)
    assert 35 < clock.slept[0] < 42


def test_a_spent_allowance_is_waited_out_before_the_next_question_is_sent(api: HttpServer) -> None:
    api.in_turn(Response.of({"data": []}, rateLimit_remaining="0", rateLimit_reset="12"))
    clock = Clock()
    with MetricsClient(access(api), retry=HURRIED, clock=clock, sleep=clock.sleep) as client:
        client.call(endpoint(api), {}, b"{}")
        assert clock.slept == []
        client.call(endpoint(api), {}, b"{}")
    assert clock.slept == [12]


def test_an_api_that_wants_an_hour_of_rest_is_not_waited_for(api: HttpServer) -> None:
    api.in_turn(Response(status=429, headers={"Retry-After": "3600"}))
    assert "is rate limited: retry after 3,600 s" in failure(api)
    assert len(api.requests) == 1


def test_trouble_that_does_not_end_ends_our_patience(api: HttpServer) -> None:
    api.in_turn(Response.of({"errors": [{"status": "500", "detail": "out of order"}]}, status=500))
    assert "failed (500: out of order); gave up after 3 attempts, try again later" in failure(api)
    assert len(api.requests) == 3


def test_waits_grow_and_differ_so_that_many_clients_do_not_come_back_at_once(api: HttpServer) -> None:
    api.in_turn(Response(status=502))
    waits = []
    for _ in range(4):
        clock = Clock()
        with pytest.raises(SourceError):
            ask(api, RetryPolicy(timeout=1, attempts=5, backoff=1.0), clock)
        waits.append(clock.slept)
    for slept in waits:
        assert all(2**number <= wait <= 2**number + 1 for number, wait in enumerate(slept))
    assert len({tuple(slept) for slept in waits}) == 4


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, "does not know the key (401: no): set confluent.cloud_api_token to the base64 of a Cloud API key"),
        (403, f"does not let the key read cluster {CLUSTER} (403: no): check confluent.clusterid"),
        (404, "has no such path (404: no): check confluent.metrics.endpoint"),
        (400, "rejects the query (400: no)"),
    ],
)
def test_a_refusal_is_said_once_with_what_to_do(api: HttpServer, status: int, expected: str) -> None:
    api.in_turn(Response.of({"errors": [{"status": str(status), "detail": "no"}]}, status=status))
    assert expected in failure(api)
    assert len(api.requests) == 1, "a refusal does not change by asking again"


def test_a_question_that_is_not_taken_is_told_apart_from_a_door_that_is_shut(api: HttpServer) -> None:
    api.in_turn(Response(status=400))
    with pytest.raises(QueryRefusedError):
        ask(api)
    api.in_turn(Response(status=403))
    with pytest.raises(SourceError) as caught:
        ask(api)
    assert not isinstance(caught.value, QueryRefusedError)


@pytest.mark.parametrize(
    "body", [b"<html>", b"", b"\xff\xfe", b"[]", b'{"data": {}}', b'"data"', b"null", b"[" * 100_000]
)
def test_an_answer_that_is_none_of_the_apis_is_one_line(api: HttpServer, body: bytes) -> None:
    api.in_turn(Response(body=body))
    assert f"malformed Metrics API response from 127.0.0.1:{api.port}: check confluent.metrics.endpoint" in failure(api)


def test_an_error_that_echoes_our_key_does_not_carry_it_on(api: HttpServer) -> None:
    detail = f"bad\nheader Basic {TOKEN} \x1b[31m" + "x" * 1000
    api.in_turn(Response.of({"errors": [{"detail": detail}]}, status=401))
    line = failure(api)
    assert "bad header Basic ***" in line
    assert "\x1b" not in line
    assert len(line) < 600


def test_an_api_that_never_answers_is_given_up(api: HttpServer) -> None:
    api.in_turn(Response(silent=True))
    assert "did not answer within 0.1 s; gave up after 2 attempts" in failure(
        api, RetryPolicy(timeout=0.1, attempts=2, backoff=0.001)
    )


def test_an_api_that_is_not_there_is_one_line(api: HttpServer) -> None:
    with playing() as gone:
        pass
    assert "cannot be reached" in failure(gone)


def test_a_redirect_to_another_host_is_not_followed_and_does_not_get_the_token(api: HttpServer) -> None:
    with playing() as other:
        for target in (endpoint(other), "https://evil.example/v2/metrics/cloud/query", "//evil.example/query"):
            api.in_turn(Response(status=307, headers={"Location": target}))
            assert "redirects to another host" in failure(api)
        assert other.requests == []


def test_a_redirect_on_the_same_host_is_followed_with_the_same_question(api: HttpServer) -> None:
    def answer(asked: object) -> Response:
        moved = Response(status=308, headers={"Location": "/v3/query"})
        return FINE if api.requests[-1].path == "/v3/query" else moved

    api.answer = answer
    assert ask(api) == {"data": [{"value": 1}]}
    assert [request.body for request in api.requests] == [b"{}", b"{}"]


def test_redirects_in_a_circle_end(api: HttpServer) -> None:
    api.in_turn(Response(status=301, headers={"Location": endpoint(api)}))
    assert "redirects in a loop" in failure(api)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_answer_beyond_all_measure_is_cut_off_packed_or_not(
    api: HttpServer, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clusterload.telemetry.sources.transport.LARGEST_RESPONSE", 100_000)
    body = json.dumps({"data": ["x" * 200_000]}).encode()
    coding = {"Content-Encoding": "gzip"} if pack is gzip.compress else {}
    api.in_turn(Response(body=pack(body), headers=coding))
    assert "answers with more than 100,000 B" in failure(api)


def test_an_answer_that_is_not_packed_as_it_says_is_one_line(api: HttpServer) -> None:
    api.in_turn(Response(body=b"no gzip at all", headers={"Content-Encoding": "gzip"}))
    assert "sent a malformed HTTP response" in failure(api)


def test_nothing_of_the_key_is_in_what_libraries_log(api: HttpServer, caplog: pytest.LogCaptureFixture) -> None:
    api.in_turn(Response(status=500), FINE)
    with caplog.at_level("DEBUG"):
        ask(api)
    assert TOKEN not in caplog.text
    assert SECRET not in caplog.text


def test_a_representation_of_the_access_in_use_is_safe_to_log(api: HttpServer) -> None:
    assert TOKEN not in repr(Access(endpoint=endpoint(api), token=TOKEN, cluster_id=CLUSTER))
