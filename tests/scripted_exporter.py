"""A real HTTP server that shows counters as a broker's exporter does."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

_TOPICS = "kafka_server_brokertopicmetrics_"
_SOCKETS = "kafka_server_socket_server_metrics_"
NAMES = {
    "bytes_in": f"{_TOPICS}bytesin_total",
    "bytes_out": f"{_TOPICS}bytesout_total",
    "records_in": f"{_TOPICS}messagesin_total",
    "requests": f"{_SOCKETS}response_total",
    "request_bytes": f"{_SOCKETS}incoming_byte_total",
    "response_bytes": f"{_SOCKETS}outgoing_byte_total",
    "authentications": f"{_SOCKETS}successful_authentication_total",
    "connections": f"{_SOCKETS}connection_count",
    "types": "kafka_network_requestmetrics_requests_total",
    "leaders": "kafka_server_replicamanager_leadercount",
}
_OF_CLIENTS = '{listener="CLIENT",network_processor="0"}'


class Exporter:
    """Shows what it is told to, to whoever asks."""

    def __init__(self) -> None:
        self._values = {NAMES[name]: 0.0 for name in ("bytes_in", "bytes_out", "records_in", "leaders")}
        names = ("requests", "request_bytes", "response_bytes", "authentications", "connections")
        self._values |= {f"{NAMES[name]}{_OF_CLIENTS}": 0.0 for name in names}
        self.scrapes = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = "".join(f"{name} {value}\n" for name, value in list(outer._values.items())).encode()
                outer.scrapes += 1
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/metrics"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def show(self, name: str, value: float, labels: str = "") -> None:
        """Set a value; of the clients' listener where the name is a listener's and no labels are given."""
        key = f"{NAMES[name]}{labels}"
        self._values[key if key in self._values or labels else f"{NAMES[name]}{_OF_CLIENTS}"] = value

    def topic(self, name: str, topic: str, value: float) -> None:
        """Set a topic's counter."""
        self.show(name, value, f'{{topic="{topic}"}}')
