"""How a connection is secured: plain values that a worker can be sent, read from a client's properties."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from clusterload.model.errors import ConfigurationError

if TYPE_CHECKING:
    from clusterload.kafka.properties import Properties

MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
# Python's ssl cannot set these; to leave them out in silence would make another handshake than was asked for.
_BEYOND_US: Final = ("ssl.curves.list", "ssl.sigalgs.list")
_LONGEST_LIFE: Final = 2**31 - 1  # seconds, as librdkafka has it


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Tls:
    """What TLS needs; empty text is "not set".

    Attributes:
        ca_location: a file or directory of trusted certificates; with neither this nor `ca_pem` the system's.
        ca_pem: trusted certificates as PEM.
        certificate_location: a file with the client's certificate (PEM).
        certificate_pem: the client's certificate as PEM.
        key_location: a file with the client's private key (PEM).
        key_pem: the client's private key as PEM.
        key_password: of the private key.
        keystore_location: a PKCS12 file with the client's certificate and key.
        keystore_password: of that file.
        crl_location: a file with revoked certificates.
        cipher_suites: OpenSSL's list of ciphers up to TLS 1.2.
        verify: whether the broker's certificate is checked.
        check_host: whether the broker's name must stand in its certificate.
    """

    ca_location: str = ""
    ca_pem: str = ""
    certificate_location: str = ""
    certificate_pem: str = ""
    key_location: str = ""
    key_pem: str = ""
    key_password: str = ""
    keystore_location: str = ""
    keystore_password: str = ""
    crl_location: str = ""
    cipher_suites: str = ""
    verify: bool = True
    check_host: bool = True

    def __repr__(self) -> str:
        return f"Tls(verify={self.verify}, check_host={self.check_host})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Unsecured:
    """A token that we make ourselves and nobody signs, for tests: librdkafka's `sasl.oauthbearer.config`."""

    principal: str
    principal_claim: str = "sub"
    scope_claim: str = "scope"
    scope: tuple[str, ...] = ()
    life_seconds: int = 3600
    extensions: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "Unsecured()"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ClientCredentials:
    """A token from an authorization server, for a client's id and secret."""

    url: str
    client_id: str
    client_secret: str
    scope: str = ""
    extensions: Mapping[str, str] = field(default_factory=dict)
    ca_location: str = ""

    def __repr__(self) -> str:
        return "ClientCredentials()"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Security:
    """How a connection is secured; picklable, and its representation shows no secret.

    Attributes:
        protocol: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
        tls: what TLS needs; None without it.
        mechanism: of the login; empty without one.
        user: who logs in, for PLAIN and SCRAM.
        password: of the user.
        token: where the token of OAUTHBEARER comes from.
        origin: where the properties came from, for messages.
    """

    protocol: str = "PLAINTEXT"
    tls: Tls | None = None
    mechanism: str = ""
    user: str = ""
    password: str = ""
    token: Unsecured | ClientCredentials | None = None
    origin: str = "the command line"

    def __repr__(self) -> str:
        return f"Security(protocol={self.protocol!r}, mechanism={self.mechanism!r})"


def security_of(properties: Properties) -> Security:
    """The security that a client's properties (librdkafka's or Java's names) ask for.

    Raises:
        ConfigurationError: a value is none that there is, something is missing, or it is beyond this engine.
    """
    own, origin = properties.client("*"), properties.origin
    protocol = own.get("security.protocol", "PLAINTEXT").upper()
    if protocol not in _PROTOCOLS:
        raise ConfigurationError(f"{origin}: security.protocol must be one of {', '.join(_PROTOCOLS)}")
    tls = _tls(own, origin) if protocol.endswith("SSL") else None
    if not protocol.startswith("SASL"):
        return Security(protocol=protocol, tls=tls, origin=origin)
    mechanism = own.get("sasl.mechanism", own.get("sasl.mechanisms", "GSSAPI")).upper()
    if mechanism not in MECHANISMS:
        raise ConfigurationError(
            f"{origin}: the wire engine and questions to brokers cannot log in by {mechanism}: set sasl.mechanism to "
            f"one of {', '.join(MECHANISMS)}, or, for a load, use the engine 'client'"
        )
    if mechanism == "OAUTHBEARER":
        return Security(protocol=protocol, tls=tls, mechanism=mechanism, token=_token(own, origin), origin=origin)
    user, password = (_required(own, name, origin) for name in ("sasl.username", "sasl.password"))
    if "\0" in user + password:
        raise ConfigurationError(f"{origin}: sasl.username and sasl.password cannot contain a NUL")
    return Security(protocol=protocol, tls=tls, mechanism=mechanism, user=user, password=password, origin=origin)


def _required(own: Mapping[str, str], name: str, origin: str) -> str:
    if not (value := own.get(name, "")):
        raise ConfigurationError(f"{origin}: {name} is missing: the login needs it")
    return value


