"""Serving this machine only: an application in a thread, which answers no other host and lets nothing be changed."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

import uvicorn
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

from clusterload.model.errors import ConfigurationError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


_SAFE: Final = {
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Nearby:
    """Lets a request through to the app, or refuses it. By Host, Origin, method and token, in this order."""

    def __init__(self, app: ASGIApp, *, port: int, token: str = "", headers: Mapping[str, str] | None = None) -> None:
        """Guard an app that listens on loopback.

        Args:
            app: what is guarded.
            port: that it listens on. A page from elsewhere that makes a browser call us brings the name of its own
                site as Host, or its own address as Origin.
            token: that a request must carry, in its address or as the cookie that the first answer gives; empty if
                none is asked for.
            headers: of every answer, besides those that make it safe.
        """
        self._app, self._token, self._cookie = app, token, f"clusterload-{port}"
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._headers = {**_SAFE, **(headers or {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)

        async def safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.update(self._headers)
                if self._token and refusal is None:
                    # Cookies are shared by all ports of a host, so the port is in the name.
                    answer["set-cookie"] = f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"
            await send(message)

        await (refusal or self._app)(scope, receive, safe)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if headers.get("host", "").lower() not in self._hosts:
            return _refused(403, "the Host header names another site: use the address that the command printed")
        if headers.get("origin", "").lower() not in {"", *self._origins}:
            return _refused(403, "pages of other sites may not ask")
        if scope["method"] != "GET":
            return _refused(405, "this can only be read: use GET", {"allow": "GET"})
        if self._token and not self._admitted(scope, headers):
            return _refused(403, "the token is missing or not of this run: use the address that the command printed")
        return None

    def _admitted(self, scope: Scope, headers: Headers) -> bool:
        given = [*parse_qs(scope["query_string"].decode("latin-1")).get("token", []), *self._carried(headers)]
        own = self._token.encode()
        return any(secrets.compare_digest(token.encode("utf-8", "replace"), own) for token in given)

    def _carried(self, headers: Headers) -> list[str]:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return []
        return [cookies[self._cookie].value] if self._cookie in cookies else []


def _refused(status: int, words: str, headers: Mapping[str, str] | None = None) -> PlainTextResponse:
    return PlainTextResponse(f"{words}\n", status, headers)


LOOPBACK: Final = "127.0.0.1"
_BACKLOG: Final = 128
_PATIENCE_SECONDS: Final = 3


def listening(host: str, port: int, option: str) -> socket.socket:
    """A socket that listens, on any free port if that is 0.

    Raises:
        ConfigurationError: the address is taken or not ours; the message names the option that chooses another one.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(
            f"cannot listen on {host} port {port}: {reason}; choose another port with {option}"
        ) from None


class Serving:
    """Listens on loopback from the beginning, and answers from `start` to `stop`."""

    def __init__(self, port: int, option: str) -> None:
        """Take a port, any free one if it is 0; ConfigurationError if it is taken, naming the option."""
        self._listener = listening(LOOPBACK, port, option)
        self.port: int = self._listener.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, app: ASGIApp, name: str) -> None:
        """Answer by an application, in a thread of this name."""
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", server_header=False,
            timeout_graceful_shutdown=_PATIENCE_SECONDS,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        # Not in the main thread, so that uvicorn leaves the signals to the command that runs us.
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name=name, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Let what is under way be answered, and end."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(2 * _PATIENCE_SECONDS)
        self._listener.close()
