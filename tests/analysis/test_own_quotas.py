"""What a temporary quota of ours did, and leaves behind, does not count as an incident."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clusterload.analysis.diagnosis import diagnose
from clusterload.analysis.own_quotas import own_quotas, unlocked_by_us, without_own_throttling
from clusterload.analysis.usage import assess
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Kind, Series
from clusterload.model.units import MILLISECONDS
from tests.analysis.causes.scenes import recorded


def throttled(run: Run, name: str = "request_throttle_time", **labels: str) -> Run:
    """A run in which brokers tell that a client waits for 900 ms a request, all the time."""
    times = np.arange(run.start, run.end, SECOND)
    delay = Series(
        name=name, unit=MILLISECONDS, kind=Kind.GAUGE, labels={"broker": "1", **labels}, times=times,
        values=np.full(len(times), 900.0),
    )  # fmt: skip
    return replace(run, series=(*run.series, delay))


def under(run: Run, start: float, end: float | None, **entity: str) -> Run:
    """A run with a quota of ours on an entity, from one second of the run to another."""
    quota = {
        "entity": {key.replace("_", "-"): name for key, name in entity.items()},
        "values": {"request_percentage": 0.01},
        "why": "a test",
        "start": run.start + round(start * SECOND),
        "end": None if end is None else run.start + round(end * SECOND),
    }
    return replace(run, environment={**run.environment, "own_quotas": [quota]})


def causes(run: Run) -> set[str]:
    return {finding.cause for finding in diagnose(run, assess(run)).findings}


@pytest.fixture(scope="module")
def run() -> Run:
    return recorded({})


def test_a_quota_of_somebody_else_is_an_incident_and_ours_is_none(run: Run) -> None:
    told = throttled(run, client="etl-7")
    assert "throttling" in causes(told)
    assert "throttling" in causes(under(told, -5, None, client_id="another"))
    assert "throttling" not in causes(under(told, -5, None, client_id="etl-7"))


@pytest.mark.parametrize(("ended", "ours"), [(-1, True), (-60, True), (-600, False)])
def test_what_lingers_after_it_is_removed_is_ours_too_and_not_for_ever(run: Run, ended: float, ours: bool) -> None:
    told = under(throttled(run, client="etl-7"), -900, ended, client_id="etl-7")
    assert ("throttling" not in causes(told)) is ours


def test_a_user_is_known_with_and_without_the_type_of_its_principal(run: Run) -> None:
    for principal in ("alice", "User:alice"):
        told = throttled(run, principal=principal, client="a")
        assert "throttling" not in causes(under(told, -5, None, user="alice"))
        assert "throttling" in causes(under(told, -5, None, user="alice", client_id="b"))


def test_nothing_else_of_a_run_is_touched(run: Run) -> None:
    assert without_own_throttling(run) is run
    assert own_quotas(run) == ()
    told = under(throttled(run, client="etl-7"), -5, None, client_id="etl-7")
    kept = without_own_throttling(told)
    assert kept.series == run.series
    before = under(throttled(run, client="etl-7"), -1000, -500, client_id="etl-7")
    assert [len(line) for line in without_own_throttling(before).series] == [len(line) for line in before.series]


def test_a_stretch_saw_every_client_only_if_a_quota_of_ours_held_throughout(run: Run) -> None:
    assert unlocked_by_us(under(run, -1, None, client_id="clusterload-unlock-1"))
    assert not unlocked_by_us(under(run, 1, None, client_id="clusterload-unlock-1"))
    assert not unlocked_by_us(under(run, -1, 1, client_id="clusterload-unlock-1"))
    assert not unlocked_by_us(run)
