"""`clusterload case`: run a story on the lab or on a cluster, and tell its verdict."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli.options import (
    Target,
    confirmed,
    consent_options,
    opened,
    other_limits_options,
    target_options,
)
from clusterload.cli.outwards import Outwards, web_option
from clusterload.cli.sources import source_options, sources_for

if TYPE_CHECKING:
    from clusterload.model.limits import Limits
    from clusterload.workflow.cases import Case, Outcome
    from clusterload.workflow.consent import Consent


@click.command()
@click.argument("name", metavar="CASE")
@target_options
@source_options
@consent_options
@click.option("--full", is_flag=True, help="As long as in the course: 180 s a load, figures for each minute.")
@click.option("--for", "duration", metavar="TIME", help="Length of each load, as in 25s.")
@other_limits_options
@web_option
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="For run files, plots and the report.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome for programs.")
def case(
    name: str,
    target: Target,
    consented: Consent,
    *,
    full: bool,
    duration: str | None,
    limits: Limits | None,
    web: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Run a CASE (cluster-load) and tell its verdict.

    Without a cluster it runs on a lab of its own. It leaves run files, plots and a report in a folder.
    """
    import dataclasses

    from clusterload.cli.console import ERR, OUT, note
    from clusterload.cli.live import live, said
    from clusterload.model.units import parse_duration
    from clusterload.workflow.cases import Case, claim, judge, run_case

    story = Case.named(name, full=full, duration=parse_duration(duration) if duration else None)
    folder = out or Path("runs") / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    claim(folder)
    if not (target.cluster or target.bootstrap_server or target.lab):
        target = dataclasses.replace(target, lab=story.brokers)
    ERR.print(f"[bold]{story.title}[/]\n{story.question}\n")
    with opened(target) as cluster:
        note(f"cluster {cluster.id}, {len(cluster.brokers)} brokers; run files go to {folder}")
        agreed = confirmed(consented, cluster)
        with live(limits or story.limits, Outwards(web=web)) as feed:
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
        click.echo(_as_json(outcome))
        return
    from clusterload.report.terminal import answer_view, riddle_view

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
    from clusterload.cli.writing import write
    from clusterload.report.html import case_page

    file = folder / "report.html"
    write(file, case_page(outcome))
    return file


def _as_json(outcome: Outcome) -> str:
    import json

    from clusterload.report.json import case_document

    return json.dumps(case_document(outcome), indent=2)
