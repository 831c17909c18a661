"""Headroom says how far today's mix can grow until which resource binds, and never more than is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.headroom import CLIENTS, HORIZON, RATE, Growth, Headroom, first, headroom, idle_of
from clusterload.analysis.usage import Usage, assess
from clusterload.model.limits import Limits
from clusterload.model.run import Run
from tests.analysis.test_usage import line, run_of
from tests.stored_runs import limits

TABLE = limits(
    connections="1000 connections", ingress="10 MB/s", egress="40 MB/s", requests="1000 requests/s",
    connection_attempts="50 connections/s", partitions="3000 partitions",
)  # fmt: skip
FULL = {"connections": 1000.0, "ingress": 10e6, "egress": 40e6, "requests": 1000.0, "connection_attempts": 50.0}
shares = st.dictionaries(st.sampled_from(sorted(FULL)), st.floats(0.01, 2.0), min_size=1)


def used(levels: Mapping[str, float], table: Limits = TABLE) -> Usage:
    """What a cluster uses that shows these levels all the time."""
    return assess(run_of(*(line(name, [value] * 4) for name, value in levels.items())), table)


def by_name(headrooms: tuple[Headroom, ...]) -> dict[str, Headroom]:
    return {room.resource: room for room in headrooms}


@given(today=shares)
def test_the_prediction_is_exact_where_use_is_proportional_to_load(today: Mapping[str, float]) -> None:
    found = headroom(used({name: share * FULL[name] for name, share in today.items()}), growth=CLIENTS)
    assert first(found) is not None
    grown = found[0].factor
    again = used({name: grown * share * FULL[name] for name, share in today.items()})
    assert again.binding is not None
    assert again.binding.typical == pytest.approx(1.0)
    # Of resources that bind at the same load to the last digit any may be named.
    assert today[again.binding.resource.name] == pytest.approx(today[found[0].resource], rel=1e-9)


@given(today=shares, rest=st.floats(0, 0.9), end=st.floats(0.5, 1.0))
def test_what_was_there_without_the_mix_does_not_grow_with_it(
    today: Mapping[str, float], rest: float, end: float
) -> None:
    idle = {name: rest * share * FULL[name] for name, share in today.items()}
    found = headroom(
        used({name: share * FULL[name] for name, share in today.items()}), growth=CLIENTS, idle=idle, end=end
    )
    for room in found:
        if room.known and room.factor > 0:
            share = today[room.resource]
            assert share * rest + room.factor * share * (1 - rest) == pytest.approx(end)


@given(today=shares)
def test_the_next_to_bind_is_the_next_in_the_list_and_the_cure_gives_what_lies_between(
    today: Mapping[str, float],
) -> None:
    known = [room for room in headroom(used({n: s * FULL[n] for n, s in today.items()}), growth=CLIENTS) if room.known]
    assert [room.factor for room in known] == sorted(room.factor for room in known)
    for room, later in pairwise(known):
        assert room.then == later.resource
        assert room.factor * room.gain == pytest.approx(later.factor)
    assert known[-1].then == ""


@given(today=shares)
def test_a_resource_without_a_limit_has_no_known_headroom_never_an_infinite_one(today: Mapping[str, float]) -> None:
    levels = {name: share * FULL[name] for name, share in today.items()}
    found = by_name(headroom(used(levels, limits(requests="1000 requests/s"))))
    for name in FULL:
        if name != "requests":
            assert math.isnan(found[name].factor)
            assert "limit" in found[name].why or "measured" in found[name].why


@given(seconds=st.integers(0, 3))
def test_a_resource_of_which_nothing_is_seen_has_no_known_headroom(seconds: int) -> None:
    values = [math.nan] * 4
    run = run_of(line("connections", values), line("requests", [seconds * 10.0 + 1] * 4))
    found = by_name(headroom(assess(run, TABLE), growth=CLIENTS))
    assert math.isnan(found["connections"].factor)
    assert found["requests"].known
    assert headroom(assess(run, TABLE), growth=CLIENTS)[0].resource == "requests"


def test_partitions_do_not_grow_with_a_mix_and_connections_only_with_more_clients() -> None:
    usage = used({"connections": 100, "partitions": 300, "requests": 500})
    more = by_name(headroom(usage, growth=RATE))
    assert more["connections"].factor == more["partitions"].factor == math.inf
    assert more["connections"].words == "unbounded"
    assert "does not grow with the load" in more["partitions"].why
    assert by_name(headroom(usage, growth=CLIENTS))["connections"].factor == pytest.approx(10.0)


def test_what_is_over_its_limit_binds_already_and_what_does_not_grow_is_not_cured_by_less() -> None:
    found = by_name(headroom(used({"requests": 1250, "partitions": 6000})))
    assert found["requests"].factor == pytest.approx(0.8)
    assert found["partitions"].factor == 0


def test_where_it_is_not_known_how_much_grows_nothing_is_predicted() -> None:
    usage = used({"requests": 500})
    dial = Growth(words="a dial", still={"requests": math.nan})
    assert math.isnan(by_name(headroom(usage, growth=dial))["requests"].factor)
    assert math.isnan(by_name(headroom(usage, idle={"requests": math.nan}))["requests"].factor)
    assert first(headroom(usage, growth=dial)) is None


def busy(cpu: float, handlers: float) -> Usage:
    run: Run = run_of(
        line("requests", [100] * 4), line("cpu_host", [cpu] * 4), line("request_handler_busy", [handlers] * 4)
    )
    return assess(run, TABLE)


@given(cpu=st.floats(0.05, 0.75), idle=st.floats(0, 0.9))
def test_nothing_is_predicted_beyond_four_fifths_of_a_hosts_cpu(cpu: float, idle: float) -> None:
    found = by_name(headroom(busy(cpu, 0.001), idle={"cpu_host": cpu * idle, "request_handler_busy": 0.0}))
    host, threads = found["cpu_host"], found["request_handler_busy"]
    assert host.at_least
    assert threads.at_least
    assert cpu * idle + host.factor * cpu * (1 - idle) == pytest.approx(HORIZON)
    assert threads.factor == host.factor
    assert "nothing is predicted" in host.why


def test_how_busy_a_broker_gets_is_only_at_least_known_where_its_idle_level_is_not() -> None:
    guess = by_name(headroom(busy(0.2, 0.3), busy={"cpu_host": 0.5}))["cpu_host"]
    assert guess.at_least
    assert guess.factor == pytest.approx(2.5)
    known = by_name(headroom(busy(0.2, 0.3), busy={"cpu_host": 0.5}, idle={"cpu_host": 0.1}))["cpu_host"]
    assert not known.at_least
    assert known.factor == pytest.approx(4.0)


def test_a_headroom_is_said_in_a_sentence() -> None:
    (room, *_) = headroom(used({"connections": 312.5, "requests": 250}), growth=CLIENTS)
    assert room.why == "at 31 % of their limit"
    assert room.sentence == (
        "the load can grow to 3.2 times today's before connections bind, now at 31 % of their limit; "
        "then requests at 4 times"
    )


def test_a_lower_bound_says_what_was_measured_and_why_it_is_no_more_than_a_bound() -> None:
    found = by_name(headroom(busy(0.2, 0.45)))
    assert found["request_handler_busy"].sentence == (
        "the load can grow to at least 2 times today's before request handlers of broker 1 are 90 % busy, "
        "now 45 % busy (a lower bound, since its level without load was not measured)"
    )
    assert found["cpu_host"].sentence == (
        "the load can grow to at least 4 times today's, where CPU of the host of broker 1 is 80 % busy, "
        "now 20 %; beyond that nothing is predicted"
    )


@pytest.mark.parametrize(
    ("busy", "said"),
    [
        (
            0.85,
            "how far the load can grow cannot be told: CPU of the host of broker 1 is 85 % busy, "
            "and beyond 80 % threads wait",
        ),
        (0.97, "CPU of the host of broker 1 is 97 % busy, which is full"),
        (
            0.995,
            "CPU of the host of broker 1 is 99.5 % busy, more than the 97 % at which it is full; "
            "at 0.975 times today's load it would not be",
        ),
    ],
)
def test_of_a_host_that_is_busy_already_no_growth_is_promised(busy: float, said: str) -> None:
    run = run_of(line("cpu_host", [busy] * 4, broker="1"), line("request_handler_busy", [0.03] * 4, broker="1"))
    found = first(headroom(assess(run, TABLE)))
    assert found is not None
    assert found.sentence == said


def test_resources_that_bind_at_the_same_load_are_not_said_to_bind_one_after_the_other() -> None:
    found = headroom(used({"connections": 500, "requests": 500}), growth=CLIENTS)
    assert found[0].gain == pytest.approx(1.0)
    assert found[0].sentence == (
        "the load can grow to 2 times today's before connections bind, now at 50 % of their limit"
    )


def test_what_binds_already_is_said_with_whether_less_load_helps() -> None:
    found = by_name(headroom(used({"requests": 1250, "partitions": 6000})))
    assert found["requests"].sentence == (
        "requests are over their limit already, at 125 %: at 0.8 times today's load they would not be"
    )
    assert found["partitions"].sentence == (
        "partitions are over their limit already, at 200 %, which does not grow with the load: "
        "less load would not change that"
    )


@given(today=st.dictionaries(st.sampled_from(sorted(FULL)), st.sampled_from([math.nan, 0.0, 0.5, 1.0, 2.0])))
def test_no_sentence_has_a_figure_that_is_not_known(today: Mapping[str, float]) -> None:
    for room in headroom(used({name: share * FULL[name] for name, share in today.items()})):
        assert "n/a" not in room.sentence
        assert "nan" not in room.sentence
        assert "inf" not in room.sentence


def test_of_several_brokers_the_one_that_binds_first_counts(tmp_path: Path) -> None:
    run = run_of(line("network_thread_busy", [0.1] * 4, broker="1"), line("network_thread_busy", [0.3] * 4, broker="2"))
    (found,) = [found for found in headroom(assess(run, TABLE)) if found.known]
    assert (found.whose, found.title) == ("2", "Network threads busy of broker 2")
    assert found.factor == pytest.approx(3.0)


def test_what_a_cluster_uses_at_rest_is_that_of_its_least_busy_broker() -> None:
    rest = run_of(
        line("cpu_host", [0.1] * 4, broker="1"),
        line("cpu_host", [0.3] * 4, broker="2"),
        line("requests", [4.0] * 4),
        line("ingress", [math.nan] * 4),
    )
    assert idle_of(assess(rest, TABLE)) == {"cpu_host": pytest.approx(0.1), "requests": pytest.approx(4.0)}


CLOUD = {"ingress": 0.1e6, "requests": 100.0, "cluster_load_percent": 0.82, "cluster_load_percent_max": 0.82}


def test_no_resource_lets_a_load_grow_beyond_what_its_provider_calls_a_full_cluster() -> None:
    found = headroom(used({**CLOUD, "cluster_load_percent_avg": 0.41}))
    assert found[0].sentence == (
        "the load can grow to at most 1.22 times today's: by its provider the busiest broker's load is 82 %, and at "
        "100 % it is full"
    )
    for room in found:
        assert not room.known or room.factor <= 1 / 0.82
        assert not room.known or room.words == "at most 1.22 x"


@given(load=st.floats(0.01, 2.0), share=st.floats(0.01, 2.0))
def test_headroom_is_never_above_what_the_provider_s_load_leaves_nor_hides_what_binds_before(
    load: float, share: float
) -> None:
    found = headroom(used({"requests": 1000 * share, "cluster_load_percent": load}))
    assert found[0].factor == pytest.approx(min(1 / load, 1 / share))
    assert all(room.factor <= 1 / load * (1 + 1e-9) for room in found if room.known)


def test_a_guideline_of_a_provider_is_where_a_broker_is_full() -> None:
    row = {"resource": "cpu", "value": 60, "unit": "%", "force": "guideline", "source": "AWS", "as_of": "2026-11"}
    table = Limits.parsed("mine", {"limits": [row]})
    busy = by_name(headroom(used({"cpu_host": 0.3}, table)))["cpu_host"]
    assert busy.end == 0.6
    assert busy.factor == pytest.approx(2.0)
    over = by_name(headroom(used({"cpu_host": 0.75}, table)))["cpu_host"]
    assert over.sentence == (
        "CPU of the host of broker 1 is 75 % busy, more than the 60 % at which it is full; "
        "at 0.8 times today's load it would not be"
    )


def test_the_headroom_of_a_part_names_it() -> None:
    row = {"resource": "connections", "value": 100, "each": "listener", "force": "enforced", "source": "us"}
    table = Limits.parsed("mine", {"limits": [{**row, "as_of": "2026-11"}]})
    run = run_of(*(replace(line("connections_by_listener", [50] * 4), labels={"broker": "1", "listener": "TLS"}),))
    found = by_name(headroom(assess(run, table), growth=CLIENTS))["connections"]
    assert found.sentence == (
        "the load can grow to 2 times today's before connections of listener TLS bind, now at 50 % of their limit"
    )
