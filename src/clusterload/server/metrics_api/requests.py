"""What may be asked, as the contract's schemas say it, and what they cannot say."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeVar

import msgspec

from clusterload.server.metrics_api.catalogue import Metric
from clusterload.server.metrics_api.filters import Filter
from clusterload.server.metrics_api.intervals import ALL
from clusterload.server.metrics_api.refusal import RequestRefusedError

Limit = Annotated[int, msgspec.Meta(ge=1, le=1000)]
GranularityName = Literal["PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT4H", "PT6H", "PT12H", "P1D", "ALL"]
_One = msgspec.Meta(min_length=1, max_length=1)
_Some = msgspec.Meta(min_length=1)
PAGE_SIZE: Final = 100


class Aggregation(msgspec.Struct, frozen=True):
    """Which metric, and how its lines are added up; the right way is taken where none is given."""

    metric: str
    agg: Literal["SUM"] | None = None


class OrderBy(msgspec.Struct, frozen=True):
    """How groups are sorted where there is one bucket only."""

    metric: str
    agg: Literal["SUM"] | None = None
    order: Literal["ASCENDING", "DESCENDING"] = "DESCENDING"


class Query(msgspec.Struct, frozen=True):
    """A query for values."""

    aggregations: Annotated[list[Aggregation], _One]
    granularity: GranularityName
    intervals: Annotated[list[str], _Some]
    filter: Filter | None = None
    group_by: list[str] | None = None
    order_by: Annotated[list[OrderBy], _Some] | None = None
    limit: Limit = PAGE_SIZE
    format: Literal["FLAT", "GROUPED"] = "FLAT"


class Attributes(msgspec.Struct, frozen=True):
    """A query for the values that a label has."""

    group_by: Annotated[list[str], _One]
    metric: str | None = None
    filter: Filter | None = None
    intervals: Annotated[list[str], _Some] | None = None
    limit: Limit = PAGE_SIZE


Request = TypeVar("Request", Query, Attributes)


def parsed(body: bytes, kind: type[Request]) -> Request:
    """A request of a kind.

    Raises:
        RequestRefusedError: it is not JSON, or not what the contract's schema says.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise RequestRefusedError(
            f"the body is not what this call takes: {error or 'it is nested too deeply'}"
        ) from None


def check_groups(labels: list[str], metric: Metric) -> None:
    """See that a metric can be grouped by some labels.

    Raises:
        RequestRefusedError: it has no such label, or one is named twice.
    """
    for label in labels:
        if label not in metric.known_labels:
            raise RequestRefusedError(
                f"{metric.name} has no label {label!r}: known are {', '.join(sorted(metric.known_labels))}"
            )
    if len(set(labels)) < len(labels):
        raise RequestRefusedError("group_by names a label twice: name it once")


def check_query(query: Query, metric: Metric) -> None:
    """Check what the schema cannot express.

    Raises:
        RequestRefusedError: it does not; the message says why.
    """
    check_groups(query.group_by or [], metric)
    if query.format == "GROUPED" and not query.group_by:
        raise RequestRefusedError("format GROUPED needs a group_by: add one, or leave the format out")
    for order in query.order_by or []:
        if query.granularity != ALL:
            raise RequestRefusedError("order_by is only valid with granularity ALL: leave it out")
        if order.metric != metric.name:
            raise RequestRefusedError(f"order_by names {order.metric!r}, which is not queried: order by {metric.name}")
