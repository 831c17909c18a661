"""Access: where a Prometheus answers, who asks it, and which of its series are the cluster's."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from clusterload.kafka.properties import Properties
from clusterload.model.errors import ConfigurationError
from clusterload.telemetry.sources.prometheus.promql import matchers
from clusterload.telemetry.sources.transport import check_login, checked_url, is_loopback, verification

URL: Final = "prometheus.url"
USERNAME: Final = "prometheus.username"
PASSWORD: Final = "prometheus.password"  # noqa: S105 (the name of a property)
BEARER: Final = "prometheus.bearer.token"
CA: Final = "prometheus.ssl.ca.location"
TENANT: Final = "prometheus.tenant"
SELECT: Final = "prometheus.select"
NAMES: Final = "prometheus.names"

_API: Final = "/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What is needed to read a Prometheus, or what speaks its language. Its representation shows no secret.

    Attributes:
        url: of the server, with the path before `/api/v1` if it has one.
        username: for Basic authorization; empty for none.
        password: goes with it.
        bearer: a token for bearer authorization; empty for none.
        ca: PEM file of the authority that the server's certificate is checked against; empty for the system's.
        tenant: sent as `X-Scope-OrgID`, which Mimir tells its tenants by; empty for none.
        select: a list of label matchers that pick the cluster, as in `job="kafka"`; empty for all.
        names: name or file of the map of metric names, or several with commas; empty to recognise them.
    """

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)
    ca: str = ""
    tenant: str = ""
    select: str = ""
    names: str = ""

    def __post_init__(self) -> None:
        where = f"a login belongs into {USERNAME} and {PASSWORD}"
        checked_url(self.url, URL, example="https://host:9090", login=where, has_login=bool(self.secrets))
        object.__setattr__(self, "url", self.url.rstrip("/").removesuffix(_API))
        object.__setattr__(self, "select", matchers(self.select))
        tokens = {BEARER: self.bearer, TENANT: self.tenant}
        check_login(self.username, self.password, tokens, of=(USERNAME, PASSWORD))

    @classmethod
    def of(cls, properties: Properties) -> Access:
        """The access that a client configuration describes.

        Raises:
            ConfigurationError: it names no server, or holds what cannot be used.
        """
        values = properties.values
        if not is_named(properties):
            raise ConfigurationError(f"{properties.origin} lacks {URL}: add where Prometheus answers")
        try:
            return cls(
                url=values[URL],
                username=values.get(USERNAME, ""),
                password=values.get(PASSWORD, ""),
                bearer=values.get(BEARER, ""),
                ca=values.get(CA, ""),
                tenant=values.get(TENANT, ""),
                select=values.get(SELECT, ""),
                names=values.get(NAMES, ""),
            )
        except ConfigurationError as error:
            raise ConfigurationError(f"{properties.origin}: {error}") from None

    @property
    def host(self) -> str:
        """Host and port, for messages."""
        return urlsplit(self.url).netloc

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine."""
        return is_loopback(urlsplit(self.url).hostname or "")

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold."""
        return tuple(secret for secret in (self.password, self.bearer) if secret)

    def verification(self) -> ssl.SSLContext | bool:
        """What the server's certificate is checked against.

        Raises:
            ConfigurationError: the authority's file cannot be used.
        """
        return verification(self.ca, CA)


def is_named(properties: Properties) -> bool:
    """Whether a client configuration names a Prometheus."""
    return bool(properties.values.get(URL))
