"""Jolokia's protocol without a network: one question for many MBeans, and what is in the answer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import msgspec

from clusterload.telemetry.sources.jolokia.mbeans import MBean
from clusterload.telemetry.sources.jolokia.object_name import properties

PARAMETERS: Final = {
    # Answers come in the order of the questions, so that the questions need not be repeated in them.
    "includeRequest": "false",
    # One attribute that cannot be read shall not cost all others of its pattern.
    "ignoreErrors": "true",
    "serializeLong": "number",
    "includeStackTrace": "false",
    "canonicalNaming": "false",
}
"""How Jolokia shall answer; an agent that does not know one of them passes over it."""

_MOST_KNOWN: Final = 100_000
_ABSENT: Final = object()
_FAILED: Final = 500
# Before Jolokia 2.5 there is a 400 where MBeans match, and none of them has any of the attributes.
_ABSENT_STATUS: Final = {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}
_NOT_THERE: Final = "NotFoundException"  # of an MBean or of an attribute


@dataclass(frozen=True, slots=True)
class Line:
    """One value of one broker."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An MBean that was asked for in vain.

    Attributes:
        name: as it was asked for.
        status: 404 when there is none, 403 when it may not be read, else what Jolokia says.
        reason: in Jolokia's words.
    """

    name: str
    status: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one answer shows.

    Attributes:
        lines: a value each.
        missing: what was asked for in vain, but for MBeans that a broker may well not have.
        clock: Jolokia's clock, in whole Unix seconds rounded down; None if it does not tell.
    """

    lines: tuple[Line, ...]
    missing: tuple[Missing, ...]
    clock: float | None


class _Answer(msgspec.Struct):
    status: int
    value: Any = None
    timestamp: float | None = None
    error: str | None = None


_DECODER: Final[msgspec.json.Decoder[list[_Answer] | _Answer]] = msgspec.json.Decoder(list[_Answer] | _Answer)


def question(mbeans: tuple[MBean, ...]) -> bytes:
    """The body of a POST that asks for all of them at once."""
    return msgspec.json.encode(
        [
            {
                "type": "read",
                "mbean": one.name,
                "attribute": list(dict.fromkeys(value.attribute for value in one.values)),
            }
            for one in mbeans
        ]
    )


@dataclass(slots=True)
class Answers:
    """Reads one broker's answers to the same question again and again.

    Attributes:
        mbeans: what is asked for, in the question's order.
    """

    mbeans: tuple[MBean, ...]
    _labels: dict[tuple[int, str], dict[str, str]] = field(default_factory=dict)

    def read(self, content: bytes) -> Shown:
        """What an answer shows.

        Raises:
            ValueError: it is not Jolokia's answer to the question; the message says what it is instead.
        """
        answers = _decoded(content)
        if len(answers) != len(self.mbeans):
            raise ValueError(f"answers {len(answers)} of {len(self.mbeans)} questions")
        lines, missing = list[Line](), list[Missing]()
        for number, (mbean, answer) in enumerate(zip(self.mbeans, answers, strict=True)):
            if answer.status == HTTPStatus.OK:
                wrong: list[str] = []
                lines += self._lines(number, mbean, answer.value, wrong)
                missing += [Missing(name=mbean.name, status=_FAILED, reason=reason) for reason in wrong[:1]]
            elif mbean.always or answer.status not in _ABSENT_STATUS:
                missing.append(Missing(name=mbean.name, status=answer.status, reason=answer.error or ""))
        return Shown(lines=tuple(lines), missing=tuple(missing), clock=_clock(answers))

    def _lines(self, number: int, mbean: MBean, value: object, wrong: list[str]) -> Iterator[Line]:
        """A line a value; why one could not be read goes into `wrong`."""
        named = _mapping(value) if mbean.is_pattern else {mbean.name: value}
        for name, own in named.items():
            labels = self._labels.get((number, name))
            if labels is None:
                labels = self._learn(number, mbean, name)
            attributes = _mapping(own)
            for one in mbean.values:
                shown = attributes.get(one.attribute, _ABSENT)
                if isinstance(shown, int | float):
                    yield Line(one.metric, labels, one.scale * shown)
                elif not _is_absent(shown):
                    yield Line(one.metric, labels, one.scale * _number(shown))
                    wrong += _error(shown)

    def _learn(self, number: int, mbean: MBean, name: str) -> dict[str, str]:
        own = properties(name)
        labels = {label: own[key] for label, key in mbean.labels.items() if key in own}
        # MBeans of topics that are long gone would stay: with more than this, all are learned anew.
        if len(self._labels) >= _MOST_KNOWN:
            self._labels.clear()
        self._labels[number, name] = labels
        return labels


def _decoded(content: bytes) -> list[_Answer]:
    try:
        answers = _DECODER.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"does not answer as Jolokia does: {error}") from None
    if isinstance(answers, _Answer):
        # It did not get as far as the single questions.
        raise ValueError(f"refuses the question ({answers.status}: {answers.error or 'no reason'})")  # noqa: TRY004
    return answers


def _mapping(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError("does not answer as Jolokia does: an object was expected")  # noqa: TRY004
    return value


def _clock(answers: list[_Answer]) -> float | None:
    return max((one.timestamp for one in answers if one.timestamp is not None), default=None)


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
