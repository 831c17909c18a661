"""A Load that was not made as asked names who held it back, with the figure that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterload.analysis.bottleneck import Bottleneck, bottlenecks
from clusterload.analysis.diagnosis import State, diagnose
from clusterload.analysis.usage import assess
from tests import stored_runs
from tests.wire_runs import Course, plan, produce, stored


def held(folder: Path, course: Course, **dials: str) -> Bottleneck:
    (bottleneck,) = bottlenecks(stored(folder / "a.run", plan(produce(**(dials or {"request_rate": "500/s"}))), course))
    return bottleneck


def test_nothing_held_back_a_load_that_was_made_as_asked(tmp_path: Path) -> None:
    assert held(tmp_path, Course()).who == "none"


def test_a_worker_that_fills_its_core_is_the_brake(tmp_path: Path) -> None:
    found = held(tmp_path, Course(kept=0.5, cpu=0.97, host=1.0))
    assert (found.who, found.why) == ("generator", "the busiest worker took 0.97 of a core")


def test_an_event_loop_that_is_often_late_is_the_generators_fault(tmp_path: Path) -> None:
    assert held(tmp_path, Course(kept=0.5, lag=0.2)).who == "generator"


def test_brokers_that_fill_their_host_are_the_brake(tmp_path: Path) -> None:
    found = held(tmp_path, Course(kept=0.5, host=0.99, broker_cores=1.7))
    assert (found.who, found.why) == ("brokers", "the brokers' host was 99 % busy, they took 1.7 of 2 cores")


def test_a_full_host_that_brokers_do_not_fill_is_shared_with_the_generator_on_a_lab(tmp_path: Path) -> None:
    assert held(tmp_path, Course(kept=0.5, host=1.0, broker_cores=0.3)).who == "host"


def test_answers_that_fill_all_places_are_the_brokers_brake(tmp_path: Path) -> None:
    # 250 requests/s that take a second each need 250 places; 50 connections with 5 in flight have as many.
    found = held(tmp_path, Course(kept=0.5, latency=1_000_000))
    assert found.who == "brokers"
    assert "100 % of all in-flight slots" in found.why


def test_records_that_brokers_refused_name_the_brokers_and_the_error(tmp_path: Path) -> None:
    found = held(tmp_path, Course(kept=0.5, failed="NOT_ENOUGH_REPLICAS"))
    assert found.who == "brokers"
    assert "2,500 of 5,000 records were not acknowledged: NOT_ENOUGH_REPLICAS" in found.why


@pytest.mark.parametrize(
    ("course", "why"),
    [
        (Course(kept=0.5, throttled_ms=9_000), "a quota"),
        (Course(kept=0.5, lost={"closed by the broker": 7}), "7 connections were lost: closed by the broker"),
    ],
)
def test_what_brokers_did_is_named(tmp_path: Path, course: Course, why: str) -> None:
    found = held(tmp_path, course)
    assert found.who == "brokers"
    assert why in found.why


def test_no_figure_that_stands_out_is_said_to_be_unclear(tmp_path: Path) -> None:
    assert held(tmp_path, Course(kept=0.5)).who == "unclear"


def test_without_metrics_the_generators_own_figures_still_tell(tmp_path: Path) -> None:
    assert held(tmp_path, Course(kept=0.5, scraped=False, cpu=1.0)).who == "generator"


def test_of_as_much_as_the_cluster_takes_the_brokers_are_the_brake_while_the_generator_has_time(tmp_path: Path) -> None:
    assert held(tmp_path, Course(), record_rate="max").who == "brokers"
    (busy,) = bottlenecks(stored(tmp_path / "b.run", plan(produce(record_rate="max")), Course(cpu=0.99)))
    assert busy.who == "generator"


def test_late_records_of_librdkafka_are_put_down_to_the_generator(tmp_path: Path) -> None:
    made = stored_runs.plan()
    ledger = stored_runs.kept_ledger(made)
    late = type(ledger)(load=ledger.load, scheduled=12_500, acknowledged=12_500, late=6_000)
    (bottleneck,) = bottlenecks(stored_runs.stored(tmp_path / "a.run", made=made, ledger=late))
    assert bottleneck.who == "generator"


def test_a_missed_dial_makes_the_verdict_inconclusive_with_the_worst_dial_and_the_brake(tmp_path: Path) -> None:
    run = stored(tmp_path / "a.run", plan(produce(connections="50", request_rate="500/s")), Course(kept=0.5, cpu=0.97))
    verdict = diagnose(run, assess(run, stored_runs.limits(connections="100 connections")))
    assert verdict.state is State.INCONCLUSIVE
    assert (
        "load 'produce' missed request_rate: 250/s of a target of 500/s, 50 % too little: "
        "the generator was the bottleneck (the busiest worker took 0.97 of a core)"
    ) in verdict.missing


def test_what_brokers_did_not_count_makes_the_verdict_inconclusive(tmp_path: Path) -> None:
    run = stored(tmp_path / "a.run", plan(produce(request_rate="500/s")), Course(seen=0.5))
    verdict = diagnose(run, assess(run, stored_runs.limits(connections="100 connections")))
    assert "request_rate of produce: the brokers counted 250 where the generator counted 500" in verdict.missing


def test_a_load_that_asks_for_no_answers_is_not_doubted_for_having_none(tmp_path: Path) -> None:
    run = stored(tmp_path / "a.run", plan(produce(connections="50", request_rate="500/s", acks="0")))
    verdict = diagnose(run, assess(run, stored_runs.limits(connections="100 connections")))
    assert verdict.state is State.WITHIN, verdict.missing
