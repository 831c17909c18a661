"""The simple rule that answers are held against: what deviates most from its baseline is the cause."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from benchmarks.culprits.answers import Answer
from clusterload.analysis.window_stats import WindowStats
from clusterload.model.run import Run

CERTAIN: Final = 10.0
"""Deviations, in spreads of the baseline, from which on one would raise an alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A figure, and the cause that one thinks of when it moves.

    Attributes:
        cause: of the catalogue.
        name: of the figure's Series.
        least: what nobody calls a move, in its unit; per second if it is counted.
        labels: which of its Series.
        who: the label of those who may be blamed, and the Series by which they are compared.
    """

    cause: str
    name: str
    least: float
    labels: dict[str, str] = field(default_factory=dict)
    who: tuple[str, str] = ("client", "thread_time_by_client")


def _requests(cause: str, request: str) -> Sign:
    return Sign(cause=cause, name="requests_by_type", labels={"request": request}, least=1.0)


SIGNS: Final = (
    Sign(cause="connections", name="connections", least=1.0),
    Sign(cause="connection-churn", name="connection_attempts", least=1.0),
    Sign(cause="authentication-failures", name="failed_authentications", least=1.0),
    Sign(cause="ingress-bytes", name="ingress", least=10_000.0, who=("client", "ingress_by_client")),
    Sign(cause="fan-out", name="egress", least=10_000.0, who=("client", "egress_by_client")),
    _requests("small-batches", "Produce"),
    _requests("fetch-storm", "FetchConsumer"),
    _requests("offset-commits", "OffsetCommit"),
    _requests("metadata-storm", "Metadata"),
    _requests("rebalances", "JoinGroup"),
    _requests("transactions", "AddPartitionsToTxn"),
    _requests("producer-ids", "InitProducerId"),
    Sign(cause="partitions", name="partitions", least=1.0),
    Sign(cause="broker-down", name="under_replicated", least=1.0),
    Sign(cause="leader-skew", name="leaders", least=1.0),
    Sign(cause="recompression", name="message_conversions", least=1.0),
    Sign(cause="throttling", name="produce_throttle_time", least=10.0, who=("client", "produce_throttle_time")),
    Sign(cause="cold-reads", name="disk_reads", least=10_000.0),
    Sign(cause="tls", name="tls_connections", least=1.0),
    Sign(cause="cpu-starvation", name="cpu_host", least=0.05),
    Sign(cause="network-delay", name="round_trip_time", least=1.0),
    Sign(cause="slow-replica", name="request_time", labels={"request": "Produce"}, least=10.0),
)


def answers(now: Run, before: Run) -> tuple[Answer, ...]:
    """What the rule says, the largest deviation first; below ten spreads it is not sure."""
    facts = WindowStats(now, before)
    moved = [(deviation(facts, sign), sign) for sign in SIGNS]
    ranked = sorted((move for move in moved if move[0] > 0), key=lambda move: -move[0])
    return tuple(
        Answer(
            cause=sign.cause,
            confidence=1.0 if deviation >= CERTAIN else 0.0,
            culprits=_most_risen(facts, *sign.who),
        )
        for deviation, sign in ranked
    )


def deviation(facts: WindowStats, sign: Sign, seconds: float = 1.0) -> float:
    """How far a figure is from its baseline, in spreads of that, from pieces of so long; 0 where it is not known."""
    now, before = facts.windows(sign.name, seconds, **sign.labels)
    if not len(now):
        return 0.0
    usual = float(np.mean(before)) if len(before) else 0.0
    spread = max(float(np.std(before)) if len(before) else 0.0, 0.05 * abs(usual), sign.least)
    return abs(float(np.mean(now)) - usual) / spread


def _most_risen(facts: WindowStats, kind: str, name: str) -> tuple[tuple[str, str], ...]:
    rises = {who: pair.rise for who, pair in facts.by(name, kind).items() if not math.isnan(pair.rise)}
    return ((kind, max(rises, key=rises.__getitem__)),) if rises else ()
