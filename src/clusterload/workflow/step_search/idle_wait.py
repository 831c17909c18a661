"""Waiting until a cluster is idle again after a load, by how long its brokers take to answer.

Each broker is asked over a connection of its own, through the same queues as all requests. A broker whose queues
are empty answers as quickly as it did before the load. The host of a lab is this machine: there a step also waits, for
a while, until nothing else keeps it busy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final

import psutil

from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.conversation import round_trips
from clusterload.kafka.protocol.security import security_of
from clusterload.lab.registry import find_lab
from clusterload.model.errors import ClusterError
from clusterload.model.workload import PREFIX
from clusterload.telemetry.cancellation import pause

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster

CLIENT: Final = f"{PREFIX}-settling"
_BASELINE_ROUNDS: Final = 7
_CALM_ROUNDS: Final = 3
_PAUSE: Final = 0.1
_TIMES: Final = 3.0
_SLACK: Final = 0.005
_CALM_HOST: Final = 40.0


@dataclass(slots=True, kw_only=True)
class IdleWait:
    """How quickly a cluster answers when idle, and whether it does so again.

    Attributes:
        ask: asks every broker once and gives the longest response time in seconds; ClusterError if one does not answer.
        busy: CPU of the brokers' host in percent since the last call; 0 where that is not known.
        baseline: response time in seconds when idle.
    """

    ask: Callable[[], float]
    busy: Callable[[], float] = lambda: 0.0
    baseline: float = field(init=False)

    def __post_init__(self) -> None:
        self.baseline = median(self.ask() for _ in range(_BASELINE_ROUNDS))

    @classmethod
    def of(cls, cluster: Cluster) -> IdleWait:
        """Of a cluster, which must be idle now.

        Raises:
            ClusterError: a broker does not answer.
        """
        lab = find_lab(cluster.id) is not None
        security = security_of(cluster.properties)
        addresses = [Address(broker.host, broker.port) for broker in cluster.brokers]
        return cls(
            ask=lambda: max(round_trips(addresses, security, CLIENT)), busy=psutil.cpu_percent if lab else lambda: 0.0
        )

    def wait(self, patience: float) -> bool:
        """Wait until brokers answer as when idle, several times in a row; whether they did within `patience` seconds.

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
            calm = calm + 1 if took <= enough and self.busy() < _CALM_HOST else 0
            if calm >= _CALM_ROUNDS or over:
                return calm >= _CALM_ROUNDS
            pause(_PAUSE)
