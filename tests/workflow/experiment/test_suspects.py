"""Suspects: whom a temporary quota holds back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clusterload.analysis.effects import MeasuredPoint
from clusterload.model.errors import UsageError
from clusterload.model.series import SECOND, Kind, Series
from clusterload.model.units import MILLISECONDS
from clusterload.report.experiment import experiment_document, experiment_view
from clusterload.workflow.experiment import Suspect, SuspectTest, evaluate_suspect
from clusterload.workflow.experiment.suspects import HOLDING_BACK
from tests.stored_runs import Cluster, case_levels, limits, stored

TEST = SuspectTest(suspect=Suspect.parsed("client=etl-7"), seconds=10, repeats=2)
LIMITS = limits(connections="100 connections", ingress="250 MB/s")


def test_a_suspect_is_a_client_id_or_a_principal() -> None:
    assert Suspect.parsed("client=etl=7").entity == {"client-id": "etl=7"}
    assert Suspect.parsed("principal=User:alice").entity == {"user": "alice"}
    for text in ("etl-7", "client=", "group=a"):
        with pytest.raises(UsageError, match="write client=ID"):
            Suspect.parsed(text)


def test_it_is_there_before_between_and_after() -> None:
    test = SuspectTest(suspect=Suspect.parsed("client=a"), seconds=10, repeats=2)
    assert test.order == ((0,), (1,), (0,), (1,), (0,))
    assert test.lasts >= 50


def test_only_the_quota_whose_delay_is_bounded_is_lent() -> None:
    """A tiny byte rate would let the client stand still for hours after it is removed."""
    assert set(HOLDING_BACK) == {"request_percentage"}


def watched(folder: Path, *, falls: int, noise: int, throttled: float) -> tuple[MeasuredPoint, ...]:
    """A cluster of 47 connections, of which so many are gone while the suspect is held back."""
    made = []
    for number, point in enumerate(TEST.order):
        held = point == (1,)
        connections = 47 - falls * held + (noise if number == 2 else -noise if number == 3 else 0)
        run = stored(folder / f"{number}.run", Cluster(levels=case_levels(connections, 1e6)), made=None)
        delay = Series(
            name="request_throttle_time", unit=MILLISECONDS, kind=Kind.GAUGE, labels={"client": "etl-7"},
            times=np.array([run.start + SECOND]), values=np.array([throttled if held else 0.0]),
        )  # fmt: skip
        shift = number * 60 * SECOND
        series = tuple(replace(each, times=each.times + shift) for each in (*run.series, delay))
        run = replace(run, start=run.start + shift, end=run.end + shift, series=series)
        made.append(MeasuredPoint(point=point, run=run))
    return tuple(made)


def test_a_suspect_without_whom_nothing_falls_is_cleared(tmp_path: Path) -> None:
    found = evaluate_suspect(TEST, watched(tmp_path, falls=0, noise=2, throttled=900.0), LIMITS)
    assert found.conclusion.startswith(
        "removing client etl-7 changed nothing that can be measured: it is cleared (limit load "
    )
    assert found.conclusion.endswith(" points)")
    assert found.sentences[0] == found.conclusion
    assert "holding back client etl-7 makes no significant difference to the limit load" in found.sentences[1]


def test_a_suspect_without_whom_the_load_falls_is_not_cleared(tmp_path: Path) -> None:
    found = evaluate_suspect(TEST, watched(tmp_path, falls=20, noise=1, throttled=900.0), LIMITS)
    assert found.conclusion.startswith("removing client etl-7 takes ")
    assert found.conclusion.endswith(" points off the limit load: it is confirmed")
    assert found.sentences[1].startswith("holding back client etl-7 takes ")


def test_without_limits_a_suspect_is_judged_by_how_busy_the_brokers_are(tmp_path: Path) -> None:
    found = evaluate_suspect(TEST, watched(tmp_path, falls=20, noise=1, throttled=900.0), None)
    assert found.on("limit_load") is None
    assert "it is cleared (" in found.conclusion
    assert "limit load" not in found.conclusion


def test_the_sentence_on_the_suspect_is_the_last_thing_that_is_said(tmp_path: Path) -> None:
    found = evaluate_suspect(TEST, watched(tmp_path, falls=0, noise=2, throttled=900.0), LIMITS)
    assert str(experiment_view(found)[-1]) == f"R{found.conclusion[1:]}."
    assert experiment_document(found)["conclusion"] == found.conclusion


def test_a_suspect_that_was_not_held_back_is_not_cleared(tmp_path: Path) -> None:
    found = evaluate_suspect(TEST, watched(tmp_path, falls=0, noise=2, throttled=0.0), LIMITS)
    assert "cleared" not in " ".join(found.sentences)
    assert found.conclusion.startswith("whether client etl-7 loads this cluster cannot be told: no broker reports ")
    assert "check the name" in found.left_out[0]
