"""Whether memory stays flat under a long load: 5,000 requests/s on 1,000 connections.

python -m benchmarks.soak [--minutes 30] [--quick]

The first tenth is left out; after it the medians of equal stretches may differ by 5 % at most.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence

from benchmarks.rig import machine, ours, tables
from benchmarks.rig.broker import Broker
from benchmarks.rig.contest import OURS, Contest, Figures, Scene, hold
from benchmarks.rig.options import Options, parser
from benchmarks.rig.processes import Running
from benchmarks.rig.tables import Column, Target, figure, of
from benchmarks.wire_rate import DIALS

_MIB = 1 << 20
_STRETCHES = 30
# The disk must not fill in the meantime: what is older than two segments goes.
_CONFIG = {"segment.bytes": str(64 * _MIB), "retention.bytes": str(128 * _MIB)}


def watched(_scene: Scene, process: Running) -> Figures:
    """Look at the memory of the tool and of its workers each second, until it ends."""
    sizes: list[tuple[float, float]] = []
    while not process.ended:
        if (now := process.sizes()) is not None:
            sizes.append(now)
        time.sleep(1.0)
    if not sizes:
        return {}
    tool, workers = ([each[which] for each in sizes] for which in (0, 1))
    return {
        "tool": statistics.median(tool),
        "tool_grew": growth(tool),
        "workers_median": statistics.median(workers),
        "workers_grew": growth(workers),
    }


def growth(sizes: Sequence[float]) -> float:
    """By how much the medians of equal stretches differ, as a share of the least; without the first tenth.

    The last stretch is left out too: a worker that ends gives its memory back.
    """
    kept = sizes[len(sizes) // 10 :]
    length = max(1, len(kept) // _STRETCHES)
    medians = [statistics.median(kept[at : at + length]) for at in range(0, len(kept) - length, length)]
    return max(medians) / min(medians) - 1 if medians else float("nan")


COLUMNS = (
    Column(title="workers, MiB", value=lambda figures: of("workers_median")(figures) / _MIB, form=",.1f"),
    Column(title="differ by", value=of("workers_grew"), form=".2%"),
    Column(title="tool, MiB", value=lambda figures: of("tool")(figures) / _MIB, form=",.1f"),
    Column(title="differs by", value=of("tool_grew"), form=".2%"),
    Column(title="requests/s", value=of("rate"), form=",.1f"),
    Column(title="late", value=of("late")),
    Column(title="lost", value=of("lost")),
)


def main() -> int:
    """Measure and print."""
    words = parser(__doc__)
    words.add_argument("--minutes", type=float, default=30.0, help="how long (30; 1/3 with --quick)")
    given = words.parse_args()
    print(machine.described(), flush=True)
    seconds = 20.0 if given.quick else 60.0 * given.minutes
    contest = Contest(
        name="soak",
        contenders=(ours.contender(DIALS, seconds, meanwhile=watched),),
        config=_CONFIG,
        timeout=seconds + 300,
    )
    with Broker() as broker:
        medians = hold(contest, broker, Options(repeats=1))
    tables.show(f"{seconds / 60:,.1f} minutes", medians, COLUMNS)
    flat = figure(medians, OURS, "workers_grew")
    tables.judge([Target(what="memory of the workers differs by", value=flat, most=0.05, form=".1%")])
    return tables.finish(medians)


if __name__ == "__main__":
    sys.exit(main())
