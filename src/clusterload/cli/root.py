"""The root command: finds the others, and turns errors into one line and an exit code.

Exit codes, one rule: 2 where the command line itself is wrong (an unknown option or dial, a value that cannot be
read), 104 where what it points to is (a file, plan, table or case that is missing, unreadable or bad; a consent that is
missing), 1 where the work failed (cluster, source, lab), 99 where a threshold was crossed, 105 where a person ended it.

A reader that goes away early, as in `clusterload runs | head`, ends the command without a word and with 141, which is
what a shell shows for a program that SIGPIPE ended. The signal itself stays off: a socket that a broker closes would
send it too, and temporary quotas would not be removed.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from itertools import chain, zip_longest
from typing import Final, NoReturn, TextIO

import click

from clusterload._version import __version__
from clusterload.model.errors import AbortedError, ClusterloadError, nearest

SECTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "What loads my cluster?": {
        "doctor": "What can be read and judged here, and what would add to it.",
        "watch": "Usage against limits, live or in the past.",
        "diagnose": "Causes, with culprit, evidence and cure.",
        "bill": "Who uses the brokers' time.",
        "changed": "What changed since yesterday or any other time.",
        "describe": "Brokers, topics, groups, configs, quotas.",
    },
    "What would change it, and how far can it grow?": {
        "run": "Send a known load, and evaluate it.",
        "experiment": "Vary dials or throttle a client; measure the effect.",
        "capacity": "Raise a load until it crosses a bound.",
        "limits": "Show limit tables; measure a cluster's own limits.",
    },
    "Will this release pass?": {
        "report": "Evaluate a run file against limits and thresholds.",
        "compare": "Compare groups of runs.",
        "runs": "List, label and delete run files.",
        "export": "Export a run: CSV, Parquet, JSON, …",
    },
    "Try it, serve it, clean up": {
        "lab": "A real Kafka cluster on this machine.",
        "case": "The case study, with its verdict.",
        "serve": "Serve Confluent's Metrics API for any Kafka.",
        "cleanup": "Remove topics, groups and quotas left by runs.",
    },
}
"""All commands by the question that they answer, each with its line in the help."""

COMMANDS: Final = {name: f"clusterload.cli.{name}:{name}" for name in chain.from_iterable(SECTIONS.values())}

BROKEN_PIPE: Final = 141

_FIRST: Final = """\b
On your own cluster, without sending any load:
  clusterload doctor --cluster client.properties
  clusterload watch --cluster client.properties
To try it without a cluster: clusterload lab up --detach, then --lab."""

EXIT_CODES: Final = """\b
Exit codes: 0 success, 1 failure, 2 bad command line, 99 threshold not
passed, 104 bad or missing plan, file, table or consent, 105 interrupted."""


class _Commands(click.Group):
    """Imports a command when it is needed, so that one command does not wait for the others' libraries."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        width = max(map(len, COMMANDS))
        for question, commands in SECTIONS.items():
            with formatter.section(question):
                formatter.write_dl([(name.ljust(width), line) for name, line in commands.items()])

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
    """Write the number to where it was left out: `run --lab plan.toml` gives a plan and no number."""
    for argument, following in zip_longest(arguments, arguments[1:], fillvalue=""):
        left_out = argument in numbers and not following.lstrip("-").isdigit()
        yield f"{argument}={numbers[argument]}" if left_out else argument


@click.group(
    cls=_Commands, epilog=f"{_FIRST}\n\n{EXIT_CODES}", context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="clusterload")
def root() -> None:
    """Show what really loads an Apache Kafka cluster, and what would change it."""


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    try:
        code = _run()
        sys.stdout.flush()
    except BrokenPipeError:
        code = BROKEN_PIPE
        _discard(sys.stdout)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        code = ClusterloadError.exit_code
        _say(f"the output cannot be written: {error.strerror}; free some room, or write it elsewhere")
        _discard(sys.stdout)
    sys.exit(code)


def _discard(stream: TextIO) -> None:
    """Write no more to a stream: what it still buffers would fail again as Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _run() -> int:
    """The command line's exit code; errors are said."""
    try:
        # As click's own main does, which however exits with 1 on a broken pipe.
        with root.make_context("clusterload", sys.argv[1:]) as context:
            result = root.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        return 0
    except click.ClickException as error:
        _say(_complaint(error))
        return error.exit_code
    except (KeyboardInterrupt, EOFError, click.Abort):
        _say("interrupted")
        return AbortedError.exit_code
    except ClusterloadError as error:
        _say(str(error))
        return error.exit_code
    return result if isinstance(result, int) else 0


def _complaint(error: click.ClickException) -> str:
    """What click complains about, in one line, with where to read on."""
    words = " ".join(error.format_message().split()).removesuffix(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{words}; see '{context.command_path} --help'" if context else words


def _say(line: str) -> None:
    try:
        click.echo(f"clusterload: {line}", err=True)
    except BrokenPipeError:
        _discard(sys.stderr)
