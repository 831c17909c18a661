"""Whether comparisons are true: equal plans alarm on nothing, and a tenth more of one dial is seen.

python -m benchmarks.compare_truth [--quick] [--only drawn lab] [--pairs N] [--seconds S]

Groups are of three runs. *Drawn*: what runs come to is taken from 29 equal stretches that were measured on a lab
(`compare_noise.json`), as they are, and from logarithms of normal figures that lie as far apart. *Lab*: each pair has
dials of its own; A, A again and B with a tenth more of one dial are measured in turn, three times.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np

from benchmarks.rig import machine, tables
from benchmarks.rig.contest import RAW
from benchmarks.rig.options import parser
from benchmarks.rig.tables import Column, Target, of
from clusterload import Cluster, Lab, Limits, Properties, measure
from clusterload.analysis.compare import (
    Better,
    ComparedFigure,
    Comparison,
    FigureFamily,
    Ruling,
    RunFigures,
    RunGroup,
    compare,
    side_by_side,
)
from clusterload.model.run import Run
from clusterload.model.series import SECOND
from clusterload.model.units import by_symbol
from clusterload.model.workload import Plan, from_dials
from clusterload.workflow.step_search.idle_wait import IdleWait

NAME: Final = "compare_truth"
SEED: Final = 20261201
PAIRS: Final = 40
GROUP: Final = 3
MORE: Final = 1.1
_PATIENCE: Final = 5.0
_NOISE: Final = Path(__file__).with_name("compare_noise.json")
_LIMITS: Final = Limits.named("course-basic")

MOVES: Final[Mapping[str, tuple[str, ...]]] = {
    "record_rate": ("resource.ingress", "resource.egress", "resource.records_in", "resource.requests"),
    "record_size": ("resource.ingress", "resource.egress", "cost.bytes"),
    "connections": ("resource.connections", "limit_load"),
}
"""By dial the figures that follow it."""

Values = Mapping[ComparedFigure, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What equal runs came to.

    Attributes:
        figures: what is known of each.
        rows: a run each.
    """

    figures: tuple[ComparedFigure, ...]
    rows: tuple[tuple[float, ...], ...]

    @classmethod
    def read(cls) -> Noise:
        """As it was measured."""
        told: dict[str, Any] = json.loads(_NOISE.read_text(encoding="utf-8"))
        return cls(
            figures=tuple(
                ComparedFigure(
                    name=one["name"],
                    title=one["title"],
                    unit=by_symbol(one["unit"]),
                    family=FigureFamily(one["family"]),
                    better=Better(one["better"]),
                )
                for one in told["figures"]
            ),
            rows=tuple(map(tuple, told["rows"])),
        )

    def taken(self, chance: Random) -> Iterator[Values]:
        """Runs as they were measured, in random order, each once."""
        for row in chance.sample(self.rows, len(self.rows)):
            yield dict(zip(self.figures, row, strict=True))

    def drawn(self, chance: Random) -> Iterator[Values]:
        """Runs that lie as far apart, each figure by itself."""
        logarithms = np.log(np.array(self.rows))
        middle, apart = np.mean(logarithms, axis=0), np.std(logarithms, axis=0, ddof=1)
        while True:
            yield {
                figure: chance.lognormvariate(float(middle[place]), float(apart[place]))
                for place, figure in enumerate(self.figures)
            }


def more_of(dial: str, values: Values) -> Values:
    """What a run would have come to with a tenth more of a dial: exactly so much more of what follows it."""
    return {figure: value * (MORE if figure.name in MOVES[dial] else 1.0) for figure, value in values.items()}


def exactly(values: Values, connections: float) -> Values:
    """A run of the wire engine, which opens as many connections as it is told to."""
    return {figure: connections if figure.name == "resource.connections" else one for figure, one in values.items()}


def grouped(name: str, runs: Sequence[Values]) -> RunGroup:
    """A group of runs that were made in turn with those of others."""
    readings = [
        RunFigures(
            run=Run(id=f"{name}{number}", plan=None, start=100 * number * SECOND, end=(100 * number + 10) * SECOND),
            figures=values,
            gaps={},
        )
        for number, values in enumerate(runs)
    ]
    return RunGroup(name=name, title=name, readings=tuple(readings))


def named(found: Comparison) -> list[str]:
    """The figures that a word is said of."""
    words = {Ruling.BETTER, Ruling.WORSE, Ruling.CHANGED}
    return [one.figure.name for one in found.comparisons[0].differences if one.ruling in words]


def alarms(noise: Callable[[Random], Iterator[Values]], pairs: int) -> float:
    """Of so many pairs of equal groups, those in which anything is named."""
    chance, count = Random(SEED), 0
    for _ in range(pairs):
        source = noise(chance)
        first, second = ([next(source) for _ in range(GROUP)] for _ in range(2))
        count += bool(named(side_by_side([grouped("A", first), grouped("B", second)], NAME)))
    return float(count)


def seen(noise: Callable[[Random], Iterator[Values]], dial: str, pairs: int) -> float:
    """Of so many pairs with a tenth more of a dial in the second, those in which a figure that follows it is named."""
    chance, count = Random(f"{SEED} {dial}"), 0
    for _ in range(pairs):
        source = noise(chance)
        first, second = ([exactly(next(source), 50.0) for _ in range(GROUP)] for _ in range(2))
        after = [more_of(dial, values) for values in second]
        told = named(side_by_side([grouped("A", first), grouped("B", after)], NAME))
        count += bool(set(told) & set(MOVES[dial]))
    return float(count)


