"""Plots: graphs of usages over time, any list of them in two columns."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clusterload.analysis.usage import Usage
from clusterload.model import units
from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.extras import require_extra
from clusterload.model.limits import Limit, Scope
from clusterload.model.series import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart without colour vision and in grey: the palette of Okabe and Ito.
PALETTE: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK: Final = "#333333"
LIMIT_COLOUR: Final = "#B00020"
QUIET: Final = "#777777"


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """One kind of graph.

    Attributes:
        title: above it.
        axis: what the vertical axis counts.
        top: how far the axis goes unless the data is higher; 0 fits it to the data.
        values: a usage's values on its grid, in the axis' unit.
        limit: the limit in the axis' unit, NaN if it is unknown.
    """

    title: str
    axis: str
    top: float
    values: Callable[[Usage], Floats]
    limit: Callable[[Usage], float]


def _line(resource: str, factor: float) -> Callable[[Usage], Floats]:
    def values(usage: Usage) -> Floats:
        line = usage.line(resource)
        return np.full(usage.grid.count, np.nan) if line is None else line.values * factor

    return values


def _limit(resource: str, convert: Callable[[Limit], float]) -> Callable[[Usage], float]:
    def value(usage: Usage) -> float:
        # The lines are the whole cluster's, so a limit of each broker has no place among them.
        limit = usage.limits.of(resource)
        return float("nan") if limit is None or limit.scope is not Scope.CLUSTER else convert(limit)

    return value


def _bytes(title: str, resource: str) -> Graph:
    return Graph(
        title=title,
        axis="MB/s",
        top=2.5,
        values=_line(resource, 1 / units.MEGABYTES.factor),
        limit=_limit(resource, lambda limit: limit.value.to(units.MEGABYTES_PER_SECOND).value),
    )


GRAPHS: Final[Mapping[str, Graph]] = {
    "load": Graph(
        title="Limit load",
        axis="% of the binding limit",
        top=100.0,
        values=lambda usage: usage.limit_load * 100,
        limit=lambda _: 100.0,
    ),
    "ingress": _bytes("Ingress", "ingress"),
    "egress": _bytes("Egress", "egress"),
    "connections": Graph(
        title="Connections",
        axis="connections",
        top=100.0,
        values=_line("connections", 1.0),
        limit=_limit("connections", lambda limit: limit.value.value),
    ),
    "requests": Graph(
        title="Requests",
        axis="requests/s",
        top=0.0,
        values=_line("requests", 1.0),
        limit=_limit("requests", lambda limit: limit.value.value),
    ),
}
"""All graphs by name."""


class Plot:
    """A figure that shows itself in a notebook and saves itself as PNG or SVG."""

    def __init__(self, figure: Figure) -> None:
        self.figure = figure

    def save(self, path: Path) -> Path:
        """Write the picture; the suffix says how (`.png`, `.svg`). Its folder is made if need be."""
        if path.suffix not in {".png", ".svg"}:
            raise ConfigurationError(f"a picture cannot be written as {path.name}: end its name with .png or .svg")
        import matplotlib as mpl

        path.parent.mkdir(parents=True, exist_ok=True)
        with mpl.rc_context(STYLE):
            self.figure.savefig(path, dpi=144)
        return path

    def _repr_png_(self) -> bytes:
        content = io.BytesIO()
        self.figure.savefig(content, format="png", dpi=96)
        return content.getvalue()


STYLE: Final[Any] = {
    "axes.edgecolor": "#BBBBBB",
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "font.size": 9.5,
    "grid.color": "#E8E8E8",
    "svg.fonttype": "none",
    "svg.hashsalt": "clusterload",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def require_plotting() -> None:
    """See that what draws is installed, before work begins that ends in a picture; loads nothing.

    Raises:
        ConfigurationError: it is not; the message says how to get it.
    """
    require_extra("plot", "matplotlib", purpose="a picture")


def plot(usages: Usage | Mapping[str, Usage], graphs: Sequence[str] = tuple(GRAPHS)) -> Plot:
    """Draw graphs in two columns, in the order given; an odd last cell is left empty.

    Args:
        usages: one usage, or several by what to call them in the legend; each from its own start.
        graphs: names of `GRAPHS`, each as often as wanted.

    Raises:
        ConfigurationError: no usage, no graph, or one that is not known; or nothing that draws is installed.
    """
    require_plotting()
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chosen = [_graph(name) for name in graphs]
    if not chosen:
        raise ConfigurationError(f"no graph was asked for: name some of {', '.join(GRAPHS)}")
    named = usages if isinstance(usages, Mapping) else {"": usages}
    if not named:
        raise ConfigurationError("no usage was given to draw: give one at least")
    columns = min(2, len(chosen))
    rows = -(-len(chosen) // columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.2 * columns, 2.9 * rows + 0.35), layout="constrained")
        FigureCanvasAgg(figure)
        cells = figure.subplots(rows, columns, squeeze=False).ravel()
        for cell, graph in zip(cells, chosen, strict=False):
            _draw(cell, graph, named)
        for cell in cells[len(chosen) :]:
            cell.set_visible(False)
        figure.supxlabel(_limits_words(named.values()), x=0.01, ha="left", fontsize=7.5, color=QUIET)
        if len(named) > 1:
            figure.legend(*cells[0].get_legend_handles_labels(), loc="outside upper left", ncols=3, frameon=False)
    return Plot(figure)


def _limits_words(usages: Iterable[Usage]) -> str:
    """Which tables the limits are of."""
    words = dict.fromkeys(usage.limits.words for usage in usages)
    return f"Limits: {'; '.join(words)}"


def _graph(name: str) -> Graph:
    try:
        return GRAPHS[name]
    except KeyError:
        raise ConfigurationError(f"no graph {name!r}{nearest(name, GRAPHS)}; known: {', '.join(GRAPHS)}") from None


def _draw(axes: Axes, graph: Graph, usages: Mapping[str, Usage]) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    highest = 0.0
    for number, (label, usage) in enumerate(usages.items()):
        values = graph.values(usage)
        highest = max(highest, float(np.nanmax(values, initial=0.0)))
        # Later lines are thinner, so that one that lies on another leaves it in sight.
        width = 1.6 + 1.3 * (len(usages) - 1 - number)
        _trace(axes, usage, values, colour=PALETTE[number % len(PALETTE)], width=width, label=label)
    top = max(graph.top, highest * 1.08) or 1.0
    limit = graph.limit(next(iter(usages.values())))
    if limit <= top:
        axes.axhline(limit, color=LIMIT_COLOUR, linewidth=1.2, linestyle=(0, (5, 3)), gid="limit")
        axes.annotate(
            "limit", (1, limit), xycoords=("axes fraction", "data"), xytext=(-2, 3), textcoords="offset points",
            ha="right", va="bottom", color=LIMIT_COLOUR, fontsize=8.5, annotation_clip=False,
        )  # fmt: skip
    axes.set_title(graph.title)
    axes.set_ylabel(graph.axis)
    axes.set_xlabel("seconds since the start")
    axes.set_ylim(0, top)
    axes.set_xlim(0, max(usage.grid.seconds * usage.grid.count for usage in usages.values()))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.grid(visible=True, axis="y")
    axes.set_axisbelow(True)


def _trace(axes: Axes, usage: Usage, values: Floats, *, colour: str, width: float, label: str) -> None:
    # A point between two gaps would draw no line, so each such point gets a dot.
    known = ~np.isnan(values)
    adjacent = np.concatenate([[False], known[:-1]]) | np.concatenate([known[1:], [False]])
    axes.plot(usage.grid.elapsed, values, color=colour, linewidth=width, label=label, clip_on=False)
    lonely = known & ~adjacent
    if lonely.any():
        axes.plot(usage.grid.elapsed[lonely], values[lonely], "o", color=colour, markersize=4, clip_on=False)
