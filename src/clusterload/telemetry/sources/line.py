"""One line of Prometheus' or OpenMetrics' text, whatever form it has.

Both formats allow what exporters seldom write: blanks and tabs between all parts, escapes, a comma after the last
label, names in quotes (the metric's own then stands within the braces), a time and an exemplar behind the value.
The forms are those of Prometheus' exposition format 0.0.4 and 1.0.0 and of OpenMetrics 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

_BLANKS: Final = re.compile(r"[ \t]*")
_WORD: Final = re.compile(r"[^ \t\r]+")
_NAME: Final = re.compile(r"[a-zA-Z_:][\w:]*", re.ASCII)
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE: Final = re.compile(r'\\(["\\n])')
_NUMBER: Final = re.compile(
    r"[+-]?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE
)
_EXEMPLAR: Final = "#"
# A metric's name at the beginning of a line, also one in quotes.
_FIRST: Final = re.compile(r'^[ \t]*(?:([a-zA-Z_:][\w:]*)|\{[ \t]*"((?:[^"\\\n]|\\.)*)")', re.ASCII | re.MULTILINE)
_LOOKED_AT: Final = 50


class Line(NamedTuple):
    """What a line says.

    Attributes:
        name: of the metric.
        labels: by their names.
        value: as a number.
        head: how many of the line's characters are name and labels.
    """

    name: str
    labels: dict[str, str]
    value: float
    head: int


def parsed(line: str) -> Line:
    """A line that is not a comment.

    Raises:
        ValueError: it is malformed.
    """
    at = _after_blanks(line, 0)
    found = _NAME.match(line, at)
    name, at = (found[0], found.end()) if found else ("", at)
    labels: dict[str, str] = {}
    opened = _after_blanks(line, at)
    if line[opened : opened + 1] == "{":
        inner, at = _labels(line, opened + 1)
        if not name:
            name = next((value for label, value in inner if label is None), "")
        labels = {label: value for label, value in inner if label is not None}
    if not name:
        raise ValueError("it has no name")
    return Line(name, labels, _value(line[at:]), at)


def metric_names(text: str) -> set[str]:
    """The names of all metrics in a text; also what only looks like one, in another text."""
    return {name or _unescaped(quoted) for name, quoted in set(_FIRST.findall(text))}


def name_of(line: str) -> str:
    """The metric's name at the beginning of a line; empty if there is none."""
    found = _FIRST.match(line)
    return (found[1] or _unescaped(found[2])) if found else ""


def why_not(text: str) -> str:
    """Why a text is not Prometheus' or OpenMetrics' at all; empty if it is, if only by one of its lines."""
    if text.lstrip().startswith("<"):
        return "a web page"
    lines = [line for line in text[: 64 * 1024].split("\n") if line.strip() and not line.startswith("#")]
    if not lines or any(map(_is_readable, lines[:_LOOKED_AT])):
        return ""
    return f"it begins with {lines[0].strip()[:80]!r}"


def _is_readable(line: str) -> bool:
    try:
        parsed(line)
    except ValueError:
        return False
    return True


def _after_blanks(line: str, at: int) -> int:
    found = _BLANKS.match(line, at)
    return found.end() if found else at


def _labels(line: str, at: int) -> tuple[list[tuple[str | None, str]], int]:
    """The labels from here to the closing brace, and where that ends; a quoted name has None for a label."""
    found: list[tuple[str | None, str]] = []
    while True:
        at = _after_blanks(line, at)
        if line[at : at + 1] == "}":
            return found, at + 1
        label, at, is_quoted = _label_name(line, at)
        at = _after_blanks(line, at)
        if line[at : at + 1] == "=":
            value = _QUOTED.match(line, _after_blanks(line, at + 1))
            if value is None:
                raise ValueError(f"its label {label!r} has no value in quotes")
            found.append((label, _unescaped(value[1])))
            at = _after_blanks(line, value.end())
        elif is_quoted and not found:
            found.append((None, label))
        else:
            raise ValueError(f"its label {label!r} has no value")
        if line[at : at + 1] == ",":
            at += 1
        elif line[at : at + 1] != "}":
            raise ValueError("its labels have no end")


def _label_name(line: str, at: int) -> tuple[str, int, bool]:
    quoted = _QUOTED.match(line, at)
    if quoted is not None:
        return _unescaped(quoted[1]), quoted.end(), True
    plain = _NAME.match(line, at)
    if plain is None:
        raise ValueError("it has a label without a name")
    return plain[0], plain.end(), False


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], text) if "\\" in text else text


def _value(rest: str) -> float:
    """The number behind name and labels; a time and an exemplar may follow it."""
    # By blanks alone: another separator, of which Unicode has many, is not part of the format.
    amount, *time = _WORD.findall(rest.partition(_EXEMPLAR)[0]) or [""]
    if not _all_numbers([amount, *time]) or len(time) > 1:
        raise ValueError(f"{rest.strip()[:40]!r} is not a value")
    return float(amount)


def _all_numbers(words: Iterable[str]) -> bool:
    return all(_NUMBER.fullmatch(word) for word in words)
