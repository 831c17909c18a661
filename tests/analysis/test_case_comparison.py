"""A changed dial's effect is told apart from chance, and words are used only for what the data shows."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.case_comparison import (
    CaseComparison,
    CaseEffect,
    DialChange,
    compare_with_baseline,
    dial_changes,
)
from clusterload.analysis.usage import assess
from clusterload.model.limits import Limits
from clusterload.model.run import Run
from clusterload.model.workload import Dials, Load, Plan
from clusterload.model.workload.distributions import FixedSize
from clusterload.model.workload.schedule import Ramp
from tests.stored_runs import Cluster, case_levels, plan, stored

COURSE = Limits.named("course-basic")
# Of 20 producers on three brokers of which two lead: 46.7 connections, give or take 2.1 by the bootstrap picks.
CHANCE = 2.1 / 46.7


def held(folder: Path, before: Cluster, after: Cluster, changed: Plan | None = None) -> CaseComparison:
    """Two stored runs, the second against the first."""
    baseline = stored(folder / "before.run", before)
    run = stored(folder / "after.run", after, made=changed or plan(payload_size=2048))
    return compare_with_baseline(baseline, assess(baseline, COURSE), run, assess(run, COURSE))


def connections(count: float, chance: float | None = CHANCE) -> Cluster:
    return Cluster(levels=case_levels(count, 2.1e6), predicted=chance)


def test_half_of_a_dial_that_does_not_bind_changes_nothing(tmp_path: Path) -> None:
    after = Cluster(levels=case_levels(47, 1.05e6), predicted=CHANCE)
    comparison = held(tmp_path, connections(47), after)
    assert comparison.sentence == "half the payload changes nothing"
    ingress = comparison.effect("ingress")
    assert ingress is not None
    assert ingress.words == "halves it"
    assert ingress.ratio == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize("count", [40, 44, 46, 47, 50, 54])
def test_a_few_connections_more_or_less_are_the_chance_of_bootstrap_picks(tmp_path: Path, count: int) -> None:
    assert held(tmp_path, connections(47), connections(count)).sentence == "half the payload changes nothing"


@pytest.mark.parametrize("count", [21, 23, 26, 28])
def test_half_the_connections_are_half_whatever_the_bootstrap_picks(tmp_path: Path, count: int) -> None:
    after = connections(count, CHANCE * math.sqrt(2))
    assert held(tmp_path, connections(47), after, plan(producers=10)).sentence == "half the producers halves it"


@pytest.mark.parametrize("chance", [CHANCE, CHANCE * math.sqrt(2)])
def test_35_of_47_connections_are_neither_nothing_nor_half(tmp_path: Path, chance: float) -> None:
    sentence = held(tmp_path, connections(47), connections(35, chance), plan(producers=10)).sentence
    assert sentence == "half the producers lowers it from 47 % to 35 %"


def test_where_nothing_is_left_to_chance_small_changes_count(tmp_path: Path) -> None:
    comparison = held(tmp_path, connections(50, None), connections(44, None))
    assert comparison.sentence == "half the payload lowers it from 50 % to 44 %"


@pytest.mark.parametrize(("count", "words"), [(94, "doubles it"), (66, "raises it from 47 % to 66 %")])
def test_more_is_told_as_well_as_less(tmp_path: Path, count: int, words: str) -> None:
    comparison = held(tmp_path, connections(47), connections(count), plan(producers=40))
    assert comparison.sentence == f"twice the producers {words}"


def test_what_one_of_the_runs_did_not_see_cannot_be_told(tmp_path: Path) -> None:
    blind = Cluster(silent=lambda _: True)
    comparison = held(tmp_path, connections(47), blind)
    assert comparison.sentence == "half the payload cannot be told"
    assert comparison.effect("connections") is None
    assert comparison.effect("partitions") is None


def test_two_runs_of_one_plan_say_so(tmp_path: Path) -> None:
    assert held(tmp_path, connections(47), connections(48), plan()).sentence == "the same plan again changes nothing"


def test_restless_figures_need_a_larger_change(tmp_path: Path) -> None:
    calm = held(tmp_path, connections(47), connections(47)).effect("ingress")
    assert calm is not None
    # The made ingress swings by 1 %, which adds little to what two equal runs differ by anyway.
    assert 0.02 < calm.spread < 0.03


def test_changes_are_the_dials_that_differ_with_words_for_half_and_twice() -> None:
    def of(one: Plan) -> list[str]:
        run, other = _run(plan()), _run(one)
        return [change.words for change in dial_changes(run, other)]

    assert of(plan()) == []
    assert of(plan(payload_size=2048)) == ["half the payload"]
    assert of(plan(producers=40, record_rate=250)) == ["twice the producers", "half the record rate"]
    assert of(plan(record_rate=400)) == ["record rate 400 records/s"]
    assert of(plan(payload_size=1000)) == ["payload 1,000 B"]
    assert dial_changes(_run(None), _run(plan())) == ()


def test_a_dial_that_is_no_number_changes_to_its_new_value() -> None:
    def of(before: Dials, after: Dials) -> list[str]:
        runs = [
            _run(Plan(name="one", loads=(Load(name="w", topic="t", dials=one),), duration=5)) for one in (before, after)
        ]
        return [change.words for change in dial_changes(*runs)]

    assert of(Dials(record_rate=5), Dials(record_rate="max")) == ["record rate max"]
    assert of(Dials(record_rate=Ramp(0, 5, 1)), Dials(record_rate=5)) == ["record rate 5 records/s"]
    assert of(Dials(record_rate=5, acks="all"), Dials(record_rate=5, acks="1")) == ["acks 1"]
    assert of(Dials(record_rate=5, retries=0), Dials(record_rate=5, retries=5)) == ["5 retries"]
    assert of(Dials(record_rate=5, idempotence=False), Dials(record_rate=5, idempotence=True)) == ["idempotence yes"]
    halved = of(Dials(record_rate=5, record_size=FixedSize(100)), Dials(record_rate=5, record_size=FixedSize(50)))
    assert halved == ["half the record size"]


def _run(made: Plan | None) -> Run:
    return Run(id="run", plan=made, start=0, end=1)


positive = st.floats(min_value=1e-3, max_value=1e9)


@given(positive, st.floats(0, 0.1))
def test_no_change_is_nothing_and_half_is_half_at_any_spread(before: float, spread: float) -> None:
    def words(after: float) -> str:
        return CaseEffect(name="limit load", before=before, after=after, spread=spread).words

    assert words(before) == "changes nothing"
    assert words(before / 2) == "halves it"
    assert words(before * 2) == "doubles it"
    assert words(before * 10).startswith("raises it")
    assert words(before / 10).startswith("lowers it")


@given(st.floats(0.001, 100), st.floats(0, 0.16))
def test_only_what_chance_explains_is_called_nothing(ratio: float, spread: float) -> None:
    effect = CaseEffect(name="limit load", before=1, after=ratio, spread=spread)
    if effect.words == "changes nothing":
        assert abs(ratio - 1) <= 3 * spread
    if effect.words in {"halves it", "doubles it"}:
        assert abs(ratio - 1) > 3 * spread


@given(st.floats(0.5, 2))
def test_figures_too_restless_to_tell_half_from_whole_do_not_say_that_nothing_changed(ratio: float) -> None:
    assert CaseEffect(name="limit load", before=1, after=ratio, spread=0.7).words == "cannot be told"


def test_from_nothing_to_nothing_is_no_change_and_from_nothing_to_something_has_no_ratio() -> None:
    assert CaseEffect(name="egress", before=0, after=0, spread=0.02).words == "changes nothing"
    assert CaseEffect(name="egress", before=0, after=1, spread=0.02).words == "cannot be told"
    assert CaseEffect(name="egress", before=math.nan, after=1, spread=0.02).words == "cannot be told"


def test_a_change_is_told_with_its_new_value() -> None:
    change = DialChange(dial="payload_size", before=4096, after=2048)
    assert (change.ratio, change.words, change.new_value) == (0.5, "half the payload", "payload 2,048 B")
