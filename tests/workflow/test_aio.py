"""Long work that is awaited lets others run meanwhile, and ends in good order when it is cancelled."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from clusterload import Plan, Run, read_run
from clusterload.model.errors import ConfigurationError
from clusterload.telemetry.sources.source import Sink
from clusterload.workflow import aio
from tests import wire_runs
from tests.stored_runs import plan as of_librdkafka


class Silent:
    """A source that never tells anything."""

    interval = 0.1
    title = "silence"

    def start(self, _sink: Sink) -> Self:
        return self

    def stop(self) -> None:
        """There is nothing to stop."""


def load(seconds: float) -> Plan:
    return wire_runs.plan(wire_runs.produce(connections="2", request_rate="100/s"), duration=seconds)


def told(begun: asyncio.Event) -> Callable[[object], None]:
    """What sets this event, from any thread."""
    loop = asyncio.get_running_loop()

    def tell(_: object) -> None:
        loop.call_soon_threadsafe(begun.set)

    return tell


async def cancelled(work: Callable[[Callable[[object], None]], Any]) -> float:
    """Cancel work that has begun to tell of itself; how long it took to end, in seconds."""
    begun = asyncio.Event()
    task = asyncio.ensure_future(work(told(begun)))
    await asyncio.wait_for(begun.wait(), 30)
    task.cancel()
    before = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    return time.monotonic() - before


def test_others_run_while_a_load_is_awaited_and_the_run_is_what_it_gives(tmp_path: Path) -> None:
    async def both() -> tuple[Run, int]:
        working = asyncio.ensure_future(aio.measure_noop(load(1.0), path=tmp_path / "a.run"))
        ticks = 0
        while not working.done():
            await asyncio.sleep(0.02)
            ticks += 1
        return await working, ticks

    run, ticks = asyncio.run(both())
    assert run.complete
    assert run.ledgers[0].acknowledged > 50
    assert ticks > 20


def test_a_load_that_is_cancelled_ends_in_good_order_before_the_task_does(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    took = asyncio.run(
        cancelled(lambda tell: aio.measure_noop(load(600), path=path, on_progress=tell)),
    )
    assert took < 30
    run = read_run(path)
    assert not run.complete
    assert [event.kind for event in run.events] == ["aborted"]
    assert run.ledgers[0].balanced
    assert run.seconds < 60


def test_a_watched_cluster_that_is_cancelled_is_a_whole_run(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    properties = SimpleNamespace(open_values={}, unverified_tls=False)
    cluster: Any = SimpleNamespace(id="c", brokers=[], properties=properties, answers=False)
    asyncio.run(cancelled(lambda tell: aio.watch(cluster, sources=(Silent(),), path=path, on_look=tell)))
    assert read_run(path).complete


def test_a_loop_that_ends_waits_for_what_it_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "a.run"

    async def left() -> None:
        begun = asyncio.Event()
        task = asyncio.create_task(aio.measure_noop(load(600), path=path, on_progress=told(begun)))
        await begun.wait()
        assert not task.done()

    asyncio.run(left())
    assert [event.kind for event in read_run(path).events] == ["aborted"]


def test_what_fails_is_raised_where_it_is_awaited() -> None:
    with pytest.raises(ConfigurationError, match="cannot run against the stub broker"):
        asyncio.run(aio.measure_noop(of_librdkafka()))


@pytest.mark.parametrize(
    "name", ["calibrate", "find_capacity", "measure", "measure_noop", "run_case", "run_experiment", "watch"]
)
def test_every_long_function_can_be_awaited_with_its_own_arguments(name: str) -> None:
    awaited = getattr(aio, name)
    assert asyncio.iscoroutinefunction(awaited)
    assert inspect.signature(awaited) == inspect.signature(awaited.__wrapped__)
    assert awaited.__wrapped__.__name__ == name
