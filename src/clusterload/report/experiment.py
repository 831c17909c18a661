"""What an experiment found: sentences and a table at 80 columns, a picture, and plain values for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rich.console import RenderableType
from rich.text import Text

from clusterload.analysis.effects import SURE, Effect, Effects, Estimate, ExperimentResult, amount, change_words
from clusterload.model import units
from clusterload.model.units import Quantity
from clusterload.model.wording import capitalized
from clusterload.report.plain import finite
from clusterload.report.plots import INK, PALETTE, STYLE, Plot, require_plotting
from clusterload.report.tables import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def experiment_view(outcome: ExperimentResult) -> list[RenderableType]:
    """The sentences, each effect on each figure, and what a reader should know."""
    found = [line for line in outcome.sentences if line != outcome.conclusion]
    parts: list[RenderableType] = [Text(f"{capitalized(line)}.", style="bold") for line in found]
    shown = table("what is changed", "effect", *(["on average"] if _differ(outcome) else []))
    for on in outcome.effects:
        shown.add_row(Text(capitalized(on.figure.title), style="bold"), Text(_base(on), style="dim"))
        for effect in on.effects:
            shown.add_row(Text(f"  {change_words(effect.factor, effect.level)}"), *_cells(effect, on, outcome))
    parts.append(shown)
    parts += [Text(f"{capitalized(line)}.", style="dim") for line in outcome.notes]
    intervals = f"Intervals contain what is true in {units.percent(SURE)} of experiments"
    parts.append(Text(f"{intervals}; an effect that contains 0 may be none.", style="dim"))
    return [*parts, Text(f"{capitalized(outcome.conclusion)}.", style="bold")] if outcome.conclusion else parts


def _base(on: Effects) -> str:
    value, unit = on.here.value, on.figure.unit
    return _folded(f"of {units.percent(value) if unit is units.RATIO else units.text(Quantity(value, unit))}")


def _differ(outcome: ExperimentResult) -> bool:
    return any(on.interactions for on in outcome.effects)


def _cells(effect: Effect, on: Effects, outcome: ExperimentResult) -> tuple[Text, ...]:
    unit = on.figure.unit
    shows = "bold" if effect.here.significant else "dim"
    cells = [Text(_folded(amount(effect.here, unit, sign=True)), style=shows)]
    if _differ(outcome):
        cells.append(Text(_folded(amount(effect.average, unit, sign=True)), style="dim"))
    return tuple(cells)


def _folded(text: str) -> str:
    # Non-breaking: where room is short, names are folded and not figures.
    return text.replace(" ", "\u00a0")


def experiment_document(outcome: ExperimentResult) -> dict[str, Any]:
    """An experiment as plain values; each in the unit given with it, None where it is not known."""
    return {
        "design": str(outcome.design.kind),
        "limits": outcome.limits or None,
        "settle_s": outcome.settle,
        "runs": [
            {
                "point": outcome.design.describe(observation.point),
                "figures": {figure.name: finite(value) for figure, value in observation.figures.items()},
            }
            for observation in outcome.observed
        ],
        "conclusion": outcome.conclusion or None,
        "sentences": list(outcome.sentences),
        "effects": [_on(on) for on in outcome.effects],
        "notes": list(outcome.notes),
        "left_out": list(outcome.left_out),
    }


def _on(on: Effects) -> dict[str, Any]:
    return {
        "figure": on.figure.name,
        "unit": on.figure.unit.symbol,
        "where_it_hurts": _estimate(on.here),
        "factors": [
            {
                "factor": effect.factor.name,
                "from": effect.factor.levels[0].text,
                "to": effect.factor.levels[effect.level].text,
                "effect": _estimate(effect.here),
                "average": _estimate(effect.average),
            }
            for effect in on.effects
        ],
        "interactions": [
            {"factors": [interaction.first[0].name, interaction.second[0].name], "more": _estimate(interaction.more)}
            for interaction in on.interactions
        ],
        "drift_an_hour": _estimate(on.drift),
        "runs": on.runs,
        "degrees_of_freedom": on.degrees,
    }


def _estimate(estimate: Estimate) -> dict[str, float | None]:
    return {"value": finite(estimate.value), "low": finite(estimate.low), "high": finite(estimate.high)}


_MOST_FIGURES: Final = 8
_LEAST_SPAN: Final = 3.0
_GREY: Final = "#999999"


def effects_plot(outcome: ExperimentResult) -> Plot | None:
    """The effects of an experiment with their intervals, a graph for each figure; None if no effect is known."""
    require_plotting()
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    known = [on for on in outcome.effects if any(not np.isnan(effect.here.value) for effect in on.effects)][
        :_MOST_FIGURES
    ]
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
    from matplotlib.ticker import MaxNLocator

    points = on.figure.unit is units.RATIO
    factor = 100.0 if points else 1.0
    for place, effect in enumerate(on.effects):
        colour = PALETTE[0] if effect.here.significant else _GREY
        if effect.here.known:
            span = [effect.here.low * factor, effect.here.high * factor]
            axes.plot(span, [place, place], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot([effect.here.value * factor], [place], "o", color=colour, markersize=6)
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_title(capitalized(on.figure.title))
    axes.set_xlabel(f"change, {'points' if points else on.figure.unit}")
    axes.set_yticks(range(len(on.effects)), [change_words(effect.factor, effect.level) for effect in on.effects])
    axes.set_ylim(len(on.effects) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.margins(x=0.08)
    if points:
        # What is almost nothing should look so.
        low, high = axes.get_xlim()
        axes.set_xlim(min(low, -_LEAST_SPAN), max(high, _LEAST_SPAN))
    axes.grid(visible=True, axis="x")
    axes.set_axisbelow(True)
