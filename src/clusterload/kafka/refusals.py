"""What brokers say by an error code, as errors of ours."""

from __future__ import annotations

from typing import Final

from kio.schema.errors import ErrorCode

from clusterload.model.errors import AuthorizationError, ClusterError

_FORBIDDEN: Final = {
    ErrorCode.topic_authorization_failed,
    ErrorCode.group_authorization_failed,
    ErrorCode.cluster_authorization_failed,
}


def refusal(code: ErrorCode, what: str) -> ClusterError:
    """Why `what` was refused: NotAllowed where a right is missing."""
    if code in _FORBIDDEN:
        return AuthorizationError(f"{what}: {code.name.upper()}; see docs/privileges.md")
    return ClusterError(f"{what}: {code.name.upper()}{'; try again' if code.retriable else ''}")
