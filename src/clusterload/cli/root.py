"""The root command: finds the others, and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from itertools import zip_longest
from typing import Final, NoReturn

import click

from clusterload._version import __version__
from clusterload.model.errors import AbortedError, ClusterloadError, nearest

COMMANDS: Final = {
    "bill": "clusterload.cli.bill:bill",
    "capacity": "clusterload.cli.capacity:capacity",
    "case": "clusterload.cli.case:case",
    "changed": "clusterload.cli.changed:changed",
    "cleanup": "clusterload.cli.cleanup:cleanup",
    "compare": "clusterload.cli.compare:compare",
    "describe": "clusterload.cli.describe:describe",
    "diagnose": "clusterload.cli.diagnose:diagnose",
    "experiment": "clusterload.cli.experiment:experiment",
    "export": "clusterload.cli.export:export",
    "lab": "clusterload.cli.lab:lab",
    "limits": "clusterload.cli.limits:limits",
    "report": "clusterload.cli.report:report",
    "run": "clusterload.cli.run:run",
    "runs": "clusterload.cli.runs:runs",
    "serve": "clusterload.cli.serve:serve",
    "watch": "clusterload.cli.watch:watch",
}

EXIT_CODES: Final = """\b
Exit codes: 0 fine, 1 failed, 2 usage, 99 threshold crossed,
104 bad plan or configuration, 105 aborted."""


class _Commands(click.Group):
    """Imports a command when it is asked for, so that one command does not wait for the others' libraries."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            ctx.fail(f"no command {args[0]!r}{nearest(args[0], COMMANDS)}")
        name, command, rest = super().resolve_command(ctx, args)
        return name, command, list(_with_numbers(rest, _numbers(command) if command else {}))


def _numbers(command: click.Command) -> dict[str, str]:
    """The options of a command, or of any below it, whose number may be left out; with the number that it then is."""
    found = {}
    for option in command.params:
        if isinstance(option, click.Option) and not option.is_flag and isinstance(option.flag_value, int):
            found.update(dict.fromkeys(option.opts, str(option.flag_value)))
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        found |= _numbers(below)
    return found


def _with_numbers(arguments: Sequence[str], numbers: Mapping[str, str]) -> Iterator[str]:
    """Write the number to where it was left out: in `run --lab plan.toml` the plan is none."""
    for argument, following in zip_longest(arguments, arguments[1:], fillvalue=""):
        left_out = argument in numbers and not following.lstrip("-").isdigit()
        yield f"{argument}={numbers[argument]}" if left_out else argument


@click.group(cls=_Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="clusterload")
def root() -> None:
    """Tell what is really loading an Apache Kafka cluster, and what would change it."""


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    try:
        result = root.main(prog_name="clusterload", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        _leave(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        _leave(AbortedError.exit_code)
    except ClusterloadError as error:
        _say(str(error))
        _leave(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has seen enough; a second complaint at exit would be noise.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _leave(0)
    _leave(result if isinstance(result, int) else 0)


def _say(line: str) -> None:
    click.echo(f"clusterload: {line}", err=True)


def _leave(code: int) -> NoReturn:
    sys.exit(code)
