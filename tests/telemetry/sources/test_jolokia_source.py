"""Whatever an agent does, a broker that cannot be read leaves a gap and one event, and a password goes nowhere else."""

from __future__ import annotations

import base64
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from clusterload.model.errors import ConfigurationError
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.jolokia import JolokiaSource
from clusterload.telemetry.sources.source import LiveSource
from clusterload.telemetry.sources.transport import LARGEST_RESPONSE
from tests.processes import wait_for

from .agent import Agent, playing
from .kept import Kept

if TYPE_CHECKING:
    from pathlib import Path

BYTES_IN = "kafka.server:type=BrokerTopicMetrics,name=BytesInPerSec,*"


@pytest.fixture
def agent() -> Iterator[Agent]:
    with playing() as played:
        yield played


@contextmanager
def reading(agent: Agent, **more: Any) -> Iterator[Kept]:
    """What is recorded of one played broker, asked often."""
    kept = Kept()
    source = JolokiaSource({"1": agent.url}, **{"interval": 0.05, **more}).start(kept)
    try:
        yield kept
    finally:
        source.stop()


def kinds(kept: Kept) -> list[str]:
    """The kinds of the events, but for what a busy machine does to the interval."""
    return [kind for kind in kept.kinds if not kind.startswith("interval-")]


def said(kept: Kept, kind: str) -> str:
    """The text of the one event of a kind."""
    (text,) = (text for _, its_kind, text in kept.events if its_kind == kind)
    return text


def failed(agent: Agent, **more: Any) -> str:
    """What the event says when nothing can be recorded."""
    with reading(agent, **more) as kept:
        wait_for(lambda: kinds(kept))
        wait_for(lambda: len(agent.requests) > 2)
    assert kept.points == []
    assert kinds(kept) == ["scrape-failed"]
    return said(kept, "scrape-failed")


def test_it_is_a_live_source_with_a_title_for_people() -> None:
    source = JolokiaSource({"1": "http://a/jolokia", "2": "http://b/jolokia"})
    assert isinstance(source, LiveSource)
    assert source.title == "Jolokia agents of brokers 1 and 2"


def test_what_a_broker_shows_is_recorded_from_its_start_to_its_stop(agent: Agent) -> None:
    with reading(agent) as kept:
        wait_for(lambda: len(kept.of("ingress", broker="1")) >= 3)
    assert {point.labels["broker"] for point in kept.points} == {"1"}
    assert kept.of("connections")
    assert kinds(kept) == []
    (path, headers, _) = agent.requests[0]
    assert path.startswith("/jolokia/?")
    assert "ignoreErrors=true" in path
    assert "Authorization" not in headers
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("poll-")]


def test_a_point_has_our_time_between_question_and_answer(agent: Agent) -> None:
    before = time.time_ns()
    with reading(agent) as kept:
        wait_for(lambda: kept.points)
    assert all(before < point.time < time.time_ns() for point in kept.points)


def test_it_may_begin_anew_after_its_end(agent: Agent) -> None:
    first, second = Kept(), Kept()
    source = JolokiaSource({"1": agent.url}, interval=0.05)
    source.start(first).stop()
    source.start(second).stop()
    assert first.of("connections")
    assert second.of("connections")


def test_a_broker_that_is_not_there_is_one_event_and_no_points() -> None:
    with playing() as gone:
        url = gone.url
    kept = Kept()
    source = JolokiaSource({"1": url}, interval=0.02).start(kept)
    wait_for(lambda: kinds(kept))
    source.stop()
    assert kinds(kept) == ["scrape-failed"]
    assert kept.points == []


def test_half_an_answer_is_none(agent: Agent) -> None:
    agent.change = lambda usual: usual[: len(usual) // 2]
    assert "items" in failed(agent)


def test_an_answer_that_is_cut_off_is_none(agent: Agent) -> None:
    agent.headers = {"Content-Length": "1000000"}
    assert "did not answer within 0.2 s" in failed(agent, timeout=0.2)


def test_an_answer_that_is_too_large_is_not_kept_in_memory(agent: Agent) -> None:
    agent.change = lambda _: b" " * (LARGEST_RESPONSE + 1)
    assert "too many topics or clients" in failed(agent, timeout=20)


def test_an_answer_that_takes_too_long_is_missed(agent: Agent) -> None:
    hangs = threading.Event()

    def hang(usual: object) -> object:
        hangs.wait(10)
        return usual

    agent.change = hang
    try:
        assert "did not answer within 0.1 s" in failed(agent, timeout=0.1)
    finally:
        hangs.set()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "username and password"),
        (403, "policy"),
        (404, "is not a Jolokia"),
        (302, "final address"),
        (500, "failed (500)"),
    ],
)
def test_a_refusal_says_what_to_do(agent: Agent, status: int, words: str) -> None:
    agent.status = status
    agent.headers = {"Location": "http://127.0.0.1:9/elsewhere"}
    assert words in failed(agent)


def test_after_a_failure_it_says_that_it_is_back(agent: Agent) -> None:
    agent.status = 500
    with reading(agent) as kept:
        wait_for(lambda: kinds(kept))
        agent.status = 200
        wait_for(lambda: kept.of("connections"))
    assert kinds(kept) == ["scrape-failed", "scrape-resumed"]


