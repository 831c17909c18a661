"""HDR log: latencies second by second, as HdrHistogram's own tools read and plot them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from clusterload.model.errors import ClusterloadError
from clusterload.model.run import clock_time
from clusterload.model.series import SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from clusterload.model.run import Latency, Run

_NOT_IN_TAGS: Final = re.compile(r"[,\s]+")


def write_hdr_log(run: Run, path: Path, table: str) -> None:  # noqa: ARG001 (of latencies only)
    """Write a run's latencies in microseconds, a line for each second, with a tag for each Load and kind.

    Raises:
        ClusterloadError: the run has none.
    """
    if not any(latency.encoded for latency in run.latencies):
        raise ClusterloadError(f"run {run.id} has no latencies: only loads of engine wire have them")
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in _lines(run))


def _lines(run: Run) -> Iterator[str]:
    start = min(latency.start for latency in run.latencies if latency.encoded)
    yield "#[Logged by clusterload; values are microseconds]"
    yield "#[Histogram log format version 1.3]"
    for name in ("StartTime", "BaseTime"):
        yield f"#[{name}: {start / SECOND:.3f} (seconds since epoch), {clock_time(start)}]"
    yield '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'
    # In the order of time, as readers expect it.
    every = [
        (latency.start + second * SECOND, latency, second) for latency in run.latencies for second in latency.seconds
    ]
    for time, latency, second in sorted(every, key=lambda each: each[0]):
        yield _line((time - start) / SECOND, latency, second)


def _line(begin: float, latency: Latency, second: int) -> str:
    tag = _NOT_IN_TAGS.sub("_", f"{latency.load}.{latency.of}")
    most = latency.at(second).maximum / 1e3  # by convention in milliseconds
    return f"Tag={tag},{begin:.3f},1.000,{most:.3f},{latency.encoded[second]}"
