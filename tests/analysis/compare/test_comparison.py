"""Groups of runs are told apart only as far as chance does not explain it, and what was not done or seen says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.compare import (
    ComparedFigure,
    Comparison,
    Doubt,
    FigureFamily,
    GroupComparison,
    Ruling,
    compare,
    sentence,
)
from clusterload.model import units
from clusterload.model.errors import UsageError
from clusterload.model.limits import Limits
from clusterload.model.run import Event, Run
from clusterload.model.series import SECOND
from clusterload.model.workload import Fault
from tests.analysis.compare.made import BYTES, LATENCY, REACHED, compared, drawn, group, reading, runs
from tests.stored_runs import START, plan, stored
from tests.wire_runs import Course, produce
from tests.wire_runs import plan as wire_plan
from tests.wire_runs import stored as wire_stored

COURSE = Limits.named("course-basic")


def only(found: Comparison) -> GroupComparison:
    """The contrast of two groups."""
    [one] = found.comparisons
    return one


def rulings(found: Comparison) -> dict[str, Ruling]:
    """What became of each figure, by its name."""
    return {one.figure.name: one.ruling for one in only(found).differences}


def test_repeats_of_one_plan_show_no_difference(tmp_path: Path) -> None:
    found = compare({"a": runs(tmp_path, "a"), "b": runs(tmp_path, "b", noise=(0.002, -0.003, 0.004))}, COURSE)
    assert set(rulings(found).values()) == {Ruling.NOT_SHOWN}
    assert {"limit_load", "resource.ingress", "saturation.cpu", "cost.cpu", "cost.bytes"} <= rulings(found).keys()
    assert sentence(only(found)).startswith("B against A: no significant difference in ")
    assert found.settings == ()


def test_half_the_connections_are_a_better_limit_load_and_bytes_as_before(tmp_path: Path) -> None:
    fewer = runs(tmp_path, "b", connections=23.5, made=plan(producers=10))
    found = compare({"a": runs(tmp_path, "a"), "b": fewer}, COURSE)
    told = rulings(found)
    assert told["limit_load"] is Ruling.BETTER
    assert told["resource.connections"] is Ruling.CHANGED
    assert told["resource.ingress"] is Ruling.NOT_SHOWN
    load = only(found).of("limit_load")
    assert load is not None
    assert load.estimate is not None
    assert load.estimate.low < 0.5 < load.estimate.high
    assert [load.before, load.after] == pytest.approx([0.47, 0.235], rel=0.01)
    assert [(one.name, one.values) for one in found.settings] == [
        ("sales: producers", ("20 producers", "10 producers"))
    ]


def test_more_is_better_of_what_is_achieved_and_worse_of_what_is_waited() -> None:
    found = compared(
        group("A", {REACHED: [100, 101, 99], LATENCY: [10, 10.2, 9.9], BYTES: [1e6, 1.01e6, 1e6]}),
        group("B", {REACHED: [200, 199, 202], LATENCY: [20, 20.3, 19.9], BYTES: [2e6, 2.01e6, 2e6]}),
    )
    assert list(rulings(found).values()) == [Ruling.BETTER, Ruling.WORSE, Ruling.CHANGED]
    said = sentence(only(found))
    assert "worse: p99 of web +100 % (+9" in said
    assert said.index("worse") < said.index("better") < said.index("changed")


def test_every_further_group_is_held_against_the_first_and_all_figures_count_together() -> None:
    first, second = group("A", {LATENCY: [10, 11, 9]}), group("B", {LATENCY: [30, 32, 29]})
    third = group("C", {LATENCY: [10.5, 9.5, 10]})
    found = compared(first, second, third)
    assert [(one.before, one.after) for one in found.comparisons] == [("A", "B"), ("A", "C")]
    assert found.looked == 2
    alone, together = only(compared(first, second)).differences[0], found.comparisons[0].differences[0]
    assert together.adjusted == pytest.approx(2 * alone.adjusted)


def test_a_single_pair_cannot_tell(tmp_path: Path) -> None:
    one, other = runs(tmp_path, "a", noise=(0,)), runs(tmp_path, "b", connections=94, noise=(0,))
    found = compare({"a": one, "b": other}, COURSE)
    assert set(rulings(found).values()) == {Ruling.UNKNOWN}
    assert found.looked == 0
    assert "a single run does not tell how runs differ: make three of each" in sentence(only(found))


def test_a_single_pair_borrows_how_runs_differ_from_repeats_of_its_plan(tmp_path: Path) -> None:
    one, other = runs(tmp_path, "a", noise=(0,)), runs(tmp_path, "b", connections=94, noise=(0,))
    repeats = runs(tmp_path, "c", connections=60, noise=(-0.004, 0.002, 0.001, -0.002, 0.003))
    found = compare({"a": one, "b": other}, COURSE, repeats)
    assert rulings(found)["limit_load"] is Ruling.WORSE
    assert rulings(found)["resource.ingress"] is Ruling.NOT_SHOWN
    assert found.basis == f"5 more of the plan of A and B in {tmp_path}"


def test_repeats_of_another_plan_tell_nothing(tmp_path: Path) -> None:
    one, other = runs(tmp_path, "a", noise=(0,)), runs(tmp_path, "b", connections=94, noise=(0,))
    repeats = runs(tmp_path, "c", made=plan(payload_size=64))
    found = compare({"a": one, "b": other}, COURSE, repeats)
    assert set(rulings(found).values()) == {Ruling.UNKNOWN}
    assert "repeats of other plans tell nothing here, and are left out" in found.notes


def test_a_run_alone_is_taken_to_scatter_as_the_other_group_and_that_is_said(tmp_path: Path) -> None:
    alone = runs(tmp_path, "b", connections=94, noise=(0,), made=plan(producers=40))
    found = compare({"a": runs(tmp_path, "a"), "b": alone}, COURSE)
    assert rulings(found)["limit_load"] is Ruling.WORSE
    assert "B is a single run of its plan: such runs are taken to differ as those of A do" in found.notes


def test_the_runs_of_a_group_themselves_are_not_counted_again_as_repeats(tmp_path: Path) -> None:
    first, second = runs(tmp_path, "a"), runs(tmp_path, "b", connections=48)
    without = compare({"a": first, "b": second}, COURSE)
    again = compare({"a": first, "b": second}, COURSE, [*first, *second])
    assert only(again).differences == only(without).differences


def test_a_run_that_was_cut_short_leads_to_no_telling(tmp_path: Path) -> None:
    short = stored(tmp_path / "short.run", complete=False)
    found = compare({"a": runs(tmp_path, "a"), "b": [*runs(tmp_path, "b", connections=94), short]}, COURSE)
    assert set(rulings(found).values()) == {Ruling.UNKNOWN}
    assert sentence(only(found)) == ("whether B differs from A cannot be told: B, run short.run: the run was cut short")
    assert "B, run short.run: the run was cut short" in found.notes


def test_a_repeat_that_was_cut_short_is_left_out(tmp_path: Path) -> None:
    one, other = runs(tmp_path, "a", noise=(0,)), runs(tmp_path, "b", noise=(0,))
    short = stored(tmp_path / "short.run", complete=False)
    found = compare({"a": one, "b": other}, COURSE, [*runs(tmp_path, "c"), short])
    assert "repeat short.run is left out: the run was cut short" in found.notes
    assert found.basis.startswith("3 more of the plan of A and B")


def wire(folder: Path, name: str, *courses: Course, rate: str = "500/s") -> list[Run]:
    """Runs of the wire engine."""
    made = wire_plan(produce(request_rate=rate, connections="50"), duration=10.0)
    return [wire_stored(folder / f"{name}{number}.run", made, course) for number, course in enumerate(courses)]


def test_what_brokers_could_not_take_is_achieved_worse_and_nothing_else_is_told(tmp_path: Path) -> None:
    courses = [Course(kept=kept, failed="REQUEST_TIMED_OUT") for kept in (0.6, 0.61, 0.59)]
    found = compare(
        {"a": wire(tmp_path, "a", Course(), Course(), Course()), "b": wire(tmp_path, "b", *courses)}, COURSE
    )
    told = rulings(found)
    assert told.pop("achieved.record_rate of produce") is Ruling.WORSE
    assert set(told.values()) == {Ruling.UNKNOWN}


def test_a_generator_that_was_too_slow_says_nothing_of_brokers(tmp_path: Path) -> None:
    courses = [Course(kept=kept, cpu=0.97) for kept in (0.6, 0.61, 0.59)]
    found = compare(
        {"a": wire(tmp_path, "a", Course(), Course(), Course()), "b": wire(tmp_path, "b", *courses)}, COURSE
    )
    assert set(rulings(found).values()) == {Ruling.UNKNOWN}
    assert any("the generator was the bottleneck" in note for note in found.notes)


def test_as_much_as_possible_is_compared_only_where_it_was_not_the_generator_that_took_no_more(tmp_path: Path) -> None:
    calm, strained = [Course(), Course(), Course()], [Course(cpu=0.97), Course(cpu=0.97), Course(cpu=0.97)]
    first = wire(tmp_path, "a", *calm, rate="max")
    told = rulings(compare({"a": first, "b": wire(tmp_path, "b", *calm, rate="max")}, COURSE))
    assert told["achieved.record_rate of produce"] is Ruling.NOT_SHOWN
    found = compare({"a": first, "b": wire(tmp_path, "c", *strained, rate="max")}, COURSE)
    assert set(rulings(found).values()) == {Ruling.UNKNOWN}
    assert any("load 'produce': the generator was the bottleneck" in note for note in found.notes)


def test_latency_is_compared_from_when_a_request_was_due_and_only_where_enough_were_slower(tmp_path: Path) -> None:
    before = wire(tmp_path, "a", *(Course(latency=us) for us in (1000, 1030, 980)))
    after = wire(tmp_path, "b", *(Course(latency=us) for us in (2000, 2050, 1990)))
    found = only(compare({"a": before, "b": after}, COURSE))
    half = found.of("latency.p50 of produce")
    assert half is not None
    assert half.ruling is Ruling.WORSE
    assert half.after == pytest.approx(2.01, rel=0.01)
    most = found.of("latency.p99.9 of produce")
    assert most is not None
    assert (most.ruling, most.doubt) == (Ruling.UNKNOWN, "A, 3 of 3 runs: fewer than 10 requests were slower")


def test_a_doubt_touches_only_what_it_is_about() -> None:
    calm = {LATENCY: [10.0, 10.1, 9.9], REACHED: [100.0, 100.1, 99.9]}
    doubted = group("B", {LATENCY: [20.0, 20.1, 19.9], REACHED: [200.0, 200.1, 199.9]})
    first, *rest = doubted.readings
    crowded = replace(first, doubts=(Doubt(words="a neighbour", touches=frozenset({FigureFamily.LATENCY})),))
    found = compared(group("A", calm), replace(doubted, readings=(crowded, *rest)))
    assert rulings(found) == {REACHED.name: Ruling.BETTER, LATENCY.name: Ruling.UNKNOWN}


def test_a_clock_that_jumped_spoils_every_figure(tmp_path: Path) -> None:
    event = Event(time=START, kind="clock-jumped", text="by an hour")
    odd = stored(tmp_path / "odd.run", events=[event])
    found = compare({"a": runs(tmp_path, "a"), "b": [odd, *runs(tmp_path, "b")]}, COURSE)
    assert set(rulings(found).values()) == {Ruling.UNKNOWN}


def test_what_is_nothing_in_both_is_no_figure_and_from_nothing_has_a_difference_and_no_ratio() -> None:
    found = compared(
        group("A", {BYTES: [0.0, 0.0, 0.0], LATENCY: [0.0, 0.0, 0.0]}),
        group("B", {BYTES: [0.0, 0.0, 0.0], LATENCY: [5.0, 5.1, 4.9]}),
    )
    [one] = only(found).differences
    assert (one.figure, one.relative, one.ruling) == (LATENCY, False, Ruling.WORSE)
    assert one.estimate is not None
    assert one.estimate.value == pytest.approx(5.0)


def test_one_connection_more_in_each_run_is_seen_beside_many_equal_figures_and_one_in_some_run_is_not() -> None:
    connections = replace(BYTES, name="resource.connections", title="Connections", unit=units.CONNECTIONS)
    others = {replace(BYTES, name=f"other {number}"): [99.0, 100.0, 101.0] for number in range(18)}
    before = group("A", {connections: [10.0, 10.0, 10.0], **others})
    for after, ruling in (([11.0, 11.0, 11.0], Ruling.CHANGED), ([10.0, 11.0, 10.0], Ruling.NOT_SHOWN)):
        told = rulings(compared(before, group("B", {connections: after, **others})))
        assert told.pop(connections.name) is ruling
        assert set(told.values()) == {Ruling.NOT_SHOWN}


def test_a_figure_that_one_group_has_nothing_of_is_named_and_not_compared() -> None:
    found = compared(group("A", {LATENCY: [1, 2, 3], BYTES: [1, 2, 3]}), group("B", {BYTES: [1, 2, 3]}))
    assert rulings(found).keys() == {BYTES.name}
    assert "only A has p99 of web: not compared with B" in found.notes


def test_groups_that_were_made_one_after_the_other_are_told_so() -> None:
    readings = [reading(f"later{number}", {LATENCY: 1.0}, start=1000 + number) for number in range(3)]
    found = compared(group("A", {LATENCY: [1, 2, 3]}), replace(group("B", {LATENCY: [1]}), readings=tuple(readings)))
    assert any(note.startswith("all of A was made before B") for note in found.notes)
    turns = compared(group("A", {LATENCY: [1, 2, 3]}), group("B", {LATENCY: [1, 2, 3]}))
    assert turns.notes == ()


def test_plans_machines_and_versions_that_differ_stand_side_by_side() -> None:
    fault = Fault(do="neighbour", at=2.0, processes=2)
    plans = plan(payload_size=4096), replace(plan(payload_size=2048, name="small"), faults=(fault,), warm_up=3.0)
    made = [
        replace(reading(name, {BYTES: 1.0}, made=one), run=Run(id=name, plan=one, start=0, end=1, environment=around))
        for name, one, around in zip(
            "ab",
            plans,
            ({"cores": 2, "cluster": {"kafka": "4.0.2"}}, {"cores": 4, "cluster": {"kafka": "4.3.1"}}),
            strict=True,
        )
    ]
    bare = group("A", {BYTES: [1.0]})
    found = compared(
        replace(bare, name="A", readings=(made[0],)), replace(bare, name="B", readings=(made[1],))
    ).settings
    assert {one.name: one.values for one in found} == {
        "plan": ("load", "small"),
        "warm up": ("0 s", "3 s"),
        "faults": ("none", "neighbour processes=2 at=2s"),
        "sales: payload_size": ("payload 4,096 B", "payload 2,048 B"),
        "cores": ("2", "4"),
        "cluster kafka": ("4.0.2", "4.3.1"),
    }


def test_runs_of_a_group_that_were_made_on_different_machines_are_told_so(tmp_path: Path) -> None:
    one, *rest = runs(tmp_path, "a")
    moved = replace(one, environment={**one.environment, "cores": 64})
    found = compare({"a": [moved, *rest], "b": runs(tmp_path, "b")}, COURSE)
    assert "runs of A were not made alike: cores is 64 and -" in found.notes


def test_groups_that_are_none_are_refused_in_a_line(tmp_path: Path) -> None:
    first, second = runs(tmp_path, "a"), runs(tmp_path, "b", made=plan(producers=10))
    with pytest.raises(UsageError, match=r"group A \(a\) mixes plans: a0\.run and b0\.run are no repeats"):
        compare({"a": [*first, *second], "b": second}, COURSE)
    with pytest.raises(UsageError, match=r"run a0\.run is given twice, in A and B"):
        compare({"a": first, "b": first}, COURSE)
    with pytest.raises(UsageError, match=r"run a0\.run is given twice, in A:"):
        compare({"a": [first[0], first[0]], "b": second}, COURSE)
    with pytest.raises(UsageError, match="group B"):
        compare({"a": first, "b": []}, COURSE)
    with pytest.raises(UsageError, match="1 groups cannot be compared"):
        compare({"a": first}, COURSE)


def many(chance: Random, scatters: Sequence[float], factor: float = 1.0) -> dict[ComparedFigure, list[float]]:
    """Three runs in as many figures as there are scatters; the first is larger by a factor."""
    return {
        replace(BYTES, name=f"resource.{number}"): drawn(chance, 1e6 * (factor if not number else 1.0), scatter)
        for number, scatter in enumerate(scatters)
    }


def test_of_equal_groups_chance_names_something_in_one_of_a_hundred_at_most() -> None:
    chance = Random(20261201)
    scatters = [0.003, 0.003, 0.01, 0.05, 0.1, 0.1, 0.15, 0.2, 0.3, 0.8]
    alarms = sum(
        any(one is not Ruling.NOT_SHOWN for one in rulings(found).values())
        for found in (
            compared(group("A", many(chance, scatters)), group("B", many(chance, scatters))) for _ in range(300)
        )
    )
    # 3 are to be expected at most; of 300 such series one in ten thousand has 11 or more.
    assert alarms <= 10


def test_a_tenth_more_of_what_is_steady_is_seen_in_groups_of_three() -> None:
    chance = Random(20261202)
    scatters = [0.004, 0.01, 0.05, 0.1, 0.2, 0.8, 0.3, 0.15, 0.15, 0.1]
    seen = sum(
        rulings(compared(group("A", many(chance, scatters)), group("B", many(chance, scatters, 1.1))))["resource.0"]
        is Ruling.CHANGED
        for _ in range(40)
    )
    assert seen >= 38


@given(st.lists(st.floats(1e-6, 1e9), min_size=2, max_size=5), st.lists(st.floats(1e-6, 1e9), min_size=2, max_size=5))
def test_a_word_is_never_said_of_an_interval_that_contains_no_change(first: list[float], second: list[float]) -> None:
    [one] = only(compared(group("A", {LATENCY: first}), group("B", {LATENCY: second}))).differences
    assert one.estimate is not None
    assert one.estimate.low <= one.estimate.value <= one.estimate.high
    if one.ruling in {Ruling.BETTER, Ruling.WORSE}:
        assert not one.estimate.low <= 1 <= one.estimate.high
        assert (one.estimate.value > 1) is (one.ruling is Ruling.WORSE)


def test_the_warm_up_of_a_plan_is_no_part_of_its_figures(tmp_path: Path) -> None:
    whole = stored(tmp_path / "a.run", made=plan())
    warmed = replace(whole, plan=replace(plan(), warm_up=20.0))
    late = replace(
        whole, series=tuple(one.between(whole.start + 21 * SECOND, whole.end + SECOND) for one in whole.series)
    )
    found = compare({"a": [warmed], "b": [replace(late, id="other", plan=replace(plan(), warm_up=20.0))]}, COURSE)
    [before, after] = [one.readings[0].figures for one in found.groups]
    known = {figure.name: value for figure, value in before.items()}
    assert known["resource.connections"] == pytest.approx(
        next(value for figure, value in after.items() if figure.name == "resource.connections")
    )
