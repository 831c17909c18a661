"""`clusterload case`: run a story on the lab or on a cluster, and print its verdict."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli import options
from clusterload.cli.grammar import LOAD, Command, flag
from clusterload.cli.options import Views
from clusterload.cli.target import Target, confirmed, opened, sources_for

if TYPE_CHECKING:
    from clusterload.model.limits import Limits
    from clusterload.workflow.cases import Case, Outcome
    from clusterload.workflow.consent import Consent


@click.command(cls=Command)
@click.argument("name", metavar="CASE")
@options.cluster_or_new_lab
@options.consent
@flag("--full", group=LOAD, text="As long as in the course: 180 s per load, per-minute metrics.")
@options.duration("Duration of each load, as in 25s.")
@options.other_limits
@options.web
@options.out("Folder for run files, plots and the report.", "FOLDER")
@options.as_json
def case(
    name: str,
    target: Target,
    consented: Consent,
    *,
    full: bool,
    duration: float | None,
    limits: Limits | None,
    views: Views,
    out: Path | None,
    as_json: bool,
) -> None:
    """Run a CASE (cluster-load) and print its verdict.

    Without a cluster it runs on a lab of its own. It leaves run files, plots and a report in a folder.
    """
    import dataclasses

    from clusterload.cli.console import ERR, OUT, note, print_json
    from clusterload.cli.live import live, said
    from clusterload.report.json import case_document
    from clusterload.report.plots import require_plotting
    from clusterload.report.terminal import answer_view, riddle_view
    from clusterload.workflow.cases import Case, claim, judge, run_case

    require_plotting()
    story = Case.named(name, full=full, duration=duration)
    folder = out or Path("runs") / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    claim(folder)
    if not target.named:
        target = dataclasses.replace(target, lab=story.brokers)
    ERR.print(f"[bold]{story.title}[/]\n{story.question}\n")
    with opened(target) as cluster:
        note(f"cluster {cluster.id}, {len(cluster.brokers)} brokers; run files go to {folder}")
        agreed = confirmed(consented, cluster)
        with live(limits or story.limits, views) as feed:
            runs = run_case(
                story,
                cluster,
                folder,
                sources=sources_for(target, cluster),
                consented=agreed,
                on_plan=feed.begin,
                on_look=feed.look,
                on_judge=feed.judge,
                on_wait=said(feed),
            )
    outcome = judge(story, runs, limits)
    pictures = _plots(story, outcome, folder)
    page = _page(outcome, folder)
    if as_json:
        note(f"report: {page}")
        print_json(case_document(outcome))
        return

    OUT.rule("The riddle", align="left", style="dim")
    OUT.print(riddle_view(outcome))
    OUT.rule("The answer", align="left", style="dim")
    OUT.print(answer_view(outcome))
    OUT.print(f"\nPlots of the riddle: {pictures[0]}\nPlots of the answer: {pictures[1]}", soft_wrap=True)
    OUT.print(f"Run files: {folder}\nReport to open in a browser: {page}", soft_wrap=True)


def _plots(story: Case, outcome: Outcome, folder: Path) -> list[Path]:
    from clusterload.report.plots import plot

    pictures = {"riddle": plot(outcome.usages, story.riddle), "answer": plot(outcome.usages, story.answer)}
    for name, picture in pictures.items():
        picture.save(folder / f"{name}.svg")
    return [picture.save(folder / f"{name}.png") for name, picture in pictures.items()]


def _page(outcome: Outcome, folder: Path) -> Path:
    from clusterload.cli.console import write
    from clusterload.report.html import case_page

    file = folder / "report.html"
    write(file, case_page(outcome))
    return file
