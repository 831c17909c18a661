"""How busy a broker's threads are: from what they counted, or from the shares that it shows where it shows no counter.

What a share cannot be is not believed: metrics of one name are a counter here and a share there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from clusterload.model.resources import RESOURCES, Role
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.reading import Figures, Key, Reading

# A share so far beyond 0 or 1 is wrong, though times and counters differ by an instant and meters lag.
_BEYOND: Final = 0.25
# And since the broker's start, where an instant does not matter: of idle time.
_TOO_IDLE_EVER: Final = 1.2
# Seconds by which the broker's clock may differ from the one of its scrapes.
_CLOCKS: Final = 3.0
# A counter of idle ns is soon beyond a millisecond; a share is 1 at most, and one in percent 100.
_LEAST_COUNTED: Final = 1e6
# Idle shares of more pools than so are not added up.
_POOLS: Final = 2.0
_HANDLERS: Final[Key] = ("request_handler_busy", ())
_NETWORK: Final[Key] = ("network_thread_busy", ())
_COORDINATOR: Final[Key] = ("coordinator_busy", ())
# Seconds after a broker's start in which means of 30 s (of coordinators, of network threads) take the time before it
# for busy.
_TOO_YOUNG: Final = 45.0
_HOST: Final[Key] = ("cpu_host", ())


def idle_counter(values: Iterable[float]) -> float | None:
    """The first of these that can be nanoseconds since a broker's start; NaN if one is unknown, None if none can be."""
    found = list(values)
    return next((value for value in found if value >= _LEAST_COUNTED), next(filter(math.isnan, found), None))


@dataclass(slots=True)
class Shares:
    """The busy shares of one broker, scrape after scrape."""

    _adds_up_pools: bool = False
    _keys: tuple[Key, ...] = ()
    _saturations: list[int] = field(default_factory=list)

    def reset(self) -> None:
        """The broker restarted, perhaps as another version."""
        self._adds_up_pools = False

    def counted(self, before: Reading, now: Reading, time: int, span: float) -> dict[Key, float]:
        """Busy shares within `span` seconds from what threads counted until `time` in Unix ns, each from 0 to 1."""
        # Seen once it is so until the broker restarts: while its host is busy, the sum of two pools may look like one.
        self._adds_up_pools = self._adds_up_pools or _idles_twice(now, time)
        found = _between(before, now, span)
        if _HOST in now.gauges:  # as the broker itself sees it, which goes with the cores that it sees
            found.pop(_HOST, None)
        return {key: share for key, share in found.items() if not (self._adds_up_pools and key == _HANDLERS)}

    def believed(self, reading: Reading, time: int) -> Figures:
        """The gauges at a time in Unix ns, without shares that cannot be (NaN) or that threads have counters for."""
        gauges = Figures.of(reading.gauges)
        if gauges.keys_ is not self._keys:
            self._keys = gauges.keys_
            saturations = {name for name, resource in RESOURCES.items() if resource.role is Role.SATURATION}
            self._saturations = [at for at, (name, _) in enumerate(self._keys) if name in saturations]
        if not self._saturations:
            return gauges
        is_young = reading.started is not None and time / SECOND - reading.started < _TOO_YOUNG
        untold = {
            _HANDLERS: reading.handler_idle is not None,
            _NETWORK: bool(reading.network) or is_young,
            _COORDINATOR: is_young,
        }
        out = [at for at in self._saturations if untold.get(self._keys[at])]
        values = gauges.values_.copy()
        for at in self._saturations:
            values[at] = math.nan if at in out else self._share(self._keys[at], float(values[at]))
        if not out:
            return Figures(gauges.keys_, values)
        keys = tuple(key for at, key in enumerate(self._keys) if at not in out)
        return Figures(keys, np.delete(values, out))

    def _share(self, key: Key, value: float) -> float:
        # Idle by far more than 1 is the sum of two pools, as in `_idles_twice`, or no share.
        self._adds_up_pools = self._adds_up_pools or (key == _HANDLERS and -_POOLS <= value < -_BEYOND)
        if not -_BEYOND <= value <= 1 + _BEYOND or (self._adds_up_pools and key == _HANDLERS):
            return math.nan
        return min(max(value, 0.0), 1.0)


def _between(before: Reading, now: Reading, span: float) -> dict[Key, float]:
    shares: dict[Key, float] = {}
    if now.handler_idle is not None and before.handler_idle is not None:
        idle = (now.handler_idle - before.handler_idle) / SECOND / span
        if not idle > 1 + _BEYOND:
            shares[_HANDLERS] = 1 - idle
    # Each listener has threads of its own: those of an idle one do not help a busy one.
    network = [
        (sum(times) - sum(before.network.get(listener, times))) / SECOND / span / len(times)
        for listener, times in now.network.items()
    ]
    if network:
        shares[_NETWORK] = max(network)
    if now.host_idle is not None and before.host_idle is not None and now.host_idle[1] == before.host_idle[1]:
        total, cpus = now.host_idle
        shares[_HOST] = 1 - (total - before.host_idle[0]) / span / cpus
    # Time and counters are not read at one instant, so a share can come out a little beyond its range.
    return {key: float(np.clip(share, 0.0, 1.0)) for key, share in shares.items()}  # NaN stays NaN


def _idles_twice(reading: Reading, time: int) -> bool:
    """Whether the handlers idled for longer than the broker has run.

    Before Kafka 4.2 one that is a controller too adds up the idle time of two pools (KAFKA-19606). Such a sum
    does not show how busy the broker's own pool is: taken for a share, it would make a busy one look idle.
    """
    if reading.handler_idle is None or reading.started is None:
        return False
    return reading.handler_idle / SECOND > _TOO_IDLE_EVER * (time / SECOND - reading.started) + _CLOCKS
