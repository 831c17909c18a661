"""Drivers: what brokers are asked for that costs them CPU, each with the metric that counts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One thing that broker CPU is spent on.

    Attributes:
        name: in tables and for programs.
        words: one of them as people say it, as in `a follower's fetch`.
        series: names of the Series that count it; all of them are added up.
        requests: of `requests_by_type` only these types.
        per: how much of the Series' unit is one.
        level: whether it is a level and no rate, so that its price is in cores.
    """

    name: str
    words: str
    series: tuple[str, ...] = ("requests_by_type",)
    requests: tuple[str, ...] = ()
    per: float = 1.0
    level: bool = False


def _request(kind: str, words: str) -> Driver:
    return Driver(name=kind, words=words, requests=(kind,))


IDLE: Final = "idle"
"""What a broker takes with nothing to do, in cores; not a driver, but the rest of the bill."""

TLS_ATTEMPTS: Final = "tls_attempts"
"""Attempts on TLS listeners, which no metric counts alone: attempts by the share of connections that have TLS."""

_MEGA: Final = 1e6

_LIST: Final = (
    _request("Produce", "a produce request"),
    _request("FetchConsumer", "a consumer's fetch"),
    _request("FetchFollower", "a follower's fetch"),
    _request("Metadata", "a metadata request"),
    _request("OffsetCommit", "an offset commit"),
    _request("InitProducerId", "a producer id"),
    Driver(
        name="groups",
        words="a request of a group's members",
        requests=("JoinGroup", "SyncGroup", "LeaveGroup", "Heartbeat", "FindCoordinator", "ConsumerGroupHeartbeat"),
    ),
    Driver(
        name="transactions",
        words="a request of a transaction",
        requests=("AddPartitionsToTxn", "AddOffsetsToTxn", "EndTxn", "WriteTxnMarkers", "TxnOffsetCommit"),
    ),
    Driver(name="ingress", words="a MB in", series=("ingress",), per=_MEGA),
    Driver(name="egress", words="a MB out", series=("egress",), per=_MEGA),
    Driver(name="replication", words="a MB replicated", series=("replication_in",), per=_MEGA),
    Driver(name="attempts", words="a new connection", series=("connection_attempts",)),
    Driver(name=TLS_ATTEMPTS, words="a TLS handshake", series=("connection_attempts",)),
    Driver(name="conversions", words="a thousand records recompressed", series=("message_conversions",), per=1e3),
    Driver(name="partitions", words="a thousand partitions", series=("partitions",), per=1e3, level=True),
)
DRIVERS: Final[Mapping[str, Driver]] = {driver.name: driver for driver in _LIST}
"""All drivers by name."""

INTERACTIONS: Final[Mapping[str, tuple[str, str, str]]] = {
    "FetchFollower x partitions": ("FetchFollower", "partitions", "a follower's fetch for each thousand partitions"),
}
"""Pairs that may cost more together than alone: taken in only where the data gain by it."""
