"""Scraping exporters that misbehave: gaps stay gaps, nothing is counted twice, and it is said once what was missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from clusterload.telemetry.sources.exporter import ExporterSource
from clusterload.telemetry.sources.exposition import MOST_LINES, ScrapeParser, SharedLines
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.source import OTHERS
from tests.http_server import Request, Response, serving
from tests.processes import wait_for
from tests.telemetry.sources.kept import Kept

NAMES = Names.named("jmx-exporter")
BYTES = "kafka_server_brokertopicmetrics_bytesin_total"


class Broker:
    """A broker whose ingress grows by 100 B with each scrape, and whose exporter does what it is told."""

    def __init__(self) -> None:
        self.scrapes = 0
        self.started = 1.0
        self.first = 0
        self.body: Callable[[str], bytes] = str.encode
        self.pause = 0.0
        self.status = 200

    @property
    def text(self) -> str:
        """What it shows."""
        count = 100.0 * (self.scrapes - self.first)
        return f'{BYTES} {count}\n{BYTES}{{topic="a"}} {count}\nprocess_start_time_seconds {self.started}\n'

    def restart(self) -> None:
        """Reset all counters."""
        self.first, self.started = self.scrapes, self.started + 60


@contextmanager
def exporter(broker: Broker) -> Iterator[str]:
    def answer(_: Request) -> Response:
        broker.scrapes += 1
        time.sleep(broker.pause)
        return Response(status=broker.status, body=broker.body(broker.text), has_length=False)  # it may be cut off

    with serving(answer) as server:
        yield f"{server.url}/metrics"


@contextmanager
def scraped(broker: Broker, *, timeout: float = 4.0) -> Iterator[Kept]:
    kept = Kept()
    with exporter(broker) as url:
        source = ExporterSource({"1": url}, interval=0.05, timeout=timeout).start(kept)
        try:
            wait_for(lambda: len(kept.of("ingress")) >= 2 or kept.events)
            yield kept
        finally:
            source.stop()


def test_half_an_answer_is_no_answer_and_what_grew_meanwhile_is_told_once() -> None:
    broker = Broker()
    with scraped(broker) as kept:
        broker.body = lambda text: text[: text.index("0.0\n") + 1].encode()
        wait_for(lambda: "scrape-failed" in kept.kinds)
        broker.body = str.encode
        wait_for(lambda: "scrape-resumed" in kept.kinds)
        before = len(kept.of("ingress"))
        wait_for(lambda: len(kept.of("ingress")) > before + 1)
    assert "ends in the middle of a line" in kept.events[0][2]
    assert sum(kept.values("ingress")) == 100 * (broker.scrapes - 1)
    assert kept.kinds.count("scrape-failed") == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda broker: setattr(broker, "status", 503), "failed (503)"),
        (lambda broker: setattr(broker, "body", lambda _: b"\xff\xfe\n"), "is not Prometheus text: it begins with"),
        (
            lambda broker: setattr(broker, "body", lambda _: f"{BYTES} many\n".encode()),
            "is not Prometheus text: it begins",
        ),
        (lambda broker: setattr(broker, "body", lambda _: b"<!doctype html>\n<p>Sign in\n"), "text: a web page"),
    ],
)
def test_an_answer_that_is_none_is_said_in_one_line_and_scraping_goes_on(
    change: Callable[[Broker], None], words: str
) -> None:
    broker = Broker()
    with scraped(broker) as kept:
        change(broker)
        wait_for(lambda: "scrape-failed" in kept.kinds)
        broker.status, broker.body = 200, str.encode
        wait_for(lambda: "scrape-resumed" in kept.kinds)
    (said,) = [text for _, kind, text in kept.events if kind == "scrape-failed"]
    assert words in said
    assert said.startswith("broker 1")
    assert "\n" not in said


def test_an_exporter_that_hangs_is_given_up_in_time() -> None:
    broker = Broker()
    with scraped(broker, timeout=0.3) as kept:
        broker.pause = 1.0
        wait_for(lambda: "scrape-failed" in kept.kinds)
        broker.pause = 0.0
        wait_for(lambda: "scrape-resumed" in kept.kinds)
    assert "did not answer within 0.3 s" in kept.events[0][2]


def test_a_restart_in_the_middle_invents_nothing() -> None:
    broker = Broker()
    with scraped(broker) as kept:
        before = broker.scrapes
        broker.restart()
        wait_for(lambda: "broker-restarted" in kept.kinds and broker.scrapes > before + 3)
    assert all(0 <= value <= 100 * (broker.scrapes - before) for value in kept.values("ingress"))


def test_a_line_that_stands_there_twice_is_one_thing() -> None:
    broker = Broker()
    broker.body = lambda text: (text + text).encode()
    with scraped(broker) as kept:
        pass
    assert set(kept.values("ingress")) == {100.0}


def test_scrapes_that_take_long_are_made_less_often_without_leaving_gaps() -> None:
    broker = Broker()
    broker.pause = 0.12
    with scraped(broker) as kept:
        wait_for(lambda: "interval-stretched" in kept.kinds)
        before = len(kept.of("ingress"))
        wait_for(lambda: len(kept.of("ingress")) > before + 3)
    points = kept.of("ingress")
    assert sum(point.value for point in points) == pytest.approx(100 * (broker.scrapes - 1), abs=100)
    assert points[-1].granularity > points[0].granularity


def test_very_many_lines_are_read_in_bounds_and_their_rest_is_exact() -> None:
    topics = 120_000
    parser = ScrapeParser(SharedLines(NAMES), NAMES.grouping)

    def shown(each: float) -> str:
        lines = [f'{BYTES}{{topic="t{number}"}} {each}' for number in range(topics)]
        lines.insert(topics // 2, f"{BYTES} {each * topics}")
        return "\n".join(lines) + "\n"

    for each in (10.0, 20.0):
        counters = parser.read(shown(each)).counters
        assert len(counters) <= MOST_LINES + 1
        assert parser.left_out == topics - MOST_LINES
        assert counters["ingress", ()] == each * topics


def test_very_many_topics_become_a_thousand_and_a_rest_that_adds_up() -> None:
    broker = Broker()
    topics = 60_000

    def many(text: str) -> bytes:
        scrape = broker.scrapes
        return (
            f"process_start_time_seconds 1\n{BYTES} {scrape * topics}\n"
            + "".join(f'{BYTES}{{topic="t{number}"}} {scrape}\n' for number in range(topics))
        ).encode()

    broker.body = many
    kept = Kept()
    with exporter(broker) as url:
        source = ExporterSource({"1": url}, interval=0.5, timeout=20.0).start(kept)
        wait_for(lambda: len(kept.of("ingress")) >= 1)
        source.stop()
    first = kept.of("ingress")[0]
    own = [point for point in kept.of("ingress_by_topic") if point.time == first.time]
    assert len(own) == 1001
    assert sum(point.value for point in own) == first.value
    assert [point.value for point in own if point.labels["topic"] == OTHERS] == [
        first.value - 1000 * first.value / topics
    ]
    assert kept.kinds[0] == "series-bounded"
