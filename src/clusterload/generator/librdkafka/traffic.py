"""What groups and transactions move, as Series of the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from clusterload.model import units
from clusterload.model.series import SECOND, Kind
from clusterload.telemetry.runfile import Recorder

Counts = Mapping[str, int]
"""How much a Load has moved since its start, by the name of the Series."""

OnCounts = Callable[[str, int, Counts], None]
"""Takes a Load's name, Unix nanoseconds, and the Load's counts at that time; the first ones at its start."""

_UNITS: Final = {"load_records": units.RECORDS, "load_bytes": units.BYTES, "load_rebalances": units.COUNT}


class Traffic:
    """Takes the counts of Loads and records how much they grew, labelled by `load`.

    Of a group, records and bytes are those that its members consumed; of transactions, those that were
    committed. Bytes are those of values: librdkafka does not tell those of batches. Rebalances are assignments that
    members were given: a rebalance of the group gives one to each member.
    """

    def __init__(self, recorder: Recorder) -> None:
        """Record into `recorder`."""
        self._recorder = recorder
        self._last: dict[str, tuple[int, Counts]] = {}

    def __call__(self, load: str, now: int, counts: Counts) -> None:
        """Take the counts of a Load at Unix nanoseconds `now`."""
        before = self._last.get(load)
        self._last[load] = (now, counts)
        if before is None:
            return
        then, earlier = before
        for name, count in counts.items():
            grown = float(count - earlier[name])
            self._recorder.point(name, _UNITS[name], Kind.DELTA, {"load": load}, now, grown, (now - then) / SECOND)
