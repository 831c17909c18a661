"""Requests a second with one record each on 1,000 connections, compared with 500 librdkafka producers.

python -m benchmarks.wire_requests [--quick] [--repeats N] [--only NAME...]
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks.peers import many_producers
from benchmarks.rig import ours, tables
from benchmarks.rig.broker import Broker
from benchmarks.rig.contest import OURS, Contender, Contest, Figures, Medians, hold
from benchmarks.rig.options import Options, parsed
from benchmarks.rig.tables import BROKER_CORES, Column, Target, figure, of, ratio, share

PEER = "500 librdkafka producers"
_SIZE = 100


def contest(options: Options) -> Contest:
    """Both, as fast as they can."""
    seconds, producers = options.seconds(15.0), options.count(500, 50)
    dials = {"connections": 2 * producers, "request_rate": "max", "records_per_request": 1}
    return Contest(
        name="requests",
        warm_up=2,
        contenders=(
            ours.contender(dials | {"record_size": _SIZE, "acks": 1}, seconds),
            Contender(
                name=PEER,
                argv=lambda scene: many_producers.command(
                    scene.servers, scene.topic, producers=producers, size=_SIZE, seconds=seconds
                ),
                figures=lambda _, outcome: many_producers.totals(outcome.output),
            ),
        ),
    )


def each(name: str) -> Callable[[Figures], float]:
    """Microseconds of CPU a request."""
    return share(name, "stored", 1e6)


COLUMNS = (
    Column(title="requests/s", value=of("rate")),
    Column(title="CPU us/request", value=each("cpu"), form=",.1f"),
    Column(title="under load only", value=each("generator_cpu"), form=",.1f"),
    Column(title="broker CPU us/request", value=each("broker_cpu"), form=",.1f"),
    Column(title="broker, cores", value=BROKER_CORES, form=".2f"),
    Column(title="stored", value=of("stored")),
)


def targets(medians: Medians) -> list[Target]:
    """What is claimed."""
    mine, theirs = (figure(medians, name, each("cpu")) for name in (OURS, PEER))
    return [
        Target(
            what=f"times the requests/s of {PEER}",
            value=ratio(figure(medians, OURS, "rate"), figure(medians, PEER, "rate")),
            least=2.5,
        ),
        Target(what=f"CPU us a request, of their {theirs:.0f}", value=mine, most=theirs / 5, form=".1f"),
    ]


def main() -> int:
    """Measure and print."""
    options = parsed(__doc__)
    with Broker() as broker:
        medians = hold(contest(options), broker, options)
    tables.show(
        "One record a request, acks=1; ours on 1,000 connections, each librdkafka producer on its own", medians, COLUMNS
    )
    tables.judge(targets(medians))
    tables.raw("requests")
    return tables.finish(medians)


if __name__ == "__main__":
    sys.exit(main())
