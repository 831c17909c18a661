"""Yesterday is judged from a Prometheus alone: the incident that is over is named, and nothing of a calm time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from clusterload.model.series import SECOND
from tests.cli.conftest import Called
from tests.cli.conftest import called as called  # noqa: PLC0414 (a fixture)
from tests.telemetry.sources.model import MINUTE, Model, steady
from tests.telemetry.sources.played import playing, properties
from tests.telemetry.sources.prometheus.server import Past, Server, shown

INTERVAL = 60
BEGAN, LASTED = 7200, 720
"""Seconds after the past begins, and how long the incident lasted."""


@cache
def start() -> int:
    """When the past begins, in Unix seconds: more than a day ago, on a minute."""
    return (int(time.time()) - 30 * 3600) // 60 * 60


def at(seconds: int, form: str = "%Y-%m-%dT%H:%M:%S") -> str:
    """A time of that past, without a zone."""
    return datetime.fromtimestamp(start() + seconds, tz=UTC).strftime(form)


def scraped(past: Past) -> None:
    """Two brokers that take 1 MB/s of two topics each; for twelve minutes one topic brings 40 MB/s to both."""
    for seconds in range(0, 4 * 3600, INTERVAL):
        more = 40e6 * min(max(0, seconds - BEGAN), LASTED)
        topics = {"orders": 1e9 + 5e5 * seconds + more, "clicks": 1e9 + 5e5 * seconds}
        for broker in ("1", "2"):
            values = shown(start() - 86_400.0, sum(topics.values()), topics)
            values["process_cpu_seconds_total"] = 0.2 * seconds + 0.02 * more / 1e6
            labels = {"job": "kafka", "instance": f"east-{broker}:7071", "node_id": broker}
            past.scrape(start() + seconds + 0.2, labels, values)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made, past = Server(folder=tmp_path_factory.mktemp("prometheus"), targets=()), Past()
    scraped(past)
    made.remember(past)
    try:
        made.start()
        yield made
    finally:
        made.kill()


# Named in its midst, a little too early, and when it was just over.
@pytest.mark.parametrize("named", [BEGAN + 300, BEGAN - 120, BEGAN + LASTED + 120])
def test_an_incident_of_yesterday_that_is_over_is_named_with_its_culprit(
    prometheus: Server, called: Called, named: int
) -> None:
    code, out, err = called("diagnose", "--prometheus", prometheus.url, "--at", at(named))
    assert code == 0, err
    assert f"before ingress rose from 2 MB/s to 82 MB/s at {at(BEGAN, '%H:%M')}" in err
    assert "ingress-bytes" in out, out
    assert "topic orders" in out
    assert "clicks" not in out


def test_the_zone_is_said_and_utc_is_taken_where_none_was_given(prometheus: Server, called: Called) -> None:
    _, _, err = called("bill", "--prometheus", prometheus.url, "--at", at(BEGAN + 300, "%Y-%m-%d %H:%M"))
    assert f"has no zone: {at(BEGAN + 300)}Z (UTC) is judged" in err
    code, out, err = called("bill", "--prometheus", prometheus.url, "--at", f"{at(BEGAN + 300)}Z", "--by", "topic")
    assert (code, "zone" in err) == (0, False)
    assert "orders" in out


def test_what_moved_at_a_moment_is_ranked_against_what_was_before_it(prometheus: Server, called: Called) -> None:
    code, out, err = called("changed", "--prometheus", prometheus.url, "--at", at(BEGAN + 300))
    assert code == 0, err
    assert "orders" in out
    code, _, err = called("changed", "--prometheus", prometheus.url, "--at", at(3600))
    assert code == 1
    assert "there is nothing to compare" in err


def test_nothing_is_said_of_a_calm_time(prometheus: Server, called: Called) -> None:
    code, out, err = called("diagnose", "--prometheus", prometheus.url, "--at", at(3600))
    assert code == 0, err
    assert "baseline: none" in err
    assert "confidence" not in out, out


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("2999-01-01T00:00Z", "has not come yet"),
        ("yesterday", "is not a point in time"),
        ("now-40d", "what it keeps of them begins at about "),
    ],
)
def test_a_time_that_nothing_is_known_of_is_refused_in_a_line(
    prometheus: Server, called: Called, named: str, said: str
) -> None:
    code, _, err = called("diagnose", "--prometheus", prometheus.url, "--at", named)
    assert code != 0
    assert said in err
    assert len(err.strip().splitlines()) == 1, err
    assert "isoformat" not in err


def test_what_is_watched_from_now_on_cannot_be_joined_with_the_past(prometheus: Server, called: Called) -> None:
    code, _, err = called("diagnose", "--prometheus", prometheus.url, "--at", "now-1d", "--for", "1m")
    assert code == 2
    assert "--at reads the past" in err


def test_yesterday_is_judged_from_the_metrics_api_alone(called: Called, tmp_path: Path) -> None:
    first, minutes = start() * SECOND, 4 * 60
    rows = steady(first, minutes)
    incident = range(first + BEGAN * SECOND, first + (BEGAN + LASTED) * SECOND, MINUTE)
    rows["received_bytes"]["orders", "0"] = dict.fromkeys(incident, 2.4e9)
    with playing() as api:
        api.answer = Model(rows=rows)
        file = tmp_path / "cloud.properties"
        file.write_text(properties(api))
        # Bytes alone show it: there is neither a broker's time nor one of its prices to weigh it by.
        code, out, err = called("diagnose", "--cluster", str(file), "--at", f"{at(BEGAN + 300)}Z", "--limits",
                                "confluent-dedicated")  # fmt: skip
    assert code == 0, err
    assert "before ingress rose from 100 kB/s to 40.1 MB/s" in err
    assert "ingress-bytes" in out, out
    assert "topic orders" in out
