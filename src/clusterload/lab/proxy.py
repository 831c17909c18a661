"""Proxies in front of brokers' listeners, in one process: `python -m clusterload.lab.proxy ORDERS.json`.

The file has `socket` (where it is told what to do) and `ways`: for each broker and listener the port that is shown to
the world and the broker's own. Where nothing is impaired, bytes are handed on as they come. An impairment has a term,
after which it is undone by itself, also if the process that asked for it was killed.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import uvloop

from clusterload.lab.impairment import Impairment, ProxyStatus
from clusterload.lab.listeners import HOST
from clusterload.model.errors import UsageError

_ROOM = 4 << 20  # bytes of one connection that may wait here; then its sender has to
_HEADER = 14  # bytes of a request up to the client id: size, key, version, correlation, length


class _Line:
    """One direction of one connection: takes bytes, and hands them on when they are due, in their order."""

    def __init__(self, proxy: Proxy, bucket: _Bucket, pair: _Pair) -> None:
        self._proxy, self._bucket, self._pair = proxy, bucket, pair
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._held = 0
        self._last_due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.source: asyncio.Transport | None = None
        self.sink: asyncio.Transport | None = None
        self._source_over = False
        self._blocked = self._reading_paused = False

    def take(self, data: bytes) -> None:
        """Hand the bytes on, at once where nothing is done to them."""
        self._proxy.moved += len(data)
        impairment = self._proxy.impairment_of(self._pair.who)
        if impairment is None and not self._waiting and self.sink is not None:
            self.sink.write(data)
            return
        self._waiting.append((self._due(impairment, len(data)), data))
        self._held += len(data)
        self._gate()
        self._plan()

    def block(self, *, blocked: bool) -> None:
        """Whether the other side takes no more at the moment."""
        self._blocked = blocked
        self._gate()

    def _gate(self) -> None:
        """Have the sender wait until there is room for more."""
        full = self._blocked or self._held > _ROOM
        if self.source is None or full == self._reading_paused or self.source.is_closing():
            return
        self._reading_paused = full
        (self.source.pause_reading if full else self.source.resume_reading)()

    def end(self) -> None:
        """Nothing more comes: close the other side when all is handed on."""
        self._source_over = True
        if not self._waiting and self.sink is not None:
            self.sink.close()

    def drop(self) -> None:
        """Nobody is there to take what waits."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()

    def recompute(self) -> None:
        """The impairment has changed, also for all that waits."""
        impairment = self._proxy.impairment_of(self._pair.who)
        waiting, self._waiting, self._last_due = self._waiting, deque(), 0.0
        for _, data in waiting:
            self._waiting.append((self._due(impairment, len(data)), data))
        self._plan()

    def _due(self, impairment: Impairment | None, size: int) -> float:
        now = asyncio.get_running_loop().time()
        if impairment is None:
            return max(self._last_due, now)
        if impairment.cut:
            return math.inf
        passed = self._bucket.passed(size, impairment.bandwidth, now)
        due = passed + impairment.delay / 2 + (random.uniform(0, impairment.jitter) if impairment.jitter else 0.0)  # noqa: S311
        self._last_due = max(self._last_due, due)
        return self._last_due

    def _plan(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting and self.sink is not None and math.isfinite(due := self._waiting[0][0]):
            self._timer = asyncio.get_running_loop().call_at(due, self._release)

    def _release(self) -> None:
        assert self.sink is not None
        self._timer, now = None, asyncio.get_running_loop().time()
        while self._waiting and self._waiting[0][0] <= now:
            _, data = self._waiting.popleft()
            self._held -= len(data)
            self.sink.write(data)
        self._gate()
        if self._source_over and not self._waiting:
            self.sink.close()
        self._plan()


@dataclass(slots=True)
class _Bucket:
    """What a direction of bounded bandwidth has let pass: the time at which it is free again."""

    free_at: float = 0.0

    def passed(self, size: int, bandwidth: float, now: float) -> float:
        """When so many bytes will have passed."""
        if math.isinf(bandwidth):
            return now
        self.free_at = max(self.free_at, now) + size / bandwidth
        return self.free_at


class _Pair:
    """A connection that came in and the one to the broker that it is joined to."""

    def __init__(self, proxy: Proxy) -> None:
        self.who = ""
        self.inward = _Line(proxy, proxy.inward, self)
        self.outward = _Line(proxy, proxy.outward, self)

    @property
    def lines(self) -> tuple[_Line, _Line]:
        return self.inward, self.outward


class _End(asyncio.Protocol):
    """One of the two sockets of a pair; `out` is where what it reads goes, `into` what it is to write."""

    def __init__(self, out: _Line, into: _Line, on_lost: Callable[[], None]) -> None:
        self._out, self._into, self._on_lost = out, into, on_lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._out.source = self._into.sink = cast(
            "asyncio.Transport", transport
        )  # uvloop's are of no class of asyncio's
        self._into.recompute()

    def data_received(self, data: bytes) -> None:
        self._out.take(data)

    def pause_writing(self) -> None:
        self._into.block(blocked=True)

    def resume_writing(self) -> None:
        self._into.block(blocked=False)

    def connection_lost(self, _: Exception | None) -> None:
        self._into.drop()
        self._out.end()
        self._on_lost()


class _Arrival(_End):
    """The side of those who talk to a broker: the first bytes say who it is."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy, self._pair = proxy, _Pair(proxy)
        super().__init__(self._pair.inward, self._pair.outward, self._gone)
        self._first = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._proxy.pairs.add(self._pair)
        self._joining = asyncio.get_running_loop().create_task(self._join())

    def data_received(self, data: bytes) -> None:
        if self._first:
            self._first, self._pair.who = False, client_id_of(data)
        super().data_received(data)

    async def _join(self) -> None:
        pair = self._pair
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: _End(pair.outward, pair.inward, lambda: None), HOST, self._proxy.target
            )
        except OSError:  # the broker is down: so is this
            assert pair.inward.source is not None
            pair.inward.source.abort()

    def _gone(self) -> None:
        self._proxy.pairs.discard(self._pair)


def client_id_of(data: bytes) -> str:
    """The client id in the header of the first request on a connection; empty where it has none."""
    length = int.from_bytes(data[_HEADER - 2 : _HEADER], signed=True) if len(data) >= _HEADER else 0
    return data[_HEADER : _HEADER + max(0, length)].decode("utf-8", "replace")


@dataclass(slots=True, eq=False)
class Proxy:
    """The proxy before one listener of one broker."""

    listener: str
    broker: int
    target: int
    inward: _Bucket = field(default_factory=_Bucket)
    outward: _Bucket = field(default_factory=_Bucket)
    pairs: set[_Pair] = field(default_factory=set)
    moved: int = 0
    impairment: Impairment | None = None
    _undoing: asyncio.TimerHandle | None = None

    def impairment_of(self, who: str) -> Impairment | None:
        """What is done to a connection of this client id."""
        impairment = self.impairment
        return impairment if impairment is None or who.startswith(impairment.who) else None

    def impair(self, impairment: Impairment, seconds: float) -> None:
        """Do this for so long, instead of what was done before."""
        self._set(impairment)
        self._undoing = asyncio.get_running_loop().call_later(seconds, self.heal)

    def heal(self) -> None:
        """Let all pass as it comes."""
        self._set(None)

    def _set(self, impairment: Impairment | None) -> None:
        if self._undoing is not None:
            self._undoing.cancel()
            self._undoing = None
        self.impairment = impairment
        self.inward.free_at = self.outward.free_at = 0.0
        for pair in self.pairs:
            for line in pair.lines:
                line.recompute()

    @property
    def status(self) -> ProxyStatus:
        """How it stands."""
        return ProxyStatus(
            listener=self.listener,
            broker=self.broker,
            connections=len(self.pairs),
            moved=self.moved,
            impaired=self.impairment is not None,
        )


@dataclass(frozen=True, slots=True)
class Proxies:
    """All proxies of a lab."""

    proxies: tuple[Proxy, ...]

    def do(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out one order; how all stand after it, or an error."""
        what = order.get("do")
        chosen = list(self._chosen(order.get("listener"), order.get("broker")))
        if what not in {"impair", "heal", "status"}:
            return {"error": f"cannot {what}"}
        if not chosen:
            return {"error": f"no proxy before {order.get('listener')} of broker {order.get('broker')}"}
        if what == "impair":
            try:
                impairment = Impairment.parsed(order["impairment"])
            except UsageError as error:
                return {"error": str(error)}
            for proxy in chosen:
                proxy.impair(impairment, float(order["seconds"]))
        for proxy in chosen if what == "heal" else []:
            proxy.heal()
        return {"ways": [asdict(proxy.status) for proxy in self.proxies]}

    def _chosen(self, listener: str | None, broker: int | None) -> Iterator[Proxy]:
        return (
            proxy for proxy in self.proxies if listener in {None, proxy.listener} and broker in {None, proxy.broker}
        )

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one order on the socket."""
        try:
            answer = self.do(json.loads(await reader.readline()))
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError, KeyError, TypeError) as error:
            writer.write(json.dumps({"error": f"not understood: {error}"}).encode() + b"\n")
        finally:
            writer.close()


async def serve(orders: dict[str, Any]) -> None:
    """Stand before all listeners until the process is ended."""
    loop = asyncio.get_running_loop()
    proxies = []
    for each in orders["ways"]:
        proxy = Proxy(listener=each["listener"], broker=each["broker"], target=each["target"])
        await loop.create_server(lambda proxy=proxy: _Arrival(proxy), HOST, each["port"], backlog=1024)  # type: ignore[misc]
        proxies.append(proxy)
    server = await asyncio.start_unix_server(Proxies(tuple(proxies)).answer, orders["socket"])
    await server.serve_forever()


def main(arguments: list[str]) -> None:
    """Run the proxies that the file named by the first argument tells of."""
    orders = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    _raise_file_limit()
    uvloop.run(serve(orders))


def _raise_file_limit() -> None:
    """A connection that passes takes two files."""
    import resource  # noqa: PLC0415 (not on every system)

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main(sys.argv[1:])
