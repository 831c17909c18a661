"""Faults of a plan: what is broken on purpose during a load, and when."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is broken on purpose during a load, and undone again.

    Attributes:
        do: `kill`, `stop`, `pause`, `restart` or `move-leader`.
        at: seconds into the load.
        lasts: seconds until it is undone; None is until the end of the load.
        broker: whom it hits, for all but `move-leader`.
        topic: whose leader moves.
        partition: whose leader moves.
        to: the broker that it moves to; None is any other one that is in sync.
    """

    do: str
    at: float = 0.0
    lasts: float | None = None
    broker: int | None = None
    topic: str | None = None
    partition: int | None = None
    to: int | None = None
