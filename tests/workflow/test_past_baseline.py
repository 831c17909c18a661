"""Where a Prometheus is at hand nobody names a baseline: it is found in what was scraped before, and said."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from clusterload.analysis.baseline import alike_days
from clusterload.model.series import SECOND
from clusterload.telemetry.record import read_history
from clusterload.workflow.past_baseline import HOUR, find, past_baseline
from tests.cli.conftest import Called
from tests.cli.conftest import called as called  # noqa: PLC0414 (a fixture)
from tests.telemetry.sources.prometheus.server import Past, Server, shown, source

INTERVAL = 30
CALM, LOADED = 1e6, 5e6


@cache
def end() -> int:
    """When the past ends, in Unix seconds: at the first question, which may come long after the import."""
    return int(time.time()) - 60


def onset() -> int:
    return end() - 1200


def scraped(past: Past, env: str, start: int, until: int, rises: int) -> None:
    """A broker that takes 1 MB/s, and from the onset on 5 MB/s."""
    for at in range(start, until, INTERVAL):
        total = CALM * (at - end() + 10 * 86_400) + (LOADED - CALM) * max(0, at - rises)
        values = shown(float(end() - 20 * 86_400), total, {"orders": total})
        past.scrape(at + 0.2, {"job": "kafka", "instance": "east:7071", "node_id": "1", "env": env}, values)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made, past = Server(folder=tmp_path_factory.mktemp("prometheus"), targets=()), Past()
    scraped(past, "loaded", end() - 4 * 3600, end(), onset())
    scraped(past, "calm", end() - 3600, end(), end())
    days = alike_days(round((end() - HOUR) * SECOND), end() * SECOND)
    for start, until in (*days[:2], ((end() - 3600) * SECOND, end() * SECOND)):
        scraped(past, "daily", start // SECOND - 60, until // SECOND, end())
    made.remember(past)
    try:
        made.start()
        yield made
    finally:
        made.kill()


def test_the_half_hour_before_the_load_rose_is_the_baseline_with_all_its_series(
    prometheus: Server, tmp_path: Path
) -> None:
    of = source(prometheus, select='env="loaded"')
    seen = read_history(of, "", start=(end() - 300) * SECOND, end=end() * SECOND, path=tmp_path / "seen.run")
    found = past_baseline(of, seen)
    assert ", before ingress rose from 1 MB/s to 5 MB/s at " in found.sentence
    assert found.window is seen
    assert found.before is not None
    assert found.before.path == tmp_path / "seen-baseline.run"
    assert 1200 < found.before.seconds <= 1800
    assert onset() - 300 < found.before.end / SECOND <= onset()
    (ingress,) = found.before.named("ingress_by_topic")
    assert ingress.total() / float(ingress.spans.sum()) == pytest.approx(CALM)


def test_without_a_change_the_same_hour_of_other_days_is_taken(prometheus: Server) -> None:
    found = find(source(prometheus, select='env="daily"'), end() * SECOND)
    assert found.found
    assert found.sentence.endswith("the most usual of the same hour of 2 other days")


def test_without_either_there_is_none_and_that_is_said(prometheus: Server) -> None:
    found = find(source(prometheus, select='env="calm"'), end() * SECOND)
    assert found.sentence == "baseline: none: nothing changed for good within the 6 h that were read"


def test_a_diagnosis_of_a_prometheus_waits_for_nothing_and_finds_its_baseline(
    prometheus: Server, called: Called
) -> None:
    picked = ("--prometheus", prometheus.url, "--command-property", 'prometheus.select=env="loaded"')
    code, shown, err = called("diagnose", *picked)
    assert code == 0, err
    assert ", before ingress rose from 1 MB/s to 5 MB/s at " in err
    assert "watching" not in err
    assert "\n10 min from " in shown, shown
    code, shown, err = called("bill", *picked, "--by", "topic")
    assert code == 0, err
    assert "baseline: " in err
    assert "5 MB/s" in shown
