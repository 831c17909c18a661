"""How long a broker takes to answer a question that needs no work."""

from __future__ import annotations

import time
from typing import Final

from kio.schema.api_versions.v0.request import ApiVersionsRequest
from kio.schema.api_versions.v0.response import ApiVersionsResponse

from clusterload.kafka.protocol.conversation import Conversation

_TRIES: Final = 3


def round_trip(broker: Conversation) -> float:
    """Seconds of the quickest of three answers: one can be slow for what goes on in this process alone.

    Raises:
        ClusterError: the broker does not answer.
    """
    return min(_asked(broker) for _ in range(_TRIES))


def _asked(broker: Conversation) -> float:
    began = time.perf_counter()
    broker.ask(ApiVersionsRequest(), ApiVersionsResponse)
    return time.perf_counter() - began
