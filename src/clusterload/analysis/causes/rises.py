"""Rises: how much more a figure is than in the baseline.

A rise counts only where it exceeds the baseline's own noise; what lasts for a moment, such as the connections of a
client that starts, is separated from what goes on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.statistics import spread
from clusterload.analysis.window_stats import WindowStats, known

if TYPE_CHECKING:
    from clusterload.model.series import Floats

PIECE: Final = 3.0
"""Seconds of the pieces by which noise and lasting are judged, where the source is as fine."""

SPREADS: Final = 3.0
"""Standard deviations of the baseline's pieces within which a rise is noise."""

USUAL: Final = 0.08
"""Share of its level by which any figure varies by itself."""

FEWEST: Final = 3
"""Pieces needed to judge a spread or whether a rise lasts."""

UNKNOWN_SPREAD: Final = 0.1
"""Standard deviation of a figure, as a share of its level, where no pieces show it."""

MOST_PIECES: Final = 200
"""Pieces that a spread is worked out of; of more, only so many."""

_NORMAL: Final = NormalDist()


class Rises:
    """The rises of a window over its baseline, each worked out once."""

    def __init__(self, stats: WindowStats, looks: int = 1) -> None:
        """Take a window and its baseline.

        Args:
            stats: of both.
            looks: how many such windows are looked at, in any of which chance could look like a rise.
        """
        self._stats = stats
        self._spreads = -_NORMAL.inv_cdf(_NORMAL.cdf(-SPREADS) / looks)
        self._known: dict[tuple[str, tuple[tuple[str, str], ...], bool], float] = {}

    def of(self, name: str, labels: Mapping[str, str], *, lasting: bool = False) -> float:
        """How much more a figure is than before, 0 where that is noise or not known; without a baseline all of it.

        Args:
            name: of the Series.
            labels: that they have.
            lasting: whether only what goes on counts: what the middle of the window's pieces is above the baseline.
        """
        key = (name, tuple(sorted(labels.items())), lasting)
        if key not in self._known:
            self._known[key] = self._worked_out(name, labels, lasting=lasting)
        return self._known[key]

    def _worked_out(self, name: str, labels: Mapping[str, str], *, lasting: bool) -> float:
        pair = self._stats.total(name, **labels)
        if math.isnan(pair.now):
            return 0.0
        now, before = self._stats.windows(name, self.piece(name), **labels)
        level = float(np.median(now)) if lasting and len(now) >= FEWEST else pair.now
        rise = level - known(pair.before)
        compared = self._stats.before is not None
        noise = self._spreads * _usual_spread(now, before, known(pair.before)) if compared else 0.0
        return rise if rise > noise + USUAL * known(pair.before) else 0.0

    def piece(self, name: str) -> float:
        """Seconds of a piece of this figure."""
        coarsest = max((series.granularity for series in self._stats.now.named(name)), default=1.0)
        before = self._stats.before
        # Pieces of two points each even out when they were taken; where there are too few, each point is a piece.
        few = before is not None and before.seconds < 2 * FEWEST * 2 * coarsest
        return max(PIECE, coarsest if few else 2 * coarsest)


def _usual_spread(now: Floats, before: Floats, level: float) -> float:
    """What a figure varies by while nothing changes, as a standard deviation that outliers do not bend.

    It is the baseline's own; where that has too few pieces to tell, the window's, as a share of the level that it has
    in each; where that has too few as well, a share of the level that hardly any figure exceeds.
    """
    if len(before) >= FEWEST:
        return spread(before[:: 1 + len(before) // MOST_PIECES])
    if len(now) >= FEWEST and np.mean(now) > 0:
        return spread(now[:: 1 + len(now) // MOST_PIECES]) * min(1.0, level / float(np.mean(now)))
    return UNKNOWN_SPREAD * level
