"""SCRAM (RFC 5802, RFC 7677) as a client speaks it: proves to know the password, and has the server prove it too."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from functools import lru_cache
from typing import Final

HASHES: Final = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
FEWEST_ITERATIONS: Final = 4096
"""Fewer would make a stolen answer easy to guess the password from; Kafka's own client refuses them too."""
MOST_ITERATIONS: Final = 1_000_000
"""More would let a server keep the client busy for seconds at each login."""

_FIRST: Final = re.compile(r"r=([!-+\--~]+),s=([A-Za-z0-9+/=]+),i=([1-9][0-9]{0,9})(?:,.*)?")
_FINAL: Final = re.compile(r"v=([A-Za-z0-9+/=]+)(?:,.*)?")
_NO_CHANNEL_BINDING: Final = b"n,,"


class ScramError(Exception):
    """The server's message is malformed, or it does not know the password; says why in one line."""


def escaped(user: str) -> str:
    """A user's name as it stands in a SCRAM message."""
    return user.replace("=", "=3D").replace(",", "=2C")


@lru_cache(maxsize=64)
def _keys(digest: str, password: str, salt: bytes, iterations: int) -> tuple[bytes, bytes]:
    """The client's and the server's key.

    They are remembered, as RFC 5802 allows, so that the thousandth connection of a worker does not pay again for
    what was made slow on purpose.
    """
    salted = hashlib.pbkdf2_hmac(digest, password.encode(), salt, iterations)
    return hmac.digest(salted, b"Client Key", digest), hmac.digest(salted, b"Server Key", digest)


class Scram:
    """One login.

    Args:
        digest: the hash function, by hashlib's name.
        user: who logs in.
        password: of the user.
        nonce: printable ASCII without a comma, never used before.
    """

    def __init__(self, digest: str, user: str, password: str, nonce: str) -> None:
        self._digest, self._password, self._nonce = digest, password, nonce
        self._first_bare = f"n={escaped(user)},r={nonce}".encode()
        self._expected = b""

    def first(self) -> bytes:
        """The client's first message."""
        return _NO_CHANNEL_BINDING + self._first_bare

    def final(self, server_first: bytes) -> bytes:
        """The client's answer to the server's first message.

        Raises:
            ScramError: the message is malformed, has another nonce, or asks for too few or too many iterations.
        """
        nonce, salt, iterations = self._challenge(server_first)
        client, server = _keys(self._digest, self._password, salt, iterations)
        without_proof = b"c=" + base64.b64encode(_NO_CHANNEL_BINDING) + b",r=" + nonce.encode()
        message = b",".join((self._first_bare, server_first, without_proof))
        signature = hmac.digest(hashlib.new(self._digest, client).digest(), message, self._digest)
        self._expected = hmac.digest(server, message, self._digest)
        proof = bytes(a ^ b for a, b in zip(client, signature, strict=True))
        return without_proof + b",p=" + base64.b64encode(proof)

    def verify(self, server_final: bytes) -> None:
        """See that the server knows the password too.

        Raises:
            ScramError: it says why it refused, or its signature is wrong.
        """
        text = _text(server_final)
        found = _FINAL.fullmatch(text)
        if found is None:
            raise ScramError(_said(text))
        if not self._expected or not hmac.compare_digest(_decoded(found[1]), self._expected):
            raise ScramError("SCRAM server signature mismatch")

    def _challenge(self, server_first: bytes) -> tuple[str, bytes, int]:
        text = _text(server_first)
        found = _FIRST.fullmatch(text)
        if found is None:
            raise ScramError(_said(text))
        nonce, salt, iterations = found[1], _decoded(found[2]), int(found[3])
        if not nonce.startswith(self._nonce) or nonce == self._nonce:
            raise ScramError("its nonce does not continue ours")
        if not FEWEST_ITERATIONS <= iterations <= MOST_ITERATIONS:
            raise ScramError(
                f"it asks for {iterations:,} iterations, and only {FEWEST_ITERATIONS:,} to {MOST_ITERATIONS:,} are safe"
            )
        return nonce, salt, iterations


def _text(message: bytes) -> str:
    try:
        return message.decode()
    except UnicodeDecodeError:
        return ""


def _said(text: str) -> str:
    """What is wrong with a message: the server's own error if it is one."""
    return text[2:].partition(",")[0] if text.startswith("e=") else "its SCRAM message is malformed"


def _decoded(text: str) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except binascii.Error:
        decoded = b""
    if not decoded:
        raise ScramError("its SCRAM message is malformed")
    return decoded
