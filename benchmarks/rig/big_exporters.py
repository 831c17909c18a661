"""The exporters of a big cluster, played from a real broker's text: 100 brokers, of which each shows 5,700 lines.

The text is `benchmarks/scrapes/broker.txt`, from a lab whose broker had client quotas. Its topics and clients are
multiplied: of 2,000 topics each broker leads 200, of 3,000 client ids each broker sees 1,040. What counts grows by
another amount each time, and by another one for each client.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Final

TEMPLATE: Final = Path(__file__).parent.parent / "scrapes" / "broker.txt"
TOPICS, TOPICS_A_BROKER = 2_000, 200
CLIENTS, CLIENTS_A_BROKER = 3_000, 1_040

_OF_MANY: Final = re.compile(r'(\w+)\{(topic|client_id)="(?!__)[^"]*"\}')
_LARGE: Final = 1e9
_COUNTS: Final = ("_total", "_count", "_sum")


@dataclass(slots=True)
class Exporter:
    """One broker's exporter.

    Attributes:
        broker: its number.
    """

    broker: int
    _lines: list[tuple[str, float, bool]] = field(default_factory=list)
    _scrapes: int = 0

    def __post_init__(self) -> None:
        done = set[str]()
        for line in TEMPLATE.read_text(encoding="utf-8").splitlines():
            head, _, value = line.rpartition(" ")
            many = _OF_MANY.fullmatch(head)
            if line.startswith("#"):
                self._lines.append((line, 0.0, False))
            elif many is None:
                self._lines.append((head, float(value), _counts(head)))
            elif many[1] not in done:
                done.add(many[1])
                names = self._names(many[1], many[2])
                self._lines += [(f'{many[1]}{{{many[2]}="{name}"}}', float(value), _counts(many[1])) for name in names]

    def _names(self, metric: str, label: str) -> list[str]:
        if label == "topic":
            return [f"orders-{(20 * self.broker + number) % TOPICS}" for number in range(TOPICS_A_BROKER)]
        clients = [f"service-{(30 * self.broker + number) % CLIENTS}" for number in range(CLIENTS_A_BROKER)]
        return clients[:: 2 if "_produce_" in metric or "_fetch_" in metric else 1]

    def text(self) -> str:
        """What it shows next."""
        self._scrapes += 1
        chance = Random(f"{self.broker}-{self._scrapes}")
        shown = (
            head if head[0] == "#" else f"{head} {self._next(value, chance, grows=grows)}"
            for head, value, grows in self._lines
        )
        return "\n".join(shown) + "\n"

    def _next(self, value: float, chance: Random, *, grows: bool) -> float:
        if grows:
            return value * (1 + 0.01 * self._scrapes + 0.005 * chance.random()) // 1
        # A load or a rate; of what is as large as a time of day a fraction means nothing.
        is_level = 0 < value < _LARGE and not value.is_integer()
        return value * chance.uniform(0.8, 1.2) if is_level else value


def _counts(head: str) -> bool:
    return head.partition("{")[0].endswith(_COUNTS)


@contextmanager
def playing(brokers: int) -> Iterator[dict[str, str]]:
    """The exporters of so many brokers; the URL of each by the broker's id."""
    exporters = [Exporter(number) for number in range(brokers)]

    class Answer(BaseHTTPRequestHandler):
        """Answers what is asked of the broker in the path."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = exporters[int(self.path.strip("/"))].text().encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {str(number): f"http://127.0.0.1:{server.server_port}/{number}" for number in range(brokers)}
    finally:
        server.shutdown()
        server.server_close()
