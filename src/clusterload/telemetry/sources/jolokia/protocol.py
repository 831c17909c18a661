"""Jolokia's protocol without a network: one request for many MBeans, and what is in the response."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import msgspec

from clusterload.telemetry.sources.jolokia.mbeans import MBean
from clusterload.telemetry.sources.reading import Sample

PARAMETERS: Final = {
    # ResponseParser come in the order of the questions, so that the questions need not be repeated in them.
    "includeRequest": "false",
    # One attribute that cannot be read shall not cost all others of its pattern.
    "ignoreErrors": "true",
    "serializeLong": "number",
    "includeStackTrace": "false",
    "canonicalNaming": "false",
}
"""How Jolokia shall respond; an agent ignores those that it does not know."""

_MOST_KNOWN: Final = 100_000
_ABSENT: Final = object()
_FAILED: Final = 500
# Before Jolokia 2.5 there is a 400 where MBeans match, and none of them has any of the attributes.
_ABSENT_STATUS: Final = {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}
_NOT_THERE: Final = "NotFoundException"  # of an MBean or of an attribute


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An MBean that could not be read.

    Attributes:
        name: as it was requested.
        status: 404 when there is none, 403 when it may not be read, else what Jolokia says.
        reason: in Jolokia's words.
    """

    name: str
    status: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What one response shows.

    Attributes:
        missing: what could not be read, but for MBeans that a broker may well not have.
        clock: Jolokia's clock, in whole Unix seconds rounded down; None if unknown.
    """

    samples: tuple[Sample, ...]
    missing: tuple[Missing, ...]
    clock: float | None


class _Item(msgspec.Struct):
    status: int
    value: Any = None
    timestamp: float | None = None
    error: str | None = None


_DECODER: Final[msgspec.json.Decoder[list[_Item] | _Item]] = msgspec.json.Decoder(list[_Item] | _Item)


def request_body(mbeans: tuple[MBean, ...]) -> bytes:
    """The body of a POST that reads all of them at once."""
    return msgspec.json.encode(
        [
            {
                "type": "read",
                "mbean": mbean.name,
                "attribute": list(dict.fromkeys(value.attribute for value in mbean.values)),
            }
            for mbean in mbeans
        ]
    )


@dataclass(slots=True)
class ResponseParser:
    """Parses one broker's responses to the same request again and again.

    Attributes:
        mbeans: what is requested, in that order.
    """

    mbeans: tuple[MBean, ...]
    _labels: dict[tuple[int, str], dict[str, str]] = field(default_factory=dict)

    def parse(self, content: bytes) -> Response:
        """What a response shows.

        Raises:
            ValueError: it is malformed; the message says how.
        """
        items = _decoded(content)
        if len(items) != len(self.mbeans):
            raise ValueError(f"sent a malformed Jolokia response: {len(items)} of {len(self.mbeans)} items")
        samples, missing = list[Sample](), list[Missing]()
        for number, (mbean, item) in enumerate(zip(self.mbeans, items, strict=True)):
            if item.status == HTTPStatus.OK:
                wrong: list[str] = []
                samples += self._samples(number, mbean, item.value, wrong)
                missing += [Missing(name=mbean.name, status=_FAILED, reason=reason) for reason in wrong[:1]]
            elif mbean.always or item.status not in _ABSENT_STATUS:
                missing.append(Missing(name=mbean.name, status=item.status, reason=item.error or ""))
        return Response(samples=tuple(samples), missing=tuple(missing), clock=_clock(items))

    def _samples(self, number: int, mbean: MBean, shown_by: object, wrong: list[str]) -> Iterator[Sample]:
        """A sample for each value; why one could not be read goes into `wrong`."""
        named = _mapping(shown_by) if mbean.is_pattern else {mbean.name: shown_by}
        for name, own in named.items():
            labels = self._labels.get((number, name))
            if labels is None:
                labels = self._learn(number, mbean, name)
            attributes = _mapping(own)
            for value in mbean.values:
                shown = attributes.get(value.attribute, _ABSENT)
                if isinstance(shown, int | float):
                    yield Sample(value.metric, labels, value.scale * shown)
                elif not _is_absent(shown):
                    yield Sample(value.metric, labels, value.scale * _number(shown))
                    wrong += _error(shown)

    def _learn(self, number: int, mbean: MBean, name: str) -> dict[str, str]:
        own = key_properties(name)
        labels = {label: own[key] for label, key in mbean.labels.items() if key in own}
        # MBeans of deleted topics would stay: with more than this, all are learned again.
        if len(self._labels) >= _MOST_KNOWN:
            self._labels.clear()
        self._labels[number, name] = labels
        return labels


def _decoded(content: bytes) -> list[_Item]:
    try:
        items = _DECODER.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"sent a malformed Jolokia response: {error}") from None
    if isinstance(items, _Item):
        # It did not get as far as the single items.
        raise ValueError(f"rejects the request ({items.status}: {items.error or 'no reason'})")  # noqa: TRY004
    return items


def _mapping(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError("sent a malformed Jolokia response: an object was expected")  # noqa: TRY004
    return value


def _clock(items: list[_Item]) -> float | None:
    return max((item.timestamp for item in items if item.timestamp is not None), default=None)


def _number(value: object) -> float:
    """What stands where JSON has no number for it: NaN comes as null or as text, a count may come as text."""
    try:
        number = float(value) if isinstance(value, str) else math.nan
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _error(value: object) -> list[str]:
    """The words that stand in the place of a value that could not be read, if there are any."""
    if isinstance(value, dict):
        return [str(value.get("error") or value.get("error_type") or "unknown")]
    return [value] if isinstance(value, str) and value.startswith("ERROR") else []


def _is_absent(value: object) -> bool:
    """Whether an attribute or its MBean is not there, which Jolokia also says in the value's place."""
    if isinstance(value, dict):
        return _NOT_THERE in str(value.get("error_type", ""))
    return value is _ABSENT or (isinstance(value, str) and _NOT_THERE in value)


# A quoted value may hold anything, with a backslash before quotes, stars, question marks and backslashes.
_PROPERTY: Final = re.compile(r'([^,=:*?"]+)=("(?:[^"\\]|\\.)*"|[^,=:"]*)(,|\Z)', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def key_properties(name: str) -> dict[str, str]:
    """The key properties of an ObjectName, what was quoted without its quotes and escapes.

    Raises:
        ValueError: it is malformed.
    """
    _, colon, rest = name.partition(":")
    found: dict[str, str] = {}
    at = 0
    while at < len(rest):
        match = _PROPERTY.match(rest, at)
        if match is None:
            raise ValueError(f"{name!r} is not an ObjectName")
        key, value, comma = match.groups()
        found[key] = unquoted(value)
        at = match.end()
        if comma and at == len(rest):
            raise ValueError(f"{name!r} is not an ObjectName")
    if not colon or not found:
        raise ValueError(f"{name!r} is not an ObjectName")
    return found


def unquoted(value: str) -> str:
    """A value as it was before it was put in quotes; one without quotes is as it is."""
    if len(value) < 2 or value[0] != '"':  # noqa: PLR2004 (a pair of quotes)
        return value
    return _ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], value[1:-1])
