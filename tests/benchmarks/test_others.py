from __future__ import annotations

import time

import pytest

from benchmarks.culprits.answers import Answer
from benchmarks.culprits.others import OTHERS, Said, orders, table
from benchmarks.culprits.rdkafka_loads import KINDS, Application
from benchmarks.culprits.stage import Stage
from clusterload.analysis.causes.catalogue import CAUSES


@pytest.mark.parametrize("name", OTHERS)
def test_each_load_is_made_by_others_and_says_who_is_to_blame(name: str) -> None:
    stage = Stage.of(f"{name}-1", "background")
    OTHERS[name].setup(stage, 1)
    assert stage.programs
    assert not stage.loads
    assert stage.culprits
    assert stage.named
    for program in stage.programs:
        assert program.main.startswith("org.apache.kafka.tools.") if program.java else program.arguments[0] in KINDS


def test_there_are_eleven_and_each_is_a_cause_of_the_catalogue() -> None:
    assert len(OTHERS) == 11
    assert set(OTHERS) <= set(CAUSES)
    assert [order.id for order in orders(["fan-out"], 200)] == ["fan-out-1-200"]


def test_the_table_has_each_answer_and_both_totals() -> None:
    right = Said(cause="fan-out", answers=(Answer(cause="fan-out", confidence=0.9),), right=True, culprit=False)
    wrong = Said(cause="fan-out", answers=(), right=False, culprit=False)
    shown = table([(right, wrong)])
    assert "with a baseline: 1 of 1 causes right, 0 of 1 culprits" in shown
    assert "without a baseline: 0 of 1 causes right, 0 of 1 culprits" in shown
    assert "| with | fan-out | 0.90 |" in shown
    assert "| without | none |" in shown


def test_a_load_never_exceeds_its_rate_and_ends_when_it_is_told() -> None:
    application = Application(servers="", client_id="", topic="")
    began = time.monotonic()
    for number in application.paced(1000):
        if number == 50:
            application.stop.set()
    assert number == 50
    assert time.monotonic() - began >= 0.049
