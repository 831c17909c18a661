"""Records and bytes a second that one broker acknowledges, and what making them costs: ours and three other producers.

python -m benchmarks.wire_throughput [--quick] [--repeats N] [--only NAME...]

A tool's rate is by its own clock, from its first send to its last acknowledgement; that all it counted is stored is
seen from the end offsets. Its CPU is that of all its processes from start to end.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

from benchmarks.peers import perf_test, produce_loop, rdkafka
from benchmarks.rig import ours, tables
from benchmarks.rig.broker import Broker
from benchmarks.rig.contest import OURS, Contender, Contest, Figures, Medians, Scene, hold
from benchmarks.rig.options import Options, parsed
from benchmarks.rig.readback import distinct, sample
from benchmarks.rig.tables import BROKER_CORES, CORES, Column, Target, figure, of, ratio, share

SIZES = (100, 1024, 4096)
SHARE = 0.01  # of the records are read back
PERF, RDKAFKA, LOOP = "kafka-producer-perf-test", "rdkafka_performance", "confluent-kafka loop"
# Requests of about 0.9 MB, below the largest message that a topic takes: as rdkafka's, whose batches end at 1 MB.
_TOGETHER = {100: 7_500, 1024: 860, 4096: 218}
# Records/s by which each tool's number of records is chosen, so that all send for about as long.
_GUESS = {PERF: {100: 600_000, 1024: 130_000, 4096: 35_000}, RDKAFKA: {100: 1_600_000, 1024: 450_000, 4096: 110_000}}


def contest(size: int, options: Options) -> Contest:
    """All tools with values of one size."""
    # Small records go by so quickly that a tool's start would be most of what a million of them cost.
    seconds = options.seconds(20.0 if size == SIZES[0] else 10.0, 1.0)
    perf_records, rdkafka_records = (int(_GUESS[name][size] * seconds) for name in (PERF, RDKAFKA))
    # Without keys, as the peers' records are.
    dials = {"record_rate": "max", "record_size": size, "records_per_request": _TOGETHER[size], "acks": 1}
    dials |= {"keys": "none", "connections": 4}
    return Contest(
        name=f"throughput-{size}",
        contenders=(
            ours.contender(dials, seconds),
            Contender(
                name=PERF,
                argv=lambda scene: perf_test.command(scene.servers, scene.topic, records=perf_records, size=size),
                figures=lambda _, outcome: perf_test.totals(outcome.output),
            ),
            Contender(
                name=RDKAFKA,
                argv=lambda scene: rdkafka.command(scene.servers, scene.topic, records=rdkafka_records, size=size),
                figures=lambda _, outcome: rdkafka.totals(outcome.output),
            ),
            Contender(
                name=LOOP,
                argv=lambda scene: produce_loop.command(scene.servers, scene.topic, size=size, seconds=seconds),
                figures=lambda _, outcome: produce_loop.totals(outcome.output),
            ),
        ),
        after=partial(_read_back, size),
        warm_up=1,
    )


def _read_back(size: int, scene: Scene) -> Figures:
    found = sample(scene.broker, scene.topic, share=SHARE, size=size)
    return found | (distinct(scene.broker, scene.topic) if size == SIZES[0] else {})


def per_million(name: str) -> Callable[[Figures], float]:
    """Seconds of CPU for a million records that are stored."""
    return share(name, "stored", 1e6)


def columns(size: int) -> list[Column]:
    """What is shown of each tool."""
    return [
        Column(title="records/s", value=of("rate")),
        Column(title="with start and end", value=share("stored", "wall")),
        Column(title="MB/s", value=lambda figures: of("rate")(figures) * size / 1e6, form=",.1f"),
        Column(title="CPU s/million", value=per_million("cpu"), form=",.3f"),
        Column(title="under load only", value=per_million("generator_cpu"), form=",.3f"),
        Column(title="broker CPU s/million", value=per_million("broker_cpu"), form=",.3f"),
        Column(title="CPU, cores", value=CORES, form=".2f"),
        Column(title="broker, cores", value=BROKER_CORES, form=".2f"),
        Column(title="stored", value=of("stored")),
        Column(title="read back", value=of("read")),
        Column(title="wrong size", value=of("wrong_size")),
        Column(title="distinct in first million", value=of("distinct"), form=".1%"),
    ]


def targets(size: int, medians: Medians) -> list[Target]:
    """What is claimed for this size."""
    rate = figure(medians, OURS, "rate")
    perf, rdkafka_ = figure(medians, PERF, "rate"), figure(medians, RDKAFKA, "rate")
    first, second = (7.0, 2.5) if size == 100 else (4.0, 1.3)
    claims = [
        Target(what=f"{size:,} B: times the records/s of {PERF}", value=ratio(rate, perf), least=first),
        Target(what=f"{size:,} B: times the records/s of {RDKAFKA}", value=ratio(rate, rdkafka_), least=second),
        Target(
            what=f"{size:,} B: acknowledged less stored",
            value=figure(medians, OURS, "acknowledged") - figure(medians, OURS, "stored"),
            least=0,
            most=0,
            form=",.0f",
        ),
        Target(
            what=f"{size:,} B: values of another size", value=figure(medians, OURS, "wrong_size"), most=0, form=",.0f"
        ),
    ]
    if size == 100:
        theirs = figure(medians, RDKAFKA, per_million("cpu"))
        mine = figure(medians, OURS, per_million("cpu"))
        different = figure(medians, OURS, "distinct")
        claims += [
            Target(what="distinct in the first million", value=different, least=0.99, form=".2%"),
            Target(
                what=f"CPU s for a million records, of {RDKAFKA}'s {theirs:.3f}",
                value=mine,
                most=theirs / 10,
                form=".3f",
            ),
        ]
    return claims


def main() -> int:
    """Measure and print."""
    options, code = parsed(__doc__), 0
    with Broker() as broker:
        for size in SIZES:
            contested = contest(size, options)
            medians = hold(contested, broker, options)
            tables.show(f"Values of {size:,} B, acks=1", medians, columns(size))
            tables.judge(targets(size, medians))
            tables.raw(contested.name)
            code |= tables.finish(medians)
    return code


if __name__ == "__main__":
    sys.exit(main())
