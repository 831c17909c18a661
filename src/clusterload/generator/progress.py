"""What an engine reports while it runs, and when it ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from clusterload.model.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadProgress:
    """A look at one Load while it runs.

    Attributes:
        ledger: its account so far.
        figures: what dials came to in the last second, by dial.
        p50: median latency in the last second from the due time, microseconds; NaN if unknown.
        p99: its 99th percentile.
        latencies: by kind (`due`, `sent`, `delay`, `end_to_end`) the last seconds that are over, counted as text.
    """

    ledger: Ledger
    figures: Mapping[str, float] = field(default_factory=dict)
    p50: float = math.nan
    p99: float = math.nan
    latencies: Mapping[str, Mapping[int, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A look at a running load.

    Attributes:
        elapsed: seconds since its start.
        duration: seconds that it is to last.
        ledger: the account of all Loads so far; what is under way has no fate yet.
        loads: each Load by itself.
    """

    elapsed: float
    duration: float
    ledger: Ledger
    loads: tuple[LoadProgress, ...] = ()

    @property
    def rate(self) -> float:
        """Acknowledged records a second since the start."""
        return self.ledger.acknowledged / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def left(self) -> float:
        """Seconds until its end."""
        return max(0.0, self.duration - self.elapsed)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedLoad:
    """A load that was made.

    Attributes:
        start: Unix nanoseconds at which it began.
        end: Unix nanoseconds at which it ended.
        ledgers: its accounts.
        complete: whether it was made to its end.
        extra_offsets: by Load how many offsets its transactions took at most besides records that were acknowledged
            or are unknown: each transaction ends with a marker in every partition that it touched, and what was
            aborted stays there too.
    """

    start: int
    end: int
    ledgers: tuple[Ledger, ...]
    complete: bool = True
    extra_offsets: Mapping[str, int] = field(default_factory=dict)


OnProgress = Callable[[Progress], None]
