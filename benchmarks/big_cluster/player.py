"""Player: a process that serves each broker's exporter text, at `/ID/metrics`, while time passes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.big_cluster.cases import planted
from benchmarks.big_cluster.exposition import Exposition, expositions
from benchmarks.big_cluster.rates import rates

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A player that runs.

    Attributes:
        port: where it answers.
        began: Unix seconds at which it began; the onset is counted from here.
    """

    port: int
    began: float

    def url(self, broker: str) -> str:
        """Of a broker's exporter."""
        return f"http://{HOST}:{self.port}/{broker}/metrics"


@contextmanager
def playing(plant: str, brokers: int, onset: float, noise: float = 0.07) -> Iterator[Played]:
    """A player in a process of its own; it ends with the block."""
    words = [sys.executable, "-m", "benchmarks.big_cluster", "play", "--plant", plant, "--brokers", str(brokers)]
    words += ["--onset", str(onset), "--noise", str(noise)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port, began = process.stdout.readline().split()
        try:
            yield Played(port=int(port), began=float(began))
        finally:
            process.terminate()


def play(plant: str, brokers: int, onset: float, noise: float) -> None:
    """Serve until the standard input ends; prints the port and when it began."""
    case = next(case for case in planted(brokers) if case.name == plant)
    before, now = rates(case.usual), rates(case.planted.cluster, case.planted.ailment)
    served = _Served(expositions(case.planted.cluster, before, now, onset=onset, noise=noise))
    server = _Server((HOST, 0), served)
    served.began = time.time()
    print(server.server_address[1], served.began, flush=True)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server.serve_forever()


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


class _Served:
    """The texts, one at a time for each broker."""

    def __init__(self, texts: Mapping[str, Exposition]) -> None:
        self._texts, self.began = texts, time.time()
        self._locks = {broker: threading.Lock() for broker in texts}

    def text(self, broker: str) -> bytes | None:
        """A broker's text of now; None if there is no such broker."""
        if broker not in self._texts:
            return None
        with self._locks[broker]:
            return self._texts[broker].text(time.time() - self.began)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], served: _Served) -> None:
        super().__init__(address, _Handler)
        self.served = served


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a scrape."""
        assert isinstance(self.server, _Server)
        text = self.server.served.text(self.path.strip("/").partition("/")[0])
        self.send_response(200 if text is not None else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(text or b"")))
        self.end_headers()
        self.wfile.write(text or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the server's)
        """Nothing: a scrape is nothing to tell of."""
