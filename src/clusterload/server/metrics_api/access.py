"""Who may ask: one key and its secret, made up here, sent as Basic authorization."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import string
from dataclasses import dataclass
from typing import Final, Self

_KEY_LENGTH: Final = 16
_SECRET_BYTES: Final = 48


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Credential:
    """A key and its secret; the representation shows the key only."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return f"Credential({self.key})"

    @classmethod
    def generated(cls) -> Self:
        """A new one, from the system's randomness."""
        letters = string.ascii_uppercase + string.digits
        key = "".join(secrets.choice(letters) for _ in range(_KEY_LENGTH))
        return cls(key=key, secret=secrets.token_urlsafe(_SECRET_BYTES))

    @classmethod
    def of_token(cls, token: str) -> Self | None:
        """The one that a token stands for; None if it is no token."""
        try:
            key, colon, secret = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return cls(key=key, secret=secret) if colon and key and secret else None

    @property
    def token(self) -> str:
        """What stands after `Basic` in the authorization."""
        return base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()

    def admits(self, authorization: str) -> bool:
        """Whether an Authorization header carries this credential; takes as long for a near miss as for any."""
        scheme, _, given = authorization.partition(" ")
        right = hmac.compare_digest(given.strip().encode(), self.token.encode())
        return right and scheme.lower() == "basic"
