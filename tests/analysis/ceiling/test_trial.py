"""A step is the cluster's doing only where nobody else's hand is in it: the generator suspects itself first."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from clusterload.analysis.ceiling.bound import Bound
from clusterload.analysis.ceiling.search import Step, StepOutcome
from clusterload.analysis.ceiling.trial import Trial, not_begun
from tests.stored_runs import limits
from tests.wire_runs import Course, plan, produce, stored

BOUNDS = (Bound.parsed("saturation > 90 %"), Bound.parsed("latency.p99 > 50 ms"))


def tried(folder: Path, course: Course, bounds: tuple[Bound, ...] = BOUNDS) -> Step:
    """A step of 500 requests/s that went like this."""
    run = stored(folder / "a.run", plan(produce(request_rate="500/s"), duration=10.0, warm_up=4.0), course)
    return Trial(resource="connections", watched=(("produce", "due"),), bounds=bounds).step(500, run)


def test_a_load_that_was_made_as_asked_within_all_bounds_holds(tmp_path: Path) -> None:
    step = tried(tmp_path, Course())
    assert step.outcome is StepOutcome.HELD
    assert step.why == "saturation 50 %, latency.p99 1 ms"
    assert step.figures["achieved"] == pytest.approx(1.0)


def test_what_was_used_is_what_brokers_counted(tmp_path: Path) -> None:
    assert tried(tmp_path, Course(connections=53)).used == 53


def test_latency_beyond_its_bound_breaks_a_step(tmp_path: Path) -> None:
    step = tried(tmp_path, Course(latency=61_000))
    assert (step.outcome, step.why) == (StepOutcome.BROKE, "latency.p99 61 ms")


def test_brokers_that_fill_their_host_break_a_step(tmp_path: Path) -> None:
    step = tried(tmp_path, Course(host=0.95, broker_cores=1.7))
    assert (step.outcome, step.why) == (StepOutcome.BROKE, "saturation 95 %")


@pytest.mark.parametrize("latency", [1_000, 90_000])
def test_a_host_that_others_fill_tells_nothing_of_its_brokers(tmp_path: Path, latency: int) -> None:
    step = tried(tmp_path, Course(host=0.95, broker_cores=0.3, latency=latency))
    assert step.outcome is StepOutcome.UNSURE
    assert "95 % busy, and the brokers took 15 %" in step.why


def test_a_low_bound_on_the_cpu_is_not_broken_by_others_either(tmp_path: Path) -> None:
    step = tried(tmp_path, Course(host=0.5, broker_cores=0.2), (Bound.parsed("saturation > 30 %"),))
    assert step.outcome is StepOutcome.UNSURE


@pytest.mark.parametrize(
    "course",
    [Course(cpu=0.97, latency=90_000), Course(lag=0.2, kept=0.8), Course(lag=0.2, host=0.95, broker_cores=1.7)],
)
def test_the_generator_suspects_itself_first(tmp_path: Path, course: Course) -> None:
    step = tried(tmp_path, course)
    assert step.outcome is StepOutcome.UNSURE
    assert step.why.startswith("the generator was the bottleneck")


def test_a_generator_that_was_short_of_time_and_still_made_all_in_time_has_made_it(tmp_path: Path) -> None:
    assert tried(tmp_path, Course(cpu=0.97)).outcome is StepOutcome.HELD


def test_what_brokers_refuse_breaks_a_step_also_on_a_host_that_others_fill(tmp_path: Path) -> None:
    step = tried(tmp_path, Course(kept=0.97, failed="POLICY_VIOLATION", host=0.99, broker_cores=0.2))
    assert step.outcome is StepOutcome.BROKE
    assert "POLICY_VIOLATION" in step.why


def test_a_quota_breaks_a_step(tmp_path: Path) -> None:
    step = tried(tmp_path, Course(kept=0.8, throttled_ms=9_000))
    assert step.outcome is StepOutcome.BROKE
    assert "a quota" in step.why


def test_connections_that_this_machine_could_not_open_are_not_the_clusters_fault(tmp_path: Path) -> None:
    step = tried(tmp_path, Course(kept=0.8, failed="connection: Cannot assign requested address"))
    assert step.outcome is StepOutcome.UNSURE
    assert "Cannot assign requested address" in step.why


def test_less_than_was_asked_for_without_a_reason_is_no_ceiling(tmp_path: Path) -> None:
    assert tried(tmp_path, Course(kept=0.8)).outcome is StepOutcome.UNSURE


def test_without_metrics_a_bound_on_saturation_can_be_neither_kept_nor_broken(tmp_path: Path) -> None:
    step = tried(tmp_path, Course(scraped=False))
    assert (step.outcome, step.why) == (StepOutcome.UNSURE, "saturation is not known")
    assert math.isnan(step.used)


def test_without_metrics_latency_alone_can_judge(tmp_path: Path) -> None:
    assert tried(tmp_path, Course(scraped=False), BOUNDS[1:]).outcome is StepOutcome.HELD


def test_a_load_that_could_not_begin_broke_unless_this_machine_was_short_of_something() -> None:
    assert not_begun(5, "3 of 5 connections could not be opened (closed by the broker: 3)").outcome is StepOutcome.BROKE
    assert not_begun(5, "3 of 5 connections could not be opened (Too many open files: 3)").outcome is StepOutcome.UNSURE


def held_against(folder: Path, course: Course, most: int) -> Step:
    """A step of 500 requests/s with 50 connections, until nine tenths of a limit on these."""
    run = stored(folder / "a.run", plan(produce(request_rate="500/s"), duration=10.0, warm_up=4.0), course)
    bounds = (Bound.parsed("limit_load > 90 %"),)
    table = limits(connections=f"{most} connections")
    return Trial(resource="", watched=(), bounds=bounds, limits=table).step(500, run)


def test_a_limit_load_is_held_against_its_bound(tmp_path: Path) -> None:
    step = held_against(tmp_path, Course(), 100)
    assert (step.outcome, step.why) == (StepOutcome.HELD, "limit_load 50 %")
    assert math.isnan(step.used)


def test_what_brokers_count_over_a_limit_is_over_it_whoever_else_fills_their_host(tmp_path: Path) -> None:
    step = held_against(tmp_path, Course(host=0.99, broker_cores=0.1), 52)
    assert (step.outcome, step.why) == (StepOutcome.BROKE, "limit_load 96 %")


def test_a_limit_load_that_was_not_seen_tells_nothing(tmp_path: Path) -> None:
    step = held_against(tmp_path, Course(scraped=False), 100)
    assert (step.outcome, step.why) == (StepOutcome.UNSURE, "limit_load is not known")


def test_of_several_loads_the_worst_latency_counts_and_one_that_is_not_known_hides_it(tmp_path: Path) -> None:
    run = stored(tmp_path / "a.run", plan(produce(request_rate="500/s"), duration=10.0, warm_up=4.0), Course())
    both = Trial(resource="", watched=(("produce", "due"), ("produce", "sent")), bounds=BOUNDS[1:]).step(500, run)
    assert both.outcome is StepOutcome.HELD
    other = Trial(resource="", watched=(("produce", "due"), ("gone", "due")), bounds=BOUNDS[1:]).step(500, run)
    assert (other.outcome, other.why) == (StepOutcome.UNSURE, "latency.p99 is not known")
