"""Whether predicted headroom is true: mixes drawn by chance, predicted from one step and raised until it breaks.

python -m benchmarks.headroom_truth [--quick] [--mixes N] [--seed N] [--brokers N]

Each mix writes, and some read, commit, ask for metadata or connect, at rates drawn from a seed. Its limits are drawn,
too, between 1.5 and 4 times what it is made to use, so that another resource binds each time and all lies below
saturation. The truth is a search with the real load: the middle between what held and what broke.
"""

from __future__ import annotations

import math
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.rig import machine, tables
from benchmarks.rig.contest import Figures
from benchmarks.rig.options import parser
from benchmarks.rig.tables import Column, Target, of
from clusterload.analysis.ceiling import Capacity
from clusterload.kafka.cluster import Cluster
from clusterload.kafka.properties import Properties
from clusterload.lab.lab import Lab
from clusterload.model.errors import AbortedError
from clusterload.model.limits import Force, Limit, Limits
from clusterload.model.units import BYTES_PER_SECOND, CONNECTIONS_PER_SECOND, REQUESTS_PER_SECOND, Quantity, Unit
from clusterload.model.workload import Dials, Load, Plan, Totals, totals_of
from clusterload.report.calibration import step_line
from clusterload.workflow.step_search import SearchOptions
from clusterload.workflow.step_search.capacity import find_capacity

WITHIN: Final = 0.1
"""By which share a prediction may be off."""

_UNITS: Final[dict[str, Unit]] = {
    "ingress": BYTES_PER_SECOND,
    "egress": BYTES_PER_SECOND,
    "requests": REQUESTS_PER_SECOND,
    "connection_attempts": CONNECTIONS_PER_SECOND,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """A load drawn by chance, with limits that it can reach."""

    plan: Plan
    limits: Limits

    @classmethod
    def drawn(cls, seed: int) -> Mix:
        """The mix of a seed."""
        chance = random.Random(seed)
        loads = _loads(chance, f"truth-{seed}")
        plan = Plan(name=f"mix {seed}", loads=loads, duration=5.0)
        return cls(plan=plan, limits=_limits(chance, plan))


def _loads(chance: random.Random, topic: str) -> tuple[Load, ...]:
    def load(kind: str, **dials: object) -> Load:
        return Load(name=kind, topic=topic, kind=kind, engine="wire", dials=Dials.parsed(dials))

    writing = {
        "request_rate": f"{chance.uniform(20, 120):.0f}/s",
        "records_per_request": chance.choice([1, 5, 20]),
        "record_size": chance.choice([100, 500, 2000]),
        "connections": chance.choice([3, 12, 30]),
    }
    found = [load("produce", **writing)]
    if chance.random() < 0.4:
        found.append(load("consume", fan_out=chance.choice([1, 3])))
    if chance.random() < 0.5:
        found.append(load("connect", connection_rate=f"{chance.uniform(2, 10):.0f}/s"))
    if chance.random() < 0.5:
        asks = chance.choice(["metadata_rate", "commit_rate", "producer_id_rate"])
        found.append(load("admin", **{asks: f"{chance.uniform(10, 60):.0f}/s", "connections": 3}))
    return tuple(found)


def _limits(chance: random.Random, plan: Plan) -> Limits:
    """Limits of what the mix uses, as far as its dials say that."""
    written = sum((totals_of(one, 1.0) for one in plan.loads if one.kind == "produce"), Totals()).byte_rate
    together = sum((totals_of(one, 1.0) for one in plan.loads), Totals())
    read = sum(one.setting("fan_out") for one in plan.loads if one.kind == "consume")
    uses = {
        "ingress": written,
        "egress": written * read,
        "requests": together.request_rate + together.connection_rate,
        "connection_attempts": together.connection_rate,
    }
    rows = [
        Limit(
            resource=name,
            value=Quantity(value * chance.uniform(1.5, 4.0), _UNITS[name]),
            force=Force.DECLARED,
            source="drawn",
            as_of="2026",
        )
        for name, value in uses.items()
        if value
    ]
    return Limits(name="drawn", title="Drawn by chance", limits=tuple(rows))


def found(cluster: Cluster, mix: Mix, folder: Path, *, quick: bool) -> Capacity:
    """Predict and measure one mix."""
    options = SearchOptions(
        repeats=1, step_time=6.0, precision=0.08 if quick else 0.05, rest=1.0 if quick else 10.0, longest=900.0
    )
    return find_capacity(
        cluster,
        mix.plan,
        "limit_load > 90 %",
        mix.limits,
        options=options,
        folder=folder,
        on_step=lambda step: print(f"    {step_line(step)}"),
    )


def figures(capacity: Capacity) -> Figures:
    """What is shown of it."""
    told = capacity.prediction.first if capacity.prediction else None
    return {
        "predicted": math.nan if told is None else told.factor,
        "measured": capacity.factor,
        "low": capacity.low,
        "high": capacity.high,
        "off": capacity.off,
        "steps": float(sum(len(one.steps) for one in capacity.ceiling.searches)),
    }


COLUMNS: Final = (
    *(Column(title=f"{name}, x", value=of(name), form=".2f") for name in ("predicted", "measured", "low", "high")),
    Column(title="off by", value=of("off"), form="+.1%"),
    Column(title="steps", value=of("steps")),
)


def main() -> int:
    """Draw, predict, measure, print."""
    words = parser(__doc__)
    words.add_argument("--mixes", type=int, help="how many are drawn (10; 3 with --quick)")
    words.add_argument("--seed", type=int, default=1, help="of the first one (1)")
    words.add_argument("--brokers", type=int, help="of the lab (3; 1 with --quick)")
    given = words.parse_args()
    print(machine.described())
    shown: dict[str, Figures] = {}
    with (
        TemporaryDirectory(prefix="clusterload-bench-") as name,
        Lab(given.brokers or (1 if given.quick else 3)) as lab,
    ):
        cluster = Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers}))
        for seed in range(given.seed, given.seed + (given.mixes or (3 if given.quick else 10))):
            mix = Mix.drawn(seed)
            print(f"  {mix.plan.name}: {'; '.join(one.dials.as_text() for one in mix.plan.loads)}", flush=True)
            try:
                one = found(cluster, mix, Path(name) / str(seed), quick=given.quick)
            except AbortedError:
                raise
            except Exception as error:  # whatever befell one mix, the others have their turns
                print(f"  failed: {type(error).__name__}: {error}", flush=True)
                shown[mix.plan.name] = {"failed": 1}
                continue
            print(f"  {one.sentence}", flush=True)
            told = one.prediction.first if one.prediction else None
            shown[f"{mix.plan.name}: {told.resource if told else 'unknown'}"] = figures(one)
    tables.show("Headroom until the limit load is 90 %, predicted from one step and measured", shown, COLUMNS)
    good = [abs(each.get("off", math.nan)) <= WITHIN for each in shown.values()]
    share = sum(good) / len(good)
    tables.judge([Target(what="mixes predicted within 10 % of the measured, share", value=share, least=0.9)])
    return tables.finish(shown)


if __name__ == "__main__":
    sys.exit(main())
