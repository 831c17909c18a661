"""An HTTP server that shows counters as a broker's exporter does."""

from __future__ import annotations

from typing import Any, Self

from tests.http_server import Request, Response, serving

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
    """Shows the values that a test sets."""

    def __init__(self) -> None:
        self._values = {NAMES[name]: 0.0 for name in ("bytes_in", "bytes_out", "records_in", "leaders")}
        names = ("requests", "request_bytes", "response_bytes", "authentications", "connections")
        self._values |= {f"{NAMES[name]}{_OF_CLIENTS}": 0.0 for name in names}
        self._serving = serving(self._answer)
        self.scrapes = 0
        self.url = ""

    def __enter__(self) -> Self:
        self.url = f"{self._serving.__enter__().url}/metrics"
        return self

    def __exit__(self, *failure: Any) -> None:
        self._serving.__exit__(*failure)

    def _answer(self, _: Request) -> Response:
        self.scrapes += 1
        return Response(body="".join(f"{name} {value}\n" for name, value in list(self._values.items())).encode())

    def show(self, name: str, value: float, labels: str = "") -> None:
        """Set a value; of the clients' listener where the name is a listener's and no labels are given."""
        key = f"{NAMES[name]}{labels}"
        self._values[key if key in self._values or labels else f"{NAMES[name]}{_OF_CLIENTS}"] = value

    def topic(self, name: str, topic: str, value: float) -> None:
        """Set a topic's counter."""
        self.show(name, value, f'{{topic="{topic}"}}')
