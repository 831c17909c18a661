"""What goes wrong between us and a server: played over real HTTP, for a real Prometheus cannot be made to do it."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import pytest

from clusterload.model.errors import SourceError
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.prometheus import Access, PrometheusClient, PrometheusSource
from clusterload.telemetry.sources.transport import ResponseTooLargeError, RetryPolicy
from tests.http_server import HttpServer, Request, Response, serving
from tests.telemetry.sources.kept import Kept

from .server import JMX, collected

SECRET = "s3cr3t-of-nobody"
QUICK = RetryPolicy(attempts=3, backoff=0.001)
"""Retries at once. The timeout is long: a machine that stands still for a while is not a server that hangs."""
SHORT = RetryPolicy(timeout=1.0, attempts=3, backoff=0.001)
DRIPPING = RetryPolicy(deadline=1.0, attempts=3, backoff=0.001)
FINE = {"status": "success", "data": {"resultType": "scalar", "result": [1, "1"]}}


@pytest.fixture
def api() -> Iterator[HttpServer]:
    with serving() as played:
        yield played


def access(port: int) -> Access:
    return Access(url=f"http://127.0.0.1:{port}", username="me", password=SECRET)


def ask(port: int, retry: RetryPolicy = QUICK) -> Any:
    with PrometheusClient(access(port), retry=retry) as client:
        return client.call("query", {"query": "up"})


def failure(port: int, kind: type[SourceError] = SourceError, retry: RetryPolicy = QUICK) -> str:
    with pytest.raises(kind) as caught:
        ask(port, retry)
    line = str(caught.value)
    assert "\n" not in line
    assert SECRET not in line
    assert len(line) < 400
    return line


def error(kind: str, text: str, status: int) -> Response:
    return Response.of({"status": "error", "errorType": kind, "error": text}, status)


def test_the_question_goes_as_a_form_with_the_login(api: HttpServer) -> None:
    api.in_turn(Response.of(FINE))
    assert ask(api.port).series[0].values == (1.0,)
    (asked,) = api.requests
    assert (asked.method, asked.path) == ("POST", "/api/v1/query")
    assert parse_qs(asked.body.decode()) == {"query": ["up"]}
    assert asked.headers["Authorization"].startswith("Basic ")


def test_a_bearer_token_and_a_tenant_are_sent(api: HttpServer) -> None:
    api.in_turn(Response.of(FINE))
    with PrometheusClient(Access(url=f"http://127.0.0.1:{api.port}", bearer=SECRET, tenant="team-a")) as client:
        client.call("query", {"query": "up"})
    assert api.requests[0].headers["Authorization"] == f"Bearer {SECRET}"
    assert api.requests[0].headers["X-Scope-OrgID"] == "team-a"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (error("bad_data", f"parse error near {SECRET}\nline 2", 400), "rejects the query (400: parse error"),
        (Response(status=401), "requires another login (401): set prometheus.username"),
        (Response(status=403), "does not let this login read (403)"),
        (Response(status=404), "has no such path (404): prometheus.url is what stands before /api/v1"),
        (
            Response(status=302, headers={"Location": "http://elsewhere"}),
            "redirects to another host, elsewhere, which",
        ),
        (Response(body=b"<html>welcome</html>"), "malformed Prometheus response from 127.0.0.1:"),
        (Response(body=b"\x1f\x8bnonsense", headers={"Content-Encoding": "gzip"}), "sent a malformed HTTP response"),
    ],
)
def test_a_refusal_is_told_in_one_line_and_asked_once(api: HttpServer, answer: Response, said: str) -> None:
    api.in_turn(answer)
    assert said in failure(api.port)
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Response(status=429), "is rate limited (429); gave up after 3 attempts, try again later"),
        (Response(status=503), "failed (503); gave up after 3 attempts"),
        (error("internal", "a store fell over", 500), "failed (500: a store fell over)"),
    ],
)
def test_what_may_pass_is_asked_again_and_then_told(api: HttpServer, answer: Response, said: str) -> None:
    api.in_turn(answer)
    assert said in failure(api.port)
    assert len(api.requests) == 3
    api.in_turn(answer, Response.of(FINE))
    assert ask(api.port).series


def test_who_does_not_answer_is_given_up_and_asked_again(api: HttpServer) -> None:
    api.in_turn(Response(silent=True))
    assert "did not answer within 1 s; gave up after 3 attempts" in failure(api.port, retry=SHORT)
    assert len(api.requests) == 3
    api.in_turn(Response(silent=True), Response.of(FINE))
    assert ask(api.port, RetryPolicy(timeout=1.0, attempts=20, backoff=0.001)).series


@pytest.mark.parametrize(
    "answer",
    [
        error("execution", "query processing would load too many samples into memory in query execution", 422),
        error("timeout", "query timed out in expression evaluation", 503),
        Response(status=413),
        Response(body=gzip.compress(b" " * (65 * 1024 * 1024)), headers={"Content-Encoding": "gzip"}),
    ],
)
def test_what_is_too_much_is_not_asked_again_as_it_is(api: HttpServer, answer: Response) -> None:
    api.in_turn(answer)
    assert "narrow prometheus.select" in failure(api.port, ResponseTooLargeError)
    assert len(api.requests) == 1


def test_nobody_there_is_told_in_one_line() -> None:
    with serving() as gone:
        port = gone.port
    assert "cannot be reached" in failure(port)


@contextmanager
def cutting(*parts: bytes, pause: float = 0.0) -> Iterator[int]:
    """The port of a server that sends these bytes and closes the connection."""
    with serving(lambda _: Response(raw=parts, pause=pause)) as server:
        yield server.port


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 200 O",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + json.dumps(FINE).encode(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n" + b"{" * 32 + b"\r\n",
        b"SSH-2.0-nothing like it\r\n",
    ],
)
def test_half_an_answer_is_one_line(sent: bytes) -> None:
    with cutting(sent) as port:
        said = failure(port)
    # Which of both is seen depends on whether the system closes or resets the connection.
    assert "broke off its answer, or speaks no HTTP" in said or "cannot be reached" in said


def test_an_answer_that_only_drips_has_an_end() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
    with cutting(head, *([b" "] * 4000), pause=0.1) as port:
        assert "took more than 1 s for one response" in failure(port, retry=DRIPPING)


class Played:
    """A server of one broker whose counter grows by 10 a second; `judge` may answer in its place."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.more: dict[str, Any] = {}
        self.metrics = METRICS
        self.judge: Callable[[str, str], Response | None] = lambda _call, _query: None

    def __call__(self, request: Request) -> Response:
        if request.path.endswith("/label/__name__/values"):
            return Response.of({"status": "success", "data": list(self.metrics)})
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        query, call = form["query"], request.path.rpartition("/")[2]
        if query == "time()":
            return self._of("scalar", [time.time() + self.ahead, str(time.time() + self.ahead)])
        judged = self.judge(call, query)
        if judged is not None:
            return judged
        if query.startswith("count by"):
            each = [self._count(metric, float(form["start"])) for metric in self.metrics]
            return self._of("matrix", each)
        at, length = float(form["time"]), int(query.rpartition("[")[2].removesuffix("ms]")) / 1000
        times = [second for second in range(int(at - length), int(at) + 1) if at - length < second <= at]
        lines: list[dict[str, Any]] = [
            {"metric": {**TARGET, "__name__": metric}, "values": [[second, str(second * 10.0)] for second in times]}
            for metric in self.metrics
            if metric in query
        ]
        return self._of("matrix", lines)

    def _count(self, metric: str, at: float) -> dict[str, Any]:
        return {"metric": {"__name__": metric, "job": "kafka", "instance": "b:1"}, "values": [[at, "1"]]}

    def _of(self, kind: str, result: Any) -> Response:
        return Response.of({"status": "success", "data": {"resultType": kind, "result": result}, **self.more})


