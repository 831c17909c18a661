"""How options are declared: in which group of `--help` each stands, and how its text is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import click
import cloup
from cloup import OptionGroup

from clusterload.model.errors import ConfigurationError, UsageError

Function = Callable[..., Any]
Decorator = Callable[[Function], Function]
Value = TypeVar("Value")

CLUSTER: Final = OptionGroup("Cluster")
LOAD: Final = OptionGroup("Load")
DESIGN: Final = OptionGroup("Experiment")
SEARCH: Final = OptionGroup("Search")
TIMES: Final = OptionGroup("Time range")
FILTER: Final = OptionGroup("Which runs")
METRICS: Final = OptionGroup("Metrics source")
JUDGEMENT: Final = OptionGroup("Limits and gates")
OUTPUT: Final = OptionGroup("Output")
SERVER: Final = OptionGroup("Metrics API")
LISTENERS: Final = OptionGroup("Brokers and listeners")
_ORDER: Final = (CLUSTER, LISTENERS, LOAD, DESIGN, SEARCH, TIMES, FILTER, METRICS, JUDGEMENT, SERVER, OUTPUT)


class Command(cloup.Command):
    """A command whose help shows its options in groups, always in the same order."""

    def __init__(self, *given: Any, params: list[click.Parameter] | None = None, **settings: Any) -> None:
        # Groups collect the options of one command, so that each command needs its own.
        own = {group.title: OptionGroup(group.title) for group in _ORDER}
        for param in params or ():
            if isinstance(param, cloup.Option) and param.group is not None:
                param.group = own[param.group.title]
        super().__init__(*given, params=params, **settings)
        self.option_groups = [group for group in own.values() if len(group)]


class _Option(cloup.Option):
    """An option whose help names no range: what is out of it is refused with the range.

    Where it takes one value, a second one is refused: taking either without a word would surprise somebody.
    """

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Have the parser refuse a second value."""
        super().add_to_parser(parser, ctx)
        if self.multiple or self.is_flag or self.count:
            return
        for found in {id(each): each for each in map(parser._long_opt.get, self.opts) if each}.values():
            found.process = partial(_once, self, found.process, ctx)

    def get_help_extra(self, ctx: click.Context) -> Any:
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        return extra


def _once(option: click.Option, process: Callable[..., None], ctx: click.Context, value: str, state: Any) -> None:
    if option.name in state.opts:
        raise click.BadOptionUsage(option.name or "", f"{option.opts[0]} is given twice: give one value", ctx=ctx)
    process(value, state)


option: Final = partial(cloup.option, cls=_Option)


class Group(click.Group):
    """A command of several, each with its options in groups."""

    command_class = Command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands below, each with its first sentence whole."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(200)) for name, command in commands if command])


class Parsed(click.ParamType[Any]):
    """A value that a function of ours reads; what it refuses is a malformed command line, exit code 2.

    The function is called only where the option is given, so that it may import what it needs.
    """

    def __init__(self, name: str, read: Callable[[str], object]) -> None:
        self.name, self._read = name, read

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:
        """The value of a text; what is not a text is a value already."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except (ConfigurationError, UsageError) as error:
            self.fail(str(error), param, ctx)


def as_usage(read: Callable[..., Value], *given: Any, **named: Any) -> Value:
    """What a function makes of values of the command line.

    Raises:
        UsageError: it refuses them; they stood on the command line and in no file.
    """
    try:
        return read(*given, **named)
    except ConfigurationError as error:
        raise UsageError(str(error)) from None


def gathered(name: str, make: Callable[..., object], *options: Decorator) -> Decorator:
    """Options that a command gets as one argument.

    Args:
        name: of the argument.
        make: makes it of the options' values, which it takes by their names.
        options: in the order of the help.
    """

    def decorate(command: Function) -> Function:
        def with_one(**given: Any) -> Any:
            value = make(**{key: given.pop(key) for key in keys})
            return command(**given, **{name: value})

        for add in reversed(options):
            add(with_one)
        own = _params(with_one)
        keys = [param.name for param in own if param.name]
        # functools.wraps would drop the options that were just added.
        with_one.__click_params__ = [*_params(command), *own]  # type: ignore[attr-defined]
        with_one.__name__, with_one.__doc__ = command.__name__, command.__doc__
        return with_one

    return decorate


def _params(function: Function) -> Sequence[click.Parameter]:
    params: Sequence[click.Parameter] = getattr(function, "__click_params__", ())
    return params


def together(*options: Decorator) -> Decorator:
    """Several options as one decorator, in the order of the help."""

    def decorate(command: Function) -> Function:
        for add in reversed(options):
            command = add(command)
        return command

    return decorate


def flag(*names: str, group: OptionGroup, text: str) -> Decorator:
    """An option that is there or not."""
    return option(*names, is_flag=True, group=group, help=text)


def _duration(text: str) -> float:
    from clusterload.model.units import parse_duration

    return parse_duration(text)


def _share(text: str) -> float:
    from clusterload.model.units import RATIO, parse

    return parse(text, RATIO).value


def _minutes(text: str) -> int:
    whole, rest = divmod(_duration(text), 60)
    if rest:
        raise UsageError(f"{text!r} is not a whole number of minutes: write it as in 3m")
    return int(whole)


def _threshold(text: str) -> object:
    from clusterload.model.thresholds import Threshold

    return Threshold.parsed(text)


def _bound(text: str) -> object:
    from clusterload.analysis.ceiling.bound import Bound

    return Bound.parsed(text)


def _endpoint(text: str) -> tuple[str, str]:
    from clusterload.telemetry.sources.addresses import check_address

    broker, equals, url = text.partition("=")
    if not equals or not url.startswith(("http://", "https://")):
        # Somebody's password may be in it.
        given = repr(text) if "@" not in text else "that"
        raise UsageError(f"{given} is not ID=URL: write it as in 1=http://broker1:7071/metrics")
    as_usage(check_address, url, f"broker {broker}")
    return broker, url


TIME: Final = Parsed("TIME", _duration)
"""A duration in seconds."""
MINUTES: Final = Parsed("TIME", _minutes)
"""A duration in whole minutes."""
SHARE: Final = Parsed("SHARE", _share)
THRESHOLD: Final = Parsed("THRESHOLD", _threshold)
BOUND: Final = Parsed("BOUND", _bound)
ENDPOINT: Final = Parsed("ID=URL", _endpoint)
"""A broker's id and a URL."""
