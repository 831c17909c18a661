"""A dial is achieved when the generator's own count and the brokers' say so, each over the same stretch of time."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.achieved import AchievedDial, achieved
from clusterload.model.run import Run
from clusterload.model.series import SECOND
from clusterload.model.units import CONNECTIONS, REQUESTS_PER_SECOND
from clusterload.model.workload.targets import Target
from tests import stored_runs
from tests.wire_runs import START, Course, connect, plan, produce, stored


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.run"


def of(run: Run, dial: str, load: str = "produce") -> AchievedDial:
    (found,) = [one for one in achieved(run) if (one.load, one.dial) == (load, dial)]
    return found


def test_a_load_that_was_made_as_asked_is_achieved_by_both_counts(file: Path) -> None:
    run = stored(file, plan(produce(connections="50", request_rate="500/s", byte_rate="50 kB/s")))
    assert [dial.dial for dial in achieved(run)] == ["connections", "request_rate", "record_rate", "byte_rate"]
    for dial in achieved(run):
        assert dial.kept
        assert dial.value == pytest.approx(dial.asked.value)
        assert dial.counted.value == pytest.approx(dial.counted.made)
    assert of(run, "request_rate").counted.value == pytest.approx(500)


@pytest.mark.parametrize("offset", [0.0, 0.1, 0.5, 0.9])
def test_it_does_not_matter_where_in_the_load_scrapes_fall(file: Path, offset: float) -> None:
    run = stored(file, plan(produce(request_rate="500/s")), Course(offset=offset))
    assert of(run, "request_rate").counted.value == pytest.approx(500)
    assert of(run, "record_rate").counted.of == "records_in_by_topic"


def test_a_rate_that_was_missed_says_by_how_much(file: Path) -> None:
    dial = of(stored(file, plan(produce(request_rate="500/s")), Course(kept=0.8)), "request_rate")
    assert dial.missed
    assert not dial.kept
    assert dial.missed_by == pytest.approx(0.2)


def test_one_connection_too_few_is_missed(file: Path) -> None:
    dial = of(stored(file, plan(produce(connections="50", request_rate="5/s")), Course(connections=49)), "connections")
    assert dial.missed


def test_what_brokers_did_not_see_is_denied_even_if_the_generator_says_that_it_made_it(file: Path) -> None:
    dial = of(stored(file, plan(produce(request_rate="500/s")), Course(seen=0.9)), "request_rate")
    assert not dial.missed
    assert dial.undercounted
    assert not dial.kept


def test_without_metrics_the_generators_count_stands_alone(file: Path) -> None:
    run = stored(file, plan(produce(connections="50", request_rate="500/s")), Course(scraped=False))
    assert all(dial.kept and math.isnan(dial.counted.value) for dial in achieved(run))


def test_a_broker_that_was_not_scraped_makes_the_brokers_count_unknown_not_small(file: Path) -> None:
    run = stored(file, plan(produce(request_rate="500/s")), Course(brokers=(1, 2)))
    assert math.isnan(of(run, "request_rate").counted.value)
    assert of(run, "request_rate").kept


def test_as_much_as_the_cluster_takes_cannot_be_missed(file: Path) -> None:
    dial = of(stored(file, plan(produce(request_rate="max"))), "request_rate")
    assert math.isinf(dial.asked.value)
    assert dial.value == pytest.approx(1000)
    assert dial.kept
    assert math.isnan(dial.missed_by)


def test_what_nobody_acknowledges_counts_as_sent(file: Path) -> None:
    run = stored(file, plan(produce(request_rate="100/s", records_per_request="5", acks="0")))
    assert of(run, "record_rate").value == pytest.approx(500)
    assert of(run, "record_rate").kept


def test_a_warm_up_is_left_out_of_what_was_asked_and_of_both_counts(file: Path) -> None:
    shape = "step:100/s@0s,500/s@5s"
    dial = of(stored(file, plan(produce(request_rate=shape), warm_up=5.0)), "request_rate")
    assert dial.asked.value == pytest.approx(500)
    assert dial.value == pytest.approx(500)
    assert dial.seconds == 5


def test_a_stretch_that_is_cut_out_of_a_load_is_held_against_its_own_part_of_the_shape(file: Path) -> None:
    run = stored(file, plan(produce(request_rate="step:100/s@0s,500/s@5s")))
    cut = run.between(START + 2 * SECOND, START + 4 * SECOND)
    dial = of(cut, "request_rate")
    assert (dial.asked.value, dial.seconds) == (100, 2)
    assert dial.value == pytest.approx(100)


def test_figures_of_the_whole_cluster_are_held_against_all_loads_together(file: Path) -> None:
    loads = (produce("a", connections="50", request_rate="100/s"), produce("b", topic="u", request_rate="200/s"))
    run = stored(file, plan(*loads))
    dial = of(run, "request_rate", "a")
    assert dial.counted.loads == ("a", "b")
    assert dial.counted.value == pytest.approx(300)
    assert dial.counted.made == pytest.approx(300)
    assert of(run, "record_rate", "a").counted.loads == ("a",)
    assert of(run, "connections", "a").counted.made == 100
    assert all(dial.kept for dial in achieved(run))


def test_connections_made_beforehand_are_no_part_of_a_connection_rate(file: Path) -> None:
    dial = of(stored(file, plan(connect(connections="50", connection_rate="20/s"))), "connection_rate", "connect")
    assert dial.value == pytest.approx(20)
    assert dial.counted.value == pytest.approx(20)


def test_librdkafkas_loads_are_held_against_their_ledger(file: Path) -> None:
    run = stored_runs.stored(file, stored_runs.Cluster(levels={"records_in": 500.0}))
    (dial,) = achieved(run)
    assert (dial.dial, dial.value, dial.counted.of) == ("record_rate", 500, "records_in")
    assert dial.kept


def test_a_run_without_a_load_has_achieved_nothing(file: Path) -> None:
    assert achieved(Run(id="a", plan=None, start=0, end=1)) == ()


@given(st.floats(1, 1e6), st.floats(-0.5, 0.5))
def test_a_rate_is_achieved_within_a_hundredth_or_one_event(asked: float, off: float) -> None:
    dial = AchievedDial(
        load="a",
        asked=Target(dial="request_rate", value=asked, unit=REQUESTS_PER_SECOND),
        value=asked * (1 + off),
        seconds=10.0,
    )
    assert dial.missed == (abs(dial.value - asked) > 0.01 * asked + 0.1)
    assert dial.missed_by == pytest.approx(-off, abs=1e-6)


@given(st.integers(1, 10_000), st.integers(0, 10_000))
def test_a_whole_number_is_achieved_exactly_or_not(asked: int, had: int) -> None:
    dial = AchievedDial(
        load="a",
        asked=Target(dial="connections", value=float(asked), unit=CONNECTIONS, exact=True),
        value=float(had),
        seconds=10.0,
    )
    assert dial.missed == (asked != had)
