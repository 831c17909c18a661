"""Usage holds a run against limits: share by share, unit by unit, moment by moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.usage import Usage, assess
from clusterload.model.limits import Limits
from clusterload.model.resources import RESOURCES
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Kind, Series
from clusterload.model.units import BYTES, MEBI, REQUESTS
from tests.stored_runs import START, limits

Values = list[float]


def line(
    resource: str, values: Sequence[float], *, broker: str = "1", first: int = 0, granularity: float = 1.0
) -> Series:
    """A broker's figures: a level each second, or what grew in it."""
    kind = RESOURCES[resource].kind
    inside = 1.0 if kind is Kind.DELTA else 0.5
    times = START + ((np.arange(len(values)) + first + inside) * granularity * SECOND).astype(np.int64)
    return Series(
        name=resource,
        unit=RESOURCES[resource].unit,
        kind=kind,
        labels={"broker": broker},
        granularity=granularity,
        times=times,
        values=np.array(values, dtype=np.float64),
        spans=np.full(len(values) if kind is Kind.DELTA else 0, granularity),
    )


def run_of(*series: Series, seconds: int = 4) -> Run:
    return Run(id="run", plan=None, start=START, end=START + seconds * SECOND, series=series)


def values_of(usage: Usage) -> Mapping[str, Any]:
    return {share.resource.name: share.values for share in usage.shares}


def test_the_limit_load_is_the_largest_share_at_each_moment() -> None:
    run = run_of(
        line("connections", [10, 20, 30, 40]),
        line("ingress", [9 * MEBI, 3 * MEBI, 3 * MEBI, 1 * MEBI]),
        line("requests", [100, 100, 350, 100]),
    )
    table = limits(connections="100 connections", ingress="10 MiB/s", requests="1000 requests/s")
    usage = assess(run, table)
    assert usage.limit_load == pytest.approx([0.9, 0.3, 0.35, 0.4])
    assert usage.typical_load == pytest.approx((0.9 + 0.3 + 0.35 + 0.4) / 4)
    assert usage.binding is not None
    assert usage.binding.title == "Ingress"


three = st.lists(st.floats(0, 1e9), min_size=4, max_size=4)


@given(three, three, three)
def test_limit_load_is_the_maximum_over_resources_of_100_value_over_limit(
    connections: Values, ingress: Values, requests: Values
) -> None:
    run = run_of(line("connections", connections), line("ingress", ingress), line("requests", requests))
    usage = assess(run, Limits.named("course-basic"))
    percent = [
        max(100 * first / 100, 100 * two / (250 * 1024 * 1024), 100 * three_ / 15_000)
        for first, two, three_ in zip(connections, ingress, requests, strict=True)
    ]
    assert usage.limit_load * 100 == pytest.approx(percent, abs=1e-6)


def test_figures_of_a_minute_are_held_against_60_times_the_limit_of_a_second() -> None:
    run = run_of(line("ingress", [125 * MEBI * 60] * 3, granularity=60.0), seconds=180)
    usage = assess(run, Limits.named("course-basic"))
    assert usage.grid.seconds == 60
    assert values_of(usage)["ingress"] == pytest.approx([0.5] * 3)


@given(st.lists(st.floats(1, 1e9), min_size=120, max_size=120))
def test_the_share_of_a_minute_is_the_mean_of_its_seconds(values: Values) -> None:
    run = run_of(line("ingress", values), seconds=120)
    table = Limits.named("course-basic")
    by_second, by_minute = assess(run, table), assess(run, table, granularity=60.0)
    assert values_of(by_minute)["ingress"] == pytest.approx(values_of(by_second)["ingress"].reshape(2, 60).mean(axis=1))


def test_a_level_is_held_against_its_limit_as_it_is_at_any_granularity() -> None:
    run = run_of(line("connections", [47] * 120), seconds=120)
    for seconds in (1.0, 60.0):
        usage = assess(run, limits(connections="100 connections"), granularity=seconds)
        assert values_of(usage)["connections"] == pytest.approx([0.47] * usage.grid.count)


@pytest.mark.parametrize("text", ["10 MiB/s", "10240 KiB/s", "10485760 B/s", "10.48576 MB/s"])
def test_a_limit_means_the_same_in_any_unit_of_the_same_thing(text: str) -> None:
    usage = assess(run_of(line("ingress", [5 * MEBI] * 4)), limits(ingress=text))
    assert values_of(usage)["ingress"] == pytest.approx([0.5] * 4)


