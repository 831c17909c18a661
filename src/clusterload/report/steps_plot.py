"""The steps of a search for capacity as a picture. Imported where one is drawn: it loads a plotting library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from clusterload.analysis.ceiling.search import StepOutcome
from clusterload.model import units
from clusterload.report.capacity import raised_name
from clusterload.report.plots import INK, LIMIT_COLOUR, PALETTE, STYLE, Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clusterload.analysis.ceiling import Capacity

_LOOKS: Final = {
    StepOutcome.HELD: ("o", PALETTE[2], "held"),
    StepOutcome.BROKE: ("X", PALETTE[1], "broke"),
    StepOutcome.UNSURE: ("d", "#999999", "inconclusive"),
}


def capacity_plot(capacity: Capacity) -> Plot:
    """The steps in the order in which they were made, with what was predicted and what was measured."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3.6), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        _draw_answers(axes, capacity)
        _draw_steps(axes, capacity)
        words = f"{raised_name(capacity)}: {capacity.predicted_words},\n{capacity.measured_words}"
        axes.set_title(words, fontsize=9.5)
        axes.set_xlabel("steps, in the order in which they were made")
        axes.set_ylabel("times as large as given")
        axes.grid(visible=True, axis="y")
        axes.set_axisbelow(True)
        figure.legend(loc="outside right upper", frameon=False)
    return Plot(figure)


def _draw_steps(axes: Axes, capacity: Capacity) -> None:
    factors = [[step.value / capacity.first for step in one.steps] for one in capacity.ceiling.searches]
    every = [step for one in capacity.ceiling.searches for step in one.steps]
    flat = [factor for one in factors for factor in one]
    at = 0
    for one in factors:
        axes.plot(range(at + 1, at + len(one) + 1), one, color="#BBBBBB", linewidth=1.0, zorder=1)
        at += len(one)
        if at < len(flat):
            axes.axvline(at + 0.5, color="#DDDDDD", linewidth=0.8, linestyle=":")
    for outcome, (marker, colour, label) in _LOOKS.items():
        here = [number for number, step in enumerate(every) if step.outcome is outcome]
        if here:
            axes.plot(
                [number + 1 for number in here], [flat[number] for number in here], marker, color=colour, label=label,
                markersize=6, zorder=3,
            )  # fmt: skip
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 4, 5, 7)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_answers(axes: Axes, capacity: Capacity) -> None:
    told = capacity.prediction.first if capacity.prediction else None
    if told is not None and told.factor > 0:
        axes.axhline(
            told.factor, color=LIMIT_COLOUR, linewidth=1.2, linestyle=(0, (5, 3)), label=f"predicted\n{told.words}"
        )
    if capacity.ceiling.known:
        low, high = units.number(capacity.low), units.number(capacity.high)
        axes.axhspan(
            capacity.low, capacity.high, color=PALETTE[0], alpha=0.18, linewidth=0, label=f"measured\n{low} to {high} x"
        )
        axes.axhline(capacity.factor, color=PALETTE[0], linewidth=1.0)
    axes.tick_params(colors=INK)
