"""Latencies of one kind of one Load: all of them, and those of each second."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Final

from clusterload.model.histogram import Histogram

LAST: Final = 5
"""Seconds that are at hand for who follows a load; reports of a busy worker may close several at once."""


class Latencies:
    """Counts them. A second that is over is packed away as text, which takes a hundredth of the room."""

    __slots__ = ("_last", "_open", "_packed", "latest", "whole")

    def __init__(self) -> None:
        self.whole = Histogram()
        self.latest = (math.nan, math.nan)
        self._open: dict[int, Histogram] = {}
        self._packed: dict[int, str] = {}
        self._last: deque[int] = deque(maxlen=LAST)

    def add(self, second: int, counts: Mapping[int, int]) -> None:
        """Count latencies of one second of the load: microseconds to count."""
        here = Histogram()
        here.record_counts(counts)
        self.whole.add(here)
        if second in self._packed:
            # A worker that was held up tells of a second that was thought to be over.
            here.add(Histogram.decode(self._packed.pop(second)))
        if second in self._open:
            self._open[second].add(here)
        else:
            self._open[second] = here

    def close(self, over: int) -> None:
        """Pack the seconds before this one away; `latest` is then median and 99th percentile of the last of them."""
        for second in sorted(second for second in self._open if second < over):
            packed = self._open.pop(second)
            self.latest = (packed.quantile(0.5), packed.quantile(0.99))
            self._packed[second] = packed.encode()
            self._last.append(second)

    @property
    def last(self) -> dict[int, str]:
        """The seconds that were packed away last, as text."""
        return {second: self._packed[second] for second in self._last if second in self._packed}

    def seconds(self) -> dict[str, str]:
        """All of them as text, by second."""
        still_open = {second: kept.encode() for second, kept in self._open.items()}
        return {str(second): text for second, text in sorted((self._packed | still_open).items())}