def test_brokers_are_added_up_by_time_not_by_index() -> None:
    late = line("connections", [1, 2, 3], broker="2", first=1)
    usage = assess(run_of(line("connections", [10, 20, 30, 40]), late), limits(connections="100 connections"))
    assert usage.limit_load == pytest.approx([np.nan, 0.21, 0.32, 0.43], nan_ok=True)


def test_a_gap_of_one_broker_is_a_gap_of_the_cluster() -> None:
    first, second = line("ingress", [1e6] * 4), line("ingress", [1e6, np.nan, 1e6, 1e6], broker="2")
    usage = assess(run_of(first, second), limits(ingress="4 MB/s"))
    assert usage.limit_load == pytest.approx([0.5, np.nan, 0.5, 0.5], nan_ok=True)


def test_the_limit_load_is_unknown_where_a_share_is_unknown() -> None:
    run = run_of(line("connections", [10] * 4), line("ingress", [1e6, np.nan, 1e6, 1e6]))
    usage = assess(run, limits(connections="100 connections", ingress="100 MB/s"))
    assert usage.limit_load == pytest.approx([0.1, np.nan, 0.1, 0.1], nan_ok=True)


def test_a_limit_of_each_broker_is_held_against_each_broker() -> None:
    run = run_of(line("connections", [10] * 4), line("connections", [30] * 4, broker="2"))
    row = {
        "resource": "connections",
        "value": 40,
        "unit": "connections",
        "force": "declared",
        "scope": "broker",
        "source": "the test",
        "as_of": "2026-01",
    }
    usage = assess(run, Limits.parsed("mine", {"limits": [row]}))
    assert {share.title: share.typical for share in usage.shares} == {
        "Connections of broker 1": 0.25,
        "Connections of broker 2": 0.75,
    }
    assert usage.binding is not None
    assert usage.binding.broker == "2"


def of_brokers(resource: str, *held: tuple[float, str, str], **changed: Any) -> Limits:
    """A table with several limits of a resource: value, scope and force of each."""
    row = {"resource": resource, "unit": str(RESOURCES[resource].unit), "source": "the test", "as_of": "2026-01"}
    rows = [{**row, "value": value, "scope": scope, "force": force, **changed} for value, scope, force in held]
    return Limits.parsed("mine", {"limits": rows})


TWO_BROKERS = (line("partitions", [300] * 4), line("partitions", [900] * 4, broker="2"))


def test_each_of_several_limits_of_a_resource_gives_a_share_and_the_largest_counts() -> None:
    table = of_brokers(
        "partitions", (1000, "broker", "guideline"), (1500, "broker", "enforced"), (2500, "cluster", "declared")
    )
    usage = assess(run_of(*TWO_BROKERS), table)
    assert [(share.title, share.limit.force, share.typical) for share in usage.shares_of("partitions")] == [
        ("Partitions of broker 2", "guideline", 0.9),
        ("Partitions of broker 2", "enforced", 0.6),
        ("Partitions", "declared", 0.48),
    ]
    assert usage.share("partitions") is usage.binding
    assert usage.typical_load == 0.9
    assert len(usage.shares) == 5


def test_a_limit_of_one_broker_is_held_against_that_broker_alone() -> None:
    usage = assess(run_of(*TWO_BROKERS), of_brokers("partitions", (1000, "broker", "declared"), broker="1"))
    assert [(share.title, share.typical) for share in usage.shares] == [("Partitions of broker 1", 0.3)]
    usage = assess(run_of(*TWO_BROKERS), of_brokers("partitions", (1000, "broker", "declared"), broker="3"))
    assert (usage.shares, usage.missing) == ((), ("partitions of broker 3",))


def test_what_is_known_of_the_whole_cluster_is_not_held_against_one_broker_s_limit() -> None:
    run = run_of(line("partitions", [900] * 4, broker=""))
    usage = assess(run, of_brokers("partitions", (500, "broker", "enforced"), (1000, "cluster", "enforced")))
    assert [(share.title, share.typical) for share in usage.shares] == [("Partitions", 0.9)]
    assert usage.missing == ("partitions by broker",)


