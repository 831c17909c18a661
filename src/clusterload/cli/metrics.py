"""`clusterload metrics`: a cluster's metrics of a time that has passed, from the Metrics API, without any load."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Read the metrics of a time that has passed.")
@click.option(
    "--cluster", "file", type=click.Path(path_type=Path), metavar="FILE", required=True,
    help="Client configuration with confluent.metrics.endpoint, confluent.cloud_api_token, confluent.clusterid.",
)  # fmt: skip
@click.option("--from", "start", metavar="WHEN", required=True, help="ISO-8601 with zone, or as in 'now-2h|m'.")
@click.option("--to", "end", metavar="WHEN", default="now-5m|m", show_default=True, help="As --from.")
@click.option("--granularity", metavar="STEP", default="PT1M", show_default=True, help="PT1M … P1D, or ALL.")
@click.option("--wait", metavar="TIME", default="10m", show_default=True, help="How long late figures are waited for.")
@click.option("--limits", metavar="TABLE", default="course-basic", show_default=True, help="A table or a TOML file.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="The run file.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome for programs.")
def metrics(
    file: Path,
    *,
    start: str,
    end: str,
    granularity: str,
    wait: str,
    limits: str,
    out: Path | None,
    as_json: bool,
) -> None:
    """Read what a cluster did in a time that has passed, and hold it against limits. Sends no load."""
    import time

    from clusterload.cli.console import waiting
    from clusterload.cli.report import show
    from clusterload.kafka import Properties
    from clusterload.limits import Limits
    from clusterload.moments import instant
    from clusterload.recording import read_past
    from clusterload.sources.confluent import Access, ConfluentSource, Granularity, Interval, Settling
    from clusterload.units import parse_duration

    access, grain, table = Access.of(Properties.read(file)), Granularity.named(granularity), Limits.named(limits)
    now = time.time_ns()
    window = Interval(start=instant(start, now), end=instant(end, now)).aligned(grain).until(now, grain)
    run = read_past(
        ConfluentSource(access=access, granularity=grain, settling=Settling(longest=parse_duration(wait))),
        access.cluster_id,
        start=window.start,
        end=window.end,
        path=out,
        on_wait=waiting,
    )
    show(run, table, as_json=as_json)
