"""Whether effects are true: connections and bytes are set exactly, so arithmetic knows what each does to limit load.

python -m benchmarks.effects_truth [--quick] [--experiments N] [--repeats N] [--seconds S]

Each experiment draws its connections, sizes and limits, so that now the one and now the other binds, or halving the
one lets the other bind. An effect is right within 10 % of what is true, or, where nothing is true, of the limit load.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from benchmarks.rig import machine, tables
from benchmarks.rig.contest import RAW
from benchmarks.rig.options import parser
from benchmarks.rig.tables import Column, Target, of, ratio
from clusterload import Cluster, Lab, Limits, Properties
from clusterload.analysis.effects import DesignKind, ExperimentResult
from clusterload.model.workload import from_dials
from clusterload.workflow.experiment import run_experiment

NAME: Final = "effects_truth"
RATE: Final = 40
NEAR: Final = 0.1
SEED: Final = 20261123
# Bytes of a batch of one record beside its value: 61 of the batch, 17 of a record with a value between 64 B and 8 KiB
# and a key of 8 bytes, which records have where no other keys are asked for.
_AROUND: Final = 78


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What an experiment sets, and against which limits.

    Attributes:
        connections: where it hurts, and less.
        sizes: bytes of values, likewise.
        share: of their limits that connections and ingress take where it hurts.
    """

    connections: tuple[int, int]
    sizes: tuple[int, int]
    share: tuple[float, float]

    @property
    def limits(self) -> Limits:
        """The table that makes the shares what they are."""
        allowed = {
            "connections": (self.connections[0] / self.share[0], "connections"),
            "ingress": (self.ingress(self.sizes[0]) / self.share[1], "B/s"),
        }
        rows = [
            {"resource": name, "value": value, "unit": unit, "force": "declared", "source": NAME, "as_of": "2026-11"}
            for name, (value, unit) in allowed.items()
        ]
        return Limits.parsed(NAME, {"title": NAME, "limits": rows})

    @staticmethod
    def ingress(size: int) -> float:
        """Bytes a second that the brokers count."""
        return float(RATE * (size + _AROUND))

    def load(self, connections: int, size: int) -> float:
        """The limit load by arithmetic."""
        of_bytes = self.ingress(size) / self.ingress(self.sizes[0]) * self.share[1]
        return max(connections / self.connections[0] * self.share[0], of_bytes)

    @property
    def truths(self) -> tuple[float, float]:
        """What taking away connections does, and bytes."""
        (many, few), (large, small) = self.connections, self.sizes
        baseline = self.load(many, large)
        return self.load(few, large) - baseline, self.load(many, small) - baseline


def settings(count: int) -> Iterator[Setting]:
    """So many, the same each time."""
    chance = Random(SEED)
    for _ in range(count):
        many, large = 6 * chance.randint(4, 12), 512 * chance.randint(2, 12)
        yield Setting(
            connections=(many, many // chance.choice((2, 3))),
            sizes=(large, large // chance.choice((2, 4))),
            share=(chance.uniform(0.2, 0.9), chance.uniform(0.2, 0.9)),
        )


def turn(cluster: Cluster, setting: Setting, number: int, repeats: int, seconds: float) -> ExperimentResult:
    """Measure one experiment."""
    (many, few), (large, small) = setting.connections, setting.sizes
    plan = from_dials(
        {"request_rate": f"{RATE}/s", "records_per_request": "1", "connections": str(many), "record_size": str(large)},
        duration=seconds,
        topic=NAME,
    )
    factors = (f"connections={many},{few}", f"record_size={large},{small}")
    folder = RAW / NAME / f"{number:02}"
    shutil.rmtree(folder, ignore_errors=True)
    return run_experiment(
        cluster,
        plan,
        factors,
        setting.limits,
        kind=DesignKind.ONE,
        repeats=repeats,
        seed=SEED + number,
        folder=folder,
        rest=2.0,
    )


def figures(setting: Setting, outcome: ExperimentResult) -> Iterator[tuple[str, dict[str, float]]]:
    """Each effect beside what is true."""
    load = outcome.on("limit_load")
    assert load is not None
    for effect, true in zip(load.effects, setting.truths, strict=True):
        off = abs(effect.here.value - true)
        measure = abs(true) or setting.load(setting.connections[0], setting.sizes[0])
        yield (
            effect.factor.name,
            {
                "true": 100 * true,
                "found": 100 * effect.here.value,
                "half": 100 * effect.here.half,
                "off": 100 * ratio(off, measure),
                "right": float(off <= NEAR * measure),
                "inside": float(effect.here.low <= true <= effect.here.high),
            },
        )


COLUMNS = (
    Column(title="true, points", value=of("true"), form=",.1f"),
    Column(title="found", value=of("found"), form=",.1f"),
    Column(title="±", value=of("half"), form=",.1f"),
    Column(title="off, %", value=of("off"), form=",.1f"),
    Column(title="interval contains it", value=of("inside")),
)


def main() -> int:
    """Measure and print."""
    words = parser(__doc__)
    words.add_argument("--experiments", type=int, help="how many (10; 1 with --quick)")
    words.add_argument("--repeats", type=int, default=2, help="of each point")
    words.add_argument("--seconds", type=float, help="of each run (8; 3 with --quick)")
    given = words.parse_args()
    print(machine.described())
    count = given.experiments or (1 if given.quick else 10)
    seconds = given.seconds or (3.0 if given.quick else 8.0)
    told: dict[str, dict[str, float]] = {}
    with Lab(3) as lab:
        cluster = Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers}, origin="the lab"))
        for number, setting in enumerate(settings(count), start=1):
            outcome = turn(cluster, setting, number, given.repeats, seconds)
            told |= {f"{number:02} {name}": one for name, one in figures(setting, outcome)}
            print(f"{number} of {count}: {outcome.sentences[0]}", flush=True)
    tables.show("Effects on limit load, by arithmetic and by experiment", told, COLUMNS)
    right = [one["right"] for one in told.values()]
    inside = [one["inside"] for one in told.values()]
    tables.judge(
        [
            Target(what="share of effects within 10 %", value=sum(right) / len(right), least=0.9),
            Target(what="share of intervals that contain the truth", value=sum(inside) / len(inside), least=0.9),
        ]
    )
    return tables.finish(told)


if __name__ == "__main__":
    sys.exit(main())
