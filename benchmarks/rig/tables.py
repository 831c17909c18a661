"""What a benchmark prints: contenders side by side, targets met or missed, and what the peers printed."""

from __future__ import annotations

import math
import os
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.rig.contest import OURS, RAW, Figures, Medians

_OUT = Console(highlight=False, soft_wrap=True, width=None if os.isatty(1) else 180)
_NONE = "-"
_MOST_LINES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its title, the value in it, and how that is written."""

    title: str
    value: Callable[[Figures], float]
    form: str = ",.0f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A claim: `value` shall be at least `least`, or at most `most`. NaN stands for what could not be measured."""

    what: str
    value: float
    least: float = -math.inf
    most: float = math.inf
    form: str = ",.2f"

    @property
    def met(self) -> bool:
        """Whether it holds; not when something was not measured."""
        return self.least <= self.value <= self.most

    @property
    def asked(self) -> str:
        """The bounds as text."""
        if self.least == -math.inf:
            return f"at most {self.most:{self.form}}"
        if self.most == math.inf:
            return f"at least {self.least:{self.form}}"
        return f"{self.least:{self.form}} to {self.most:{self.form}}"


def of(name: str) -> Callable[[Figures], float]:
    """The value of a figure, NaN where it is not known."""
    return lambda figures: figures.get(name, math.nan)


def ratio(above: float, below: float) -> float:
    """One number over another, NaN where there is none."""
    return above / below if below else math.nan


def share(above: str, below: str, times: float = 1.0) -> Callable[[Figures], float]:
    """One figure over another, so many times."""
    return lambda figures: times * ratio(of(above)(figures), of(below)(figures))


CORES = share("cpu", "wall")
BROKER_CORES = share("broker_cpu", "wall")


def figure(medians: Medians, contender: str, value: Callable[[Figures], float] | str) -> float:
    """One contender's value, NaN where it is not known."""
    reader = of(value) if isinstance(value, str) else value
    return reader(medians.get(contender, {}))


def show(title: str, medians: Medians, columns: Sequence[Column]) -> None:
    """Print all contenders, one a row."""
    table = Table(title=title, title_justify="left")
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column.title, justify="right")
    for name, figures in medians.items():
        failed = " (failed)" if figures.get("failed") else ""
        table.add_row(escape(name + failed), *(written(each.value(figures), each.form) for each in columns))
    _OUT.print(table)


def judge(targets: Sequence[Target]) -> None:
    """Print which targets are met."""
    table = Table(title="Targets", title_justify="left")
    for title in ("target", "asked", "measured", ""):
        table.add_column(title)
    for each in targets:
        known = not math.isnan(each.value) and not math.isnan(each.least) and not math.isnan(each.most)
        word = ("[green]met[/]" if each.met else "[red]missed[/]") if known else "not measured"
        table.add_row(escape(each.what), each.asked if known else _NONE, written(each.value, each.form), word)
    _OUT.print(table)


def written(value: float, form: str) -> str:
    """A number as text, a dash for one that is not known."""
    return _NONE if math.isnan(value) else f"{value:{form}}"


def raw(contest: str) -> None:
    """Print the command line and output of each peer's last turn; all turns are in `benchmarks/raw`."""
    last = {path.stem.rpartition("-")[0]: path for path in sorted((RAW / contest).glob("*.command"))}
    for name, path in last.items():
        _OUT.print(f"[bold]{escape(name)}[/]: {escape(_shortened(path.read_text(encoding='utf-8').strip()))}")
        if name != OURS:
            text = path.with_suffix(".out").read_text(encoding="utf-8", errors="replace")
            text += path.with_suffix(".err").read_text(encoding="utf-8", errors="replace")
            _OUT.print("\n".join(f"    {escape(line)}" for line in text.splitlines()[-_MOST_LINES:]), style="dim")


def _shortened(command: str) -> str:
    """A command line without the long class path in it, which stands in the raw file."""
    words = [re.sub(r"^.*\.jar:.*$", "JARS", word) for word in shlex.split(command)]
    return shlex.join(words)


def finish(medians: Medians) -> int:
    """The exit code: 1 when a contender failed."""
    return int(any(each.get("failed") for each in medians.values()))
