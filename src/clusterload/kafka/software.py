"""Which Kafka a broker runs, by what it says that it can do; no broker tells its version itself.

Since KRaft a broker names the range of `metadata.version` that it supports, and the level that its cluster has. Levels
are those of Kafka's `server-common/.../MetadataVersion.java` (3.3-IV3 is 7, 4.3-IV0 is 30).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kio.schema.api_versions.v3.request import ApiVersionsRequest
from kio.schema.api_versions.v3.response import ApiVersionsResponse

from clusterload._version import __version__

if TYPE_CHECKING:
    from clusterload.kafka.protocol.conversation import Conversation

METADATA: Final = "metadata.version"

# The first level of each release.
_FIRST: Final = {
    1: "3.0", 2: "3.1", 3: "3.2", 4: "3.3", 8: "3.4", 9: "3.5", 12: "3.6", 15: "3.7", 20: "3.8", 21: "3.9",
    22: "4.0", 26: "4.1", 28: "4.2", 30: "4.3",
}  # fmt: skip
_LAST: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """What a broker runs.

    Attributes:
        release: of Kafka, as in `4.3`; with `or later` where it is newer than any that is known here, and empty where
            the broker names no metadata version.
        level: the release whose features the cluster has switched on; empty likewise.
        apis: how many kinds of request it answers.
    """

    release: str
    level: str
    apis: int


def software_of(broker: Conversation) -> Software:
    """What this broker runs.

    Raises:
        ClusterError: the broker does not answer.
    """
    key = ApiVersionsRequest.__api_key__
    if broker.versions.get(key, (0, 0))[1] < ApiVersionsRequest.__version__:
        return Software(release="", level="", apis=len(broker.versions))
    asked = ApiVersionsRequest(client_software_name="clusterload", client_software_version=__version__)
    answer = broker.ask(asked, ApiVersionsResponse)
    most = {str(feature.name): int(feature.max_version) for feature in answer.supported_features}
    levels = {str(feature.name): int(feature.max_version_level) for feature in answer.finalized_features}
    return Software(
        release=release_of(most.get(METADATA, 0)), level=release_of(levels.get(METADATA, 0)), apis=len(broker.versions)
    )


def release_of(level: int) -> str:
    """The release of Kafka that a level of `metadata.version` belongs to; empty for none."""
    if level <= 0:
        return ""
    starts = list(_FIRST)
    name = _FIRST[starts[bisect_right(starts, level) - 1]]
    return f"{name} or later" if level > _LAST else name
