"""Visible: text in which nothing hides. Names come from whoever connects, and may hold anything."""

from __future__ import annotations

import re
from typing import Final

# Controls (but for tab and line feed), marks that turn the direction of writing, line separators, halves of pairs.
_HIDDEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def visible(text: str) -> str:
    """The text in which what would act on a terminal or page, or turn it around, is written as its code."""
    return _HIDDEN.sub(lambda found: _code(ord(found[0])), text)


def _code(number: int) -> str:
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"  # noqa: PLR2004 (what two digits can say)
