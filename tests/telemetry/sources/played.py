"""A Metrics API played over real HTTP on loopback: it answers what a test tells it, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from clusterload.telemetry.sources.confluent import Access, Patience

SECRET = "s3cr3t-of-nobody"
TOKEN = b64encode(f"KEY:{SECRET}".encode()).decode()
CLUSTER = "lkc-played"
HURRIED = Patience(attempts=3, first=0.001, longest=90.0)
"""Patience of a test: asked again at once. A machine that stands still for a while is no API that does not answer."""

QUERY = "/v2/metrics/cloud/query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question that came in."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered; `silent` never is."""

    status: int = 200
    body: bytes = b'{"data": []}'
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False

    @classmethod
    def of(cls, document: Any, status: int = 200, **headers: str) -> Answer:
        return cls(
            status=status,
            body=json.dumps(document).encode(),
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )


class PlayedApi:
    """Tells each question to `answer`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Answer] = lambda _: Answer()

    def in_turn(self, *answers: Answer) -> None:
        """Give these answers one after the other, the last one for ever."""
        left = list(answers)
        self.answer = lambda _: left.pop(0) if len(left) > 1 else left[0]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{QUERY}"

    @property
    def access(self) -> Access:
        return Access(endpoint=self.url, token=TOKEN, cluster_id=CLUSTER)

    @property
    def properties(self) -> str:
        return (
            f"confluent.metrics.endpoint={self.url}\nconfluent.cloud_api_token={TOKEN}\nconfluent.clusterid={CLUSTER}\n"
        )


@contextmanager
def playing() -> Iterator[PlayedApi]:
    """A played API for as long as the block lasts."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            asked = Asked(
                method=self.command,
                path=parts.path,
                params=dict(parse_qsl(parts.query)),
                headers=dict(self.headers),
                body=self.rfile.read(length),
            )
            api.asked.append(asked)
            self._send(api.answer(asked))

        def _send(self, answer: Answer) -> None:
            if answer.silent:
                over.wait()
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)
            self.wfile.flush()

        do_GET = do_POST = _handle  # noqa: N815 (the library asks for these names)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that hangs up in the middle of an answer is part of some tests."""

    with Server(("127.0.0.1", 0), Handler) as server:
        api = PlayedApi(server.server_port)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield api
        finally:
            over.set()
            server.shutdown()
            thread.join()
