"""The options that every benchmark understands."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from benchmarks.rig import machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much to measure.

    Attributes:
        quick: only show that everything runs; the figures mean nothing.
        repeats: how often each contender has its turn.
        only: names of contenders; all when empty.
    """

    quick: bool = False
    repeats: int = 3
    only: tuple[str, ...] = ()

    def seconds(self, full: float, quick: float = 2.0) -> float:
        """How long to measure."""
        return quick if self.quick else full

    def count(self, full: int, quick: int) -> int:
        """How much to measure."""
        return quick if self.quick else full


def parser(about: str | None) -> argparse.ArgumentParser:
    """A parser with the option that every benchmark has."""
    made = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--quick", action="store_true", help="show that it runs, once and shortly")
    return made


def parsed(about: str | None) -> Options:
    """What the command line of a contest asks for."""
    words = parser(about)
    words.add_argument("--repeats", type=int, help="turns of each contender (3; 1 with --quick)")
    words.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="only these contenders; ours is 'clusterload'"
    )
    given = words.parse_args()
    print(machine.described())
    if given.quick:
        print("This only shows that everything runs: the figures mean nothing.", flush=True)
    return Options(quick=given.quick, repeats=given.repeats or (1 if given.quick else 3), only=tuple(given.only))
