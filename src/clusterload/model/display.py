"""Display: how a value shows itself in a notebook, drawn by whatever is registered to draw it.

The model knows no HTML. The package's metadata names the function that draws (the entry point `html` of the group
`clusterload.notebook`), so that a notebook needs no set-up and importing `clusterload` has no side effect.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib.metadata import entry_points
from typing import Any, Final

NOTEBOOK: Final = "clusterload.notebook"
"""The group of entry points that draw in a notebook."""


def drawn_by(name: str) -> Any:
    """What is registered under a name of `NOTEBOOK`; None if nothing is, as where the package was not installed."""
    return next((entry.load() for entry in entry_points(group=NOTEBOOK, name=name)), None)


class Displayed:
    """Shows itself in a notebook as HTML, and as the text that `str` gives."""

    __slots__ = ()

    def _repr_mimebundle_(self, include: Collection[str] | None = None, **_: object) -> dict[str, str]:
        """What IPython asks a value for; `include` holds the types of content that it wants, None for all."""
        shown = {"text/plain": str(self)}
        draw = drawn_by("html") if include is None or "text/html" in include else None
        html = draw(self) if draw else None
        return {**shown, "text/html": html} if html else shown