def drawn(pairs: int) -> tuple[dict[str, dict[str, float]], list[Target]]:
    """The simulated part."""
    noise, many = Noise.read(), 25 * pairs
    told = {
        "equal, as measured": {"pairs": pairs, "named": alarms(noise.taken, pairs)},
        "equal, drawn": {"pairs": many, "named": alarms(noise.drawn, many)},
    }
    targets = [
        Target(what="alarms of 40 equal pairs, as measured", value=_of_40(told["equal, as measured"]), most=2),
        Target(what="alarms of 40 equal pairs, drawn", value=_of_40(told["equal, drawn"]), most=2),
    ]
    for dial in MOVES:
        own = told[f"a tenth more {dial}"] = {"pairs": pairs, "named": seen(noise.taken, dial, pairs)}
        targets.append(Target(what=f"{dial} seen in 40 pairs, drawn", value=_of_40(own), least=38))
    return told, targets


def _of_40(one: Mapping[str, float]) -> float:
    return PAIRS * one["named"] / one["pairs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Dials of a pair, of which one is a tenth more in B."""

    dials: Mapping[str, float]
    dial: str

    def plan(self, seconds: float, *, more: bool) -> Plan:
        """A, or B."""
        dials = dict(self.dials)
        if more:
            dials[self.dial] = round(MORE * dials[self.dial])
        return from_dials({name: f"{value:g}" for name, value in dials.items()}, duration=seconds, topic=NAME)


def settings(count: int) -> Iterator[Setting]:
    """So many, the same each time."""
    chance = Random(SEED)
    for number in range(count):
        dials = {
            "record_rate": 20.0 * chance.randint(2, 20),
            "record_size": 100.0 * chance.randint(2, 60),
            "connections": 10.0 * chance.randint(1, 6),
        }
        yield Setting(dials=dials, dial=tuple(MOVES)[number % len(MOVES)])


def turn(cluster: Cluster, setting: Setting, folder: Path, seconds: float, idle_wait: IdleWait) -> dict[str, float]:
    """One pair and its B: nine runs, and whether anything is named."""
    shutil.rmtree(folder, ignore_errors=True)
    runs: dict[str, list[Run]] = {"A": [], "again": [], "B": []}
    for number in range(GROUP):
        for name, own in runs.items():
            idle_wait.wait(_PATIENCE)
            plan = setting.plan(seconds, more=name == "B")
            own.append(measure(plan, cluster, path=folder / f"{name}-{number}.run"))
    equal = compare({"A": runs["A"], "again": runs["again"]}, _LIMITS)
    other = compare({"A": runs["A"], "B": runs["B"]}, _LIMITS)
    for name, found in (("equal", equal), ("B", other)):
        print(f"{folder.name} {setting.dial} {name}: {', '.join(named(found)) or 'nothing'} named", flush=True)
    return {
        "alarm": float(bool(named(equal))),
        "seen": float(bool(set(named(other)) & set(MOVES[setting.dial]))),
        "untold": float(sum(one.ruling is Ruling.UNKNOWN for one in equal.comparisons[0].differences)),
    }


def on_lab(pairs: int, seconds: float) -> tuple[dict[str, dict[str, float]], list[Target]]:
    """The real part."""
    told: dict[str, dict[str, float]] = {}
    with Lab(3) as lab:
        cluster = Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers}, origin="the lab"))
        idle_wait = IdleWait.of(cluster)
        for number, setting in enumerate(settings(pairs), start=1):
            folder = RAW / NAME / f"{number:02}"
            told[f"{number:02} {setting.dial}"] = turn(cluster, setting, folder, seconds, idle_wait)
    figures = {name: PAIRS * sum(one[name] for one in told.values()) / pairs for name in ("alarm", "seen")}
    return told, [
        Target(what="alarms of 40 equal pairs, on the lab", value=figures["alarm"], most=2),
        Target(what="a tenth more seen in 40 pairs, on the lab", value=figures["seen"], least=38),
    ]


DRAWN_COLUMNS = (
    Column(title="pairs", value=of("pairs")),
    Column(title="in which something is named", value=of("named")),
)
LAB_COLUMNS = (
    Column(title="alarm on equal plans", value=of("alarm")),
    Column(title="a tenth more is seen", value=of("seen")),
    Column(title="figures that cannot be told", value=of("untold")),
)


def main() -> int:
    """Measure and print."""
    words = parser(__doc__)
    words.add_argument("--only", nargs="+", choices=("drawn", "lab"), default=["drawn", "lab"], help="which parts")
    words.add_argument("--pairs", type=int, help="how many (40; on the lab 1 with --quick)")
    words.add_argument("--seconds", type=float, help="of each run on the lab (8; 4 with --quick)")
    given = words.parse_args()
    print(machine.described())
    targets: list[Target] = []
    told: dict[str, dict[str, float]] = {}
    if "drawn" in given.only:
        told, judged = drawn(given.pairs or PAIRS)
        tables.show("Groups of three drawn as runs were measured", told, DRAWN_COLUMNS)
        targets += judged
    if "lab" in given.only:
        pairs = given.pairs or (1 if given.quick else PAIRS)
        told, judged = on_lab(pairs, given.seconds or (4.0 if given.quick else 8.0))
        tables.show("Groups of three on a lab", told, LAB_COLUMNS)
        targets += judged
    tables.judge(targets)
    return tables.finish(told)


if __name__ == "__main__":
    sys.exit(main())
