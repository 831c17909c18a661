"""What can go wrong, as one tree.

* ClusterloadError: the root; exit code 1
    * UsageError: an invalid command line, by itself; exit code 2
    * ConfigurationError: a plan, property, limit table or file that is missing or bad; exit code 104
    * ClusterError: the Kafka cluster did not do what was asked of it
        * UnreachableError: no broker answered
        * AuthenticationError: a broker refused the login, or did not prove its identity
        * AuthorizationError: an ACL or a role is missing
    * SourceError: metrics could not be read
    * LabError: the lab's brokers did not start, run or stop
    * StoreError: a run file, or another file, could not be written or read; exit code 104
    * ConsentError: load was aimed at a cluster without a yes; exit code 104
    * ThresholdCrossedError: a threshold was crossed, or could not be checked; exit code 99
    * AbortedError: stopped before the end by a person; exit code 105

Every message is one line that says what failed, on what, and what to do.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ClusterloadError(Exception):
    """Something failed that a user can understand; `exit_code` is what the CLI ends with."""

    exit_code = 1


class UsageError(ClusterloadError):
    """An invalid command line or call."""

    exit_code = 2


class ConfigurationError(ClusterloadError):
    """A plan, property, limit table or file that cannot be used as it is."""

    exit_code = 104


class ClusterError(ClusterloadError):
    """The Kafka cluster refused or failed."""


class UnreachableError(ClusterError):
    """No broker answered at the bootstrap servers."""


class AuthenticationError(ClusterError):
    """A broker refused the login, in its own words, or did not prove its identity."""


class AuthorizationError(ClusterError):
    """The cluster keeps something from us: an ACL or a role is missing."""


class SourceError(ClusterloadError):
    """Metrics could not be read."""


class LabError(ClusterloadError):
    """The lab's brokers did not start, run or stop."""


class StoreError(ClusterloadError):
    """A run file, or another file, could not be written or read."""

    exit_code = 104


class ConsentError(ClusterloadError):
    """Load was aimed at a cluster that is not ours, without a yes."""

    exit_code = 104


class ThresholdCrossedError(ClusterloadError):
    """A run came to what it may not, or nobody can tell that it did not."""

    exit_code = 99


class AbortedError(ClusterloadError):
    """Stopped before the end by a person."""

    exit_code = 105


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt word: `; did you mean 'x'?`, or nothing when no known word is near."""
    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
