"""What reading a big cluster's exporters costs: 100 brokers, of which each shows 5,700 lines, every 15 s.

    python -m benchmarks.scrape_big [--quick]

First the text alone: CPU seconds for one round of all brokers, with `prometheus_client`'s parser, which only parses,
and with ours up to what is recorded. Then a process that watches the cluster live, with its window judged again and
again: CPU seconds a round, memory, how many of the due scrapes it got, and what a day of its run file would take. At
last how long the file's summary and its report take.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import psutil
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.rig import tables
from benchmarks.rig.big_exporters import Exporter, playing
from benchmarks.rig.options import parser
from benchmarks.rig.tables import Target
from clusterload.model.limits import Limits
from clusterload.model.points import Points
from clusterload.model.series import SECOND, Point
from clusterload.telemetry.runfile import Recorder, read_summary
from clusterload.telemetry.runfile.blocks import MERGED
from clusterload.telemetry.sources.deltas import MOST, Deltas, Scrape
from clusterload.telemetry.sources.exporter import ExporterSource
from clusterload.telemetry.sources.exposition import ScrapeParser, SharedLines
from clusterload.telemetry.sources.keeping import Crowd, most_of_each
from clusterload.telemetry.sources.names import Names
from clusterload.workflow.live import Feed
from clusterload.workflow.live.window import watched

BROKERS: Final = 100
INTERVAL: Final = 15.0
OF_A_DAY: Final = 30.0
"""The interval at which such a cluster is watched for a whole day."""


class Counting:
    """A sink that counts the scrapes of each broker, and records them."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.scrapes, self.points = Counter[str](), 0

    def record(self, point: Point) -> None:
        """Record one point."""
        self.recorder.record(point)

    def record_all(self, points: Points) -> None:
        """Record a scrape."""
        self.scrapes[points.heads[0].labels["broker"] if points.heads else ""] += 1
        self.points += len(points)
        self.recorder.record_all(points)

    def event(self, time: int, kind: str, text: str) -> None:
        """Record what happened."""
        self.recorder.event(time, kind, text)


def parsed_once(brokers: int) -> float:
    """CPU seconds of `prometheus_client` for a round."""
    text = Exporter(1).text()
    begin = time.process_time()
    for family in text_string_to_metric_families(text):
        list(family.samples)
    return brokers * (time.process_time() - begin)


def read_rounds(brokers: int, rounds: int) -> tuple[list[float], list[int]]:
    """CPU seconds of each round, from the text to what is in the file, and the size of the file after it."""
    names, took, sizes = Names.named("jmx-exporter"), list[float](), list[int]()
    lines = SharedLines(names)
    exporters = [Exporter(number) for number in range(brokers)]
    parsers = [ScrapeParser(lines, names.grouping) for _ in exporters]
    most, crowd = most_of_each(BROKERS, MOST), Crowd()
    deltas = [
        Deltas(broker=str(number), names=names, granularity=INTERVAL, most=most, crowd=crowd)
        for number in range(brokers)
    ]
    with tempfile.TemporaryDirectory() as folder, Recorder(Path(folder) / "a.run") as recorder:
        for number in range(rounds):
            texts = [exporter.text() for exporter in exporters]
            begin = time.process_time()
            for text, reads, grows in zip(texts, parsers, deltas, strict=True):
                grows.take(Scrape(time=(number + 1) * round(INTERVAL) * SECOND, reading=reads.read(text)), recorder)
            recorder.flush()
            took.append(time.process_time() - begin)
            sizes.append(recorder.path.stat().st_size)
    return took, sizes


