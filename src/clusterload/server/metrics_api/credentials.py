"""What a request must carry, and where that and a cluster's history are kept."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from clusterload.kafka.properties import Properties
from clusterload.model.errors import ConfigurationError
from clusterload.model.paths import state_dir, write_private

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
        """The one that a token stands for; None if it is not a token."""
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


_MARK = "# Written by 'clusterload serve'; rewritten at each start, with the same token. Append it to your own.\n"
_TOKEN = "confluent.cloud_api_token"  # noqa: S105 (a property's name)


def history_of(cluster_id: str) -> Path:
    """Where the history of a cluster is kept by default."""
    return _folder() / f"{cluster_id}.history"


def properties_of(cluster_id: str) -> Path:
    """Where clients find how to ask for a cluster, by default."""
    return _folder() / f"{cluster_id}.properties"


def credential_in(path: Path) -> Credential:
    """The credential that such a file has, so that clients keep theirs when serving starts again; else a new one.

    Raises:
        ConfigurationError: the file is not ours, or others can read it, so that its token is not secret.
    """
    if not path.exists():
        return Credential.generated()
    properties = Properties.read(path)
    if not path.read_text(encoding="utf-8").startswith(_MARK.partition(";")[0]):
        raise ConfigurationError(f"{path} was not written by 'clusterload serve': name another file with --properties")
    if path.stat().st_mode & 0o077:
        raise ConfigurationError(f"{path} can be read by others: remove it, or make it yours alone (chmod 600)")
    return Credential.of_token(properties.values.get(_TOKEN, "")) or Credential.generated()


def write_properties(path: Path, properties: str) -> None:
    """Write what clients need to ask into a file that only its owner can read.

    Raises:
        ConfigurationError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, _MARK + properties)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}; name another --properties") from None


def _folder() -> Path:
    return state_dir() / "metrics-api"
