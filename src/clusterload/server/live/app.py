"""The live page as a web application: the page, its scripts and styles, and the events."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from clusterload.report.html.assets import of_uplot, own
from clusterload.server.local_only import Nearby

if TYPE_CHECKING:
    from starlette.requests import Request

    from clusterload.server.live.hub import Hub

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""What the page may do: run our scripts, use our styles, ask us, and nothing else."""

_HTML, _SCRIPT, _STYLE = "text/html; charset=utf-8", "text/javascript; charset=utf-8", "text/css; charset=utf-8"
_LONGEST_NUMBER: Final = 15


def application(hub: Hub, *, port: int, token: str) -> Starlette:
    """The application that shows what a hub publishes.

    Args:
        hub: gives the events.
        port: of this machine, that it is asked by.
        token: that requests must carry.
    """

    async def events(request: Request) -> Response:
        if hub.full:
            return PlainTextResponse("too many viewers: close another page of this run\n", 503)
        last = request.headers.get("last-event-id", "")
        number = int(last) if last.isascii() and last.isdigit() and len(last) <= _LONGEST_NUMBER else None
        return StreamingResponse(hub.events(number), media_type="text/event-stream")

    return Starlette(
        routes=[
            _file("/", _live("page.html"), _HTML),
            _file("/live.js", _live("live.js"), _SCRIPT),
            _file("/charts.js", own("charts.js"), _SCRIPT),
            _file("/uplot.js", of_uplot("uPlot.iife.js"), _SCRIPT),
            _file("/style.css", of_uplot("uPlot.min.css") + own("style.css") + _live("live.css"), _STYLE),
            Route("/events", events),
        ],
        middleware=[
            Middleware(Nearby, port=port, token=token, headers={"content-security-policy": POLICY}),
        ],
    )


def _file(path: str, text: str, kind: str) -> Route:
    async def answered(_: Request) -> Response:
        return Response(text, headers={"content-type": kind})

    return Route(path, answered)


def _live(name: str) -> str:
    return files("clusterload.server.live").joinpath(name).read_text(encoding="utf-8")
