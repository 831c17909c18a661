"""What commands that go on for a while share: where else than on the terminal they show how they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import click

from clusterload.cli.options import Command, decorated

_PORT: Final = click.IntRange(0, 65535)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outwards:
    """Where else than on the terminal a run is seen, as the command line says it: ports, 0 for any free one.

    Attributes:
        web: of the page; None for none.
        expose: of the exposition for Prometheus; None for none.
    """

    web: int | None = None
    expose: int | None = None


def web_option(command: Command) -> Command:
    """Add the option that shows a run as a page; the command gets it as `web`."""
    return click.option(
        "--web", type=_PORT, is_flag=False, flag_value=0, metavar="[PORT]",
        help="Show it live as a page, on this machine only; on any free port, or on this one.",
    )(command)  # fmt: skip


def outwards_options(command: Command) -> Command:
    """Add the options that show a run elsewhere than on the terminal; the command gets them as one `outwards`."""

    @web_option
    @click.option(
        "--expose", type=_PORT, is_flag=False, flag_value=0, metavar="[PORT]",
        help="Expose live figures for Prometheus, on this machine only; on any free port, or on this one.",
    )  # fmt: skip
    def with_outwards(*, web: int | None, expose: int | None, **rest: Any) -> Any:
        return command(outwards=Outwards(web=web, expose=expose), **rest)

    return decorated(with_outwards, command)
