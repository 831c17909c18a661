"""Refusals: a question that cannot be answered, with the HTTP status that says so."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from clusterload.model.errors import ClusterloadError


class RequestRefusedError(ClusterloadError):
    """A request that is refused; the message says why and what to do."""

    def __init__(self, detail: str, status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        """Refuse with a reason for people, an HTTP status and further headers."""
        super().__init__(detail)
        self.status, self.headers = status, dict(headers or {})


def envelope(status: int, detail: str) -> dict[str, Any]:
    """The contract's form of an error; the id finds this very occurrence again."""
    return {"errors": [{"id": secrets.token_hex(16), "status": str(status), "detail": detail}]}
