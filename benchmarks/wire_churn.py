"""Connections made and left in a second, beside Trogdor's ConnectionStress.

python -m benchmarks.wire_churn [--quick] [--repeats N] [--only NAME...]

Trogdor's CONNECT is bare TCP, ours asks ApiVersions and waits for the answer. FETCH_METADATA is an admin client that
asks which brokers there are; ours asks Metadata.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks.peers import trogdor
from benchmarks.rig import ours, tables
from benchmarks.rig.broker import Broker
from benchmarks.rig.contest import OURS, Contender, Contest, Figures, Medians, hold
from benchmarks.rig.options import Options, parsed
from benchmarks.rig.tables import BROKER_CORES, Column, Target, figure, of, share

PEER = "Trogdor ConnectionStress"
_THREADS = 4
# What ours asks, what Trogdor does, and how many times its rate ours shall have.
PAIRS = (("versions", "CONNECT", 1.5), ("metadata", "FETCH_METADATA", 10.0))


def contest(asks: str, action: str, options: Options) -> Contest:
    """Both, as fast as they can."""
    seconds = options.seconds(10.0)
    dials = {"connection_rate": "max", "connection_lifetime": "0s", "connection_asks": asks}
    return Contest(
        name=f"churn-{asks}",
        contenders=(
            ours.contender(dials, seconds),
            Contender(
                name=PEER,
                argv=lambda scene: trogdor.connection_stress(
                    scene.servers, action, seconds=seconds, threads=_THREADS, more={}
                ),
                figures=lambda _, outcome: _said(trogdor.status(outcome.output)),
            ),
        ),
    )


def _said(status: Figures) -> Figures:
    return {
        "rate": status["connectsPerSec"],
        "acknowledged": status["totalConnections"] - status["totalFailedConnections"],
        "lost": status["totalFailedConnections"],
    }


def each(name: str) -> Callable[[Figures], float]:
    """Microseconds of CPU a connection."""
    return share(name, "acknowledged", 1e6)


COLUMNS = (
    Column(title="connections/s", value=of("rate")),
    Column(title="CPU us/connection", value=each("cpu")),
    Column(title="under load only", value=each("generator_cpu")),
    Column(title="broker CPU us/connection", value=each("broker_cpu")),
    Column(title="broker, cores", value=BROKER_CORES, form=".2f"),
    Column(title="connections", value=of("acknowledged")),
    Column(title="failed", value=of("lost")),
)


def targets(action: str, least: float, medians: Medians) -> list[Target]:
    """What is claimed."""
    ratio = tables.ratio(figure(medians, OURS, "rate"), figure(medians, PEER, "rate"))
    return [Target(what=f"times the connections/s of {PEER} {action}", value=ratio, least=least)]


def main() -> int:
    """Measure and print."""
    options, code = parsed(__doc__), 0
    with Broker() as broker:
        for asks, action, least in PAIRS:
            medians = hold(contest(asks, action, options), broker, options)
            tables.show(f"Connect, ask {asks} (Trogdor: {action}), leave", medians, COLUMNS)
            tables.judge(targets(action, least, medians))
            tables.raw(f"churn-{asks}")
            code |= tables.finish(medians)
    return code


if __name__ == "__main__":
    sys.exit(main())
