"""How long brokers take to answer the smallest question, one after the other, each over a connection of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kio.schema.api_versions.v0.request import ApiVersionsRequest

from clusterload.engines.wire.asking import asking
from clusterload.engines.wire.routes import Address
from clusterload.engines.wire.security import security_of
from clusterload.plan import PREFIX

if TYPE_CHECKING:
    from clusterload.kafka import Cluster


def answer_times(cluster: Cluster) -> Iterator[float]:
    """Seconds of each broker's answer, without connecting and logging in.

    Raises:
        ClusterError: a broker does not answer.
    """
    security = security_of(cluster.properties)
    for broker in cluster.brokers:
        with asking([Address(broker.host, broker.port)], f"{PREFIX}-settling", security) as one:
            began = time.monotonic()
            one.ask(ApiVersionsRequest())
            yield time.monotonic() - began
