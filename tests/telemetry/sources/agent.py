"""A played Jolokia agent: it answers what a lab's broker answered (`jolokia-answers.json`), or what a test wants."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

Answer = dict[str, Any]
RECORDED: dict[str, Answer] = json.loads(Path(__file__).with_name("jolokia-answers.json").read_text(encoding="utf-8"))


def answers(questions: list[Answer]) -> list[Answer]:
    """What the recorded broker says to each question, at the present time."""
    return [RECORDED[one["mbean"]] | {"timestamp": int(time.time())} for one in questions]


@dataclass(slots=True)
class Agent:
    """What it answers with, and what it was asked.

    Attributes:
        change: makes of the usual answers what is answered; bytes are sent as they are.
        status: of HTTP.
        headers: sent besides.
        requests: the path, the headers and the questions of each request.
    """

    change: Callable[[list[Answer]], object] = lambda usual: usual
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], list[Answer]]] = field(default_factory=list)
    url: str = ""

    def body(self, questions: list[Answer]) -> bytes:
        """The answer's bytes."""
        changed = self.change(answers(questions))
        return changed if isinstance(changed, bytes) else json.dumps(changed).encode()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, agent: Agent, *rest: Any) -> None:
        self._agent = agent
        super().__init__(*rest)

    def do_POST(self) -> None:
        questions = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._agent.requests.append((self.path, dict(self.headers), questions))
        body = self._agent.body(questions)
        self.send_response(self._agent.status)
        for name, value in {"Content-Length": str(len(body)), **self._agent.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass  # a client that does not wait for the whole answer is part of the play


@contextmanager
def playing(tls: ssl.SSLContext | None = None) -> Iterator[Agent]:
    """An agent on a free port of this machine."""
    agent = Agent()
    with _Server(("127.0.0.1", 0), partial(_Handler, agent)) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        agent.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/jolokia"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield agent
        finally:
            server.shutdown()
            thread.join()
