"""How long judging a stored day takes, and how much memory: 1,000 Series, a point each 10 s.

    python -m benchmarks.judge_speed [--quick]

The file is written by the real Recorder and read back by a process of its own, whose time and memory are printed. The
target is 10 s and 500 MB, with half of the day as the baseline.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from benchmarks.rig.options import parser
from clusterload.analysis.diagnosis import diagnose
from clusterload.analysis.usage import assess
from clusterload.model.limits import Limits
from clusterload.model.resources import RESOURCES
from clusterload.model.series import SECOND, Kind, Point
from clusterload.telemetry.runfile import Recorder, read_run

START = 1_767_225_600 * SECOND
STEP = 10
TARGET_SECONDS, TARGET_MEGABYTES = 10.0, 500.0

_PLAIN = (
    "ingress", "egress", "requests", "connections", "connection_attempts", "partitions", "leaders", "records_in",
    "cpu_broker", "cpu_host", "cores", "network_thread_busy", "replication_in", "under_replicated",
)  # fmt: skip
_REQUESTS = ("Produce", "FetchConsumer", "FetchFollower", "Metadata", "OffsetCommit", "JoinGroup", "ApiVersions")


def lines(count: int) -> Iterator[tuple[str, Mapping[str, str]]]:
    """So many Series: what brokers say of themselves, then clients and topics."""
    brokers = ("1", "2", "3")
    made = [(name, {"broker": broker}) for name in _PLAIN for broker in brokers]
    for name in ("requests_by_type", "request_time", "request_local_time"):
        made += [(name, {"broker": broker, "request": request}) for request in _REQUESTS for broker in brokers]
    number = 0
    while len(made) < count:
        for name, label in (("thread_time_by_client", "client"), ("ingress_by_topic", "topic")):
            made += [(name, {"broker": broker, label: f"{label}-{number}"}) for broker in brokers]
        number += 1
    yield from made[:count]


def write(path: Path, count: int, hours: float) -> None:
    """A run file of so many Series."""
    chance = np.random.default_rng(1)
    points = round(hours * 3600 / STEP)
    with Recorder(path) as recorder:
        recorder.document("window", {"start": START, "end": START + points * STEP * SECOND, "complete": True})
        every = [(name, RESOURCES[name], labels) for name, labels in lines(count)]
        for point in range(points):
            at = START + (point + 1) * STEP * SECOND
            for (name, resource, labels), chaos in zip(every, chance.random(len(every)), strict=True):
                span = float(STEP) if resource.kind is Kind.DELTA else 0.0
                value = (0.5 + 0.01 * chaos) * (1 if resource.unit.thing == "ratio" else 100)
                recorder.record(Point(name, resource.unit, resource.kind, labels, at, value, span, float(STEP)))


def judge(path: Path) -> None:
    """Judge a file as the command does, and say what it took."""
    began, before = time.perf_counter(), time.process_time()
    run = read_run(path)
    middle = (run.start + run.end) // 2
    window = run.between(middle, run.end)
    usage = assess(window, Limits.named("course-basic"))
    verdict = diagnose(window, usage, run.between(run.start, middle))
    took = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{took:.2f} {memory:.0f} {time.process_time() - before:.2f} {verdict.state}")


def main() -> int:
    """Write a day, judge it, and print the row; 1 if it misses a target."""
    options = parser(__doc__)
    options.add_argument("--judge", type=Path, help="judge this file only, in this process")
    given = options.parse_args()
    if given.judge:
        judge(given.judge)
        return 0
    hours = 1.0 if given.quick else 24.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "day.run"
        write(path, 1000, hours)
        printed = subprocess.run(
            [sys.executable, "-m", "benchmarks.judge_speed", "--judge", str(path)],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    took, memory, cpu = map(float, printed.split()[:3])
    print("| stored | Series | judged in | CPU | memory |\n| --- | --- | --- | --- | --- |")
    print(f"| {hours:g} h | 1,000 | {took:.1f} s | {cpu:.1f} s | {memory:.0f} MB |")
    return int(not given.quick and (took > TARGET_SECONDS or memory > TARGET_MEGABYTES))


if __name__ == "__main__":
    sys.exit(main())
