"""The fleet: workers on all cores, begun at one moment, their reports put together.

Workers are started through an executor of `concurrent.futures` and call back to an address on this machine
with a key of this run, so that another executor can take its place.
"""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener, wait
from typing import Any, Final

from kio.schema.errors import ErrorCode
from kio.schema.metadata.v7.response import MetadataResponse

from clusterload.generator.wire.frames import metadata_request
from clusterload.generator.wire.processes import Processes
from clusterload.generator.wire.worker import work_at
from clusterload.generator.wire.worker_messages import Routes, WorkerReport, WorkerTask
from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.conversation import Conversation, first_to_answer
from clusterload.kafka.protocol.security import Security
from clusterload.model.errors import ClusterError, ClusterloadError

BEGIN_SECONDS: Final = 0.2
"""From the message to begin until the load begins, so that every worker has got it."""

_AFTER_SECONDS: Final = 20.0
_START_SECONDS: Final = 60.0

OnReport = Callable[[WorkerReport], None]


@dataclass(slots=True, kw_only=True, eq=False)
class Fleet:
    """Workers that are connected and wait for the message to begin."""

    works: Sequence[WorkerTask]
    lines: list[Connection[Any, Any]]
    on_report: OnReport
    find: Callable[[], Routes]
    failure: str = ""
    # Not Thread.join: one that Ctrl-C breaks off takes the thread for ended from then on (Python 3.11).
    _over: threading.Event | None = None

    def begin(self, duration: float) -> int:
        """Let the load begin; the Unix nanoseconds at which it does."""
        start = time.time_ns() + round(BEGIN_SECONDS * 1e9)
        for line in self.lines:
            line.send(("begin", start))
        self._over = threading.Event()
        threading.Thread(target=self._listen, args=(duration, self._over), name="fleet", daemon=True).start()
        return start

    def join(self, meanwhile: Callable[[], None]) -> None:
        """Wait for every worker's last report; `meanwhile` is called five times a second.

        Raises:
            ClusterError: a worker failed.
        """
        assert self._over is not None
        while not self._over.wait(0.2):  # in short waits, so that Ctrl-C is noticed
            meanwhile()
        if self.failure:
            raise ClusterError(self.failure)

    def stop(self) -> None:
        """End the load now; the workers still send their last report."""
        for line in self.lines:
            with suppress(OSError):
                line.send(("stop", None))
        if self._over is not None:
            self._over.wait(_AFTER_SECONDS)

    def _listen(self, duration: float, over: threading.Event) -> None:
        try:
            self._listen_to_all(duration)
        finally:
            over.set()

    def _listen_to_all(self, duration: float) -> None:
        running = list(self.lines)
        give_up = time.monotonic() + duration + _AFTER_SECONDS
        while running and time.monotonic() < give_up:
            for line in wait(running, timeout=0.2):
                assert isinstance(line, Connection)
                if not self._hear(line):
                    running.remove(line)
        if running:
            self.failure = self.failure or f"{len(running)} workers did not end"

    def _hear(self, line: Connection[Any, Any]) -> bool:
        """Take one message; whether more can come."""
        try:
            what, value = line.recv()
        except (EOFError, OSError):
            self.failure = self.failure or "a worker ended too early: see whether memory ran out"
            return False
        if what == "stale":
            self._refresh()
        elif what == "failed":
            self.failure = value
            return False
        elif what == "report":
            self.on_report(value)
            return not value.last
        return True

    def _refresh(self) -> None:
        with suppress(ClusterloadError):
            found = self.find()
            for line in self.lines:
                with suppress(OSError):
                    line.send(("routes", found))


