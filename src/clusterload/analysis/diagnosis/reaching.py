"""What was reached: limits, and brokers' own parts that are saturated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from clusterload.analysis.diagnosis.verdict import is_plural
from clusterload.analysis.finding import Reached
from clusterload.analysis.host_cpu import HOST_CPU
from clusterload.analysis.usage import SUSTAINED, Share, Usage
from clusterload.model import units

SATURATED: Final = 0.9
"""A broker's threads count as saturated when they are sustained at this busyness or above."""


def over_limit(usage: Usage) -> Iterator[Reached]:
    """The limits that were reached."""
    over = [share for share in usage.shares if share.sustained >= 1]
    for share in over:
        are = "are at or over their" if is_plural(share.title) else "is at or over its"
        yield Reached(
            what=share.title.lower(),
            sentence=f"{share.title} {are} {'guideline' if share.advised else 'limit'}",
            evidence=(
                f"{units.percent(share.sustained)} of {share.limit.words}, "
                f"{share.limit.force} ({share.limit.source}, {share.limit.as_of})",
            ),
            advised=share.advised,
        )
    if not over and _in_turn(usage.shares):
        yield Reached(
            what="several resources in turn",
            sentence="The limit load is at or over 100 %, by several in turn",
            advised=not _in_turn([share for share in usage.shares if not share.advised]),
        )


def _in_turn(shares: Sequence[Share]) -> bool:
    """Whether there is a share at 100 % in as much of the window as counts as sustained."""
    if not shares or not len(shares[0].values):
        return False
    peaks = np.max(np.stack([share.values for share in shares]), axis=0)
    return float(np.mean(peaks >= 1)) >= 1 - SUSTAINED


def saturated_threads(usage: Usage) -> Iterator[Reached]:
    """The brokers' threads that were busy all the time."""
    for line in usage.saturation:
        if line.resource.name != HOST_CPU and line.typical >= SATURATED:
            yield Reached(
                what=f"{line.resource.title.removesuffix(' busy').lower()} of broker {line.broker}",
                sentence=f"{line.resource.title} of broker {line.broker}: saturated",
                evidence=(f"{units.percent(line.typical)} in the middle of the window",),
            )
