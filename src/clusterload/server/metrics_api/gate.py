"""The gate: who gets through to the calls at all. Host, rate and authorization, in this order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

from clusterload.server.metrics_api.refusal import envelope

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from clusterload.server.metrics_api.credentials import Credential


class Gate:
    """Lets a request through to the app, or answers it with an error itself."""

    def __init__(self, app: ASGIApp, *, credential: Credential, hosts: Collection[str], per_minute: int) -> None:
        """Guard an app.

        Args:
            app: what is guarded.
            credential: what a request must carry.
            hosts: the names by which we may be called, lower case and without a port. A page from elsewhere that
                makes a browser call us brings the name of its own site.
            per_minute: requests of one address that are answered in a minute.
        """
        self._app, self._credential, self._hosts = app, credential, frozenset(hosts)
        self._rate = Rate(per_minute, 60.0, time.monotonic)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        allowance = self._rate.take(client[0] if client else "")

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(allowance.headers)
            await send(message)

        refusal = self._refusal(Headers(scope=scope), exceeded=allowance.exceeded)
        await (refusal or self._app)(scope, receive, counted)

    def _refusal(self, headers: Headers, *, exceeded: bool) -> JSONResponse | None:
        if _name(headers.get("host", "")) not in self._hosts:
            return _error(400, "the Host header names another site: call this API by the address it listens on")
        if exceeded:
            return _error(429, "rate limited: retry after the seconds in rateLimit-reset")
        if not self._credential.admits(headers.get("authorization", "")):
            text = "authorization failed: send 'Basic' and the value of confluent.cloud_api_token"
            return _error(401, text, {"WWW-Authenticate": 'Basic realm="metrics"'})
        return None


def _name(host: str) -> str:
    """The name in a Host header, without port and brackets."""
    name = host.lower()
    return name[1 : name.find("]")] if name.startswith("[") else name.partition(":")[0]


def _error(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(envelope(status, detail), status, headers)


PER_MINUTE: Final = 300
"""Requests of one address in a minute. The published contract said 60; the service allows 300 by now."""
EXPORTS_PER_HOUR: Final = 160
"""Exports of one cluster in an hour. The published contract said 80; the service allows 160 by now."""

_MOST_CALLERS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a caller has left: `limit` in a window, `remaining` of it, `reset` seconds until the next."""

    limit: int
    remaining: int
    reset: int
    exceeded: bool

    @property
    def headers(self) -> dict[str, str]:
        """The contract's headers."""
        return {
            "rateLimit-limit": str(self.limit),
            "rateLimit-remaining": str(self.remaining),
            "rateLimit-reset": str(self.reset),
        }


@dataclass(slots=True)
class Rate:
    """At most `limit` requests of each caller in each window of `seconds`, counted from the caller's first one.

    Attributes:
        limit: requests in a window.
        seconds: length of a window.
        clock: tells seconds; never goes back.
    """

    limit: int
    seconds: float
    clock: Callable[[], float]
    _windows: dict[str, tuple[float, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, caller: str) -> Allowance:
        """Count one request of a caller."""
        now = self.clock()
        with self._lock:
            began, count = self._windows.get(caller, (now, 0))
            if now - began >= self.seconds:
                began, count = now, 0
            if len(self._windows) >= _MOST_CALLERS:
                self._windows = {key: window for key, window in self._windows.items() if now - window[0] < self.seconds}
            self._windows[caller] = began, count + 1
        return Allowance(
            limit=self.limit,
            remaining=max(0, self.limit - count - 1),
            reset=max(1, -int(-(began + self.seconds - now) // 1)),
            exceeded=count >= self.limit,
        )
