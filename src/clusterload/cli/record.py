"""`clusterload record`: a cluster's metrics without any load of ours."""

from __future__ import annotations

from pathlib import Path

import click

from clusterload.cli.options import Target, exporter_option, opened, sources_for, target_options


@click.command()
@target_options
@exporter_option
@click.option("--for", "duration", metavar="TIME", default="60s", show_default=True, help="How long.")
@click.option("--interval", metavar="TIME", default="1s", show_default=True, help="Time between scrapes.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="The run file.")
@click.option("--limits", metavar="TABLE", default="course-basic", show_default=True, help="A table or a TOML file.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome for programs.")
def record(target: Target, *, duration: str, interval: str, out: Path | None, limits: str, as_json: bool) -> None:
    """Record a cluster's metrics, and hold them against limits. Ctrl-C ends it in good order.

    `clusterload report FILE --from … --to …` judges any stretch of what was recorded.
    """
    from rich.progress import Progress

    from clusterload.cli.console import ERR
    from clusterload.cli.report import show
    from clusterload.limits import Limits
    from clusterload.measurement import record as record_run
    from clusterload.units import parse_duration

    seconds, table = parse_duration(duration), Limits.named(limits)
    with opened(target) as cluster, Progress(console=ERR, transient=True, disable=not ERR.is_terminal) as progress:
        task = progress.add_task("recording", total=seconds)
        recorded = record_run(
            cluster,
            seconds=seconds,
            sources=sources_for(target, cluster, parse_duration(interval)),
            path=out,
            on_second=lambda passed: progress.update(task, completed=passed),
        )
    show(recorded, table, as_json=as_json)
