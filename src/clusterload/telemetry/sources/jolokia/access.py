"""Access: where a broker's Jolokia answers, and whether a login may be sent there."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Final

from clusterload.model.errors import ConfigurationError
from clusterload.telemetry.sources.address import is_more_than_an_address, is_plain, parts_of

_EXAMPLE: Final = "write it as in http://broker-1:8778/jolokia"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who asks, by HTTP's Basic authentication; nobody where both are empty. Its representation shows no password."""

    username: str = ""
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if bool(self.username) != bool(self.password):
            missing = "password" if self.username else "username"
            raise ConfigurationError(f"Jolokia's login lacks the {missing}: give both, or neither")

    def __bool__(self) -> bool:
        return bool(self.username)


def endpoint(broker: str, url: str, login: Login) -> str:
    """The URL that questions are posted to.

    Raises:
        ConfigurationError: the URL cannot be used, or the login would go over the network in plain text.
    """
    # The URL itself stays out of the messages: people have put passwords into URLs.
    parts = parts_of(url)
    if parts is None:
        raise ConfigurationError(f"broker {broker}: Jolokia's address is no URL: {_EXAMPLE}")
    if is_more_than_an_address(parts):
        raise ConfigurationError(
            f"broker {broker}: Jolokia's address holds more than an address: give username and password apart from it"
        )
    if login and is_plain(parts):
        raise ConfigurationError(
            f"broker {broker}: Jolokia's password would go to {parts.hostname} in plain text; use https"
        )
    # Without the slash some servers send one on to the address with it.
    return f"{url.rstrip('/')}/"


def trust(ca_location: str) -> ssl.SSLContext | bool:
    """Whom to believe that an https address is theirs: the authorities in a PEM file, or the usual ones.

    Raises:
        ConfigurationError: the file cannot be read, or holds no certificate.
    """
    if not ca_location:
        return True
    try:
        return ssl.create_default_context(cafile=ca_location)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"authorities {ca_location} cannot be read: {error}; give a PEM file") from None
