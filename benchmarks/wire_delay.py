"""How long after it was due a request is sent, at 5,000 requests/s on 1,000 connections.

python -m benchmarks.wire_delay [--quick] [--repeats N] [--only NAME...]

On `noop` only the generator works; on a broker it shares the machine with it, so that is shown with its CPU.
"""

from __future__ import annotations

import sys

from benchmarks.rig import ours, tables
from benchmarks.rig.broker import Broker
from benchmarks.rig.contest import OURS, Contest, Medians, hold
from benchmarks.rig.options import Options, parsed
from benchmarks.rig.tables import BROKER_CORES, CORES, Column, Target, figure, of
from benchmarks.wire_rate import DIALS

NOOP = f"{OURS} on noop"


def contest(options: Options) -> Contest:
    """The same dials against nothing and against a broker."""
    seconds, reading = options.seconds(20.0), ours.latency("delay")
    return Contest(
        name="delay",
        warm_up=1,
        contenders=(
            ours.contender(DIALS, seconds, name=NOOP, target=ours.noop, reading=reading),
            ours.contender(DIALS, seconds, name=f"{OURS} on a broker", reading=reading),
        ),
    )


COLUMNS = (
    *(Column(title=name, value=of(name), form=",.3f") for name in ("p50", "p90", "p99", "p999", "max", "mean")),
    Column(title="CPU, cores", value=CORES, form=".2f"),
    Column(title="broker, cores", value=BROKER_CORES, form=".2f"),
    Column(title="late", value=of("late")),
)


def targets(medians: Medians) -> list[Target]:
    """What is claimed."""
    return [
        Target(what="p99 on noop, ms", value=figure(medians, NOOP, "p99"), most=1.5),
        Target(what="p99.9 on noop, ms", value=figure(medians, NOOP, "p999"), most=3.0),
    ]


def main() -> int:
    """Measure and print."""
    options = parsed(__doc__)
    with Broker() as broker:
        medians = hold(contest(options), broker, options)
    tables.show("Due to sent, ms", medians, COLUMNS)
    tables.judge(targets(medians))
    tables.raw("delay")
    return tables.finish(medians)


if __name__ == "__main__":
    sys.exit(main())
