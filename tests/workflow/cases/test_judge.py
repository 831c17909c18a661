"""The case study's verdict comes out of stored data and limits alone: other data or limits, other words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clusterload.model.errors import ConfigurationError, StoreError
from clusterload.model.ledger import Ledger
from clusterload.model.limits import Limits
from clusterload.model.run import Event, Run
from clusterload.telemetry.runfile import read_run
from clusterload.workflow.cases import Case, cases, claim, judge
from tests.stored_runs import START, Cluster, case_levels, kept_ledger, limits, stored

# Connections and bytes a second of the three loads, as the cluster shows them.
AS_MEASURED = ((47.0, 2.1e6), (47.0, 1.05e6), (23.0, 2.1e6))
TINY_INGRESS = limits(ingress="3 MB/s", egress="750 MB/s", requests="15000 requests/s", connections="1000 connections")


@pytest.fixture(scope="module")
def case() -> Case:
    return Case.named("cluster-load")


def runs(
    folder: Path, case: Case, shown: tuple[tuple[float, float], ...] = AS_MEASURED, *, jitter: bool = False
) -> list[Run]:
    """The case's loads as a measurement leaves them: written, then read again."""
    made = []
    for plan, (connections, ingress) in zip(case.plans, shown, strict=True):
        dials = plan.loads[0].dials
        assert dials.producers is not None
        # Each producer picks one of three bootstrap servers, of which two lead.
        deviation = (dials.producers * 2 / 9) ** 0.5 / (dials.producers * 7 / 3)
        cluster = Cluster(
            levels=case_levels(connections, ingress),
            predicted=deviation,
            jitter=(0.03, -0.07, 0.15) if jitter else (0.0, 0.0, 0.0),
        )
        path = folder / f"{plan.name}.run"
        stored(path, cluster, made=plan)
        made.append(read_run(path))
    return made


def test_the_answer_of_the_case(tmp_path: Path, case: Case) -> None:
    outcome = judge(case, runs(tmp_path, case))
    assert outcome.sentence == (
        "within limits; connections bind at 47 %; half the payload changes nothing; half the producers halves it"
    )
    assert [step.verdict.limit_load for step in outcome.steps] == pytest.approx([0.47, 0.47, 0.23])


def test_scrapes_that_come_beside_the_second_give_the_same_answer(tmp_path: Path, case: Case) -> None:
    assert judge(case, runs(tmp_path, case, jitter=True)).sentence == (
        "within limits; connections bind at 47 %; half the payload changes nothing; half the producers halves it"
    )


def test_with_a_tiny_limit_of_ingress_the_same_data_gives_other_words(tmp_path: Path, case: Case) -> None:
    outcome = judge(case, runs(tmp_path, case), TINY_INGRESS)
    assert outcome.sentence == (
        "within limits; ingress binds at 70 %; half the payload halves it; half the producers changes nothing"
    )


def test_over_100_percent_the_cluster_is_limited(tmp_path: Path, case: Case) -> None:
    made = runs(tmp_path, case)
    outcome = judge(case, made, limits(connections="40 connections"))
    assert outcome.sentence == (
        "limited by connections; connections bind at 118 %; half the payload changes nothing; "
        "half the producers halves it"
    )
    assert judge(case, made, limits(ingress="2 MB/s")).sentence.startswith("limited by ingress; ingress binds at 105 %")


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (((47, 2.1e6), (44, 1.05e6), (26, 2.1e6)), "half the payload changes nothing; half the producers halves it"),
        (((44, 2.1e6), (47, 1.05e6), (22, 2.1e6)), "half the payload changes nothing; half the producers halves it"),
        (
            ((47, 2.1e6), (35, 1.05e6), (35, 2.1e6)),
            "half the payload lowers it from 47 % to 35 %; half the producers lowers it from 47 % to 35 %",
        ),
        (((47, 2.1e6), (23, 1.05e6), (47, 2.1e6)), "half the payload halves it; half the producers changes nothing"),
    ],
)
def test_the_words_follow_the_data_and_chance_is_not_taken_for_an_effect(
    tmp_path: Path, case: Case, shown: tuple[tuple[float, float], ...], words: str
) -> None:
    sentence = judge(case, runs(tmp_path, case, shown)).sentence
    assert sentence == f"within limits; connections bind at {shown[0][0]} %; {words}"


