"""A source of metrics at work in a process of its own, so that what it takes is its own, and it knows no generator.

python -m benchmarks.rig.watching WAY CLIENT_PROPERTIES INTERVAL RUN_FILE

It says when it has begun, and reads a line from its standard input: the stretch that was of interest. A live source
ends then; one of the past is queried for the window. In the end it prints what it took.
"""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import psutil

from benchmarks.peers.places import ROOT
from clusterload import read_run
from clusterload.kafka.cluster import Cluster
from clusterload.kafka.properties import Properties
from clusterload.model.run import Run
from clusterload.telemetry.discovery import source_of
from clusterload.telemetry.runfile import Recorder, new_id
from clusterload.telemetry.sources.confluent import ConfluentSource, WaitPolicy
from clusterload.telemetry.sources.polling import HistoryPoller
from clusterload.telemetry.sources.source import HistorySource, LiveSource, Source

FOLLOWED: Final = "prometheus followed"
"""The way of reading a Prometheus again and again for what is new; its plain name is to read a time that has passed."""

KINDS: Final = {
    "exporter": "exporter",
    "jolokia": "jolokia",
    "prometheus": "prometheus",
    FOLLOWED: "prometheus",
    "metrics API": "confluent",
    "admin": "admin",
}
"""Ways of reading, and the source that each one is."""

_BEGUN: Final = "begun"
_PATIENCE: Final = 300.0


def source(way: str, cluster: Cluster, interval: float) -> Source:
    """A way's source of a lab's metrics."""
    found = source_of(cluster, KINDS[way], interval)
    if isinstance(found, ConfluentSource):
        # What is served on this machine is not late.
        return ConfluentSource(access=found.access, wait=WaitPolicy(longest=120.0, pause=2.0))
    if way == FOLLOWED and isinstance(found, HistorySource):
        return HistoryPoller(history=found, interval=interval, lateness=found.lateness)
    return found


def work(way: str, properties: Path, interval: float, out: Path) -> None:
    """Be that process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a person's Ctrl-C is for the benchmark, which ends us
    cluster = Cluster.connect(Properties.read(properties))
    chosen = source(way, cluster, interval)
    recorder = Recorder(out, run_id=new_id())
    if isinstance(chosen, LiveSource):
        chosen.start(recorder)
    before = time.process_time(), time.monotonic()
    print(_BEGUN, flush=True)
    told = json.loads(sys.stdin.readline())
    if isinstance(chosen, LiveSource):
        took = time.process_time() - before[0], time.monotonic() - before[1]
        chosen.stop()
    else:
        before = time.process_time(), time.monotonic()
        chosen.collect(recorder, told["start"], told["end"], lambda _: None)
        took = time.process_time() - before[0], time.monotonic() - before[1]
    recorder.document("window", {**told, "complete": True})
    recorder.close()
    memory = psutil.Process().memory_info().rss
    print(json.dumps({"cpu": took[0], "wall": took[1], "memory": memory}), flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a source recorded, and what it took.

    Attributes:
        run: a run without a load.
        cpu: seconds of CPU while it watched; for one of the past, while it read.
        wall: seconds that this lasted.
        memory: bytes at the end.
    """

    run: Run
    cpu: float
    wall: float
    memory: float


class Watching:
    """A source at work; a context manager, whose process is gone at the end."""

    def __init__(self, way: str, properties: Path, out: Path, *, interval: float = 1.0) -> None:
        """Nothing is started yet; `out` is the run file, and an old one goes."""
        self._out = out
        words = [way, str(properties), f"{interval:g}", str(out)]
        self._argv = [sys.executable, "-m", "benchmarks.rig.watching", *words]

    def __enter__(self) -> Self:
        self._out.parent.mkdir(parents=True, exist_ok=True)
        for old in self._out.parent.glob(f"{self._out.name}*"):
            old.unlink()
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._argv, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)
        if self._line() != _BEGUN:
            raise RuntimeError(f"{self._argv[3]} did not begin; it says why above")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def cpu(self) -> float:
        """Seconds of CPU that it has used so far, user and system."""
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def end(self, start: int, end: int) -> Watched:
        """Let it record what was of interest (Unix ns), and give that back."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"start": start, "end": end}) + "\n")
        self._process.stdin.flush()
        took: dict[str, Any] = json.loads(self._line() or "{}")
        if self._process.wait(_PATIENCE) or not took:
            raise RuntimeError(f"{self._argv[3]} failed; it says why above")
        return Watched(run=read_run(self._out), cpu=took["cpu"], wall=took["wall"], memory=took["memory"])

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def written(path: Path, figures: Mapping[str, float]) -> None:
    """Keep the figures of one turn as JSON; null is what is not known."""
    plain = {name: None if math.isnan(value) else value for name, value in figures.items()}
    path.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    work(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
