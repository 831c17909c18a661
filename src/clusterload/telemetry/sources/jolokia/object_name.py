"""Java's ObjectNames: a domain and key properties, whose values may stand in quotes."""

from __future__ import annotations

import re
from typing import Final

# A quoted value may hold anything, with a backslash before quotes, stars, question marks and backslashes.
_PROPERTY: Final = re.compile(r'([^,=:*?"]+)=("(?:[^"\\]|\\.)*"|[^,=:"]*)(,|\Z)', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def properties(name: str) -> dict[str, str]:
    """The key properties of an ObjectName, what was quoted without its quotes and escapes.

    Raises:
        ValueError: it is none.
    """
    _, colon, rest = name.partition(":")
    found: dict[str, str] = {}
    at = 0
    while at < len(rest):
        match = _PROPERTY.match(rest, at)
        if match is None:
            raise ValueError(f"{name!r} is no ObjectName")
        key, value, comma = match.groups()
        found[key] = unquoted(value)
        at = match.end()
        if comma and at == len(rest):
            raise ValueError(f"{name!r} is no ObjectName")
    if not colon or not found:
        raise ValueError(f"{name!r} is no ObjectName")
    return found


def unquoted(value: str) -> str:
    """A value as it was before it was put in quotes; one without quotes is as it is."""
    if len(value) < 2 or value[0] != '"':  # noqa: PLR2004 (a pair of quotes)
        return value
    return _ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], value[1:-1])
