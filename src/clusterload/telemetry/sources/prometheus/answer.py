"""The API's answers, read: lines of values over time, and what the server says about them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clusterload.model.errors import SourceError

_MILLISECOND: Final = 1_000_000
# A year of about 9999: what is beyond is no time.
_LAST_TIME: Final = 2.5e11


@dataclass(frozen=True, slots=True)
class Line:
    """Values of one series over time; `times` are Unix nanoseconds. NaN is no value and left out."""

    labels: dict[str, str]
    times: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query found.

    Attributes:
        lines: a line for each series; a scalar is one without labels.
        warnings: why there may be more than that, as when a store was out of reach.
        infos: what may be wrong with the query.
        partial: whether the server says itself that something is missing.
    """

    lines: tuple[Line, ...]
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    partial: bool = False


def parsed(content: bytes) -> Answer:
    """The answer in a body.

    Raises:
        SourceError: it is no answer of Prometheus' API.
    """
    try:
        document = json.loads(content)
        data = {"success": document["data"]}[document["status"]]
        return Answer(
            lines=tuple(_lines(data["resultType"], data["result"])),
            warnings=_texts(document, "warnings"),
            infos=_texts(document, "infos"),
            partial=document.get("isPartial") is True,
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
        raise SourceError("does not answer as Prometheus does: check prometheus.url") from None


def error_in(content: bytes) -> tuple[str, str]:
    """Kind and text of the error that a body tells of; both empty if it tells of none."""
    try:
        document = json.loads(content)
        return str(document.get("errorType", "")), str(document.get("error", ""))
    except (ValueError, AttributeError, RecursionError):
        return "", ""


def _lines(kind: str, result: Any) -> Iterator[Line]:
    if kind == "scalar":
        yield _line({}, [result])
        return
    if kind not in {"vector", "matrix"}:
        raise ValueError(kind)
    for one in result:
        # A native histogram has other keys, and no value that could be read.
        found = one.get("values", []) if kind == "matrix" else [one["value"]] if "value" in one else []
        yield _line({str(name): str(value) for name, value in one["metric"].items()}, found)


def _line(labels: dict[str, str], found: list[Any]) -> Line:
    pairs = [(_time(time), float(value)) for time, value in found]
    known = [(time, value) for time, value in pairs if not math.isnan(value)]
    return Line(labels, tuple(time for time, _ in known), tuple(value for _, value in known))


def _time(seconds: Any) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not abs(seconds) < _LAST_TIME:
        raise ValueError(seconds)
    # Prometheus counts in milliseconds; as seconds in binary they are a little off.
    return round(seconds * 1000) * _MILLISECOND


def _texts(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = document.get(key) or []
    return tuple(map(str, found)) if isinstance(found, list) else ()
