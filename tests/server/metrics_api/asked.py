"""Questions as clients ask them, and a history to ask them of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from clusterload.model.series import SECOND, Kind, Point
from clusterload.model.units import COUNT
from clusterload.server.metrics_api.history import MINUTE, History
from clusterload.server.metrics_api.intervals import timestamp

ID = "lkc-abc123"
AT = 29_000_000  # a minute in 2025; it begins neither an hour nor a day
NAME = "io.confluent.kafka.server/"
FILTER = {"op": "OR", "filters": [{"field": "resource.kafka.id", "op": "EQ", "value": ID}]}


def query(metric: str, interval: str | None = None, **more: Any) -> dict[str, Any]:
    """The course's query; by default of the first ten minutes from AT."""
    return {
        "filter": FILTER,
        "granularity": "PT1M",
        "limit": 1000,
        "intervals": [interval or f"{timestamp(AT)}/{timestamp(AT + 10)}"],
        "aggregations": [{"metric": f"{NAME}{metric}"}],
        **more,
    }


def as_bytes(body: Mapping[str, Any]) -> bytes:
    """A body as it goes over the wire."""
    return json.dumps(body).encode()


class Scraped:
    """Puts points into a history as a source would, at seconds after AT."""

    def __init__(self, history: History) -> None:
        self.history = history

    def delta(
        self, name: str, second: float, value: float, *, broker: str = "1", span: float = 1.0, **own: str
    ) -> None:
        """What grew in the `span` seconds before."""
        self.history.record(Point(name, COUNT, Kind.DELTA, {"broker": broker, **own}, self._time(second), value, span))

    def gauge(self, name: str, second: float, value: float, *, broker: str = "1") -> None:
        """A sample."""
        self.history.record(Point(name, COUNT, Kind.GAUGE, {"broker": broker}, self._time(second), value))

    def requests(self, second: float, total: float, **types: float) -> None:
        """The total of the clients' listener, and counts by type over all listeners."""
        self.delta("requests", second, total)
        for kind, value in types.items():
            self.delta("requests_by_type", second, value, request=kind)

    @staticmethod
    def _time(second: float) -> int:
        return AT * MINUTE + round(second * SECOND)