def _tls(own: Mapping[str, str], origin: str) -> Tls:
    for name in _BEYOND_US:
        if own.get(name):
            raise ConfigurationError(f"{origin}: the wire engine cannot set {name}: remove it")
    ca_location = own.get("ssl.ca.location", "")
    return Tls(
        ca_location="" if ca_location == "probe" else ca_location,
        ca_pem=own.get("ssl.ca.pem", ""),
        certificate_location=own.get("ssl.certificate.location", ""),
        certificate_pem=own.get("ssl.certificate.pem", ""),
        key_location=own.get("ssl.key.location", ""),
        key_pem=own.get("ssl.key.pem", ""),
        key_password=own.get("ssl.key.password", ""),
        keystore_location=own.get("ssl.keystore.location", ""),
        keystore_password=own.get("ssl.keystore.password", ""),
        crl_location=own.get("ssl.crl.location", ""),
        cipher_suites=own.get("ssl.cipher.suites", ""),
        verify=_yes(own, "enable.ssl.certificate.verification", default=True, origin=origin),
        check_host=own.get("ssl.endpoint.identification.algorithm", "https").lower() != "none",
    )


def _yes(own: Mapping[str, str], name: str, *, default: bool, origin: str) -> bool:
    value = own.get(name, str(default)).lower()
    if value not in {"true", "false"}:
        raise ConfigurationError(f"{origin}: {name} must be true or false")
    return value == "true"


def _token(own: Mapping[str, str], origin: str) -> Unsecured | ClientCredentials:
    if own.get("sasl.oauthbearer.method", "default").lower() == "oidc":
        return _client_credentials(own, origin)
    if not _yes(own, "enable.sasl.oauthbearer.unsecure.jwt", default=False, origin=origin):
        raise ConfigurationError(
            f"{origin}: OAUTHBEARER needs sasl.oauthbearer.method=oidc with its client and token endpoint, or, for "
            "tests, enable.sasl.oauthbearer.unsecure.jwt=true with sasl.oauthbearer.config"
        )
    return _unsecured(own.get("sasl.oauthbearer.config", ""), origin)


def _client_credentials(own: Mapping[str, str], origin: str) -> ClientCredentials:
    grant = own.get("sasl.oauthbearer.grant.type", "client_credentials")
    metadata = own.get("sasl.oauthbearer.metadata.authentication.type", "none")
    if grant != "client_credentials" or metadata != "none":
        raise ConfigurationError(
            f"{origin}: the wire engine gets tokens by client_credentials only: remove sasl.oauthbearer.grant.type and "
            "sasl.oauthbearer.metadata.authentication.type, or use the engine 'client'"
        )
    own = {name.replace("client.credentials.client", "client"): value for name, value in own.items()}
    url = _required(own, "sasl.oauthbearer.token.endpoint.url", origin)
    if not url.startswith(("https://", "http://")):
        raise ConfigurationError(f"{origin}: sasl.oauthbearer.token.endpoint.url must begin with https://")
    pairs = filter(None, own.get("sasl.oauthbearer.extensions", "").split(","))
    return ClientCredentials(
        url=url,
        client_id=_required(own, "sasl.oauthbearer.client.id", origin),
        client_secret=_required(own, "sasl.oauthbearer.client.secret", origin),
        scope=own.get("sasl.oauthbearer.scope", ""),
        extensions=dict(_extension(pair.strip(), "sasl.oauthbearer.extensions", origin) for pair in pairs),
        ca_location=own.get("https.ca.location", ""),
    )


def _unsecured(config: str, origin: str) -> Unsecured:
    values: dict[str, str] = {}
    extensions: dict[str, str] = {}
    for word in config.split():
        name, _, value = word.partition("=")
        if name.startswith("extension_"):
            extensions.update([_extension(word.removeprefix("extension_"), "sasl.oauthbearer.config", origin)])
        elif name not in {"principal", "principalClaimName", "scope", "scopeClaimName", "lifeSeconds"} or not value:
            raise ConfigurationError(
                f"{origin}: sasl.oauthbearer.config takes principal=, principalClaimName=, scope=, scopeClaimName=, "
                "lifeSeconds= and extension_NAME=, each with a value"
            )
        else:
            values[name] = value
    life = values.get("lifeSeconds", "3600")
    if not re.fullmatch(r"[0-9]{1,10}", life) or not 0 < int(life) <= _LONGEST_LIFE:
        raise ConfigurationError(f"{origin}: lifeSeconds of sasl.oauthbearer.config must be whole seconds above 0")
    return Unsecured(
        principal=_required(values, "principal", f"{origin}, sasl.oauthbearer.config"),
        principal_claim=values.get("principalClaimName", "sub"),
        scope_claim=values.get("scopeClaimName", "scope"),
        scope=tuple(filter(None, values.get("scope", "").split(","))),
        life_seconds=int(life),
        extensions=extensions,
    )


def _extension(pair: str, where: str, origin: str) -> tuple[str, str]:
    """A name and value that RFC 7628 allows in the login message."""
    name, equals, value = pair.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z]+", name) or name == "auth" or not re.fullmatch(r"[\t -~]*", value):
        raise ConfigurationError(f"{origin}: an extension in {where} must be NAME=VALUE, the name of letters only")
    return name, value