@pytest.mark.parametrize("spoilt", [0, 1, 2])
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda run: replace(run, complete=False), "the run was cut short"),
        (
            lambda run: replace(run, ledgers=(replace(kept_ledger(run.plan), late=9_999),)),
            "the generator was the bottleneck",
        ),
        (
            lambda run: replace(run, series=tuple(series for series in run.series if series.name != "egress")),
            "egress was not measured",
        ),
        (
            lambda run: replace(run, events=(Event(time=START, kind="clock-jumped", text="by 3 s"),)),
            "the clock jumped during the run",
        ),
    ],
)
def test_a_doubt_about_any_load_makes_the_case_inconclusive_with_the_reason(
    tmp_path: Path, case: Case, spoilt: int, spoil: Callable[[Run], Run], reason: str
) -> None:
    made = runs(tmp_path, case)
    made[spoilt] = spoil(made[spoilt])
    sentence = judge(case, made).sentence
    assert sentence.startswith(f"load {case.plans[spoilt].name}: inconclusive (")
    assert reason in sentence


def test_a_later_load_that_is_limited_and_not_wholly_seen_is_not_told_of_the_baseline(
    tmp_path: Path, case: Case
) -> None:
    made = runs(tmp_path, case, ((47, 2.1e6), (120, 1.05e6), (23, 2.1e6)))
    made[1] = replace(made[1], series=tuple(series for series in made[1].series if series.name != "egress"))
    assert judge(case, made).sentence.startswith("within limits; connections bind at 47 %; half the payload raises it")


def test_a_judgement_needs_nothing_but_the_files(tmp_path: Path, case: Case) -> None:
    first = judge(case, runs(tmp_path, case)).sentence
    again = judge(case, [read_run(tmp_path / f"{plan.name}.run") for plan in case.plans]).sentence
    assert first == again


def test_the_loads_differ_from_the_first_in_one_dial_each(case: Case) -> None:
    first, *others = (plan.loads[0].dials.chosen() for plan in case.plans)
    assert first == {"producers": 20, "record_rate": 500, "payload_size": 4096}
    assert [{name for name in first if changed[name] != first[name]} for changed in others] == [
        {"payload_size"},
        {"producers"},
    ]


def test_the_case_comes_short_and_as_long_as_in_the_course() -> None:
    short, full = Case.named("cluster-load"), Case.named("cluster-load", full=True)
    assert (short.plans[0].duration, short.granularity) == (25, 1)
    assert (full.plans[0].duration, full.granularity) == (180, 60)
    assert {plan.duration for plan in Case.named("cluster-load", duration=12).plans} == {12}
    assert short.limits.name == Limits.named("course-basic").name


def test_in_the_course_s_minutes_the_answer_is_the_same(tmp_path: Path) -> None:
    case = Case.named("cluster-load", full=True)
    outcome = judge(case, runs(tmp_path, case))
    assert [step.usage.grid.count for step in outcome.steps] == [3, 3, 3]
    assert outcome.sentence == (
        "within limits; connections bind at 47 %; half the payload changes nothing; half the producers halves it"
    )


def test_an_unknown_case_is_met_with_the_nearest_one() -> None:
    assert "cluster-load" in cases()
    with pytest.raises(ConfigurationError, match="no case 'cluster-lod'; did you mean 'cluster-load'"):
        Case.named("cluster-lod")


def test_runs_of_two_stories_never_mix_in_a_folder(tmp_path: Path) -> None:
    claim(tmp_path / "new")
    claim(tmp_path)
    (tmp_path / "1-baseline.run").touch()
    with pytest.raises(StoreError, match="holds runs already"):
        claim(tmp_path)
    with pytest.raises(StoreError, match="is not a folder"):
        claim(tmp_path / "1-baseline.run")


def test_a_ledger_is_kept_with_its_run(tmp_path: Path, case: Case) -> None:
    (ledger,) = runs(tmp_path, case)[0].ledgers
    assert ledger == Ledger(load="sales", scheduled=12_500, acknowledged=12_500, acknowledged_bytes=12_500 * 4153)
