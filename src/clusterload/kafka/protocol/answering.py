"""How long brokers take to answer the smallest question, one after the other, each over a connection of its own."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from kio.schema.api_versions.v0.request import ApiVersionsRequest
from kio.schema.api_versions.v0.response import ApiVersionsResponse

from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.conversation import Conversation
from clusterload.kafka.protocol.security import Security


def answer_times(addresses: Iterable[Address], security: Security, client_id: str) -> Iterator[float]:
    """Seconds of each broker's answer, without connecting and logging in.

    Raises:
        ClusterError: a broker does not answer.
    """
    for address in addresses:
        with Conversation(address, security, client_id=client_id) as one:
            began = time.monotonic()
            one.ask(ApiVersionsRequest(), ApiVersionsResponse)
            yield time.monotonic() - began
