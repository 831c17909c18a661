"""Kafka's error codes, and what a producer makes of them.

From Kafka's `Errors` and what a leader does before it answers: with acks=all it appends first and waits, so an
error that ends the wait (a timeout, too few replicas, a leader that stepped down) leaves the record stored,
perhaps. With acks=1 the leader is checked before the append, and the same error is a clean refusal.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

ERRORS: Final = {
    -1: "UNKNOWN_SERVER_ERROR",
    1: "OFFSET_OUT_OF_RANGE",
    2: "CORRUPT_MESSAGE",
    3: "UNKNOWN_TOPIC_OR_PARTITION",
    5: "LEADER_NOT_AVAILABLE",
    6: "NOT_LEADER_OR_FOLLOWER",
    7: "REQUEST_TIMED_OUT",
    8: "BROKER_NOT_AVAILABLE",
    9: "REPLICA_NOT_AVAILABLE",
    10: "MESSAGE_TOO_LARGE",
    12: "OFFSET_METADATA_TOO_LARGE",
    13: "NETWORK_EXCEPTION",
    14: "COORDINATOR_LOAD_IN_PROGRESS",
    15: "COORDINATOR_NOT_AVAILABLE",
    16: "NOT_COORDINATOR",
    17: "INVALID_TOPIC_EXCEPTION",
    18: "RECORD_LIST_TOO_LARGE",
    19: "NOT_ENOUGH_REPLICAS",
    20: "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
    22: "ILLEGAL_GENERATION",
    24: "INVALID_GROUP_ID",
    25: "UNKNOWN_MEMBER_ID",
    28: "INVALID_COMMIT_OFFSET_SIZE",
    29: "TOPIC_AUTHORIZATION_FAILED",
    30: "GROUP_AUTHORIZATION_FAILED",
    31: "CLUSTER_AUTHORIZATION_FAILED",
    32: "INVALID_TIMESTAMP",
    35: "UNSUPPORTED_VERSION",
    41: "NOT_CONTROLLER",
    42: "INVALID_REQUEST",
    43: "UNSUPPORTED_FOR_MESSAGE_FORMAT",
    44: "POLICY_VIOLATION",
    45: "OUT_OF_ORDER_SEQUENCE_NUMBER",
    46: "DUPLICATE_SEQUENCE_NUMBER",
    47: "INVALID_PRODUCER_EPOCH",
    51: "CONCURRENT_TRANSACTIONS",
    56: "KAFKA_STORAGE_ERROR",
    59: "UNKNOWN_PRODUCER_ID",
    69: "GROUP_ID_NOT_FOUND",
    74: "FENCED_LEADER_EPOCH",
    75: "UNKNOWN_LEADER_EPOCH",
    76: "UNSUPPORTED_COMPRESSION_TYPE",
    78: "OFFSET_NOT_AVAILABLE",
    87: "INVALID_RECORD",
    89: "THROTTLING_QUOTA_EXCEEDED",
}

LEADERS_MOVED: Final = frozenset({3, 5, 6, 8, 9, 13, 56, 74, 75})
"""Errors after which the routes may be old."""

COORDINATOR_BUSY: Final = frozenset({14, 15})
"""Errors of a coordinator that is just getting ready."""

COORDINATOR_LOADS: Final = 14
"""A coordinator that reads its groups and will answer soon."""

COORDINATOR_MOVED: Final = frozenset({15, 16})
"""Errors after which a group's coordinator must be found again."""

OUT_OF_RANGE: Final = 1

DUPLICATE: Final = 46

_RETRIABLE: Final = LEADERS_MOVED | {2, 7, 14, 15, 16, 19, 20, 78, 89}
"""Retriable errors."""
_MAYBE_STORED: Final = frozenset({-1, 7, 13, 20, 56})
_MAYBE_STORED_WITH_ALL: Final = frozenset({3, 6, 74, 75})
_OUT_OF_ORDER: Final = 45


class ProduceOutcome(Enum):
    """What a producer makes of an error."""

    RETRY = auto()
    """Retry: it is not stored, or a second copy would be recognised."""
    FAILED = auto()
    """Refused for good."""
    UNKNOWN = auto()
    """Stored or not: unknown."""


def error_name(code: int) -> str:
    """An error's name as Kafka spells it."""
    return ERRORS.get(code, f"ERROR_{code}")


def maybe_stored(code: int, *, acks_all: bool) -> bool:
    """Whether a record that was answered with this error may be stored all the same."""
    return code in _MAYBE_STORED or (acks_all and code in _MAYBE_STORED_WITH_ALL)


def produce_outcome(code: int, *, acks_all: bool, idempotent: bool, retries_left: bool) -> ProduceOutcome:
    """What to do about an answer with this error."""
    retriable = code in _RETRIABLE or (idempotent and code == _OUT_OF_ORDER)
    stored = maybe_stored(code, acks_all=acks_all)
    if retriable and retries_left and (idempotent or code not in _MAYBE_STORED):
        return ProduceOutcome.RETRY
    return ProduceOutcome.UNKNOWN if stored else ProduceOutcome.FAILED
