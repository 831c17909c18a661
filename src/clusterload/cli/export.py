"""`clusterload export`: a run in the formats of other tools."""

from __future__ import annotations

from pathlib import Path

import click

from clusterload.cli.grammar import OUTPUT, Command, option
from clusterload.cli.options import FILE

_EXAMPLES = """\b
Examples:
  clusterload export runs/a.run --to a.parquet
  clusterload export runs/a.run --to latencies.csv --table latencies
  clusterload export runs/a.run --to a.hlog"""


@click.command(cls=Command, epilog=_EXAMPLES)
@click.argument("file", metavar="RUN", type=FILE)
@option("--to", "target", type=FILE, metavar="FILE", required=True, group=OUTPUT, help="Where to write.")
@option(
    "--format", "form", default="", metavar="FORMAT", group=OUTPUT,
    help="csv, json, parquet, openmetrics or hdr; by default from the file name's suffix.",
)  # fmt: skip
@option(
    "--table", default="", metavar="TABLE", group=OUTPUT,
    help="For CSV and Parquet: points (by default), latencies, ledgers or events.",
)  # fmt: skip
def export(file: Path, *, target: Path, form: str, table: str) -> None:
    """Convert a RUN file for other tools. An existing file is overwritten.

    CSV and Parquet hold one table, JSON the whole run, OpenMetrics its time series, an HDR log its latencies.
    """
    from clusterload.cli.console import note
    from clusterload.report.export import export as written
    from clusterload.telemetry.runfile import read_run

    note(f"written: {written(read_run(file), target, format=form, table=table)}")
