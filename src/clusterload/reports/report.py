"""One run as a report: what a person reads first, and the plots."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.text import Text

from clusterload import units
from clusterload.diagnosis import Verdict
from clusterload.reports.plots import GRAPHS, Plot, plot
from clusterload.reports.terminal import ledger_table, usage_table
from clusterload.run import Run
from clusterload.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """A run with its judgement, ready to be shown. `print` it, `str` it, `save` its plots."""

    run: Run
    usage: Usage
    verdict: Verdict

    @property
    def plot(self) -> Plot:
        """All graphs."""
        return plot(self.usage, tuple(GRAPHS))

    def __rich__(self) -> RenderableType:
        name = self.run.plan.name if self.run.plan else "no load of ours"
        head = f"[bold]{escape(name)}[/]  run {self.run.id}, {units.duration(self.run.seconds)}"
        parts: list[RenderableType] = [Text.from_markup(head), usage_table(self.usage)]
        if self.run.ledgers:
            parts.append(ledger_table(self.run))
        parts += [Text(f"{one.sentence}: {'; '.join(one.evidence)}") for one in self.verdict.findings]
        parts += [Text(f"{event.kind}: {event.text}", style="yellow") for event in self.run.events]
        parts.append(Text(f"Verdict: {self.verdict.sentence}", style="bold"))
        return Group(*parts)

    def __str__(self) -> str:
        console = Console(width=100, no_color=True, highlight=False)
        with console.capture() as captured:
            console.print(self)
        return captured.get()

    def save(self, folder: Path) -> list[Path]:
        """Write the plots into a folder, as PNG and SVG; returns the files."""
        picture = self.plot
        return [picture.save(folder / f"usage.{suffix}") for suffix in ("png", "svg")]


def render(run: Run, usage: Usage, verdict: Verdict) -> Report:
    """Make a report of a run and its judgement."""
    return Report(run=run, usage=usage, verdict=verdict)
