"""Around: which minutes of a history belong to what went on at a moment that somebody names, and what was before it.

People remember the time of an incident to a few minutes, and often name the minute in which it began or was over. So
what begins soon after the moment counts, and what ended soon before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.analysis.baseline.breaks import Break, breaks
from clusterload.analysis.baseline.search import FoundBaseline, before_change
from clusterload.model.series import SECOND

if TYPE_CHECKING:
    from clusterload.model.run import Run

LATER: Final = 600 * SECOND
"""Nanoseconds after a moment that are judged with it at most."""

EARLIER: Final = 900 * SECOND
"""Nanoseconds before a moment that are judged with it at most: of an incident of hours its present state."""

NEAR: Final = 300 * SECOND
"""Nanoseconds by which a remembered time is off: what begins or ends within them is meant."""

# What is judged where nothing begins or ends, on each side of the moment.
_CALM: Final = 300 * SECOND
# A change that is older than this is how the cluster is by now, if something else happens near the moment.
_RECENT: Final = 1800 * SECOND
_LATELY: Final = 3600 * SECOND
# Points of a level that are needed to see it.
_LEAST: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is judged of a moment, in Unix nanoseconds.

    Attributes:
        start: of the window.
        end: of the window.
        baseline: what was before the change that the window begins with, or none.
    """

    start: int
    end: int
    baseline: FoundBaseline


def around(history: Run, moment: int) -> Around:
    """The window of a moment, and the stretch before it changed.

    Args:
        history: from hours before the moment to some minutes after it, as far as that is known.
        moment: Unix nanoseconds, within the history.
    """
    found = _around(history, moment)
    if found.baseline.found or moment - _LATELY <= history.start:
        return found
    return _small(history, moment) or found


def _small(history: Run, moment: int) -> Around | None:
    """What does not stand out among larger ups and downs, or since it is over so soon, but does within its own hour."""
    for end in (moment, moment + _CALM // 2, moment + NEAR):
        last = min(end, history.end)
        found = before_change(history.between(moment - _LATELY, last))
        if found.found and found.onset >= moment - _RECENT:
            after = [each for each in breaks(history.between(found.onset, history.end)) if each.sudden]
            over = (each.time for each in after if not each.rises and last - NEAR < each.time <= last)
            until = next(over, _until(after, last, min(history.end, moment + LATER)))
            return Around(start=max(found.onset, moment - EARLIER), end=until, baseline=found)
    return None


def _around(history: Run, moment: int) -> Around:
    known = [found for found in breaks(history) if found.sudden]
    own = _window(history, moment, _until(known, moment, min(history.end, moment + LATER)))
    if own.baseline.found and own.baseline.onset >= moment - _RECENT:
        return own
    near = (_window(history, moment, end) for end in _near(history, known, moment))
    return next((each for each in near if each.baseline.found and _is_near(each, moment)), own)


def _is_near(found: Around, moment: int) -> bool:
    return found.start <= moment + NEAR and found.end >= moment - NEAR


def _window(history: Run, moment: int, end: int) -> Around:
    found = before_change(history.between(history.start, end))
    if not found.found:
        return Around(start=max(history.start, moment - _CALM), end=end, baseline=found)
    return Around(start=max(found.onset, min(moment, end) - EARLIER), end=end, baseline=found)


def _near(history: Run, known: Sequence[Break], moment: int) -> Iterator[int]:
    """Where that ends what begins soon after a moment, or was over soon before it."""
    for found in known:
        if found.rises and moment < found.time <= moment + NEAR:
            # What follows at once is a part of it, such as another figure or broker.
            yield _until(known, found.time + _few_points(found), min(history.end, found.time + LATER))
    for found in reversed(known):
        if not found.rises and moment - NEAR <= found.time <= moment:
            yield found.time


def _until(known: Sequence[Break], time: int, latest: int) -> int:
    """When that is over which goes on at a time: at the next break."""
    return min((found.time for found in known if time < found.time < latest), default=latest)


def _few_points(found: Break) -> int:
    return round(_LEAST * found.seconds * SECOND)
