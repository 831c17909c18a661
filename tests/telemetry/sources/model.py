"""A cluster's figures as a Metrics API would tell them, minute by minute, some of them late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clusterload.model.series import SECOND
from clusterload.telemetry.sources.confluent import Interval
from tests.http_server import Request, Response

MINUTE = 60 * SECOND
PREFIX = "io.confluent.kafka.server/"
NAMES = {
    "received_bytes": ("COUNTER_INT64", "By", ("topic", "partition")),
    "sent_bytes": ("COUNTER_INT64", "By", ("topic", "partition")),
    "request_count": ("COUNTER_INT64", "1", ("type", "principal_id")),
    "active_connection_count": ("GAUGE_INT64", "1", ("principal_id",)),
}

Labels = tuple[str, ...]


@dataclass(kw_only=True)
class Model:
    """What a cluster did. `rows` has for each metric and group the values by minute, in Unix nanoseconds."""

    rows: dict[str, dict[Labels, dict[int, float]]]
    names: Mapping[str, tuple[str, str, Labels]] = field(default_factory=lambda: NAMES)
    shown: Callable[[int], bool] = lambda _: True

    def __call__(self, request: Request) -> Response:
        """The API's answer to a query or to the question of what it offers."""
        if request.path.endswith("/descriptors/metrics"):
            return Response.of({"data": [self._descriptor(name) for name in self.names]})
        return Response.of({"data": self._data(request.document)})

    def _descriptor(self, name: str) -> dict[str, Any]:
        kind, unit, labels = self.names[name]
        return {
            "name": PREFIX + name,
            "description": "",
            "type": kind,
            "unit": unit,
            "labels": [{"key": label, "description": ""} for label in labels],
            "resources": ["kafka"],
            "lifecycle_stage": "GENERAL_AVAILABILITY",
            "exportable": True,
        }

    def _data(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        name = query["aggregations"][0]["metric"].removeprefix(PREFIX)
        (text,) = query["intervals"]
        interval, by = Interval.parsed(text, 0), query.get("group_by", [])
        groups: dict[Labels, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for labels, points in self.rows.get(name, {}).items():
            own = dict(zip(self.names[name][2], labels, strict=False))
            group = tuple(own[label.removeprefix("metric.")] for label in by)
            for start, value in points.items():
                if interval.start <= start < interval.end and self.shown(start):
                    groups[group][start] += value
        if query["format"] == "GROUPED":
            return [
                {**dict(zip(by, group, strict=True)), "points": [_point(*item) for item in points.items()]}
                for group, points in sorted(groups.items())
            ]
        return [_point(*item) for points in groups.values() for item in points.items()]


def _point(start: int, value: float) -> dict[str, Any]:
    return {"timestamp": str(Interval(start=start, end=start + 1)).split("/")[0], "value": value}


def steady(first: int, minutes: int) -> dict[str, dict[Labels, dict[int, float]]]:
    """A load that does not change: one topic, two kinds of request, one principal."""
    starts = [first + number * MINUTE for number in range(minutes)]
    return {
        "received_bytes": {("sales", "0"): dict.fromkeys(starts, 6_000_000.0)},
        "request_count": {
            ("Produce", "u-1"): dict.fromkeys(starts, 3000.0),
            ("Metadata", "u-1"): dict.fromkeys(starts, 20.0),
        },
        "active_connection_count": {("u-1",): dict.fromkeys(starts, 60.0)},
    }
