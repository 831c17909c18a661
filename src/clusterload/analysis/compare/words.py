"""What groups of runs differ in, in words; a difference never stands without its interval.

`B against A: worse: p99 of sales +35 % (+20 % to +52 %); no difference shown in 14 figures; 2 cannot be told`
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from clusterload.analysis.compare.comparison import Difference, GroupComparison, Ruling
from clusterload.model import units

_NAMED: Final = (Ruling.WORSE, Ruling.BETTER, Ruling.CHANGED)
_MOST: Final = 3


def amount(one: Difference) -> str:
    """By how much: `+35 %`, or in the figure's unit where it was nothing in some run; `n/a` if it cannot be told."""
    return "n/a" if one.estimate is None else _said(one, one.estimate.value)


def interval(one: Difference) -> str:
    """From where to where it may be: `+20 % to +52 %`; nothing if it cannot be told."""
    if one.estimate is None:
        return ""
    return f"{_said(one, one.estimate.low)} to {_said(one, one.estimate.high)}"


def _said(one: Difference, value: float) -> str:
    return units.signed_percent(value) if one.relative else units.signed(value, one.figure.unit)


def sentence(comparison: GroupComparison) -> str:
    """What became of all figures of two groups, in one sentence."""
    shown = len(comparison.ruled(Ruling.NOT_SHOWN))
    unknown = comparison.ruled(Ruling.UNKNOWN)
    if len(unknown) == len(comparison.differences):
        why = Counter(one.doubt for one in unknown).most_common(1)
        reason = why[0][0] if why else "they have no figure in common"
        return f"whether {comparison.after} differs from {comparison.before} cannot be told: {reason}"
    parts = list(_named(comparison))
    if shown:
        parts.append(f"no difference shown in {shown} {'figure' if shown == 1 else 'figures'}")
    if unknown:
        parts.append(f"{len(unknown)} cannot be told")
    return f"{comparison.after} against {comparison.before}: {'; '.join(parts)}"


def _named(comparison: GroupComparison) -> Iterator[str]:
    for ruling in _NAMED:
        own = comparison.ruled(ruling)
        if own:
            told = [f"{_title(one)} {amount(one)} ({interval(one)})" for one in own[:_MOST]]
            more = f" and {len(own) - _MOST} more" if len(own) > _MOST else ""
            yield f"{ruling}: {', '.join(told)}{more}"


def _title(one: Difference) -> str:
    title = one.figure.title
    return title if title[1:2].isupper() else f"{title[:1].lower()}{title[1:]}"
