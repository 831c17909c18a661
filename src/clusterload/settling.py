"""Settling: waiting until a cluster has got over a load, by how long its brokers take to answer.

Each broker is asked over a connection of its own, through the same queues as all requests. A broker whose queues
are empty answers as quickly as it did before the load.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final

from clusterload.engines.wire.answering import answer_times
from clusterload.errors import ClusterError

if TYPE_CHECKING:
    from clusterload.kafka import Cluster

PATIENCE: Final = 20.0
"""Seconds that a cluster may take to get over a step."""

_BASELINE_ROUNDS: Final = 7
_CALM_ROUNDS: Final = 3
_PAUSE: Final = 0.1
_TIMES: Final = 3.0
_SLACK: Final = 0.005


@dataclass(slots=True, kw_only=True)
class Settling:
    """How quickly a cluster answers at rest, and whether it does so again.

    Attributes:
        ask: makes a round of all brokers and gives the longest answer, in seconds; ClusterError if one gives none.
        baseline: seconds at rest.
    """

    ask: Callable[[], float]
    baseline: float = field(init=False)

    def __post_init__(self) -> None:
        self.baseline = median(self.ask() for _ in range(_BASELINE_ROUNDS))

    @classmethod
    def of(cls, cluster: Cluster) -> Settling:
        """That of a cluster, which must be at rest now.

        Raises:
            ClusterError: a broker does not answer.
        """
        return cls(ask=lambda: max(answer_times(cluster)))

    def wait(self, patience: float = PATIENCE) -> bool:
        """Wait until the brokers answer as at rest, several times in a row; whether they did within `patience` seconds.

        Raises:
            ClusterError: a broker gives no answer at all, until the end.
        """
        enough = max(_TIMES * self.baseline, self.baseline + _SLACK)
        give_up, calm = time.monotonic() + patience, 0
        while True:
            over = time.monotonic() > give_up
            try:
                took = self.ask()
            except ClusterError:
                if over:
                    raise
                took = patience
            calm = calm + 1 if took <= enough else 0
            if calm >= _CALM_ROUNDS or over:
                return calm >= _CALM_ROUNDS
            time.sleep(_PAUSE)
