"""Access: where a Metrics API answers, for which cluster, and with whose key."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from clusterload.kafka.properties import Properties
from clusterload.model.errors import ConfigurationError
from clusterload.telemetry.sources.transport import checked_url, is_loopback

ENDPOINT: Final = "confluent.metrics.endpoint"
TOKEN: Final = "confluent.cloud_api_token"  # noqa: S105 (the name of a property)
CLUSTER_ID: Final = "confluent.clusterid"

_QUERY: Final = "/query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What is needed to read the metrics of one cluster. Its representation does not show the token.

    Attributes:
        endpoint: the full URL of the query call, ending in `/query`.
        token: base64 of `key:secret`, as Basic authorization wants it.
        cluster_id: whose metrics, as the API calls it (`lkc-…`).
    """

    endpoint: str
    token: str = field(repr=False)
    cluster_id: str

    def __post_init__(self) -> None:
        _check_endpoint(self.endpoint)
        _check_token(self.token)
        if not self.cluster_id:
            raise ConfigurationError(f"{CLUSTER_ID} is empty: set it to the id of the cluster, as in lkc-12345")

    @classmethod
    def of(cls, properties: Properties) -> Access:
        """The access that a client configuration describes.

        Raises:
            ConfigurationError: one of the three properties is missing, or cannot be used.
        """
        missing = [name for name in (ENDPOINT, TOKEN, CLUSTER_ID) if not properties.values.get(name)]
        if missing:
            raise ConfigurationError(f"{properties.origin} lacks {', '.join(missing)}: add what the Metrics API needs")
        try:
            return cls(
                endpoint=properties.values[ENDPOINT],
                token=properties.values[TOKEN],
                cluster_id=properties.values[CLUSTER_ID],
            )
        except ConfigurationError as error:
            raise ConfigurationError(f"{properties.origin}: {error}") from None

    @property
    def host(self) -> str:
        """Host and port of the endpoint, for messages."""
        return urlsplit(self.endpoint).netloc

    @property
    def is_loopback(self) -> bool:
        """Whether the endpoint is on this machine."""
        return is_loopback(urlsplit(self.endpoint).hostname or "")

    def sibling(self, path: str) -> str:
        """The URL of another call of the same API and dataset, as in `descriptors/metrics`."""
        return f"{self.endpoint.removesuffix(_QUERY)}/{path}"


def is_named(properties: Properties) -> bool:
    """Whether a client configuration names a Metrics API."""
    return bool(properties.values.get(ENDPOINT))


def _check_endpoint(endpoint: str) -> None:
    example = "https://host/v2/metrics/cloud/query"
    parts = checked_url(endpoint, ENDPOINT, example=example, login=f"the key belongs into {TOKEN}", has_login=True)
    if not parts.path.endswith(_QUERY):
        raise ConfigurationError(f"{ENDPOINT} must be the full URL of the query call and end in {_QUERY}")


def _check_token(token: str) -> None:
    try:
        decoded = base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if b":" not in decoded:
        raise ConfigurationError(f"{TOKEN} is not the base64 of key:secret: make it from a Cloud API key")
