"""Remarks: what figures say of a cluster in addition to its load; nothing of it makes a verdict doubtful."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from clusterload.model import units
from clusterload.model.wording import few_alike

if TYPE_CHECKING:
    from clusterload.analysis.window_stats import WindowStats

_MOST: Final = 3


def remarks(stats: WindowStats) -> tuple[str, ...]:
    """A line each."""
    return (*_old_clients(stats), *_dead_cleaners(stats))


def _old_clients(stats: WindowStats) -> Iterator[str]:
    """Clients whose requests the next major release of Kafka may refuse."""
    rate = stats.total("deprecated_requests").now
    if not rate > 0:
        return
    rates = {who: pair.now for who, pair in stats.by("deprecated_requests", "software").items() if pair.now > 0}
    first = sorted(rates, key=lambda who: -rates[who])[:_MOST]
    more = f" and {len(rates) - len(first)} more" if len(rates) > len(first) else ""
    yield (
        f"{units.number(rate)} requests a second are of versions that are deprecated, by {', '.join(first)}{more}: "
        "upgrade these clients before the brokers"
    )


def _dead_cleaners(stats: WindowStats) -> Iterator[str]:
    dead = {who: pair.now for who, pair in stats.per_broker("cleaner_dead_threads").items() if pair.now > 0}
    yield from few_alike(
        f"{units.number(count)} dead threads of the log cleaner of broker {who}: its compacted topics grow until it "
        "restarts"
        for who, count in dead.items()
    )
