"""Plain: text of others as text, wherever it is shown."""

from __future__ import annotations

import re
from typing import Final

# What XML 1.0 (fifth edition, 2.2) lets stand in a document.
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# What means something to CommonMark, GitHub's tables, mentions, links, emoji or formulas, or to HTML.
_OF_MARKDOWN: Final = re.compile(r"""[\\`*_{}\[\]<>()#+!|~&@:"'$]|(?<=www)\.""", re.IGNORECASE)


def printable(text: str) -> str:
    """A line that a terminal shows and does not obey: what does not print is shown as Python escapes it."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def for_xml(text: str) -> str:
    """Text without what may not stand in an XML document, not even escaped; the rest is for its writer to escape."""
    return _NOT_IN_XML.sub("", text)


def for_markdown(text: str) -> str:
    """A line that Markdown shows as it is, also within a table: what could mean something is a character reference."""
    return _OF_MARKDOWN.sub(lambda match: f"&#{ord(match[0])};", printable(text))