def test_a_limit_before_replication_counts_partitions_once_where_brokers_count_replicas() -> None:
    table = of_brokers("partitions", (1000, "cluster", "enforced"), before_replication=True)
    leaders = (line("leaders", [100] * 4), line("leaders", [300] * 4, broker="2"))
    assert assess(run_of(*TWO_BROKERS, *leaders), table).typical_load == 0.4
    unseen = assess(run_of(*TWO_BROKERS), table)
    assert (unseen.shares, unseen.missing) == ((), ("partitions before replication",))
    # A provider's figure of the whole cluster counts as its limit does.
    assert assess(run_of(line("partitions", [400] * 4, broker="")), table).typical_load == 0.4


def test_a_share_that_is_unknown_does_not_hide_one_that_is_known() -> None:
    run = run_of(line("partitions", [np.nan] * 4), line("partitions", [900] * 4, broker="2"))
    share = assess(run, of_brokers("partitions", (1000, "broker", "enforced"))).share("partitions")
    assert share is not None
    assert share.title == "Partitions of broker 2"


def test_a_resource_without_a_limit_is_measured_but_has_no_share() -> None:
    usage = assess(run_of(line("partitions", [90] * 4)), Limits.named("course-basic"))
    assert usage.line("partitions") is not None
    assert usage.shares == ()
    assert usage.binding is None
    assert np.isnan(usage.limit_load).all()
    assert np.isnan(usage.typical_load)


def test_what_has_a_limit_and_was_not_measured_is_named() -> None:
    usage = assess(run_of(line("connections", [10] * 4)), Limits.named("course-basic"))
    assert usage.missing == ("ingress", "egress", "requests")
    assert usage.line("ingress") is None


def test_only_the_load_s_time_counts() -> None:
    before_and_after = [900.0, 900.0, *[10.0] * 4, 900.0, 900.0]
    usage = assess(run_of(line("connections", before_and_after, first=-2)), limits(connections="100 connections"))
    assert usage.limit_load == pytest.approx([0.1] * 4)


def test_a_stretch_of_a_run_is_held_against_limits_by_itself() -> None:
    run = run_of(line("connections", [10, 10, 80, 80])).between(START + 2 * SECOND, START + 4 * SECOND)
    assert assess(run, limits(connections="100 connections")).limit_load == pytest.approx([0.8, 0.8])


def test_by_default_buckets_are_as_long_as_the_coarsest_source_s_points() -> None:
    fine = [line("connections", [47] * 120), line("request_time", [5] * 1, granularity=300.0)]
    coarse = line("ingress", [1e6, 1e6], granularity=60.0)
    assert assess(run_of(*fine, seconds=120), limits(connections="100 connections")).grid.seconds == 1
    assert assess(run_of(*fine, coarse, seconds=120), limits(connections="100 connections")).grid.seconds == 60


def test_typical_sustained_and_peak_are_told_apart() -> None:
    usage = assess(
        run_of(line("connections", [10] * 80 + [50] * 19 + [90]), seconds=100), limits(connections="100 connections")
    )
    (share,) = usage.shares
    assert (share.typical, share.sustained, share.peak) == (0.1, 0.5, 0.9)
    whole = usage.line("connections")
    assert whole is not None
    assert (whole.typical, whole.sustained, whole.peak) == (10, 50, 90)


def test_a_line_says_how_much_of_its_time_is_known() -> None:
    usage = assess(run_of(line("ingress", [1, np.nan, 1, 1])), limits(ingress="1 MB/s"))
    (measured,) = usage.lines
    assert measured.known == 0.75


def test_saturation_is_kept_by_broker_and_never_added_to_the_limit_load() -> None:
    run = run_of(
        line("connections", [10] * 4),
        line("request_handler_busy", [0.95] * 4),
        line("request_handler_busy", [0.2] * 4, broker="2"),
        line("cpu_host", [np.nan] * 4, broker="3"),
    )
    usage = assess(run, limits(connections="100 connections"))
    assert usage.typical_load == pytest.approx(0.1)
    assert usage.busiest is not None
    assert (usage.busiest.resource.name, usage.busiest.broker) == ("request_handler_busy", "1")


def test_amounts_become_rates_and_levels_stay_levels() -> None:
    usage = assess(
        run_of(line("requests", [120] * 2, granularity=2.0), line("connections", [47] * 4)),
        limits(requests="100 requests/s"),
    )
    requests, connections = usage.line("requests"), usage.line("connections")
    assert requests is not None
    assert connections is not None
    assert (requests.typical, connections.typical) == (60, 47)
    assert (requests.resource.unit, RESOURCES["ingress"].unit) == (REQUESTS, BYTES)
