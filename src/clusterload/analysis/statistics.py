"""Statistics that outliers do not bend: how far figures spread, how often chance goes as far, and in any of many.

The spread is Qn (Rousseeuw and Croux, 1993): a quarter of all distances between two figures are smaller than it is
before scaling. It wastes less of what figures tell than the median absolute deviation does: of ten it knows the spread
as well as six degrees of freedom do, the MAD as well as three. Where most figures are nearly equal and the others are
not, it would be close to zero, so half of the standard deviation of all but the most extreme tenth is its floor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from clusterload.model.series import Floats

_OF_NORMAL: Final = 2.21914
# Of normal figures, the standard deviation over the median absolute deviation.
_OF_NORMAL_MEDIAN: Final = 1.4826
# What makes it right on average for few normal figures (Croux and Rousseeuw, 1992).
_SMALL: Final = {2: 0.399, 3: 0.994, 4: 0.512, 5: 0.844, 6: 0.611, 7: 0.857, 8: 0.669, 9: 0.872}

MOST_FREEDOM: Final = 200.0
"""Degrees of freedom from which on nothing changes any more."""


def spread(figures: Floats) -> float:
    """The standard deviation that normal figures of this spread would have; NaN for fewer than two figures."""
    count = len(figures)
    if count <= 1:
        return math.nan
    half = count // 2 + 1
    first, second = np.triu_indices(count, 1)
    distances = np.sort(np.abs(figures[first] - figures[second]))
    odd = 1.4 if count % 2 else 3.8
    correction = _SMALL.get(count) or count / (count + odd)
    robust = _OF_NORMAL * correction * float(distances[half * (half - 1) // 2 - 1])
    return max(robust, _of_most(figures) / 2)


def _of_most(figures: Floats) -> float:
    off = np.sort(np.abs(figures - np.median(figures)))
    kept = off[: len(off) - len(off) // 10]
    return float(np.sqrt(np.sum(kept**2) / (len(kept) - 1)))


def median_deviation(figures: Floats, middle: float | None = None) -> float:
    """The same by the median distance from the middle, which half of the figures cannot bend; quick for very many.

    Args:
        figures: any number from one on.
        middle: what distances are from; by default their median.
    """
    middle = float(np.median(figures)) if middle is None else middle
    return _OF_NORMAL_MEDIAN * float(np.median(np.abs(figures - middle)))


def freedom(count: int) -> float:
    """Degrees of freedom with which `spread` knows what it tells, of `count` figures.

    Fitted to the tails of normal figures divided by it, from 1 % to 0.02 %, for 4 to 30 figures: the true tails are
    nowhere heavier by more than a tenth of a degree. An odd figure adds nothing.
    """
    return 2 / 3 * (count - count % 2 - 1)


def chance(distance: float, degrees: float) -> float:
    """How likely a t-distributed figure lies as far from 0 as `distance` or farther, on either side."""
    from scipy.special import stdtr  # type: ignore[import-untyped]  # noqa: PLC0415 (a third of a second)

    return 1.0 if distance <= 0 else 2 * float(stdtr(min(degrees, MOST_FREEDOM), -distance))


def reach(likely: float, degrees: float) -> float:
    """The distance that chance reaches with this likelihood: the inverse of `chance`."""
    from scipy.special import stdtrit  # noqa: PLC0415 (as above)

    return -float(stdtrit(min(degrees, MOST_FREEDOM), likely / 2))


def holm(chances: Sequence[float]) -> tuple[float, ...]:
    """How likely chance goes as far in any of several figures, for how likely it goes as far in each (Holm, 1979).

    The least likely one counts as often as there are figures, the next one as often as are left, and none less than the
    one before it.
    """
    found = [1.0] * len(chances)
    highest = 0.0
    for done, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        highest = min(1.0, max(highest, (len(chances) - done) * chances[place]))
        found[place] = highest
    return tuple(found)
