"""Where brokers are and who leads what, as of one moment; light enough for every worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusterload.kafka.protocol.address import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """The cluster as metadata tells it.

    Attributes:
        brokers: address by broker id.
        leaders: for each topic, the broker id that leads each partition in order; -1 where none does.
    """

    brokers: Mapping[int, Address]
    leaders: Mapping[str, tuple[int, ...]]
