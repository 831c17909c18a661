"""SCRAM users that a cluster has from its first moment: records in the bootstrap checkpoint, as StorageTool puts them.

A user that is added after the start is known to the other brokers a little later only, and a client might be refused
until then.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import crc32c

_ITERATIONS: Final = 4096
_HASHES: Final = {1: "sha256", 2: "sha512"}  # by Kafka's numbers of the mechanisms
_HEADER: Final = 61  # bytes before the records of a batch
_USER_SCRAM_CREDENTIAL: Final = b"\x01\x0b\x00"  # frame version, key and version of the metadata record


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Credential:
    """What a cluster stores of a user's password for one mechanism (1: SCRAM-SHA-256, 2: SCRAM-SHA-512)."""

    user: str
    mechanism: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    def as_record(self) -> bytes:
        """The metadata record, version 0."""
        return b"".join(
            [
                _USER_SCRAM_CREDENTIAL,
                _compact(self.user.encode()),
                bytes([self.mechanism]),
                *map(_compact, (self.salt, self.stored_key, self.server_key)),
                struct.pack(">i", _ITERATIONS),
                b"\0",  # no tagged fields
            ]
        )


def credentials(user: str, password: str, salt: bytes | None = None) -> list[Credential]:
    """What a cluster stores for each mechanism; the salt is random unless it is given."""
    return [_credential(user, password, number, salt or secrets.token_bytes(24)) for number in _HASHES]


def _credential(user: str, password: str, mechanism: int, salt: bytes) -> Credential:
    digest = _HASHES[mechanism]
    salted = hashlib.pbkdf2_hmac(digest, password.encode(), salt, _ITERATIONS)
    client = hmac.digest(salted, b"Client Key", digest)
    return Credential(
        user=user,
        mechanism=mechanism,
        salt=salt,
        stored_key=hashlib.new(digest, client).digest(),
        server_key=hmac.digest(salted, b"Server Key", digest),
    )


def with_users(checkpoint: bytes, added: Sequence[Credential]) -> bytes:
    """A bootstrap checkpoint (a header, a batch of records, a footer) with these users too."""
    header, records, footer = _batches(checkpoint)
    first = int.from_bytes(records[57:_HEADER])
    more = b"".join(_record(first + number, each.as_record()) for number, each in enumerate(added))
    count = first + len(added)
    grown = bytearray(records + more)
    struct.pack_into(">i", grown, 8, len(grown) - 12)
    struct.pack_into(">i", grown, 23, count - 1)
    struct.pack_into(">i", grown, 57, count)
    struct.pack_into(">I", grown, 17, crc32c.crc32c(bytes(grown[21:])))
    moved = struct.pack(">q", int.from_bytes(footer[:8]) + len(added)) + footer[8:]
    return header + bytes(grown) + moved


def _batches(content: bytes) -> list[bytes]:
    found = []
    while content:
        end = 12 + int.from_bytes(content[8:12])
        found.append(content[:end])
        content = content[end:]
    return found


def _record(offset: int, value: bytes) -> bytes:
    """A record of a batch: no attributes, no time of its own, no key, no headers."""
    body = b"\0\0" + _signed(offset) + _signed(-1) + _signed(len(value)) + value + b"\0"
    return _signed(len(body)) + body


def _compact(content: bytes) -> bytes:
    return _varint(len(content) + 1) + content


def _signed(number: int) -> bytes:
    return _varint(number << 1 if number >= 0 else (-number << 1) - 1)


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:  # noqa: PLR2004
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])
