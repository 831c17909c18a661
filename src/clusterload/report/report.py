"""What `render` gives: a run, or a case, as something that shows itself wherever it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from clusterload.analysis.diagnosis import Verdict
from clusterload.analysis.usage import Usage
from clusterload.model import units
from clusterload.model.run import Run
from clusterload.model.wording import capitalized, few_alike
from clusterload.report.diagnosis import finding_line
from clusterload.report.html.page import page
from clusterload.report.load import load_view
from clusterload.report.markdown import markdown
from clusterload.report.plain import AsText, Shown, TextReport
from clusterload.report.plots import GRAPHS, Plot, plot
from clusterload.report.sections.whole import run_outline
from clusterload.report.terminal import answer_view, riddle_view, saturation_table, unmeasured, usage_table

if TYPE_CHECKING:
    from clusterload.workflow.cases import Outcome


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
        return page(self.run, self.usage, self.verdict, self.baseline)

    @property
    def markdown(self) -> str:
        """The same as text for a pull request; names that others chose are escaped."""
        return markdown(run_outline(self.run, self.usage, self.verdict, self.baseline))

    @property
    def plot(self) -> Plot:
        """All graphs."""
        return plot(self.usage, tuple(GRAPHS))

    def __rich__(self) -> RenderableType:
        name = self.run.plan.name if self.run.plan else "no load of ours"
        head = f"[bold]{escape(name)}[/]  run {self.run.id}, {units.duration(self.run.seconds)}"
        against = Text(capitalized(self.usage.limits.against), style="dim")
        parts: list[RenderableType] = [Text.from_markup(head), against, usage_table(self.usage)]
        parts += [saturation_table(self.usage)] if self.usage.saturation else []
        parts += [Text(line, style="dim") for line in unmeasured(self.usage)]
        parts += load_view(self.run)
        parts += [
            Text(f"{line.resource.title}: typical {units.percent(line.typical)}, peak {units.percent(line.peak)}")
            for line in self.usage.provider
        ]
        reached = ("; ".join((found.sentence, *found.evidence)) for found in self.verdict.reached)
        parts += [Text(line) for line in few_alike(reached)]
        parts += [finding_line(finding) for finding in self.verdict.findings]
        events = few_alike(f"{event.kind}: {event.text}" for event in self.run.events)
        parts += [Text(line, style="yellow") for line in events]
        parts.append(Text(f"Verdict: {self.verdict.sentence}", style="bold"))
        return AsText(Group(*parts))

    def save(self, folder: Path) -> list[Path]:
        """Write the plots into a folder, as PNG and SVG; returns the files."""
        picture = self.plot
        return [picture.save(folder / f"usage.{suffix}") for suffix in ("png", "svg")]


def render(run: Run, usage: Usage, verdict: Verdict, baseline: Run | None = None) -> Report:
    """Make a report of a run and its judgement.

    Args:
        run: what was judged.
        usage: the same against limits.
        verdict: the judgement.
        baseline: what it was judged against.
    """
    return Report(run=run, usage=usage, verdict=verdict, baseline=baseline)


def riddle(outcome: Outcome) -> TextReport:
    """What the team of a case sees: ingress and the load."""
    return TextReport(view=riddle_view(outcome))


def answer(outcome: Outcome) -> TextReport:
    """A case's answer: all resources, the prediction, and the verdict in words."""
    return TextReport(view=answer_view(outcome))
