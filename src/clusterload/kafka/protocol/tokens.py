"""Tokens for OAUTHBEARER (RFC 7628): made by ourselves and unsigned, or fetched from an authorization server."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from clusterload.model.errors import AuthenticationError, ConfigurationError

if TYPE_CHECKING:
    import httpx

    from clusterload.kafka.protocol.security import ClientCredentials, Unsecured

_PATIENCE_SECONDS: Final = 20.0
_TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_RENEW_AT: Final = 0.8  # of a token's life, as librdkafka does


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Token:
    """A token, and when it was got and ends, in Unix seconds; its representation does not show it."""

    text: str
    got: float
    ends: float

    def __repr__(self) -> str:
        return f"Token(got={self.got}, ends={self.ends})"

    def due(self, now: float) -> bool:
        """Whether it is time for a new one: after four fifths of its life."""
        return now >= self.got + _RENEW_AT * (self.ends - self.got)


def unsecured_token(wanted: Unsecured, now: float) -> Token:
    """A token that nobody signed, valid from `now` (Unix seconds)."""
    ends = now + wanted.life_seconds
    claims: dict[str, Any] = {wanted.principal_claim: wanted.principal, "iat": round(now, 3), "exp": round(ends, 3)}
    if wanted.scope:
        claims[wanted.scope_claim] = wanted.scope
    return Token(text=f"{_encoded({'alg': 'none'})}.{_encoded(claims)}.", got=now, ends=ends)


def first_message(token: Token, extensions: Mapping[str, str]) -> bytes:
    """The client's only message of a login that succeeds."""
    pairs = [f"auth=Bearer {token.text}", *(f"{name}={value}" for name, value in extensions.items())]
    return ("n,,\1" + "\1".join(pairs) + "\1\1").encode()


def fetched(wanted: ClientCredentials, now: float, origin: str) -> Token:
    """A token from the authorization server. Blocks for up to some 20 seconds: call it outside an event loop.

    Raises:
        AuthenticationError: the server does not answer, refuses, or gives no token.
        ConfigurationError: the CA file cannot be read.
    """
    import httpx  # noqa: PLC0415 - 0.1 s, for the few that need it

    try:
        answer = httpx.post(
            wanted.url,
            data={"grant_type": "client_credentials"} | ({"scope": wanted.scope} if wanted.scope else {}),
            auth=(wanted.client_id, wanted.client_secret),
            headers={"Accept": "application/json"},
            follow_redirects=False,
            timeout=_PATIENCE_SECONDS,
            verify=_trusted(wanted.ca_location, origin),
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _failed(wanted, str(error) or type(error).__name__, origin) from None
    return _token(answer, wanted, now, origin)


def _token(answer: httpx.Response, wanted: ClientCredentials, now: float, origin: str) -> Token:
    try:
        said = answer.json()
    except ValueError:
        said = None
    said = said if isinstance(said, dict) else {}
    if answer.status_code != 200:  # noqa: PLR2004
        reason = said.get("error_description") or said.get("error") or ""
        raise _failed(wanted, f"HTTP {answer.status_code} {reason}".strip(), origin)
    text = said.get("access_token")
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        raise _failed(wanted, "its answer holds no access_token", origin)
    return Token(text=text, got=now, ends=_end(text, said.get("expires_in"), now))


def _end(token: str, expires_in: object, now: float) -> float:
    """When a token ends: by its own claim, else by what the server said of it, else never."""
    claim = _claims(token).get("exp")
    if isinstance(claim, int | float) and math.isfinite(claim):
        return float(claim)
    if isinstance(expires_in, int | float) and math.isfinite(expires_in):
        return now + expires_in
    return math.inf


def _claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1] if token.count(".") == 2 else ""  # noqa: PLR2004
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def _trusted(ca_location: str, origin: str) -> Any:
    import ssl  # noqa: PLC0415 - see above

    try:
        return ssl.create_default_context(cafile=ca_location) if ca_location else ssl.create_default_context()
    except OSError as error:
        raise ConfigurationError(f"{origin}: https.ca.location {ca_location} cannot be read: {error}") from None


def _failed(wanted: ClientCredentials, reason: str, origin: str) -> AuthenticationError:
    where = re.sub(r"//[^/]*@", "//", re.sub(r"[?#].*", "", wanted.url))
    said = " ".join(reason.split())[:300]
    return AuthenticationError(f"no token came from {where} ({said}): check sasl.oauthbearer.* in {origin}")


def _encoded(part: Mapping[str, Any]) -> str:
    plain = json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")
