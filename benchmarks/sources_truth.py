"""How accurate each source of metrics is: a load that is known exactly, read by each source alone.

python -m benchmarks.sources_truth [--quick] [--repeats N] [--only NAME...]

Three brokers of their own for each turn; the wire engine produces, reads and holds connections for 80 s, with one
whole minute of the clock in it, since the Metrics API has minutes only. The source runs in a process
of its own. Its bytes, records and requests are compared with the generator's ledger, its connections
with the kernel, its partitions with the cluster's metadata.
"""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from benchmarks.rig import tables
from benchmarks.rig.contest import RAW, Figures, Medians
from benchmarks.rig.options import Options, parsed
from benchmarks.rig.tables import Column, Target, figure, of, ratio
from benchmarks.rig.trio import Trio, trio
from benchmarks.rig.watching import Watched, Watching, written
from clusterload.generator.progress import Progress
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Series
from clusterload.model.workload import Dials, Load, Plan
from clusterload.workflow.measure import measure

NAME: Final = "sources_truth"
WAYS: Final = ("exporter", "prometheus", "jolokia", "metrics API")
_BY_MINUTES: Final = "metrics API"
HELD, REQUESTS, RECORDS, SIZE = 300, 100, 20, 500
FULL: Final = 80.0
_BEFORE, _AFTER = 4.0, 4.0  # seconds that a source watches beyond the load's edges
# Of the load's own stretch, when all is connected and nothing has begun to leave.
_SETTLED, _LEAVING = 2.0, 0.5
_WARM_UP: Final = 3.0
# Parts of the load at which the kernel's connections are counted.
_LOOKS: Final = (0.4, 0.6, 0.8)


def plan(seconds: float) -> Plan:
    """The load: produce, read it all once, and hold connections."""
    dials = {"connections": 12, "request_rate": f"{REQUESTS}/s", "records_per_request": RECORDS, "record_size": SIZE}
    loads = (
        Load(name="produce", topic="truth", dials=Dials.parsed(dials)),
        Load(name="read", topic="truth", kind="consume", dials=Dials.parsed({"fan_out": 1})),
        Load(name="hold", topic="truth", kind="connect", dials=Dials.parsed({"connections": HELD})),
    )
    return Plan(name=NAME, loads=loads, duration=seconds)


@dataclass(slots=True)
class Kernel:
    """Counts connections while a load goes; what is at rest is the same each time."""

    trio: Trio
    counts: list[int] = field(default_factory=list)

    def look(self, progress: Progress) -> None:
        """Count at three times of the load."""
        if len(self.counts) < len(_LOOKS) and progress.elapsed >= _LOOKS[len(self.counts)] * progress.duration:
            self.counts.append(self.trio.connections())

    @property
    def count(self) -> float:
        """The connections, NaN if they were not at rest."""
        return float(self.counts[0]) if len(set(self.counts)) == 1 else math.nan


def turn(way: str, repeat: int, seconds: float) -> Figures:
    """Start brokers, load them while the source watches, and compare."""
    log = RAW / NAME / f"{way.replace(' ', '-')}-{repeat}"
    with trio(way) as brokers:
        warm_up = log.with_suffix(".warm-up.run")
        measure(plan(_WARM_UP), brokers.cluster, sources=(), path=warm_up)
        with Watching(way, brokers.properties, log.with_suffix(".run")) as watching:
            time.sleep(_BEFORE)
            if way == _BY_MINUTES:
                _await_minute(before=10.0 if seconds >= FULL else 0.0)
            # The first requests are those by which connections greet, before the load begins.
            begin, kernel, path = time.time_ns(), Kernel(brokers), log.with_suffix(".load.run")
            load = measure(plan(seconds), brokers.cluster, sources=(), path=path, on_progress=kernel.look)
            time.sleep(_AFTER)
            # A Metrics API counts a partition once, brokers each copy that they hold.
            partitions = float(brokers.partitions() if way == _BY_MINUTES else brokers.copies())
            # A minute after the load's last has nothing in it, and would be waited for.
            watched = watching.end(begin, load.end if way == _BY_MINUTES else time.time_ns())
    found = compared(load, watched, connections=kernel.count, partitions=partitions)
    written(log.with_suffix(".json"), found)
    return found


def _await_minute(before: float) -> None:
    """Wait until the minute of the warm-up is over, and then until so many seconds before one that begins."""
    time.sleep(60 - time.time() % 60)
    time.sleep((60 - before - time.time()) % 60 if before else 0.0)


