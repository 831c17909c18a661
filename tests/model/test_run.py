"""A run is what everything after it is a function of."""

from __future__ import annotations

import pytest

from clusterload.model.errors import ConfigurationError
from clusterload.model.run import Run, clock_time
from clusterload.model.series import SECOND
from tests.stored_runs import START, plan, stored


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return stored(tmp_path_factory.mktemp("runs") / "one.run")


def test_series_are_found_by_name(run: Run) -> None:
    assert {series.labels["broker"] for series in run.named("connections")} == {"1", "2", "3"}
    assert run.named("egress_by_topic") == []


def test_a_stretch_of_a_run_keeps_all_but_its_length(run: Run) -> None:
    part = run.between(START + 5 * SECOND, START + 15 * SECOND)
    assert (run.seconds, part.seconds) == (25, 10)
    assert (part.id, part.plan, part.series) == (run.id, plan(), run.series)


def test_an_empty_stretch_is_refused(run: Run) -> None:
    with pytest.raises(ConfigurationError, match="2026-01-01T00:00:00Z to 2026-01-01T00:00:00Z is an empty interval"):
        run.between(START, START)


def test_times_are_told_in_utc() -> None:
    assert clock_time(START) == "2026-01-01T00:00:00Z"
    assert clock_time(START + 59 * SECOND + 999_000_000) == "2026-01-01T00:00:59Z"
