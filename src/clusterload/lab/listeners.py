"""Listeners for clients besides the plain one: their properties, and the keys and the password that secure them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.model.errors import LabError, UsageError, nearest
from clusterload.model.paths import write_private

if TYPE_CHECKING:
    from pathlib import Path

    import trustme

PROTOCOLS: Final[Mapping[str, str]] = {
    "SSL": "SSL",
    "MTLS": "SSL",
    "SASL_SSL": "SASL_SSL",
    "SASL_PLAINTEXT": "SASL_PLAINTEXT",
}
"""The security protocol of each listener that a lab can have, by the name that it is asked for."""
HOST: Final = "127.0.0.1"
"""Where all of a lab listens."""
USER: Final = "lab"
"""Who every client is that shows who it is: by password, token or certificate."""
_MECHANISMS: Final = {"SASL_SSL": "PLAIN", "SASL_PLAINTEXT": "SCRAM-SHA-512"}
_MODULES: Final = "org.apache.kafka.common.security"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Keys:
    """What the listeners of one lab are secured with; the representation shows no password.

    Attributes:
        ca: the certificate of the lab's own authority (PEM).
        server: the brokers' certificate and key (PEM).
        client: the certificate and key of `USER` (PEM).
        password: of `USER`.
    """

    ca: Path
    server: Path
    client: Path
    password: str

    def __repr__(self) -> str:
        return f"Keys({self.ca})"


def chosen(names: Iterable[str]) -> tuple[str, ...]:
    """The listeners that are asked for, each once, in the order of `PROTOCOLS`.

    Raises:
        UsageError: a listener that does not exist.
    """
    asked = {name.upper().replace("-", "_") for name in names}
    for name in sorted(asked - PROTOCOLS.keys()):
        raise UsageError(f"no listener {name!r}{nearest(name, PROTOCOLS)}; known: {', '.join(PROTOCOLS)}")
    return tuple(name for name in PROTOCOLS if name in asked)


def listener_name(name: str) -> str:
    """What the brokers, and so their metrics, call a listener."""
    return f"CLIENT_{name}"


def file_name(name: str) -> str:
    """The name of the file with which clients reach a listener."""
    return f"client-{name.lower().replace('_', '-')}.properties"


def broker_settings(names: Iterable[str], keys: Keys) -> dict[str, str]:
    """What a broker is told about these listeners, apart from their addresses."""
    return {
        f"listener.name.{listener_name(name).lower()}.{key}": value
        for name in names
        for key, value in _settings(name, keys).items()
    }


def _settings(name: str, keys: Keys) -> dict[str, str]:
    settings: dict[str, str] = {}
    if PROTOCOLS[name].endswith("SSL"):
        settings |= {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(keys.server)}
    if name == "MTLS":
        settings |= {
            "ssl.client.auth": "required",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(keys.ca),
            "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/",
        }
    if PROTOCOLS[name].startswith("SASL"):
        settings |= _logins(keys.password)
    return settings


def _logins(password: str) -> dict[str, str]:
    modules = {
        "PLAIN": f'plain.PlainLoginModule required user_{USER}="{password}"',
        "SCRAM-SHA-256": "scram.ScramLoginModule required",
        "SCRAM-SHA-512": "scram.ScramLoginModule required",
        "OAUTHBEARER": f'oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="{USER}"',
    }
    jaas = {f"{each.lower()}.sasl.jaas.config": f"{_MODULES}.{module};" for each, module in modules.items()}
    return {"sasl.enabled.mechanisms": ",".join(modules), **jaas}


def client_properties(name: str, servers: str, keys: Keys) -> dict[str, str]:
    """What a client needs to reach a listener at `servers`, by librdkafka's names.

    A SASL listener takes all mechanisms with the same user and password; a client may set another one.
    """
    protocol = PROTOCOLS[name]
    properties = {"bootstrap.servers": servers, "security.protocol": protocol}
    if protocol.endswith("SSL"):
        properties["ssl.ca.location"] = str(keys.ca)
    if name == "MTLS":
        properties |= {"ssl.certificate.location": str(keys.client), "ssl.key.location": str(keys.client)}
    if protocol.startswith("SASL"):
        properties |= {
            "sasl.mechanism": _MECHANISMS[name],
            "sasl.username": USER,
            "sasl.password": keys.password,
            "enable.sasl.oauthbearer.unsecure.jwt": "true",
            "sasl.oauthbearer.config": f"principal={USER}",
        }
    return properties


def make_keys(folder: Path) -> Keys:
    """Keys for a lab, their files in `folder`, readable by their owner only.

    Raises:
        LabError: the package trustme is not installed.
    """
    try:
        from trustme import CA  # noqa: PLC0415 - of the extra `lab`, and slow
    except ImportError:
        raise LabError(
            "the lab's listeners need certificates, and the package trustme that makes them is not installed; "
            "install it with: pip install 'clusterload[lab]'"
        ) from None
    authority = CA(organization_name="clusterload lab")
    keys = Keys(
        ca=folder / "ca.pem",
        server=folder / "server.pem",
        client=folder / "client.pem",
        password=secrets.token_urlsafe(24),
    )
    write_private(keys.ca, authority.cert_pem.bytes().decode())
    write_private(keys.server, _pem(authority.issue_cert(HOST, "localhost")))
    write_private(keys.client, _pem(authority.issue_cert(USER, common_name=USER)))
    return keys


def _pem(issued: trustme.LeafCert) -> str:
    """Key and certificates in one; Kafka reads a key in PKCS #8 only."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - comes with trustme

    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), password=None).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return b"".join([key, *(each.bytes() for each in issued.cert_chain_pems)]).decode()
