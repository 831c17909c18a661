"""Memory of 10,000 held connections, compared with that of 500 librdkafka producers.

python -m benchmarks.wire_memory [--quick] [--repeats N] [--only NAME...]

Each connection has been answered before it counts, and answers once more at the end.
"""

from __future__ import annotations

import sys
import time

from benchmarks.peers import many_producers
from benchmarks.rig import ours, tables
from benchmarks.rig.broker import Broker
from benchmarks.rig.contest import OURS, Contender, Contest, Figures, Medians, Scene, hold
from benchmarks.rig.options import Options, parsed
from benchmarks.rig.processes import Running
from benchmarks.rig.tables import Column, Target, figure, of

PEER = "500 librdkafka producers"
_MIB = 1 << 20
_REST = 3.0  # seconds to hold once all are connected


def connections(options: Options) -> int:
    """How many ours holds."""
    return options.count(10_000, 1_000)


def contest(options: Options) -> Contest:
    """Both, connected and at rest."""
    held, producers = connections(options), options.count(500, 50)

    def all_connected(scene: Scene, process: Running) -> Figures:
        process.until(lambda: scene.broker.connections() >= held)
        return _at_rest(scene, process)

    return Contest(
        name="memory",
        contenders=(
            ours.contender({"connections": held}, options.seconds(30.0, 10.0), meanwhile=all_connected),
            Contender(
                name=PEER,
                argv=lambda scene: many_producers.command(
                    scene.servers, scene.topic, producers=producers, size=100, seconds=0
                ),
                figures=lambda _, outcome: many_producers.totals(outcome.output),
                meanwhile=_rest_then_go,
            ),
        ),
    )


def _rest_then_go(scene: Scene, process: Running) -> Figures:
    """Wait until all producers are connected, let them rest, and tell them to send one record each."""
    process.until(lambda: "connected" in scene.log.with_suffix(".out").read_text(encoding="utf-8"))
    found = _at_rest(scene, process)
    process.say()
    return found


def _at_rest(scene: Scene, process: Running) -> Figures:
    time.sleep(_REST)
    return {"connections": float(scene.broker.connections()), "unshared": process.unshared(), "held": process.started()}


COLUMNS = (
    Column(title="connections seen", value=of("connections")),
    Column(title="workers at rest, MiB", value=lambda figures: of("held")(figures) / _MIB, form=",.1f"),
    Column(title="all processes, MiB", value=lambda figures: of("memory")(figures) / _MIB, form=",.1f"),
    Column(title="at rest, shared once, MiB", value=lambda figures: of("unshared")(figures) / _MIB, form=",.1f"),
    Column(title="by its own word, MiB", value=lambda figures: of("generator_memory")(figures) / _MIB, form=",.1f"),
    Column(title="CPU, s", value=of("cpu"), form=",.1f"),
    Column(title="acknowledged", value=of("acknowledged")),
    Column(title="lost", value=of("lost")),
    Column(title="answer at the end", value=of("alive")),
)


def targets(medians: Medians, connections: int) -> list[Target]:
    """What is claimed; the command itself is shown too, and not part of the claim."""
    return [
        Target(
            what=f"MiB of the workers that hold {connections:,} connections",
            value=figure(medians, OURS, "held") / _MIB,
            most=64,
            form=".1f",
        ),
        Target(
            what="connections the broker has",
            value=figure(medians, OURS, "connections"),
            least=connections,
            form=",.0f",
        ),
        Target(what="connections that failed", value=figure(medians, OURS, "lost"), most=0, form=",.0f"),
    ]


def main() -> int:
    """Measure and print."""
    options = parsed(__doc__)
    with Broker() as broker:
        medians = hold(contest(options), broker, options)
    tables.show("Held connections", medians, COLUMNS)
    tables.judge(targets(medians, connections(options)))
    tables.raw("memory")
    return tables.finish(medians)


if __name__ == "__main__":
    sys.exit(main())
