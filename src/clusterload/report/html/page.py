"""Page: an outline as one HTML file that opens anywhere, without a network and with no script but its own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from clusterload._version import __version__
from clusterload.report.chart import HUES, Chart, said, spoken
from clusterload.report.diagnosis import confidence_words
from clusterload.report.html.assets import of_uplot, own
from clusterload.report.html.values import MOST_SERIES, chart_values, every_series
from clusterload.report.outline import Outline, Section, TextTable, columns
from clusterload.report.plain import visible
from clusterload.report.sections.whole import case_outline, run_outline
from clusterload.report.tables import glued

if TYPE_CHECKING:
    from clusterload.analysis.diagnosis import Verdict
    from clusterload.analysis.usage import Usage
    from clusterload.model.run import Run
    from clusterload.workflow.cases import Outcome

_ROWS: Final = 24
"""Rows of the table that says what a chart shows."""

_STATES: Final = {
    "within limits": "within",
    "not saturated": "within",
    "limited": "limited",
    "inconclusive": "inconclusive",
}


def page(run: Run, usage: Usage, verdict: Verdict, baseline: Run | None = None) -> str:
    """A whole report. Pure: the same run gives the same page."""
    return _page(run_outline(run, usage, verdict, baseline), run)


def case_page(outcome: Outcome) -> str:
    """The same of a case: its answer, its loads side by side, and its first load in full."""
    return _page(case_outline(outcome), outcome.steps[0].run)


def _page(outline: Outline, run: Run) -> str:
    every = every_series(run)
    scripts = (of_uplot("uPlot.iife.js"), own("charts.js"))
    style = of_uplot("uPlot.min.css") + own("style.css")
    return (
        _environment()
        .get_template("page.html")
        .render(
            outline=outline,
            state=_STATES[outline.state],
            policy=_policy(scripts, style),
            scripts=[Markup(script) for script in scripts],  # noqa: S704 (files of ours and of uPlot)
            style=Markup(style),  # noqa: S704
            charts={
                "charts": [chart_values(chart) for chart in _charts(outline)],
                "hues": HUES,
                "start": run.start // 1_000_000,
                "span": run.seconds,
            },
            every=every,
            left_out=max(0, sum(1 for series in run.series if len(series)) - MOST_SERIES),
            version=__version__,
        )
    )


def fragment(heading: str, *sections: Section) -> str:
    """Parts of a report by themselves, without charts, script or style: for notebooks."""
    return _environment().get_template("fragment.html").render(heading=heading, sections=sections)


def progress_bar(title: str, words: str, done: float, total: float | None) -> str:
    """How far work is, as a bar and in words: for notebooks; without a bar where nobody knows how far it goes."""
    template = _environment().get_template("progress.html")
    return template.render(title=title, words=words, done=f"{done:.1f}", total=f"{total:.1f}" if total else "")


def chart_table(chart: Chart) -> TextTable:
    """What a chart shows, as a table for who does not see it."""
    names = [trace.name for trace in chart.traces]
    rows = tuple(_percentiles(chart)) if chart.spectrum else tuple(spoken(chart, _ROWS))
    first = "Percentile" if chart.spectrum else "From"
    return TextTable(title=chart.title, columns=columns(first, *names), rows=rows)


def _percentiles(chart: Chart) -> Iterator[tuple[str, ...]]:
    for nines, words in ((0.30103, "p50"), (1, "p90"), (2, "p99"), (3, "p99.9"), (4, "p99.99"), (5, "p99.999")):
        reached = [trace.y[trace.x >= nines - 1e-9] for trace in chart.traces]
        if any(len(points) for points in reached):
            yield (words, *(said(float(points[0]), chart.unit) if len(points) else "too few" for points in reached))
    yield ("longest", *(said(float(trace.y[-1]), chart.unit) for trace in chart.traces))


def _charts(outline: Outline) -> Iterator[Chart]:
    if outline.load is not None:
        yield outline.load
    yield from _charts_of(outline.sections)


def _charts_of(sections: Iterable[Section]) -> Iterator[Chart]:
    for section in sections:
        yield from section.charts
        yield from _charts_of(section.sections)


def _policy(scripts: Iterable[str], style: str) -> str:
    """What the page may do: run these scripts and use this style, and nothing else; above all, ask nobody."""
    allowed = " ".join(f"'{_digest(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src '{_digest(style)}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(own), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        finalize=_seen,
    )  # fmt: skip
    made.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    made.filters["chart_table"] = chart_table
    made.filters["glued"] = glued
    made.filters["confidence"] = confidence_words
    return made


def _seen(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
