"""The effects of an experiment as a picture: each with its interval, a graph for each figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.effects import Effects, ExperimentResult, change_words
from clusterload.model import units
from clusterload.model.wording import capitalized
from clusterload.report.plots import INK, PALETTE, STYLE, Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_FIGURES: Final = 8
_LEAST_SPAN: Final = 3.0
_FAINT: Final = "#999999"


def effects_plot(outcome: ExperimentResult) -> Plot | None:
    """The effects of an experiment with their intervals, a graph for each figure; None if no effect is known."""
    import matplotlib as mpl  # noqa: PLC0415 (takes a second, and most commands draw nothing)
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    known = [on for on in outcome.effects if any(not np.isnan(one.here.value) for one in on.effects)][:_MOST_FIGURES]
    if not known:
        return None
    columns = min(2, len(known))
    rows = -(-len(known) // columns)
    height = 1.15 + 0.34 * max(len(on.effects) for on in known)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.2 * columns, height * rows + 0.2), layout="constrained")
        FigureCanvasAgg(figure)
        cells = figure.subplots(rows, columns, squeeze=False).ravel()
        for cell, on in zip(cells, known, strict=False):
            _draw(cell, on)
        for cell in cells[len(known) :]:
            cell.set_visible(False)
    return Plot(figure)


def _draw(axes: Axes, on: Effects) -> None:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    points = on.figure.unit is units.RATIO
    factor = 100.0 if points else 1.0
    for place, one in enumerate(on.effects):
        colour = PALETTE[0] if one.here.significant else _FAINT
        if one.here.known:
            span = [one.here.low * factor, one.here.high * factor]
            axes.plot(span, [place, place], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot([one.here.value * factor], [place], "o", color=colour, markersize=6)
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_title(capitalized(on.figure.title))
    axes.set_xlabel(f"change, {'points' if points else on.figure.unit}")
    axes.set_yticks(range(len(on.effects)), [change_words(one.factor, one.level) for one in on.effects])
    axes.set_ylim(len(on.effects) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.margins(x=0.08)
    if points:
        # What is next to nothing should look so.
        low, high = axes.get_xlim()
        axes.set_xlim(min(low, -_LEAST_SPAN), max(high, _LEAST_SPAN))
    axes.grid(visible=True, axis="x")
    axes.set_axisbelow(True)
