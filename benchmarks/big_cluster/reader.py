"""Reader: a process that reads a played cluster as the tool does, judges it, and says what that took.

No broker is contacted: exporters alone, or a Prometheus alone, are the cluster.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from benchmarks.big_cluster.judging import LIMITS
from clusterload.analysis.diagnosis import diagnose
from clusterload.analysis.finding import Culprit, Finding
from clusterload.analysis.usage import assess
from clusterload.model.run import Run
from clusterload.model.series import SECOND
from clusterload.telemetry.record import read_history, recording, running
from clusterload.telemetry.runfile import read_run
from clusterload.telemetry.sources.exporter import ExporterSource
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.prometheus import Access, PrometheusSource

HEARTBEAT: Final = "cpu_broker"
"""What every scrape of every broker gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What reading and judging came to.

    Attributes:
        findings: what was said to hold: cause, confidence, sentence, culprits as kind and name.
        cpu_reading: seconds, of this process.
        cpu_judging: seconds.
        megabytes: the most memory that this process held.
        got: scrapes that gave figures.
        due: scrapes that should have.
        file_bytes: of the run file.
    """

    findings: Sequence[tuple[str, float, str, Sequence[tuple[str, str]]]]
    cpu_reading: float
    cpu_judging: float
    megabytes: float
    got: int
    due: int
    file_bytes: int

    @property
    def said(self) -> tuple[Finding, ...]:
        """The findings again."""
        return tuple(
            Finding(
                cause=cause,
                sentence=sentence,
                confidence=confidence,
                culprits=tuple(Culprit(kind=kind, name=name, share=float("nan"), source="") for kind, name in culprits),
            )
            for cause, confidence, sentence, culprits in self.findings
        )


def read(
    path: Path, brokers: int, onset: float, seconds: float, every: float, *, exporters: str, prometheus: str
) -> None:
    """Read from now on until so many seconds after the onset, judge, and print what it came to as JSON.

    Args:
        path: of the run file.
        brokers: how many there are.
        onset: Unix seconds at which the cause begins.
        seconds: of the window, and of the baseline.
        every: seconds between scrapes.
        exporters: their URL with `{}` for the broker's id; empty for none.
        prometheus: URL of a Prometheus that scrapes them; empty for none.
    """
    run = _by_exporters(path, brokers, onset + seconds, every, exporters) if exporters else _by_prometheus(
        path, onset - seconds, onset + seconds, prometheus
    )  # fmt: skip
    reading = time.process_time()
    middle = round(onset * SECOND)
    now, before = run.between(middle, run.end), run.between(max(run.start, middle - round(seconds * SECOND)), middle)
    verdict = diagnose(now, assess(now, LIMITS), before)
    seen = Seen(
        findings=[
            (found.cause, found.confidence, found.sentence, [(each.kind, each.name) for each in found.culprits])
            for found in verdict.findings
        ],
        cpu_reading=reading,
        cpu_judging=time.process_time() - reading,
        megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        got=sum(len(series.between(before.start, now.end)) for series in run.named(HEARTBEAT)),
        due=int((now.end - before.start) / SECOND / every) * brokers,
        file_bytes=path.stat().st_size,
    )
    print(json.dumps(asdict(seen)))


def _by_exporters(path: Path, brokers: int, end: float, every: float, exporters: str) -> Run:
    source = ExporterSource({str(at + 1): exporters.format(at + 1) for at in range(brokers)}, interval=every)
    with recording(path) as recorder:
        recorder.document("environment", {"cluster": _described(brokers), "sources": [source.title]})
        start = time.time_ns()
        with running((source,), recorder, baseline=0.0):
            time.sleep(max(0.0, end - time.time()))
        recorder.document("window", {"start": start, "end": round(end * SECOND), "complete": True})
    return read_run(path)


def _by_prometheus(path: Path, start: float, end: float, url: str) -> Run:
    time.sleep(max(0.0, end + 1.0 - time.time()))
    source = PrometheusSource(Access(url=url), names=Names.named("jmx-exporter"))
    return read_history(source, "big-cluster", start=round(start * SECOND), end=round(end * SECOND), path=path)


def _described(brokers: int) -> dict[str, object]:
    return {
        "id": "big-cluster",
        "lab": False,
        "brokers": [{"id": at + 1, "host": f"kafka-{at + 1}.example", "port": 9092} for at in range(brokers)],
    }