METRICS = ("kafka_server_brokertopicmetrics_bytesin_total", "kafka_server_replicamanager_partitioncount")
TARGET = {"job": "kafka", "instance": "b:1", "broker": "1"}


@pytest.fixture
def played(api: HttpServer) -> Played:
    server = Played()
    api.answer = server
    return server


def read(api: HttpServer, seconds: float = 20.0) -> Kept:
    source = PrometheusSource(access(api.port), names=JMX, retry=QUICK)
    end = time.time_ns() - 3 * SECOND
    return collected(source, end - round(seconds * SECOND), end)


def test_a_played_server_is_read_like_a_real_one(api: HttpServer, played: Played) -> None:
    kept = read(api)
    assert sum(kept.values("ingress")) == pytest.approx(200.0, abs=10.0)
    assert kept.events == []


@pytest.mark.parametrize("ahead", [500.0, -40.0])
def test_a_clock_that_differs_is_told_and_times_are_ours(api: HttpServer, played: Played, ahead: float) -> None:
    played.ahead = ahead
    before = time.time_ns()
    kept = read(api)
    assert kept.kinds == ["clock-skew"]
    found = re.search(r"is (\d+) s (ahead of|behind) this machine", kept.events[0][2])
    assert found is not None
    # As far as the way to the server lets it be told.
    assert abs(ahead) - (time.time_ns() - before) / SECOND - 1 <= int(found[1]) <= abs(ahead) + 1
    assert found[2] == ("ahead of" if ahead > 0 else "behind")
    asked = [parse_qs(request.body.decode()) for request in api.requests]
    assert any(abs(float(form["time"][0]) - (before / SECOND + ahead)) < 30 for form in asked if "time" in form)
    assert all(before - 30 * SECOND < point.time <= time.time_ns() for point in kept.points)


