"""What an experiment found: for people and for programs."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console, Group

from clusterload.analysis.effects import (
    LIMIT_LOAD,
    DesignKind,
    ExperimentResult,
    Observation,
    effects_on,
    make_design,
    run_order,
)
from clusterload.report.experiment import effects_plot, experiment_document, experiment_view
from tests.analysis.effects.test_words import CONNECTIONS, PAYLOAD


def outcome(kind: DesignKind = DesignKind.ONE, repeats: int = 2) -> ExperimentResult:
    """The case study's: connections matter, payload does not."""
    made = make_design((CONNECTIONS, PAYLOAD), kind)
    noise = (0.004, -0.003, 0.002, -0.004, 0.001, 0.003, -0.002)
    observed = tuple(
        Observation(point, number / 60, {LIMIT_LOAD: 0.94 - 0.39 * point[0] + noise[number % len(noise)]})
        for number, point in enumerate(run_order(made, repeats, 1))
    )
    return ExperimentResult(
        design=made, effects=(effects_on(LIMIT_LOAD, made, observed),), settle=3.0, observed=observed, left_out=()
    )


def shown(of: ExperimentResult) -> str:
    """As it is printed at 80 columns."""
    console = Console(width=80, file=StringIO(), highlight=False)
    console.print(Group(*experiment_view(of)))
    file = console.file
    assert isinstance(file, StringIO)
    return file.getvalue()


def test_the_sentence_comes_first_and_every_effect_has_its_interval() -> None:
    said = shown(outcome())
    assert said.startswith("Halving the connections takes 39 ± ")
    assert "halving the payload" in said
    assert "of 94 %" in said
    assert "The first 3 s of each run settle" in said
    assert all(len(line.rstrip()) <= 80 for line in said.splitlines())


def test_what_was_left_out_is_said_with_its_reason() -> None:
    doubtful = replace(outcome(), left_out=("10 connections: the run was cut short",), crowded=2)
    said = shown(doubtful)
    assert "Left out: 10 connections: the run was cut short." in said
    assert "In 2 of " in said


def test_the_document_is_json_with_an_interval_for_each_effect() -> None:
    document = json.loads(json.dumps(experiment_document(outcome(DesignKind.FULL, 3)), allow_nan=False))
    [on] = document["effects"]
    [first, _] = on["factors"]
    assert first["factor"] == "connections"
    assert first["effect"]["low"] < -0.39 < first["effect"]["high"]
    assert on["interactions"][0]["factors"] == ["connections", "payload_size"]
    assert document["design"] == "full"


def test_effects_are_drawn_and_nothing_is_drawn_of_nothing(tmp_path: Path) -> None:
    picture = effects_plot(outcome())
    assert picture is not None
    assert "halving the connections" in picture.save(tmp_path / "effects.svg").read_text(encoding="utf-8")
    made = make_design((CONNECTIONS,))
    empty = ExperimentResult(
        design=made, effects=(effects_on(LIMIT_LOAD, made, ()),), settle=0, observed=(), left_out=()
    )
    assert effects_plot(empty) is None
    assert "cannot be told" in shown(empty)
