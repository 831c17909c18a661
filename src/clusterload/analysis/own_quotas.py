"""Own quotas: what our temporary quotas did to a cluster, and leave behind for a while.

A run's environment names them (`own_quotas`, written by `workflow.temporary_quota.traces`). While one holds, brokers
publish figures of each client (docs/bill.md), and throttle whom it is for; throttle times linger after it is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.model.series import SECOND

if TYPE_CHECKING:
    from clusterload.model.run import Run
    from clusterload.model.series import Series

LINGER_SECONDS: Final = 120.0
"""How long after a quota is gone brokers still tell of throttling: seen for 100 s after `experiment --remove`."""

UNLOCK_PREFIX: Final = "clusterload-unlock-"
"""What the made-up client ids, and users, begin with whose quota makes brokers tell of every client."""

_THROTTLE: Final = frozenset({"produce_throttle_time", "fetch_throttle_time", "request_throttle_time"})
_USER: Final = "User:"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnQuota:
    """A temporary quota of ours.

    Attributes:
        client: the client id that it was for; empty if for none.
        user: the user that it was for, without `User:`; empty if for none.
        start: Unix nanoseconds at which it was set.
        end: when it was removed; None if it held when the run ended.
    """

    client: str
    user: str
    start: int
    end: int | None

    def is_of(self, labels: Mapping[str, str]) -> bool:
        """Whether figures with these labels are of whom it was for."""
        client, user = labels.get("client", ""), labels.get("principal", "").removeprefix(_USER)
        wanted = ((self.client, client), (self.user, user))
        return any(own for own, _ in wanted) and all(own in {"", seen} for own, seen in wanted)

    @property
    def unlocks(self) -> bool:
        """Whether it was set on nobody, so that brokers tell of every client."""
        return (self.client or self.user).startswith(UNLOCK_PREFIX)

    def throughout(self, start: int, end: int) -> bool:
        """Whether it held all the time between two times, in Unix nanoseconds."""
        return self.start <= start and (self.end is None or self.end >= end)


def own_quotas(run: Run) -> tuple[OwnQuota, ...]:
    """The temporary quotas of ours that a run was made under, or at most an hour after; none in an old run."""
    return tuple(
        OwnQuota(
            client=str(given["entity"].get("client-id", "")),
            user=str(given["entity"].get("user", "")),
            start=int(given["start"]),
            end=None if given["end"] is None else int(given["end"]),
        )
        for given in run.environment.get("own_quotas", ())
    )


def unlocked_by_us(run: Run) -> bool:
    """Whether a quota of ours on nobody held throughout a run, so that brokers told of every client in all of it."""
    return any(quota.unlocks and quota.throughout(run.start, run.end) for quota in own_quotas(run))


def without_own_throttling(run: Run) -> Run:
    """A run without the throttle times that our own quotas caused, while they held and as long as they linger."""
    held = own_quotas(run)
    if not held:
        return run
    return replace(run, series=tuple(_kept(run, held)))


def _kept(run: Run, held: tuple[OwnQuota, ...]) -> Iterator[Series]:
    for series in run.series:
        mine = [quota for quota in held if series.name in _THROTTLE and quota.is_of(series.labels)]
        if not mine:
            yield series
            continue
        ours = np.zeros(len(series), dtype=bool)
        for quota in mine:
            last = np.iinfo(np.int64).max if quota.end is None else quota.end + round(LINGER_SECONDS * SECOND)
            ours |= (series.times >= quota.start) & (series.times <= last)
        if not ours.all():
            spans = series.spans[~ours] if len(series.spans) else series.spans
            yield replace(series, times=series.times[~ours], values=series.values[~ours], spans=spans)
