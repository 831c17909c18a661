"""Nearby: only what this machine itself asks for is answered, and nothing can be changed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

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
                    # A cookie is not told by port, so its name is.
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
        return any(secrets.compare_digest(one.encode("utf-8", "replace"), own) for one in given)

    def _carried(self, headers: Headers) -> list[str]:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return []
        return [cookies[self._cookie].value] if self._cookie in cookies else []


def _refused(status: int, words: str, headers: Mapping[str, str] | None = None) -> PlainTextResponse:
    return PlainTextResponse(f"{words}\n", status, headers)
