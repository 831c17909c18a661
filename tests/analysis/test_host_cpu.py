"""A full host is put down to its brokers only when it is they who fill it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from clusterload import Limits, Run, Series, State, assess, diagnose
from clusterload.analysis.host_cpu import hosts_of
from clusterload.model.resources import RESOURCES
from clusterload.model.series import SECOND, Kind

START = 1_767_225_600 * SECOND
ONE_HOST = {"1": "a", "2": "a"}


def a_run(busy: Mapping[str, float], used: Mapping[str, float], hosts: Mapping[str, str]) -> Run:
    """20 s of brokers whose hosts are `busy` and that used so many cores; each host has two."""
    series = [one("cpu_host", broker, level) for broker, level in busy.items()]
    series += [one("cpu_broker", broker, cores) for broker, cores in used.items()]
    series += [one("cores", broker, 2) for broker in busy]
    brokers = [{"id": int(broker), "host": host} for broker, host in hosts.items()]
    return Run(
        id="x",
        plan=None,
        start=START,
        end=START + 20 * SECOND,
        environment={"cluster": {"brokers": brokers}},
        series=tuple(series),
    )


def one(name: str, broker: str, value: float) -> Series:
    resource = RESOURCES[name]
    times = START + SECOND * np.arange(23, dtype=np.int64)
    spans = np.ones(23) if resource.kind is Kind.DELTA else np.empty(0)
    return Series(
        name=name,
        unit=resource.unit,
        kind=resource.kind,
        labels={"broker": broker},
        times=times,
        values=np.full(23, float(value)),
        spans=spans,
    )


def judged(run: Run) -> tuple[State, tuple[str, ...], tuple[str, ...]]:
    verdict = diagnose(run, assess(run, Limits.named("course-basic")))
    return verdict.state, tuple(item.what for item in verdict.reached), verdict.missing


def test_brokers_that_fill_their_host_are_limited_and_named_once() -> None:
    state, causes, _ = judged(a_run({"1": 1.0, "2": 0.99}, {"1": 0.9, "2": 0.8}, ONE_HOST))
    assert state is State.LIMITED
    assert causes == ("the CPU of the host of brokers 1 and 2",)


def test_a_neighbour_that_fills_the_host_is_a_doubt_and_no_finding() -> None:
    state, causes, missing = judged(a_run({"1": 1.0, "2": 0.99}, {"1": 0.2, "2": 0.1}, ONE_HOST))
    assert state is State.INCONCLUSIVE
    assert causes == ()
    assert any("the brokers took 15 % of it: another process was running on that host" in line for line in missing)


def test_brokers_behind_a_forwarded_port_have_each_a_host_of_their_own() -> None:
    forwarded = a_run({"1": 0.5, "2": 0.5}, {"1": 0.9, "2": 0.9}, {"1": "127.0.0.1", "2": "127.0.0.1"})
    assert len(set(hosts_of(forwarded).values())) == 2
    _, causes, _ = judged(a_run({"1": 1.0, "2": 1.0}, {"1": 1.9, "2": 1.9}, ONE_HOST))
    assert causes == ("the CPU of the host of broker 1", "the CPU of the host of broker 2")


def test_hosts_are_judged_apart() -> None:
    hosts = {"1": "a", "2": "b"}
    _, causes, missing = judged(a_run({"1": 1.0, "2": 1.0}, {"1": 1.8, "2": 0.1}, hosts))
    assert causes == ("the CPU of the host of broker 1",)
    assert any("the host of broker 2 was full" in line for line in missing)


@pytest.mark.parametrize("busy", [0.5, 0.96])
def test_a_host_that_is_not_full_says_nothing(busy: float) -> None:
    _, causes, missing = judged(a_run({"1": busy, "2": busy}, {"1": 0.9, "2": 0.9}, ONE_HOST))
    assert causes == ()
    assert not any("host" in line for line in missing)


def test_a_full_host_whose_brokers_cannot_be_measured_is_put_down_to_them() -> None:
    run = a_run({"1": 1.0, "2": 1.0}, {"1": 0.1}, ONE_HOST)
    assert judged(run)[1] == ("the CPU of the host of brokers 1 and 2",)
    assert judged(replace(run, environment={}))[1][-1] == "the CPU of the host of broker 2"


def test_a_broker_that_did_not_say_how_busy_its_host_is_hides_no_other_s_word() -> None:
    state, causes, _ = judged(a_run({"1": float("nan"), "2": 1.0}, {"1": 0.9, "2": 0.8}, ONE_HOST))
    assert state is State.LIMITED
    assert causes == ("the CPU of the host of brokers 1 and 2",)
