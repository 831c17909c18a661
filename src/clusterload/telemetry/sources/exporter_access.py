"""Access to exporters: with whose login, and whom to trust."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx

from clusterload.kafka.properties import Properties
from clusterload.model.errors import ConfigurationError, nearest
from clusterload.telemetry.sources.addresses import check_address
from clusterload.telemetry.sources.transport import check_login, is_loopback

PREFIX: Final = "exporter."
USERNAME: Final = "exporter.username"
PASSWORD: Final = "exporter.password"  # noqa: S105 (the name of a property)
BEARER: Final = "exporter.bearer.token"
CA: Final = "exporter.ssl.ca.location"
CERTIFICATE: Final = "exporter.ssl.certificate.location"
KEY: Final = "exporter.ssl.key.location"
KEY_PASSWORD: Final = "exporter.ssl.key.password"  # noqa: S105 (the name of a property)

_KEYS: Final = (USERNAME, PASSWORD, BEARER, CA, CERTIFICATE, KEY, KEY_PASSWORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterAccess:
    """How all exporters of a cluster are reached. Its representation shows no secret.

    Attributes:
        username: for Basic authorization; empty for none.
        password: goes with it.
        bearer: a token for bearer authorization; empty for none.
        ca: PEM file of the authorities that certificates are checked against; empty for the system's.
        certificate: PEM file of the certificate that we show; empty for none.
        key: PEM file of its key, if that is not in the same file.
        key_password: of that key, if it is encrypted.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)
    ca: str = ""
    certificate: str = ""
    key: str = ""
    key_password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        check_login(self.username, self.password, {BEARER: self.bearer}, of=(USERNAME, PASSWORD))
        if (self.key or self.key_password) and not self.certificate:
            raise ConfigurationError(f"{KEY} is of a certificate: name that in {CERTIFICATE}")

    @classmethod
    def of(cls, properties: Properties) -> ExporterAccess:
        """The access that a client configuration describes.

        Raises:
            ConfigurationError: a property of exporters is unknown, or they do not go together.
        """
        values = properties.values
        for name in values:
            own = name.removeprefix(PREFIX)
            if name.startswith(PREFIX) and name not in _KEYS and not own.isdecimal():
                raise ConfigurationError(f"{properties.origin}: unknown property {name!r}{nearest(name, _KEYS)}")
        try:
            return cls(
                username=values.get(USERNAME, ""),
                password=values.get(PASSWORD, ""),
                bearer=values.get(BEARER, ""),
                ca=values.get(CA, ""),
                certificate=values.get(CERTIFICATE, ""),
                key=values.get(KEY, ""),
                key_password=values.get(KEY_PASSWORD, ""),
            )
        except ConfigurationError as error:
            raise ConfigurationError(f"{properties.origin}: {error}") from None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold."""
        return tuple(secret for secret in (self.password, self.bearer, self.key_password) if secret)

    @property
    def auth(self) -> httpx.BasicAuth | None:
        """The login, if it is one by name and password."""
        return httpx.BasicAuth(self.username, self.password) if self.username else None

    @property
    def headers(self) -> dict[str, str]:
        """What is sent with each request."""
        return {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}

    def tls(self) -> ssl.SSLContext:
        """What certificates are checked against, with ours.

        Raises:
            ConfigurationError: a file cannot be used.
        """
        # Without a file, those of the system, or of SSL_CERT_FILE.
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"{CA}: {self.ca} cannot be read as certificates ({error}): give a PEM file"
            ) from None
        if self.certificate:
            try:
                # Without a password of ours one that is asked for must not be asked at the terminal.
                context.load_cert_chain(self.certificate, self.key or None, lambda: self.key_password)
            except (OSError, ssl.SSLError) as error:
                raise ConfigurationError(
                    f"{CERTIFICATE}: {self.certificate} with its key cannot be used ({error}): give PEM files"
                ) from None
        return context

    def checked(self, broker: str, url: str) -> str:
        """The URL of a broker's exporter, if it can be used with this login.

        Raises:
            ConfigurationError: it is malformed, holds a login, or would send ours in plain text. The URL stays out of
                the message.
        """
        check_address(url, f"exporter of broker {broker}")
        parts = urlsplit(url)
        if (self.username or self.bearer) and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ConfigurationError(
                f"exporter of broker {broker}: the login would go to {parts.hostname} in plain text; use https"
            )
        return url
