"""Writing limits as TOML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from clusterload.model.limits.limit import Limit, row_of

_EXACT: Final = 1e15
"""Below it a float that is whole is written as it was typed, without a fraction."""


def toml(head: Mapping[str, str | int], lists: Mapping[str, Iterable[Limit]]) -> str:
    """A document of these keys, and below them each list of limits as `[[name]]` tables."""
    blocks = [_lines(head)]
    blocks += [f"[[{name}]]\n{_lines(row_of(limit))}" for name, limits in lists.items() for limit in limits]
    return "\n".join(blocks)


def _lines(pairs: Mapping[str, str | float]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in pairs.items())


def _value(value: str | float) -> str:
    if isinstance(value, str):
        # TOML's basic strings are JSON's, but for DEL, which must not stand for itself.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if abs(value) < _EXACT and value == int(value) else repr(value)
