"""What shows itself wherever it is: in a terminal, as text, in a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO

from rich.console import Console, RenderableType

from clusterload.report.plain import AsText

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
class Told(Shown):
    """A part of a case, told from its outcome."""

    view: RenderableType

    def __rich__(self) -> RenderableType:
        return AsText(self.view)
