"""`clusterload export`: a run in the formats of other tools."""

from __future__ import annotations

from pathlib import Path

import click

_EXAMPLES = """\b
clusterload export runs/a.run --to a.parquet
clusterload export runs/a.run --to latencies.csv --table latencies
clusterload export runs/a.run --to a.hlog"""


@click.command(epilog=_EXAMPLES, short_help="Write a run as CSV, JSON, Parquet, OpenMetrics or HDR log.")
@click.argument("file", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--to", "target", type=click.Path(path_type=Path), metavar="FILE", required=True, help="The new file.")
@click.option(
    "--format", "form", default="", metavar="FORMAT",
    help="csv, json, parquet, openmetrics or hdr; by default what the file's name ends in.",
)  # fmt: skip
@click.option(
    "--table", default="", metavar="TABLE",
    help="For CSV and Parquet: points (by default), latencies, ledgers or events.",
)  # fmt: skip
def export(file: Path, *, target: Path, form: str, table: str) -> None:
    """Write a RUN file for other tools. A file that is there is replaced.

    CSV and Parquet have one table, JSON all of a run, OpenMetrics its Series, an HDR log its latencies.
    """
    from clusterload.cli.console import note
    from clusterload.report.export import export as written
    from clusterload.telemetry.runfile import read_run

    note(f"written: {written(read_run(file), target, format=form, table=table)}")
