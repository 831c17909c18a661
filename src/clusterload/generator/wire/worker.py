"""A worker: one process with one event loop that carries out its part of a plan.

It gets its work over a connection to the fleet, says when it is ready, begins on the fleet's message, and reports once
a second. It ends when its work is done, on a message to stop, or when the fleet is gone. Light on purpose: no Kafka
library is imported here unless records must be made.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
import sys
import time
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import uvloop

from clusterload.generator.wire.population import Population, WorkerSetting
from clusterload.generator.wire.worker_messages import LoadPart, WorkerReport, WorkerTask
from clusterload.kafka.protocol.login import Login
from clusterload.kafka.protocol.tls import context
from clusterload.model.errors import ClusterloadError

if TYPE_CHECKING:
    from clusterload.generator.wire.worker_messages import Routes

REPORT_SECONDS: Final = 1.0
FINISH_SECONDS: Final = 10.0
"""How long responses are waited for after the end."""

STALE_SECONDS: Final = 0.1
"""New routes are requested at most this often."""

_TICK: Final = 1_000_000
"""Nanoseconds: the shortest sleep."""


def work_at(address: tuple[str, int], key: bytes) -> None:
    """Do what the fleet at this address says; what an executor runs in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the fleet says when to stop, also after Ctrl-C
    _allow_many_files()
    with Client(address, authkey=key) as fleet:
        uvloop.run(_Worker(fleet).run())


def _allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class _Worker:
    def __init__(self, fleet: Connection[Any, Any]) -> None:
        self.fleet = fleet
        self.populations: list[Population] = []
        self.over = asyncio.Event()
        self.lag = 0
        self.cpu = self.stale_sent = 0.0

    async def run(self) -> None:
        work: WorkerTask = self.fleet.recv()
        self.begun: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(self.fleet.fileno(), self._on_message)
        try:
            await self._prepare(work)
            self.fleet.send(("ready", work.worker))
            if await self._begin(work):
                await self._drive(work)
                await self._finish(work)
        except (ClusterloadError, OSError) as error:
            self.fleet.send(("failed", str(error)))
        except Exception as error:
            self.fleet.send(("failed", f"worker {work.worker}: {type(error).__name__}: {error}"))
            raise

    def _on_message(self) -> None:
        try:
            what, value = self.fleet.recv()
        except (EOFError, OSError):
            what, value = "stop", None
        if what == "routes":
            self._move(value)
        elif what == "begin" and not self.begun.done():
            self.begun.set_result(value)
        elif what == "stop":
            asyncio.get_running_loop().remove_reader(self.fleet.fileno())
            self.over.set()
            if not self.begun.done():
                self.begun.set_result(0)

    def _move(self, routes: Routes) -> None:
        self.setting.routes = routes
        for population in self.populations:
            population.on_new_routes()

    async def _prepare(self, work: WorkerTask) -> None:
        self.setting = WorkerSetting(
            worker=work.worker,
            seed=work.seed,
            duration=work.duration,
            warm_up=work.warm_up,
            routes=work.routes,
            tls=context(work.security),
            login=Login(work.security) if work.security.mechanism else None,
            stale=self._stale,
        )
        self.populations = [_population(part, self.setting) for part in work.parts]
        for population in self.populations:
            await population.prepare()
        gc.collect()
        gc.freeze()  # what exists now lives to the end; the collector need not look at it again

    def _stale(self) -> None:
        now = time.monotonic()
        if now - self.stale_sent > STALE_SECONDS:
            self.stale_sent = now
            self.fleet.send(("stale", None))

    async def _begin(self, work: WorkerTask) -> bool:
        start = await self.begun
        if not start:
            return False
        setting = self.setting
        setting.origin = start - setting.offset
        setting.end = setting.origin + round(setting.duration * 1e9)
        for population in self.populations:
            population.begin()
        self.cpu = time.process_time()
        self._report(work, last=False)
        return True

    async def _drive(self, work: WorkerTask) -> None:
        """Wake when something is due; report once a second."""
        loop, setting = asyncio.get_running_loop(), self.setting
        done = loop.create_future()
        report_at = setting.origin + round(REPORT_SECONDS * 1e9)

        def fail(_: object, context: dict[str, Any]) -> None:
            # What a callback raises would only be logged; a generator that is wrong must not go on.
            if not done.done():
                done.set_exception(context.get("exception") or RuntimeError(context["message"]))

        loop.set_exception_handler(fail)

        def wake(wanted: int) -> None:
            nonlocal report_at
            now = time.monotonic_ns()
            if done.done():
                return
            if now < setting.origin:  # the loop's clock ticks in milliseconds, and may be that much early
                loop.call_later(_TICK / 1e9, wake, wanted)
                return
            self.lag = max(self.lag, now - wanted)
            due = min([population.tick(now) for population in self.populations], default=setting.end)
            if now >= report_at:
                report_at += round(REPORT_SECONDS * 1e9)
                self._report(work, last=False)
            if now >= setting.end or self.over.is_set():
                done.set_result(None)
                return
            due = max(min(due, report_at, setting.end), now + _TICK)
            # The loop's timers tick in milliseconds; with less they would spin.
            loop.call_later(max(_TICK, due - time.monotonic_ns()) / 1e9, wake, due)

        loop.call_later(max(0.0, (setting.origin - time.monotonic_ns()) / 1e9), wake, setting.origin)
        await done

    async def _finish(self, work: WorkerTask) -> None:
        patience = 1.0 if self.over.is_set() else FINISH_SECONDS
        await asyncio.gather(*(population.finish(patience) for population in self.populations))
        for population in self.populations:
            await population.close_all()
        self._report(work, last=True)

    def _report(self, work: WorkerTask, *, last: bool) -> None:
        # The first report comes a moment before the load: what it counts was done beforehand.
        elapsed = max(0.0, (time.monotonic_ns() - self.setting.origin) / 1e9)
        report = WorkerReport(
            worker=work.worker,
            elapsed=elapsed,
            tallies=tuple(population.tally() for population in self.populations),
            cpu=time.process_time() - self.cpu,
            lag=self.lag / 1e9,
            rss=_rss(),
            last=last,
        )
        self.lag = 0
        self.fleet.send(("report", report))


def _population(part: LoadPart, setting: WorkerSetting) -> Population:
    match part.load.kind:
        case "produce":
            from clusterload.generator.wire.produce import ProduceClients

            return ProduceClients(part, setting)
        case "connect":
            from clusterload.generator.wire.connect import ConnectClients

            return ConnectClients(part, setting)
        case "consume":
            from clusterload.generator.wire.consume import ConsumeClients

            return ConsumeClients(part, setting)
        case _:
            from clusterload.generator.wire.admin import AdminClients

            return AdminClients(part, setting)


def _rss() -> int:
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except OSError:
        # No /proc: the peak, which macOS gives in bytes and others in KiB.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
