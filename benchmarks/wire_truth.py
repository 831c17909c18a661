"""Whether latencies are true: a broker stands still for 1 s of a 10 s run at 2,000 requests/s.

python -m benchmarks.wire_truth [--quick] [--repeats N] [--only NAME...]

What was due while it stood waits for the rest of that second, evenly spread over it: arithmetic says what the
quantiles must be. A tool that stops sending while nothing answers reports less, and what a tool that did not keep
the rate reports cannot be held against arithmetic.
"""

from __future__ import annotations

import sys
import time
from functools import partial

from benchmarks.peers import perf_test, rdkafka, trogdor
from benchmarks.rig import ours, tables
from benchmarks.rig.broker import PARTITIONS, Broker
from benchmarks.rig.contest import OURS, Contender, Contest, Figures, Medians, Scene, hold
from benchmarks.rig.options import Options, parsed
from benchmarks.rig.processes import Running
from benchmarks.rig.tables import Column, Target, figure, of

RATE, SECONDS, PAUSE = 2_000, 10.0, 1.0
_RECORDS = int(RATE * SECONDS)
_SIZE = 100
_BEFORE = 4.0  # seconds of load before the broker stands still
# So many connections that `in_flight` holds back nothing of what falls due in the pause.
_DIALS = {"connections": 500, "request_rate": f"{RATE}/s", "records_per_request": 1, "record_size": _SIZE, "acks": 1}
ARITHMETIC = "arithmetic"


def arithmetic(pause: float) -> Figures:
    """Mean and quantiles in ms, were each answer immediate but in the pause; its length in s."""
    quantiles = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}
    waits = {name: 1000 * max(0.0, pause - (1 - share) * SECONDS) for name, share in quantiles.items()}
    return waits | {"mean": 1000 * pause * pause / 2 / SECONDS, "pause": pause}


def stand_still(scene: Scene, process: Running) -> Figures:
    """Pause the broker in the middle of the load."""
    process.until(lambda: sum(scene.broker.ends(scene.topic)) > 0)
    time.sleep(_BEFORE)
    return {"pause": scene.broker.pause(PAUSE)}


def contest() -> Contest:
    """All at the same rate, each with its own latencies."""
    peer = partial(Contender, meanwhile=stand_still)
    return Contest(
        name="truth",
        warm_up=1,
        contenders=(
            ours.contender(_DIALS, SECONDS, reading=ours.latency("due"), meanwhile=stand_still),
            peer(
                name="kafka-producer-perf-test",
                argv=lambda scene: perf_test.command(
                    scene.servers, scene.topic, records=_RECORDS, size=_SIZE, rate=RATE, linger_ms=0
                ),
                figures=lambda _, outcome: perf_test.totals(outcome.output),
            ),
            peer(
                name="rdkafka_performance -r -l",
                argv=lambda scene: rdkafka.command(
                    scene.servers,
                    scene.topic,
                    records=_RECORDS,
                    size=_SIZE,
                    rate=RATE,
                    linger_ms=0,
                    latencies=str(scene.log.with_suffix(".us")),
                ),
                figures=lambda scene, outcome: (
                    rdkafka.totals(outcome.output) | rdkafka.latencies(scene.log.with_suffix(".us"))
                ),
            ),
            peer(
                name="Trogdor ProduceBench",
                argv=lambda scene: trogdor.produce_bench(
                    scene.servers, scene.topic, partitions=PARTITIONS, rate=RATE, records=_RECORDS, size=_SIZE
                ),
                figures=lambda _, outcome: _said(trogdor.status(outcome.output)),
            ),
        ),
    )


def _said(status: Figures) -> Figures:
    names = {"mean": "averageLatencyMs", "p50": "p50LatencyMs", "p95": "p95LatencyMs", "p99": "p99LatencyMs"}
    return {name: status[theirs] for name, theirs in names.items()}


COLUMNS = (
    *(Column(title=name, value=of(name), form=",.0f") for name in ("p50", "p90", "p95", "p99", "p999", "mean")),
    Column(title="records/s", value=of("rate")),
    Column(title="broker stood, s", value=of("pause"), form=".3f"),
    Column(title="stored", value=of("stored")),
)


def targets(medians: Medians) -> list[Target]:
    """What is claimed."""
    true = arithmetic(figure(medians, OURS, "pause"))
    return [
        Target(
            what=f"{name}, ms, of {true[name]:.0f} by arithmetic",
            value=figure(medians, OURS, name),
            least=true[name] * (1 - off),
            most=true[name] * (1 + off),
            form=",.0f",
        )
        for name, off in (("p99", 0.03), ("p999", 0.03), ("p95", 0.1), ("mean", 0.1))
    ]


def main() -> int:
    """Measure and print."""
    options: Options = parsed(__doc__)
    with Broker() as broker:
        medians = hold(contest(), broker, options)
    tables.show("Latency with a broker that stood still, ms", {ARITHMETIC: arithmetic(PAUSE)} | medians, COLUMNS)
    tables.judge(targets(medians))
    tables.raw("truth")
    return tables.finish(medians)


if __name__ == "__main__":
    sys.exit(main())
