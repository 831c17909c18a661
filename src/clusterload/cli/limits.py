"""`clusterload limits`: what clusters may carry, who says so, and as of when."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Final

import click

from clusterload.cli import options
from clusterload.cli.grammar import Group

LATER: Final = {"calibrate": "clusterload.cli.calibrate"}
"""Commands of modules of their own, imported when they are asked for: they need more than tables."""


class _Commands(Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *filter(self._has, LATER)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if not self._has(cmd_name):
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(LATER[cmd_name]), cmd_name)
        return command

    @staticmethod
    def _has(name: str) -> bool:
        return name in LATER and find_spec(LATER[name]) is not None


@click.group(cls=_Commands)
def limits() -> None:
    """Show tables of cluster limits, each with its source and date, or measure a cluster's own limits."""


@limits.command("list")
@options.as_json
def list_(*, as_json: bool) -> None:
    """List the tables that come with clusterload, by the names that --limits takes."""
    from clusterload.cli.console import OUT, print_json
    from clusterload.model.limits import Limits, tables
    from clusterload.report.limits import limits_document, tables_view

    known = [Limits.named(name) for name in tables()]
    if as_json:
        print_json([limits_document(table) for table in known])
    else:
        OUT.print(tables_view(known))


@limits.command()
@click.argument("file", metavar="FILE")
def new(file: str) -> None:
    """Write a first table of one's own into FILE: each kind of row once, to be edited.

    Then 'clusterload limits show FILE' checks it, and '--limits FILE' uses it.
    """
    from datetime import UTC, datetime
    from pathlib import Path

    from clusterload.cli.console import OUT
    from clusterload.model.errors import ConfigurationError, StoreError
    from clusterload.model.limits.starter import STARTER

    path = Path(file)
    if path.suffix != ".toml":
        raise ConfigurationError(f"a table of limits ends in .toml, which {file} does not: name it {path.stem}.toml")
    try:
        with path.open("x", encoding="utf-8") as written:
            written.write(STARTER.replace("{today}", f"{datetime.now(UTC):%Y-%m-%d}"))
    except FileExistsError:
        raise StoreError(f"{file} exists: give another name, or remove it") from None
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}") from None
    OUT.print(f"Written: {file}. Edit it, then check it: clusterload limits show {file}", markup=False, soft_wrap=True)


@limits.command()
@click.argument("table", metavar="TABLE")
@options.units
@options.as_json
def show(table: str, *, units: int, as_json: bool) -> None:
    """Show a TABLE (a name or a TOML file): each limit, its kind and its source.

    A mistake in a file is one line that names the line of its row. What other sources say of the same is shown below
    the table, and is not used. A resource that the table does not limit has an unknown limit, never an infinite one.
    """
    from clusterload.cli.console import OUT, print_json
    from clusterload.model.limits import Limits
    from clusterload.report.limits import limits_document, limits_view

    found = Limits.named(table, units)
    if as_json:
        print_json(limits_document(found))
    else:
        OUT.print(limits_view(found))
