"""What one step of a load says about larger ones: exact where a bound counts, silent where nothing can be known."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from clusterload.analysis.ceiling import Bound, Capacity, Ceiling, Prediction, Search, Staircase, Step, StepOutcome
from clusterload.analysis.ceiling.growth import growth_of_dial, growth_of_mix
from clusterload.analysis.usage import Usage, assess
from clusterload.model.workload import Plan
from clusterload.report.capacity import capacity_document, capacity_plot, capacity_view
from clusterload.workflow.step_search.scaled_plan import FACTOR, scaled, with_value
from tests.analysis.test_usage import line, run_of
from tests.stored_runs import limits
from tests.wire_runs import connect, plan, produce

TABLE = limits(
    connections="100 connections", ingress="1 MB/s", requests="1000 requests/s", connection_attempts="50 connections/s"
)
UNTIL = (Bound.parsed("limit_load > 90 %"),)


def used(cpu: float = 0.2, **levels: float) -> Usage:
    lines = [line(name, [value] * 4) for name, value in levels.items()]
    return assess(run_of(*lines, line("cpu_host", [cpu] * 4)), TABLE)


def of_mix(made: Plan, usage: Usage, idle: Mapping[str, float], bounds: tuple[Bound, ...] = UNTIL) -> Prediction:
    return Prediction.of(usage, bounds, growth_of_mix(made, scaled(made, 2), usage, idle), idle)


def of_dial(made: Plan, dial: str, value: float, usage: Usage, idle: Mapping[str, float]) -> Prediction:
    growth = growth_of_dial(made, with_value(made, dial, 2 * value), dial, usage, idle)
    return Prediction.of(usage, UNTIL, growth, idle)


@given(others=st.floats(0, 300))
def test_a_mix_grows_until_its_own_requests_and_those_of_others_are_at_the_bound(others: float) -> None:
    made = plan(produce(request_rate="100/s"))
    told = of_mix(made, used(requests=100 + others, connections=20), {"requests": others}).first
    assert told is not None
    assert told.resource == "requests"
    assert told.factor * 100 + others == pytest.approx(900)


@given(own=st.integers(1, 40), others=st.integers(0, 40))
def test_of_connections_only_those_that_are_raised_grow(own: int, others: int) -> None:
    made = plan(connect(connections=str(own)), produce(request_rate="10/s"))
    told = of_dial(made, "connect.connections", own, used(connections=own + others, requests=10), {}).first
    assert told is not None
    assert told.resource == "connections"
    assert told.factor * own + others == pytest.approx(90)


def test_what_a_dial_costs_where_only_a_part_of_the_load_grows_is_not_known() -> None:
    made = plan(produce(request_rate="100/s"), connect(connection_rate="5/s"))
    found = of_dial(made, "connection_rate", 5, used(connection_attempts=5, requests=105, ingress=1e4), {})
    by_name = {one.resource: one for one in found.headrooms}
    assert math.isnan(by_name["cpu_host"].factor)
    assert by_name["ingress"].factor == math.inf
    assert by_name["connection_attempts"].factor == pytest.approx(9.0)
    assert by_name["requests"].factor == pytest.approx(1 + 795 / 5)


def test_longer_records_add_to_bytes_and_not_to_requests() -> None:
    made = plan(produce(request_rate="100/s", record_size="1000"))
    found = of_dial(made, "record_size", 1000, used(requests=100, ingress=110_000), {})
    by_name = {one.resource: one for one in found.headrooms}
    assert by_name["requests"].factor == math.inf
    assert by_name["ingress"].factor * 100_000 + 10_000 == pytest.approx(900_000)


def test_the_bound_that_is_reached_first_is_predicted_and_latency_is_not() -> None:
    bounds = (*UNTIL, Bound.parsed("saturation.cpu > 60 %"), Bound.parsed("latency.p99 > 50 ms"))
    made = plan(produce(request_rate="100/s"))
    told = of_mix(made, used(requests=100, cpu=0.3), {"cpu_host": 0.1, "requests": 0.0}, bounds)
    assert told.first is not None
    assert told.first.resource == "cpu_host"
    assert told.first.factor == pytest.approx(2.5)
    assert told.silent == bounds[2:]
    only_late = of_mix(made, used(requests=100), {}, bounds[2:])
    assert only_late.first is None


def capacity(*steps: Step, predicted: bool = True) -> Capacity:
    made, usage = plan(produce(request_rate="100/s")), used(requests=100, connections=20)
    staircase = Staircase(first=1.0, least=0.1, breaks=1, tries=1)
    search = Search(steps=steps, found=staircase.found(steps))
    return Capacity(
        cluster_id="lkc-1",
        lab=True,
        brokers=3,
        name="mix",
        first=1.0,
        bounds=UNTIL,
        limits="test",
        ceiling=Ceiling(resource="mix", unit=FACTOR, searches=(search,), wanted=1),
        prediction=of_mix(made, usage, {"requests": 0.0}) if predicted else None,
    )


HELD, HIGHER = (Step(value=value, outcome=StepOutcome.HELD, why="limit_load 80 %") for value in (1.0, 8.6))
BROKE = Step(value=9.4, outcome=StepOutcome.BROKE, why="limit_load 94 %")


def test_predicted_and_measured_stand_side_by_side_with_an_interval() -> None:
    found = capacity(HELD, HIGHER, BROKE)
    assert found.sentence == "predicted 9 x (requests), measured 8.99 x, 8.6 to 9.4 (limit_load 94 %)"
    assert found.off == pytest.approx(0.001, abs=0.002)
    console = Console(width=80)
    with console.capture() as captured:
        for part in capacity_view(found):
            console.print(part)
    assert all(len(each) <= 80 for each in captured.get().splitlines())
    assert "predicted 9 x (requests)" in captured.get()


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((HELD, HIGHER, BROKE), ""),
        ((HELD, replace(BROKE, value=2.0)), "the load could grow to 0.16 times what was predicted"),
        ((HELD, replace(HIGHER, value=20.0), replace(BROKE, value=22.0)), "the load could grow to 2.3 times what was"),
        ((HELD, replace(HIGHER, value=18.0)), "the load could grow to at least 2 times what was predicted"),
        ((replace(HELD, value=0.5),), ""),
    ],
)
def test_predicted_and_measured_that_disagree_are_said_to(steps: tuple[Step, ...], words: str) -> None:
    found = capacity(*steps).disagreement
    assert words in found
    assert bool(found) is bool(words)
    assert not words or "The measured value counts: the prediction takes requests to grow" in found


def test_a_search_that_found_no_end_says_at_least() -> None:
    assert capacity(HELD, HIGHER).measured_words.startswith("measured at least 8.6 x")


def test_a_load_that_is_too_large_as_given_says_below() -> None:
    found = capacity(Step(value=1.0, outcome=StepOutcome.BROKE, why="limit_load 120 %"), predicted=False)
    assert found.measured_words.startswith("measured below 1 x")
    assert found.predicted_words == "predicted n/a"


def test_the_outcome_for_programs_has_each_step_and_no_number_that_json_lacks() -> None:
    document = json.loads(json.dumps(capacity_document(capacity(HELD, HIGHER, BROKE)), allow_nan=False))
    assert document["measured"]["low"] == 8.6
    assert document["predicted"]["first"]["resource"] == "requests"
    assert [step["outcome"] for step in document["searches"][0]["steps"]] == ["held", "held", "broke"]


def test_the_steps_are_drawn_with_both_answers() -> None:
    picture = capacity_plot(capacity(HELD, HIGHER, BROKE)).figure
    labels = {text.get_text() for text in picture.legends[0].get_texts()}
    assert labels == {"predicted\n9 x", "measured\n8.6 to 9.4 x", "held", "broke"}