def test_mbeans_that_may_not_be_read_are_said_once_and_their_series_missing(agent: Agent) -> None:
    def without_bytes(usual: list[dict[str, Any]]) -> object:
        questions = agent.requests[-1][2]
        denied = {"status": 403, "error": "no"}
        return [
            denied if question["mbean"] == BYTES_IN else own for question, own in zip(questions, usual, strict=True)
        ]

    agent.change = without_bytes
    with reading(agent) as kept:
        wait_for(lambda: len(kept.of("egress")) >= 3)
    assert kept.of("ingress") == []
    assert kinds(kept) == ["mbeans-missing"]
    assert f"{BYTES_IN} (forbidden)" in said(kept, "mbeans-missing")


def test_an_mbean_that_is_away_for_a_while_comes_back_without_a_burst(agent: Agent) -> None:
    away = threading.Event()

    def now_and_then(usual: list[dict[str, Any]]) -> object:
        questions = agent.requests[-1][2]
        failed = {"status": 500, "error": "busy"}
        return [
            failed if away.is_set() and one["mbean"] == BYTES_IN else own
            for one, own in zip(questions, usual, strict=True)
        ]

    agent.change = now_and_then
    with reading(agent) as kept:
        wait_for(lambda: len(kept.of("ingress")) >= 2)
        away.set()
        wait_for(lambda: kinds(kept))
        count = len(kept.of("ingress"))
        away.clear()
        wait_for(lambda: len(kept.of("ingress")) >= count + 3)
    # The recorded counter stands still.
    assert {point.value for point in kept.of("ingress")} == {0.0}


@pytest.mark.parametrize(("ahead", "way"), [(60, "ahead of"), (-60, "behind")])
def test_a_clock_that_differs_is_said_once_and_points_keep_our_time(agent: Agent, ahead: int, way: str) -> None:
    def shifted(usual: list[dict[str, Any]]) -> object:
        return [item | {"timestamp": item["timestamp"] + ahead} for item in usual]

    agent.change = shifted
    with reading(agent) as kept:
        wait_for(lambda: len(kept.of("connections")) >= 3)
    assert kinds(kept) == ["clock-skew"]
    assert way in said(kept, "clock-skew")
    assert all(abs(point.time - time.time_ns()) < 30 * SECOND for point in kept.points)


def test_a_clock_that_shows_whole_seconds_is_not_taken_for_a_wrong_one(agent: Agent) -> None:
    agent.change = lambda usual: [item | {"timestamp": item["timestamp"] - 1} for item in usual]
    with reading(agent) as kept:
        wait_for(lambda: len(kept.of("connections")) >= 3)
    assert kinds(kept) == []


def test_a_login_is_sent_as_http_wants_it(agent: Agent) -> None:
    with reading(agent, username="me", password="geheim:ß") as kept:
        wait_for(lambda: kept.points)
    (_, headers, _) = agent.requests[0]
    assert headers["Authorization"] == "Basic " + base64.b64encode("me:geheim:ß".encode()).decode()


def test_a_login_never_goes_over_a_network_in_plain_text() -> None:
    with pytest.raises(ConfigurationError, match="in plain text; use https"):
        JolokiaSource({"1": "http://broker-1:8778/jolokia"}, username="me", password="geheim")
    JolokiaSource({"1": "https://broker-1:8778/jolokia"}, username="me", password="geheim")
    JolokiaSource({"1": "http://[::1]:8778/jolokia"}, username="me", password="geheim")


@pytest.mark.parametrize(
    "url", ["", "broker-1:8778", "ftp://a/b", "http://", "http://a:b/", "http://me:geheim@a/", "http://a/?p=geheim"]
)
def test_a_bad_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match="broker 1: Jolokia's address") as error:
        JolokiaSource({"1": url})
    assert "geheim" not in str(error.value)


@pytest.mark.parametrize("half", [{"username": "me"}, {"password": "geheim"}])
def test_half_a_login_is_none(half: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="give both, or neither"):
        JolokiaSource({"1": "https://a/jolokia"}, **half)  # type: ignore[arg-type]


def test_over_https_an_agent_must_be_who_it_claims_to_be(tmp_path: Path) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with playing(context) as agent:
        with reading(agent) as kept:
            wait_for(lambda: kinds(kept))
        assert "certificate verify failed" in said(kept, "scrape-failed").lower()
        assert agent.requests == []
        with reading(agent, ca_location=str(tmp_path / "ca.pem")) as kept:
            wait_for(lambda: kept.of("connections"))
        assert kinds(kept) == []


def test_authorities_that_cannot_be_read_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for name in ("none.pem", "empty.pem"):
        with pytest.raises(ConfigurationError, match="give a PEM file"):
            JolokiaSource({"1": "https://a/jolokia"}, ca_location=str(tmp_path / name))


def test_a_strangers_words_stay_on_one_line(agent: Agent) -> None:
    agent.change = lambda _: {"status": 403, "error": "no\nscrape-resumed\x1b[31m" + "x" * 1000}
    text = failed(agent)
    assert text.isprintable()
    assert len(text) < 400