def a_day(brokers: int, sizes: Sequence[int]) -> float:
    """Bytes of a day's run file of all brokers, from how the file of a few grew while whole blocks were written."""
    half = MERGED * (len(sizes) // MERGED // 2)
    whole = MERGED * (len(sizes) // MERGED)
    each = (sizes[whole - 1] - sizes[half - 1]) / (whole - half) / brokers
    return each * BROKERS * 86_400 / OF_A_DAY


def watch(endpoints: Mapping[str, str], seconds: float, interval: float, out: Path) -> None:
    """Watch a cluster live, and print what that took."""
    source = ExporterSource(endpoints, interval=interval)
    described = {"cluster": {"id": "big", "brokers": [{"id": int(broker)} for broker in endpoints]}}
    with (
        Recorder(out) as recorder,
        Feed(Limits(name="none", title="none", limits=()), [lambda _: None], title="big") as feed,
    ):
        counting = Counting(recorder)
        recorder.document("environment", described)
        with watched([source], counting, described, feed.look, feed.judge) as (begin, sink):
            source.start(sink)
            start = time.time_ns()
            begin(start)
            warm, used, judging = Counter(counting.scrapes), _used(), _judging()
            time.sleep(seconds)
            used, judging = _used() - used, _judging() - judging
            got = [counting.scrapes[broker] - warm[broker] for broker in endpoints]
            source.stop()
        recorder.document("window", {"start": start, "end": time.time_ns(), "complete": True})
    found = {
        "cpu": used * interval / seconds,
        "scraping": (used - judging) * interval / seconds,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "least": min(got) * interval / seconds,
        "points": counting.points,
        "failed": str(feed.failure or ""),
        "judged": feed.snapshot().judgement.state,
    }
    print(json.dumps(found))


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _judging() -> float:
    """CPU seconds of the threads that judge and look, and not of those that scrape and record."""
    apart = {thread.native_id for thread in threading.enumerate() if thread.name in {"judge", "live", "window"}}
    threads = psutil.Process().threads()
    return sum(thread.user_time + thread.system_time for thread in threads if thread.id in apart)


def watched_apart(brokers: int, seconds: float, interval: float, out: Path) -> dict[str, Any]:
    """The same in a process of its own, so that what plays the exporters is not counted."""
    with playing(brokers) as endpoints:
        words = [sys.executable, "-m", "benchmarks.scrape_big", "--watch", json.dumps(endpoints)]
        more = ["--seconds", str(seconds), "--interval", str(interval), "--out", str(out)]
        made = subprocess.run([*words, *more], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(made.stdout.splitlines()[-1])
    return found


def timed(words: Sequence[str]) -> tuple[float, int]:
    """Seconds that a command of ours takes, and the lines that it prints."""
    begin = time.monotonic()
    made = subprocess.run(
        [str(Path(sys.executable).parent / "clusterload"), *words], capture_output=True, text=True, check=False
    )
    return time.monotonic() - begin, len(made.stdout.splitlines())


def main() -> int:
    """Measure and print."""
    words = parser(__doc__)
    words.add_argument("--watch", type=json.loads, help="only watch these exporters, for a process of its own")
    words.add_argument("--seconds", type=float, default=120.0)
    words.add_argument("--interval", type=float, default=INTERVAL)
    words.add_argument("--out", type=Path, default=None)
    given = words.parse_args()
    if given.watch:
        watch(given.watch, given.seconds, given.interval, given.out)
        return 0
    brokers, interval = (10, 2.0) if given.quick else (BROKERS, given.interval)
    print(f"prometheus_client parses a round in {parsed_once(brokers):.1f} CPU s", flush=True)
    took, _ = read_rounds(brokers, 5)
    print(f"ours reads and records one in {took[-1]:.2f} CPU s, the very first in {took[0]:.1f}", flush=True)
    few = 2 if given.quick else 10
    _, sizes = read_rounds(few, 4 * MERGED)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "big.run"
        found = watched_apart(brokers, 8.0 if given.quick else given.seconds, interval, out)
        print(f"live: {json.dumps(found)}", flush=True)
        begin = time.monotonic()
        read_summary(out)
        summary = time.monotonic() - begin
        report, lines = timed(["report", str(out)])
    tables.judge(
        [
            Target(what="CPU s a round, text to file", value=took[-1], most=2.0, form=".2f"),
            Target(what="CPU s a round, live with judging apart", value=found["scraping"], most=2.0, form=".2f"),
            Target(what="scrapes of the due ones, worst broker", value=found["least"], least=0.9, form=".0%"),
            Target(what="memory while live, GB", value=found["memory"], most=1.074, form=".2f"),
            Target(what="run file of a day at 30 s, GB", value=a_day(few, sizes) / 1e9, most=1.0, form=".2f"),
            Target(what="its summary, s", value=summary, most=1.0, form=".2f"),
            Target(what="its report, s", value=report, most=10.0, form=".1f"),
            Target(what="its report, lines", value=lines, most=80.0, form=".0f"),
        ]
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