def compared(load: Run, watched: Watched, *, connections: float, partitions: float) -> Figures:
    """What is true, what the source says, and by what share that is off; levels by how much."""
    produce, _, _ = load.ledgers
    true = {
        "bytes": sum(series.total() for series in load.named("load_bytes") if series.labels["load"] == "produce"),
        "read_bytes": sum(series.total() for series in load.named("load_bytes") if series.labels["load"] == "read"),
        "records": float(produce.acknowledged),
        "requests": float(sum(count for traffic in load.traffic for count in traffic.requests.values())),
    }
    names = {"bytes": "ingress", "read_bytes": "egress", "records": "records_in", "requests": "requests"}
    said = {what: total(watched.run, name) for what, name in names.items()}
    off = {f"{what}_off": ratio(said[what] - true[what], true[what]) for what in true}
    levels = {"connections": connections, "partitions": partitions}
    found = {f"{what}_off": level_off(watched.run, what, load, level) for what, level in levels.items()}
    return {
        **{f"{what}_true": value for what, value in {**true, **levels}.items()},
        **{f"{what}_said": value for what, value in said.items()},
        **off,
        **found,
        "cpu": watched.cpu,
        "wall": watched.wall,
        "events": float(len(watched.run.events)),
    }


def total(run: Run, name: str) -> float:
    """All that a source counted of a resource; NaN if it has none of it."""
    series = run.named(name)
    return sum(one.total() for one in series) if series else math.nan


def level_off(run: Run, name: str, load: Run, level: float) -> float:
    """The largest error of a level while all was at rest; NaN without a point."""
    spans = [_at_rest(series, load) for series in run.named(name)]
    if not spans or any(not values for values in spans):
        return math.nan
    return max(abs(sum(map(min, spans)) - level), abs(sum(map(max, spans)) - level))


def _at_rest(series: Series, load: Run) -> list[float]:
    # A bucket's level stands in its middle: all of it must be at rest.
    half = series.granularity / 2
    begin = load.start + round((_SETTLED + half) * SECOND)
    end = load.end - round((_LEAVING + half) * SECOND)
    inside = series.between(begin, end).values
    return [float(value) for value in inside]


COLUMNS: Final = (
    *(
        Column(title=f"{title}, off by", value=of(f"{what}_off"), form="+.3%")
        for what, title in (
            ("bytes", "bytes in"),
            ("records", "records in"),
            ("read_bytes", "bytes out"),
            ("requests", "requests"),
        )
    ),
    Column(title="connections, off by", value=of("connections_off")),
    Column(title="partitions, off by", value=of("partitions_off")),
    Column(title="CPU, s", value=of("cpu"), form=".2f"),
    Column(title="events", value=of("events")),
)


def targets(medians: Medians) -> Iterator[Target]:
    """What is claimed."""
    for way in medians:
        for what, title in (("bytes", "record-batch bytes"), ("records", "records"), ("requests", "requests")):
            off = abs(figure(medians, way, f"{what}_off"))
            yield Target(what=f"{way}: {title}, off by", value=off, most=0.02, form=".3%")
        for what in ("connections", "partitions"):
            off = figure(medians, way, f"{what}_off")
            yield Target(what=f"{way}: {what} at rest, off by", value=off, most=0, form=",.0f")


def held(options: Options) -> Medians:
    """Let each source have its turns."""
    chosen = [way for way in WAYS if not options.only or way in options.only]
    turns: dict[str, list[Figures]] = {way: [] for way in chosen}
    failed = dict.fromkeys(chosen, 0)
    shutil.rmtree(RAW / NAME, ignore_errors=True)
    for repeat in range(1, options.repeats + 1):
        for way in chosen:
            print(f"  {NAME}, turn {repeat} of {options.repeats}: {way}", flush=True)
            try:
                turns[way].append(turn(way, repeat, options.seconds(FULL, quick=6.0)))
            except Exception as error:  # whatever befell one source, the others have their turns
                failed[way] += 1
                print(f"  {way} failed: {type(error).__name__}: {error}", flush=True)
    return {
        way: {name: median(round_[name] for round_ in own) for name in (own[0] if own else {})}
        | {"failed": failed[way]}
        for way, own in turns.items()
    }


def main() -> int:
    """Measure and print."""
    options = parsed(__doc__)
    medians = held(options)
    title = f"{options.seconds(FULL, quick=6.0):g} s of {REQUESTS:,} requests/s of {RECORDS} records, {HELD} held"
    tables.show(title, medians, COLUMNS)
    tables.judge(list(targets(medians)))
    return tables.finish(medians)


if __name__ == "__main__":
    sys.exit(main())
