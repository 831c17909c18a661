"""A played Jolokia agent: it answers what a lab's broker answered (`jolokia-answers.json`), or what a test wants."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.http_server import Request, Response, serving

if TYPE_CHECKING:
    import ssl

Item = dict[str, Any]
RECORDED: dict[str, Item] = json.loads(Path(__file__).with_name("jolokia-answers.json").read_text(encoding="utf-8"))


def answers(questions: list[Item]) -> list[Item]:
    """What the recorded broker says to each question, at the present time."""
    return [RECORDED[question["mbean"]] | {"timestamp": int(time.time())} for question in questions]


@dataclass(slots=True)
class Agent:
    """What it answers with, and what it was asked.

    Attributes:
        change: makes of the usual answers what is answered; bytes are sent as they are.
        status: of HTTP.
        headers: sent besides.
        requests: the path, the headers and the questions of each request.
    """

    change: Callable[[list[Item]], object] = lambda usual: usual
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], list[Item]]] = field(default_factory=list)
    url: str = ""

    def body(self, questions: list[Item]) -> bytes:
        """The answer's bytes."""
        changed = self.change(answers(questions))
        return changed if isinstance(changed, bytes) else json.dumps(changed).encode()


@contextmanager
def playing(tls: ssl.SSLContext | None = None) -> Iterator[Agent]:
    """An agent on a free port of this machine."""
    agent = Agent()

    def answer(request: Request) -> Response:
        questions = request.document
        agent.requests.append((f"{request.path}?{urlencode(request.params)}", dict(request.headers), questions))
        return Response(status=agent.status, body=agent.body(questions), headers=agent.headers)

    with serving(answer, tls=tls) as server:
        agent.url = f"{server.url}/jolokia"
        yield agent