@contextmanager
def connected_fleet(
    works: Sequence[WorkerTask],
    *,
    find: Callable[[], Routes],
    on_report: OnReport,
    executor: Executor | None = None,
) -> Iterator[Fleet]:
    """Workers that are connected and ready; they are gone after the block.

    Args:
        works: one for each worker.
        find: looks up the routes.
        on_report: gets each report, in a thread of the fleet.
        executor: where workers run; processes of this machine by default.

    Raises:
        ClusterError: a worker could not connect.
    """
    key = secrets.token_bytes(32)
    own = executor or Processes()
    with Listener(("127.0.0.1", 0), backlog=len(works) + 1, authkey=key) as listener:
        futures = [own.submit(work_at, listener.address, key) for _ in works]
        lines: list[Connection[Any, Any]] = []
        try:
            lines = _lines(listener, futures, works)
            yield _ready(Fleet(works=works, lines=lines, on_report=on_report, find=find))
        finally:
            for line in lines:
                with suppress(OSError):
                    line.send(("stop", None))
                line.close()
            if executor is None:
                own.shutdown()


def _lines(
    listener: Listener, futures: Sequence[Future[None]], works: Sequence[WorkerTask]
) -> list[Connection[Any, Any]]:
    address = listener.address
    assert isinstance(address, tuple)
    for future in futures:
        # One that ends before it has called would be waited for without end: its call is made in its place.
        future.add_done_callback(lambda _: _call_in_place_of(address))
    lines = []
    for work in works:
        try:
            line = listener.accept()
            line.send(work)
        except (OSError, EOFError, AuthenticationError):
            for future in futures:
                if future.done():
                    future.result()
            raise ClusterError("a worker could not be reached as it started") from None
        lines.append(line)
    return lines


def _call_in_place_of(address: tuple[str, int]) -> None:
    with suppress(OSError):
        socket.create_connection(address, timeout=1).close()


def _ready(fleet: Fleet) -> Fleet:
    waiting = list(fleet.lines)
    give_up = time.monotonic() + _START_SECONDS
    while waiting:
        readable = wait(waiting, timeout=0.5)
        for line in readable:
            assert isinstance(line, Connection)
            try:
                what, value = line.recv()
            except EOFError:
                raise ClusterError("a worker ended before the load began") from None
            if what == "failed":
                raise ClusterError(value)
            if what == "ready":
                waiting.remove(line)
        if time.monotonic() > give_up:
            raise ClusterError(f"{len(waiting)} workers were not ready in {_START_SECONDS:.0f} s")
    return fleet


def finder(
    servers: str,
    security: Security,
    client_id: str,
    topics: tuple[str, ...],
    needed: Mapping[str, tuple[int, int]],
) -> Callable[[], Routes]:
    """A function that looks up the routes, each time at the brokers known by then.

    Args:
        servers: for the first lookup, as in `bootstrap.servers`.
        security: how to speak to brokers.
        client_id: of the lookup.
        topics: whose leaders are wanted.
        needed: APIs that the load needs, with their key and version.
    """
    known = [Address.parsed(server) for server in servers.split(",") if server.strip()]

    def find() -> Routes:
        with first_to_answer(known, security, client_id=client_id) as broker:
            broker.require(needed)
            found = look_up(broker, topics)
        known[:] = [*dict.fromkeys([*found.brokers.values(), *known])]
        return found

    return find


def look_up(conversation: Conversation, topics: tuple[str, ...]) -> Routes:
    """Where the brokers are and who leads the partitions of these topics.

    Raises:
        ClusterError: a topic does not exist or may not be read, or the broker does not answer.
    """
    response = conversation.ask(metadata_request(topics), MetadataResponse)
    leaders: dict[str, tuple[int, ...]] = {}
    for topic in response.topics:
        if topic.error_code not in {ErrorCode.none, ErrorCode.leader_not_available}:
            raise ClusterError(f"topic {topic.name!r}: {topic.error_code.name.upper()}; check that it exists")
        partitions = sorted(topic.partitions, key=lambda partition: partition.partition_index)
        leaders[str(topic.name)] = tuple(int(partition.leader_id) for partition in partitions)
    brokers = {int(broker.node_id): Address(str(broker.host), int(broker.port)) for broker in response.brokers}
    return Routes(brokers=brokers, leaders=leaders)
