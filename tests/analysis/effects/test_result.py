"""Outcomes: stored runs judged, with nothing but their files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from clusterload.analysis.effects import DesignKind, MeasuredPoint, evaluate, make_design, run_order
from clusterload.model.series import SECOND
from tests.analysis.effects.test_words import CONNECTIONS, PAYLOAD
from tests.stored_runs import START, Cluster, case_levels, limits, plan, stored

LIMITS = limits(connections="100 connections", ingress="250 MB/s")


def made_runs(folder: Path, repeats: int = 2) -> tuple[MeasuredPoint, ...]:
    """The case study as it would be measured: 47 connections of 20 producers, 24 of 10, whatever the payload."""
    order = run_order(make_design((CONNECTIONS, PAYLOAD), DesignKind.ONE), repeats, 1)
    made = []
    for number, point in enumerate(order):
        producers, payload = 20 // (1 + point[0]), 4096 // (1 + point[1])
        course = Cluster(levels=case_levels(47 if producers == 20 else 24, 525 * payload))
        run = stored(folder / f"{number}.run", course, made=plan(producers=producers, payload_size=payload))
        shift = number * 60 * SECOND
        series = tuple(replace(one, times=one.times + shift) for one in run.series)
        made.append(
            MeasuredPoint(point=point, run=replace(run, start=START + shift, end=run.end + shift, series=series))
        )
    return tuple(made)


def test_the_case_studys_answer_comes_out_of_its_runs(tmp_path: Path) -> None:
    found = evaluate(make_design((CONNECTIONS, PAYLOAD), DesignKind.ONE), made_runs(tmp_path), LIMITS)
    load = found.effects[0]
    assert load.figure.name == "limit_load"
    assert [one.here.value for one in load.effects] == pytest.approx([-0.23, 0.0], abs=0.005)
    assert found.sentences[0].startswith("halving the connections takes 23")
    assert found.left_out == ()


def test_a_run_that_was_cut_short_does_not_count(tmp_path: Path) -> None:
    made = list(made_runs(tmp_path))
    made[1] = replace(made[1], run=replace(made[1].run, complete=False))
    found = evaluate(make_design((CONNECTIONS, PAYLOAD), DesignKind.ONE), made, LIMITS)
    assert len(found.observed) == len(made) - 1
    assert "the run was cut short" in found.left_out[0]
