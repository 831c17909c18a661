"""The HTTP server of the tests: it plays exporters, agents, Prometheus, a Metrics API or a token endpoint."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that came in."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What is sent back.

    Attributes:
        has_length: whether its length is said; an end without it may come anywhere.
        silent: it is never sent.
        raw: bytes that are sent instead of a response, before the connection is closed.
        pause: seconds before each of them.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    has_length: bool = True
    silent: bool = False
    raw: tuple[bytes, ...] | None = None
    pause: float = 0.0

    @classmethod
    def of(cls, document: Any, status: int = 200, **headers: str) -> Response:
        """JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status=status, body=json.dumps(document).encode(), headers=named)


Answer = Callable[[Request], Response]


class HttpServer:
    """Answers each request as `answer` says, and keeps the requests.

    Attributes:
        port: where it listens.
        url: of its root, without a slash at the end.
        requests: all that came in.
        answer: may be replaced at any time.
    """

    def __init__(self, port: int, answer: Answer, scheme: str = "http") -> None:
        self.port = port
        self.url = f"{scheme}://127.0.0.1:{port}"
        self.requests: list[Request] = []
        self.answer = answer

    def in_turn(self, *responses: Response) -> None:
        """Give these responses one after the other, the last one for ever."""
        left = list(responses)
        self.answer = lambda _: left.pop(0) if len(left) > 1 else left[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    played: HttpServer
    over: threading.Event

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=parts.path,
            params=dict(parse_qsl(parts.query)),
            headers=dict(self.headers),
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        self.played.requests.append(request)
        self._send(self.played.answer(request))

    def _send(self, response: Response) -> None:
        self.close_connection = response.silent or response.raw is not None or not response.has_length
        if response.silent:
            self.over.wait()
            return
        if response.raw is not None:
            for part in response.raw:
                self.over.wait(response.pause)
                self.wfile.write(part)
                self.wfile.flush()
            return
        self.send_response(response.status)
        length = {"Content-Length": str(len(response.body))} if response.has_length else {"Connection": "close"}
        for name, value in {**length, **response.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.body)
        self.wfile.flush()

    do_GET = do_POST = _handle  # noqa: N815 (the library asks for these names)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hangs up in the middle of a response is part of some tests."""


@contextmanager
def serving(answer: Answer = lambda _: Response(), *, tls: ssl.SSLContext | None = None) -> Iterator[HttpServer]:
    """A server on a free port of this machine for as long as the block lasts."""
    over = threading.Event()

    class Handler(_Handler):
        """Knows this server."""

    Handler.over = over
    with _Listener(("127.0.0.1", 0), Handler) as listener:
        if tls is not None:
            listener.socket = tls.wrap_socket(listener.socket, server_side=True)
        played = Handler.played = HttpServer(listener.server_port, answer, "https" if tls else "http")
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield played
        finally:
            over.set()
            listener.shutdown()
            thread.join()
