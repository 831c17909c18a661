"""What `render` gives: a run, or a case, as something that shows itself wherever it is."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.text import Text

from clusterload import units
from clusterload.diagnosis import Verdict
from clusterload.reports.diagnosis import finding_line
from clusterload.reports.load import load_view
from clusterload.reports.plain import AsText
from clusterload.reports.plots import GRAPHS, Plot, plot
from clusterload.reports.terminal import answer_view, riddle_view, usage_table
from clusterload.run import Run
from clusterload.usage import Usage, provider_load

if TYPE_CHECKING:
    from clusterload.case import Outcome

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
class Report(Shown):
    """A run with its judgement, ready to be shown: `print` it, `save` its plots, or take it as `html` or `markdown`."""

    run: Run
    usage: Usage
    verdict: Verdict
    baseline: Run | None = None

    @property
    def html(self) -> str:
        """One page that needs nothing else, with charts that can be read and zoomed."""
        from clusterload.reports.html import page  # noqa: PLC0415 (its parts import Told from here)

        return page(self.run, self.usage, self.verdict, self.baseline)

    @property
    def markdown(self) -> str:
        """The same as text for a pull request; names that others chose are escaped."""
        from clusterload.reports.markdown import markdown  # noqa: PLC0415
        from clusterload.reports.outlining import outlined  # noqa: PLC0415

        return markdown(outlined(self.run, self.usage, self.verdict, self.baseline))

    @property
    def plot(self) -> Plot:
        """All graphs."""
        return plot(self.usage, tuple(GRAPHS))

    def __rich__(self) -> RenderableType:
        name = self.run.plan.name if self.run.plan else "no load of ours"
        head = f"[bold]{escape(name)}[/]  run {self.run.id}, {units.duration(self.run.seconds)}"
        parts: list[RenderableType] = [Text.from_markup(head), usage_table(self.usage)]
        parts += load_view(self.run)
        parts += [
            Text(f"{line.resource.title}: typical {units.percent(line.typical)}, peak {units.percent(line.peak)}")
            for line in provider_load(self.run, self.usage.grid)
        ]
        parts += [Text("; ".join((one.sentence, *one.evidence))) for one in self.verdict.reached]
        parts += [finding_line(one) for one in self.verdict.findings]
        parts += [Text(f"{event.kind}: {event.text}", style="yellow") for event in self.run.events]
        parts.append(Text(f"Verdict: {self.verdict.sentence}", style="bold"))
        return AsText(Group(*parts))

    def save(self, folder: Path) -> list[Path]:
        """Write the plots into a folder, as PNG and SVG; returns the files."""
        picture = self.plot
        return [picture.save(folder / f"usage.{suffix}") for suffix in ("png", "svg")]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told(Shown):
    """A part of a case, told from its outcome."""

    view: RenderableType

    def __rich__(self) -> RenderableType:
        return AsText(self.view)


def render(run: Run, usage: Usage, verdict: Verdict, baseline: Run | None = None) -> Report:
    """Make a report of a run and its judgement.

    Args:
        run: what was judged.
        usage: the same against limits.
        verdict: the judgement.
        baseline: what it was judged against.
    """
    return Report(run=run, usage=usage, verdict=verdict, baseline=baseline)


def riddle(outcome: Outcome) -> Told:
    """What the team of a case sees: ingress and the load."""
    return Told(view=riddle_view(outcome))


def answer(outcome: Outcome) -> Told:
    """A case's answer: all resources, the prediction, and the verdict in words."""
    return Told(view=answer_view(outcome))