def test_a_clock_that_differs_by_less_than_the_way_is_no_event(api: HttpServer, played: Played) -> None:
    played.ahead = 1.0
    assert read(api).events == []


def test_metrics_that_get_other_names_are_recognised_again(api: HttpServer, played: Played) -> None:
    """The brokers are upgraded while they are watched: what had the exporter's names has Redpanda's."""
    source = PrometheusSource(access(api.port), retry=QUICK)
    end = time.time_ns() - 3 * SECOND
    first = collected(source, end - 200 * SECOND, end - 100 * SECOND)
    assert first.values("partitions")
    played.metrics = ("redpanda_rpc_active_connections", "vectorized_kafka_rpc_requests_completed_total")
    then = collected(source, end - 100 * SECOND, end)
    assert sum(then.values("requests")) == pytest.approx(1000, abs=20)
    assert then.kinds == ["names-recognised", "names-changed"]


def test_warnings_infos_and_partial_answers_become_events_once(api: HttpServer, played: Played) -> None:
    played.more = {"warnings": ["store 3 is away\nsorry"], "infos": ["no counter"], "isPartial": True}
    found = {(kind, text) for _, kind, text in read(api).events}
    assert found == {
        ("metrics-warning", "store 3 is away sorry"),
        ("metrics-note", "no counter"),
        ("metrics-partial", "the server says that its answer is not whole"),
    }


def test_too_much_at_once_is_asked_for_in_pieces(api: HttpServer, played: Played) -> None:
    def judge(_: str, query: str) -> Response | None:
        if not query.endswith("ms]") or "600000ms" in query:
            return None
        long = int(query.rpartition("[")[2].removesuffix("ms]")) > 6000
        return error("execution", "too many samples", 422) if long or "|" in query else None

    played.judge = judge
    kept = read(api)
    assert sum(kept.values("ingress")) == pytest.approx(200.0, abs=10.0)
    assert kept.values("partitions")
    assert kept.events == []


def test_a_metric_that_is_always_too_much_is_told_and_the_rest_is_read(api: HttpServer, played: Played) -> None:
    def judge(_: str, query: str) -> Response | None:
        return error("execution", "too many samples", 422) if "bytesin" in query and query.endswith("]") else None

    played.judge = judge
    kept = read(api)
    assert kept.values("partitions")
    assert not kept.values("ingress"), "what was not read is missing, and not zero"
    assert kept.kinds == ["metric-unread"]
    assert METRICS[0] in kept.events[0][2]


def test_a_server_that_fails_in_the_middle_is_one_line_and_the_stretch_can_be_read_again(
    api: HttpServer, played: Played
) -> None:
    source = PrometheusSource(access(api.port), names=JMX, retry=QUICK)
    end = time.time_ns() - 3 * SECOND
    start = end - 20 * SECOND
    played.judge = lambda _, query: Response(status=502) if "partitioncount" in query and "bytesin" in query else None
    kept = Kept()
    with pytest.raises(SourceError, match="failed"):
        source.collect(kept, start, end, lambda _: None)
    played.judge = lambda _call, _query: None
    source.collect(kept, start, end, lambda _: None)
    times = [point.time for point in kept.of("ingress")]
    assert times == sorted(set(times)), "no point twice"
    assert len(times) >= 19
