"""Plain: text of others as text, wherever it is shown. Clients choose their names, which may hold anything."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Final

from rich.console import Console, RenderableType
from rich.segment import Segment

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult


INVISIBLE: Final = "\u200b"
"""Put where hosts of repositories would make a link of text that Markdown leaves alone."""

# Controls (but for tab and line feed), marks that turn the direction of writing, line separators, halves of pairs.
_HIDDEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

# What XML 1.0 (fifth edition, 2.2) lets stand in a document.
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# As HTML knows them: in tables a backslash before a pipe is not read alike by all. Colons only where they make a link
# or a picture of what stands behind them.
_REFERRED: Final = re.compile(r"[<>|&`$]|:(?=//|[\w+-]*[a-z_+-][\w+-]*:)", re.IGNORECASE)
_SPECIAL: Final = re.compile(r"[\\*_\[\]#~]")
_BEGINS: Final = re.compile(r"^(\d*)([-+=]|(?<=\d)[.)](?=\s|$))")
# What hosts of repositories turn into links by themselves, behind Markdown's back: people, teams, issues, addresses.
_LINKED: Final = re.compile(r"(?<=@)(?=\w)|(?<=#)(?=\d)|(?<=www)(?=\.)", re.IGNORECASE)


def visible(text: str) -> str:
    """The text in which what would act on a terminal or page, or turn it around, is written as its code."""
    return _HIDDEN.sub(lambda found: _code(ord(found[0])), text)


def one_line(text: str) -> str:
    """The same in one line: white space of any kind and length is one space."""
    return visible(" ".join(text.split()))


@dataclass(frozen=True, slots=True)
class AsText:
    """What is shown, as rich shows it, but that nothing in its texts acts on a terminal."""

    shown: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The same with texts that are visible; styles stay, for they are not text."""
        for segment in console.render(self.shown, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


def for_xml(text: str) -> str:
    """Text without what may not stand in an XML document, not even escaped; the rest is for its writer to escape."""
    return _NOT_IN_XML.sub("", text)


def for_markdown(text: str) -> str:
    """A line that Markdown and the hosts of repositories show as it is, also within a table.

    Nothing is left that could begin a list, a heading, a table, a link, code, HTML or a formula, nor call for people.
    """
    plain = _LINKED.sub(INVISIBLE, one_line(text))
    marked = _BEGINS.sub(r"\1\\\2", _SPECIAL.sub(lambda found: f"\\{found[0]}", plain))
    return _REFERRED.sub(lambda found: f"&#{ord(found[0])};", marked)


def _code(number: int) -> str:
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"  # noqa: PLR2004 (what two digits can say)


_WIDTH = 100
_PAGE = '<pre style="line-height: 1.35; font-family: monospace"><code>{code}</code></pre>'


class Shown:
    """Shows itself in a terminal by rich, as text by `str`, and in a notebook as HTML."""

    def __rich__(self) -> RenderableType:
        """What is shown."""
        raise NotImplementedError

    def __str__(self) -> str:
        console = Console(width=_WIDTH, no_color=True, highlight=False, force_jupyter=False, file=StringIO())
        with console.capture() as captured:
            console.print(self)
        return captured.get()

    def _repr_html_(self) -> str:
        # Without force_jupyter rich would show it by itself, and the notebook again.
        console = Console(width=_WIDTH, record=True, highlight=False, force_jupyter=False, file=StringIO())
        console.print(self)
        return console.export_html(inline_styles=True, code_format=_PAGE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextReport(Shown):
    """A part of a case, told from its outcome."""

    view: RenderableType

    def __rich__(self) -> RenderableType:
        return AsText(self.view)


def finite(value: float) -> float | None:
    """A figure for JSON, which knows no NaN and no infinity: what is not known is null."""
    return value if math.isfinite(value) else None
