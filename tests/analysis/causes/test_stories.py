"""Stories that people told in public, with figures after their reports: the cause, what it saves, and what cures it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest

from clusterload.analysis.diagnosis import State, Verdict, diagnose
from clusterload.analysis.usage import assess

from .scenes import NO_LIMITS, parted, recorded
from .signatures import asked, by_client

KINDS: Final = ("Produce", "FetchConsumer", "FetchFollower")


def told(background: Mapping[str, float], changes: Mapping[str, float], *, apart: bool = True) -> Verdict:
    """The verdict of brokers that each have a host of their own, or of those on one host."""
    now, before = parted(recorded(changes, background=background, apart=apart))
    return diagnose(now, assess(now, NO_LIMITS), before)


def timed(part: str, **each: tuple[float, float]) -> dict[str, float]:
    """Times of requests by type: how many there are a second, and milliseconds of one."""
    return {f"{part}{{request={name}}}": rate * ms for name, (rate, ms) in each.items()}


SMALL: Final = {
    **asked(Produce=420, FetchConsumer=60, Metadata=1, FetchFollower=0.1), "ingress": 60e6, "egress": 60e6,
    "records_in": 400e3, "requests": 480, "connections": 24, "connection_attempts": 0.1, "partitions": 60,
    "leaders": 60, "cpu_broker": 0.6, "cores": 8, "cpu_host": 0.08, "request_handler_busy": 0.03,
    "network_thread_busy": 0.05, **by_client("shovel", 0.15, 60e6), **by_client("reader", 0.05, out=60e6),
}  # fmt: skip
"""Small batches after an upgrade of a client, in a public report."""


def test_what_a_cure_saves_is_never_more_than_what_brokers_use() -> None:
    verdict = told(
        SMALL,
        {
            **asked(Produce=31e3, FetchConsumer=900), "ingress": 41e6, "egress": 41e6, "records_in": 250e3,
            "requests": 31900, "cpu_broker": 4.2, "cpu_host": 0.52, "request_handler_busy": 0.45,
            "network_thread_busy": 0.5, **by_client("shovel", 3.1, 41e6), **by_client("reader", 0.4, out=41e6),
        },
        apart=False,
    )  # fmt: skip
    first = verdict.findings[0]
    assert (first.cause, first.culprits[0].name) == ("small-batches", "shovel")
    assert first.cure is not None
    # By prices 31,000 requests took five cores and more; brokers took 3.6 more than before.
    assert first.cure.effect == "batches of ten times as many records save up to 3.6 cores"
    assert first.cure.gain == pytest.approx(3.6 / 4.2, rel=0.05)


LARGE: Final = {
    **asked(Produce=24e3, FetchConsumer=15e3, FetchFollower=4500, Metadata=120, ApiVersions=3), "ingress": 240e6,
    "egress": 480e6, "records_in": 480e3, "requests": 39e3, "connections": 18e3, "connection_attempts": 6,
    "partitions": 3600, "leaders": 1200, "under_replicated": 0, "isr_shrinks": 0, "cpu_broker": 15, "cores": 48,
    "cpu_host": 0.1, "request_handler_busy": 0.1, "network_thread_busy": 0.45,
    "connections_by_listener{listener=CLIENT}": 18e3,
    **timed("request_time", Produce=(24e3, 8), FetchConsumer=(15e3, 60), FetchFollower=(4500, 100)),
    **timed("request_remote_time", Produce=(24e3, 0.1)),
}  # fmt: skip
"""Six network threads of 48 cores, and 4,000 more connections a broker, in a public report."""

STARVED: Final = {
    **asked(Produce=33e3, FetchConsumer=24e3, Metadata=270, ApiVersions=90), "ingress": 255e6, "egress": 390e6,
    "requests": 57e3, "connections": 30e3, "connection_attempts": 90, "cpu_broker": 21,
    "connections_by_listener{listener=CLIENT}": 30e3, "network_thread_busy": 0.75, "network_thread_busy@2": 0.98,
    "cpu_host": 0.14, "cpu_host@2": 0.17, "under_replicated@2": 25, "isr_shrinks@2": 0.5,
    **timed("request_time", Produce=(33e3, 30)), **timed("request_remote_time", Produce=(33e3, 0.1)),
    "request_remote_time{request=Produce}@2": 11e3 * 700,
}  # fmt: skip


def test_full_network_threads_of_a_host_with_cpu_to_spare_are_the_brokers_setting_and_no_slow_replica() -> None:
    verdict = told(LARGE, STARVED)
    assert verdict.sentence.startswith("limited by network threads of broker 2 because of connections")
    cure = verdict.reached[0].cure
    assert cure is not None
    assert cure.what.startswith("Raise num.network.threads of broker 2 (without a restart, at most doubled at a time)")
    assert "83 % of its host's CPU is free" in cure.what
    # Followers of broker 2 wait for an answer like everybody else: that they are late is what it leads to.
    assert "slow-replica" not in {finding.cause for finding in verdict.likely}


OLD: Final = {
    **asked(Produce=4500, FetchConsumer=2700, FetchFollower=1500, Metadata=6), "ingress": 150e6, "egress": 450e6,
    "records_in": 150e3, "requests": 7200, "connections": 600, "connection_attempts": 0.6, "partitions": 1800,
    "leaders": 600, "cpu_broker": 4.8, "cores": 8, "cpu_host": 0.2, "request_handler_busy": 0.1,
    "network_thread_busy": 0.2, "fetch_conversions": 0, "gc_time": 0.03,
    **timed("request_local_time", Produce=(4500, 0.5), FetchConsumer=(2700, 0.5)),
    **timed("request_queue_time", Produce=(4500, 0.1), FetchConsumer=(2700, 0.1)),
}  # fmt: skip
"""Consumers that are too old for the record format, in a public report: the same load, and the CPU full."""


def test_old_consumers_are_named_and_the_time_that_rose_is_shown_by_its_parts() -> None:
    verdict = told(
        OLD,
        {
            "cpu_broker": 23.7, "cpu_host": 0.99, "request_handler_busy": 0.88, "network_thread_busy": 0.4,
            "fetch_conversions": 450e3, "gc_time": 0.45,
            **timed("request_local_time", Produce=(4500, 0.5), FetchConsumer=(2700, 30)),
            **timed("request_queue_time", Produce=(4500, 35), FetchConsumer=(2700, 35)),
        },
    )  # fmt: skip
    assert verdict.state is State.LIMITED
    assert verdict.findings[0].cause == "down-conversion"
    shown = {time.name: (round(time.before, 1), round(time.now)) for time in verdict.times}
    assert shown == {
        "Request queue time of a Produce request": (0.1, 35),
        "Request queue time of a FetchConsumer request": (0.1, 35),
        "Local time of a FetchConsumer request": (0.5, 30),
    }


def test_handlers_that_are_said_to_be_full_while_requests_take_no_time_are_not_believed() -> None:
    few = {**asked(Produce=450, FetchConsumer=270, FetchFollower=1, Metadata=1)}
    times = timed("request_local_time", Produce=(450, 0.5), FetchConsumer=(270, 0.5))
    idle = {**OLD, **few, **times, "request_handler_busy": 1.0}
    verdict = told(idle, {})
    assert verdict.reached == ()
    assert verdict.state is State.INCONCLUSIVE
    (first, *_) = verdict.missing
    assert (
        first.startswith("request handlers busy of broker 1 reads 100 %, while requests took handlers 1.2 s") is False
    )
    assert "that metric is not what it is taken for" in first


def test_threads_that_wait_for_a_disk_are_full_on_an_idle_host() -> None:
    slow = {
        "request_handler_busy": 0.97,
        **timed("request_local_time", Produce=(4500, 5.0), FetchConsumer=(2700, 0.5)),
    }
    verdict = told({**OLD}, slow)
    assert verdict.state is State.LIMITED
    assert {reached.what for reached in verdict.reached} == {f"request handlers of broker {each}" for each in "123"}


def test_old_clients_and_dead_cleaners_are_remarked_on_and_make_nothing_doubtful() -> None:
    verdict = told(
        OLD,
        {
            "deprecated_requests{request=Fetch,software=ancient/0.9}": 30,
            "deprecated_requests{request=Fetch,software=old/1.0}": 3,
            "cleaner_dead_threads@2": 1,
        },
    )
    assert verdict.missing == ()
    first, second = verdict.notes
    assert first.endswith("by ancient/0.9, old/1.0: upgrade these clients before the brokers")
    assert second == "1 dead threads of the log cleaner of broker 2: its compacted topics grow until it restarts"


def test_a_look_alike_that_no_metric_shows_is_named_with_the_cause() -> None:
    """Rules without connections show many small requests, and not from how many clients they come."""
    changes = {**asked(Produce=31e3), "records_in": 250e3, "requests": 31900, "cpu_broker": 4.2}
    blind = ("connections", "connection_attempts")
    now, before = parted(recorded(changes, background=SMALL, without=blind))
    verdict = diagnose(now, assess(now, NO_LIMITS), before)
    assert verdict.findings[0].cause == "small-batches"
    assert verdict.notes[0].startswith("these metrics cannot tell small-batches from connections or")
