"""Connections made and closed a second, compared with Trogdor's ConnectionStress.

python -m benchmarks.wire_churn [--quick] [--repeats N] [--only NAME...]

Trogdor's CONNECT is bare TCP, ours asks ApiVersions and waits for the answer. FETCH_METADATA is an admin client that
asks which brokers there are; ours asks Metadata. Over SASL_SSL both shake hands and log in as well.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial

from benchmarks.peers import trogdor
from benchmarks.rig import ours, tables
from benchmarks.rig.broker import Broker
from benchmarks.rig.contest import OURS, Contender, Contest, Figures, Medians, Scene, hold
from benchmarks.rig.options import Options, parsed
from benchmarks.rig.tables import BROKER_CORES, Column, Target, figure, of, share

PEER = "Trogdor ConnectionStress"
_THREADS = 4
# What ours asks, what Trogdor does, and how many times its rate ours shall have.
PAIRS = (("versions", "CONNECT", 1.5), ("metadata", "FETCH_METADATA", 10.0))
SECURED = "SASL_SSL"


def contest(asks: str, action: str, options: Options, broker: Broker, listener: str = "") -> Contest:
    """Both, as fast as they can, by the broker's plain listener or by another."""
    seconds = options.seconds(10.0)
    dials = {"connection_rate": "max", "connection_lifetime": "0s", "connection_asks": asks}
    more = broker.lab.listeners[listener] if listener else {}
    servers = more.get("bootstrap.servers", broker.servers)
    return Contest(
        name=f"churn-{asks}{f'-{listener}' if listener else ''}",
        warm_up=1,
        contenders=(
            ours.contender(dials, seconds, target=partial(_by, more) if more else ours.broker),
            Contender(
                name=PEER,
                argv=lambda _: trogdor.connection_stress(
                    servers, action, seconds=seconds, threads=_THREADS, more=_java(more) if more else {}
                ),
                figures=lambda _, outcome: _said(trogdor.status(outcome.output)),
            ),
        ),
    )


def _by(properties: Mapping[str, str], scene: Scene) -> list[str]:
    """A file with what a client needs, and the words that name it."""
    file = scene.log.with_suffix(".properties")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text("".join(f"{key}={value}\n" for key, value in properties.items()), encoding="utf-8")
    return ["--cluster", str(file), "--topic", scene.topic]


def _java(properties: Mapping[str, str]) -> dict[str, str]:
    """The same in Java's words."""
    login = f'username="{properties["sasl.username"]}" password="{properties["sasl.password"]}"'
    return {
        "security.protocol": properties["security.protocol"],
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": f"org.apache.kafka.common.security.plain.PlainLoginModule required {login};",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": properties["ssl.ca.location"],
    }


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


def secured_targets(medians: Medians) -> list[Target]:
    """What is claimed where the broker's handshake is the bottleneck."""
    mine, theirs = (figure(medians, name, each("cpu")) for name in (OURS, PEER))
    return [Target(what=f"CPU us a connection, of {PEER}'s {theirs:,.0f}", value=mine, most=theirs / 3, form=",.0f")]


def main() -> int:
    """Measure and print."""
    options, code = parsed(__doc__), 0
    with Broker(SECURED) as broker:
        for asks, action, least in PAIRS:
            medians = hold(contest(asks, action, options, broker), broker, options)
            tables.show(f"Connect, ask {asks} (Trogdor: {action}), leave", medians, COLUMNS)
            tables.judge(targets(action, least, medians))
            tables.raw(f"churn-{asks}")
            code |= tables.finish(medians)
        medians = hold(contest("metadata", "FETCH_METADATA", options, broker, SECURED), broker, options)
        tables.show(f"The same over {SECURED}", medians, COLUMNS)
        tables.judge(secured_targets(medians))
        tables.raw(f"churn-metadata-{SECURED}")
        code |= tables.finish(medians)
    return code


if __name__ == "__main__":
    sys.exit(main())
