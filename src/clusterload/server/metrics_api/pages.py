"""Pages: tokens that say where the next page begins, good for one question and a short time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

import msgspec

from clusterload.server.metrics_api.refusal import RequestRefusedError

LIFETIME_SECONDS: Final = 600.0
"""How long a token is good."""

_DIGEST: Final = 16
Place = int | float | str


class Page(msgspec.Struct, frozen=True):
    """What a token holds.

    Attributes:
        after: where the page before ended.
        now: Unix seconds at which the first page was asked for; what `now` means on all of them.
        issued: Unix seconds.
    """

    after: list[Place]
    now: float
    issued: float


@dataclass(frozen=True, slots=True)
class Pages:
    """Issues tokens and takes them back; those of another process are foreign."""

    lifetime: float = LIFETIME_SECONDS
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def token(self, question: bytes, page: Page) -> str:
        """A token for the page of `question` that comes after."""
        content = msgspec.json.encode(page)
        return base64.urlsafe_b64encode(self._signature(question, content) + content).decode().rstrip("=")

    def page(self, question: bytes, token: str, now: float) -> Page:
        """The page that a token stands for.

        Raises:
            RequestRefusedError: the token was not issued here, is for another question, or has expired.
        """
        try:
            plain = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            plain = b""
        signature, content = plain[:_DIGEST], plain[_DIGEST:]
        if not hmac.compare_digest(signature, self._signature(question, content)):
            raise RequestRefusedError(
                "the page_token is not for this request: send the first page's body, or leave the token out"
            )
        page = msgspec.json.decode(content, type=Page)
        if now - page.issued > self.lifetime:
            raise RequestRefusedError(
                f"the page_token has expired after {self.lifetime / 60:.0f} minutes: ask again without it"
            )
        return page

    def _signature(self, question: bytes, content: bytes) -> bytes:
        return hmac.digest(self._key, hashlib.sha256(question).digest() + content, "sha256")[:_DIGEST]
