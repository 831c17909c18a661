"""How far a load can grow, predicted and measured: for the terminal at 80 columns, as a picture, and for programs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from rich.console import RenderableType
from rich.text import Text

from clusterload.analysis.ceiling.search import StepOutcome
from clusterload.model import units
from clusterload.model.limits import NO_LIMITS
from clusterload.model.resources import limited_by_name
from clusterload.report.calibration import search_document
from clusterload.report.plain import finite
from clusterload.report.plots import INK, LIMIT_COLOUR, PALETTE, STYLE, Plot, require_plotting
from clusterload.report.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes

    from clusterload.analysis.ceiling import Capacity, Prediction
    from clusterload.analysis.headroom import Headroom


def capacity_view(capacity: Capacity) -> list[RenderableType]:
    """What is predicted of each resource, the measured answer next to it, and what a reader should know."""
    parts: list[RenderableType] = []
    if capacity.prediction is not None:
        parts += headroom_view(capacity.prediction.headrooms)
        parts += [Text(line, style="dim") for line in _assumed(capacity.prediction)]
    parts.append(Text(f"{raised_name(capacity)}: {capacity.sentence}", style="bold"))
    if capacity.disagreement:
        parts.append(Text(f"{capacity.disagreement}.", style="yellow"))
    parts += [Text(line, style="yellow") for line in capacity.doubts]
    return [*parts, Text(_bounds(capacity), style="dim")]


def headroom_view(headrooms: Sequence[Headroom]) -> list[RenderableType]:
    """How far each resource lets a mix grow, the first to bind first; those that give no number in a line each."""
    shown = table("resource", "today", "binds at", "can grow", "then binds")
    for headroom in headrooms:
        if headroom.known:
            today, end = units.percent(headroom.now), units.percent(headroom.end)
            shown.add_row(Text(headroom.title), today, end, headroom.words, Text(_then(headroom)))
    rest = [headroom for headroom in headrooms if not headroom.known]
    parts: list[RenderableType] = [shown] if len(rest) < len(headrooms) else []
    return [*parts, *(Text(f"{headroom.title}: {headroom.why}", style="dim") for headroom in rest)]


def headroom_document(headroom: Headroom) -> dict[str, Any]:
    """A headroom as plain values; a factor is null where it is not known or has no end, which `why` tells apart."""
    return {
        "resource": headroom.resource,
        "broker": headroom.whose,
        "factor": finite(headroom.factor),
        "at_least": headroom.at_least,
        "at_most": headroom.at_most,
        "share": finite(headroom.now),
        "until": finite(headroom.end),
        "why": headroom.why,
        "then": headroom.then,
        "gain": finite(headroom.gain),
    }


def capacity_document(capacity: Capacity) -> dict[str, Any]:
    """The outcome as plain values, each step included; values are in the unit given with them."""
    return {
        "cluster": capacity.cluster_id,
        "lab": capacity.lab,
        "brokers": capacity.brokers,
        "raised": capacity.name,
        "unit": capacity.ceiling.unit.symbol,
        "first": capacity.first,
        "bounds": [bound.as_text for bound in capacity.bounds],
        "limits": capacity.limits,
        "predicted": _prediction(capacity.prediction),
        "measured": {
            "known": capacity.ceiling.known,
            "factor": finite(capacity.factor),
            "low": finite(capacity.low),
            "high": finite(capacity.high),
            "at_least": finite(capacity.at_least),
            "value": finite(capacity.ceiling.middle),
            "chance": finite(capacity.ceiling.chance),
            "why": list(capacity.ceiling.reasons),
        },
        "off": finite(capacity.off),
        "disagreement": capacity.disagreement or None,
        "sentence": capacity.sentence,
        "doubts": list(capacity.doubts),
        "searches": [search_document(search) for search in capacity.ceiling.searches],
    }


def _prediction(prediction: Prediction | None) -> dict[str, Any] | None:
    if prediction is None:
        return None
    return {
        "first": None if prediction.first is None else headroom_document(prediction.first),
        "headroom": [headroom_document(headroom) for headroom in prediction.headrooms],
        "not_predicted": [bound.as_text for bound in prediction.silent],
        "assumed": prediction.assumed,
    }


def _assumed(prediction: Prediction) -> Iterator[str]:
    yield f"Assumed: {prediction.assumed}."
    if prediction.silent:
        yield f"Not predicted: {', '.join(bound.as_text for bound in prediction.silent)}."


def _then(headroom: Headroom) -> str:
    title = limited_by_name(headroom.then).title if headroom.then else ""
    if math.isnan(headroom.gain):
        return title
    return f"{title}, x{units.number(headroom.gain)}"


def raised_name(capacity: Capacity) -> str:
    """What was raised, at the start of a sentence."""
    if capacity.ceiling.unit.thing == "factor":
        return "The mix"
    return f"{capacity.name} from {units.short(capacity.first, capacity.ceiling.unit)}"


def _bounds(capacity: Capacity) -> str:
    kept = ", ".join(bound.kept_text for bound in capacity.bounds)
    searches = f"{len(capacity.ceiling.telling)} of {capacity.ceiling.wanted} searches"
    shared = " The brokers share one machine with the generator." if capacity.lab else ""
    by = "" if capacity.limits == NO_LIMITS.name else f" by limits {capacity.limits}"
    return f"While {kept}{by}; {searches} found it.{shared}"


_LOOKS: Final = {
    StepOutcome.HELD: ("o", PALETTE[2], "held"),
    StepOutcome.BROKE: ("X", PALETTE[1], "broke"),
    StepOutcome.UNSURE: ("d", "#999999", "inconclusive"),
}


def capacity_plot(capacity: Capacity) -> Plot:
    """The steps in the order in which they were made, with what was predicted and what was measured."""
    require_plotting()
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

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
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

    factors = [[step.value / capacity.first for step in search.steps] for search in capacity.ceiling.searches]
    every = [step for search in capacity.ceiling.searches for step in search.steps]
    flat = [factor for search in factors for factor in search]
    at = 0
    for search in factors:
        axes.plot(range(at + 1, at + len(search) + 1), search, color="#BBBBBB", linewidth=1.0, zorder=1)
        at += len(search)
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
    predicted = capacity.prediction.first if capacity.prediction else None
    if predicted is not None and predicted.factor > 0:
        axes.axhline(
            predicted.factor,
            color=LIMIT_COLOUR,
            linewidth=1.2,
            linestyle=(0, (5, 3)),
            label=f"predicted\n{predicted.words}",
        )
    if capacity.ceiling.known:
        low, high = units.number(capacity.low), units.number(capacity.high)
        axes.axhspan(
            capacity.low, capacity.high, color=PALETTE[0], alpha=0.18, linewidth=0, label=f"measured\n{low} to {high} x"
        )
        axes.axhline(capacity.factor, color=PALETTE[0], linewidth=1.0)
    axes.tick_params(colors=INK)
