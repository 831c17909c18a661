"""What reading the metrics of three brokers with 1,000 partitions every 2 s costs: on our side, and the brokers.

python -m benchmarks.scrape_cost [--quick] [--repeats N] [--only NAME...]

Each source runs in a process of its own; the brokers do nothing else. The Admin API is polled every 10 s, its
default. Intervals with and without a source alternate on the same brokers, so that other work of the machine
affects both. A Prometheus scrapes all the time, every second, as in a lab; its turns show what queries cost,
us and itself.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import psutil
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from benchmarks.rig import tables
from benchmarks.rig.contest import RAW, Figures, Medians
from benchmarks.rig.options import Options, parsed
from benchmarks.rig.tables import Column, Target, figure, of
from benchmarks.rig.trio import Trio, trio
from benchmarks.rig.watching import FOLLOWED, Watching, written

NAME: Final = "scrape_cost"
WAYS: Final = ("exporter", "jolokia", FOLLOWED, "admin")
INTERVAL: Final = 2.0
TOPICS, PARTITIONS = 100, 10
FULL: Final = 60.0
MOST: Final = 0.05
_PATIENCE: Final = 120.0
_SETTLE: Final = 5.0  # seconds after a change, until what it sets off is over


def filled(brokers: Trio, topics: int) -> None:
    """Make the topics, wait until each partition is where it belongs, and give each a record: idle ones show less."""
    servers: dict[str, str | int | float | bool] = {
        "bootstrap.servers": brokers.lab.bootstrap_servers,
        "log_level": 0,
    }
    admin, names = AdminClient(servers), [f"cost-{number}" for number in range(topics)]
    wanted = [NewTopic(name, num_partitions=PARTITIONS, replication_factor=3) for name in names]
    for made in admin.create_topics(wanted).values():
        made.result(_PATIENCE)
    deadline = time.monotonic() + _PATIENCE
    while not _in_sync(admin, topics):
        if time.monotonic() > deadline:
            raise RuntimeError("the partitions did not come in sync in time; see the brokers' logs")
        time.sleep(0.5)
    producer = Producer(servers)
    for name in names:
        for partition in range(PARTITIONS):
            producer.produce(name, b"x" * 100, partition=partition)
    if producer.flush(_PATIENCE):
        raise RuntimeError("the brokers did not take a record a partition in time; see their logs")


def _in_sync(admin: AdminClient, topics: int) -> bool:
    found = [topic for name, topic in admin.list_topics(timeout=20).topics.items() if name.startswith("cost-")]
    every = [partition for topic in found for partition in topic.partitions.values()]
    return len(every) == topics * PARTITIONS and all(
        len(partition.isrs) == len(partition.replicas) for partition in every
    )


def server_cpu(brokers: Trio) -> float:
    """Seconds of CPU that the lab's Prometheus has used; 0 without one."""
    url = brokers.lab.info.prometheus_url
    word = f"--web.listen-address={url.removeprefix('http://')}"
    servers = (
        [process for process in psutil.process_iter(["cmdline"]) if word in (process.info["cmdline"] or [])]
        if url
        else []
    )
    return float(sum(server.cpu_times().user + server.cpu_times().system for server in servers))


def turn(way: str, repeat: int, brokers: Trio, seconds: float) -> Figures:
    """A stretch without the source and one with it; which comes first changes from turn to turn."""
    log = RAW / NAME / f"{way.replace(' ', '-')}-{repeat}"
    found: Figures = {}
    for watched in (False, True) if repeat % 2 else (True, False):
        found |= _with(way, brokers, seconds, log.with_suffix(".run")) if watched else _without(brokers, seconds)
    for what in ("brokers", "server"):
        found[f"{what}_cost"] = found[f"{what}_with"] - found[f"{what}_without"]
    written(log.with_suffix(".json"), found)
    return found


def _without(brokers: Trio, seconds: float) -> Figures:
    time.sleep(min(_SETTLE, seconds))
    used = _cores({"brokers": brokers.cpu, "server": lambda: server_cpu(brokers)}, seconds)
    return {f"{what}_without": cores for what, cores in used.items()}


def _with(way: str, brokers: Trio, seconds: float, out: Path) -> Figures:
    start = time.time_ns()
    with Watching(way, brokers.properties, out, interval=INTERVAL) as watching:
        time.sleep(min(_SETTLE, seconds))
        counts = {"brokers": brokers.cpu, "server": lambda: server_cpu(brokers), "ours": watching.cpu}
        used = _cores(counts, seconds)
        watched = watching.end(start, time.time_ns())
    recorded = {
        "points": float(sum(map(len, watched.run.series))),
        "series": float(len(watched.run.series)),
        "events": float(len(watched.run.events)),
        "memory": watched.memory,
    }
    return {f"{what}_with": cores for what, cores in used.items()} | recorded


def _cores(counts: Mapping[str, Callable[[], float]], seconds: float) -> Figures:
    """The cores that each counter of CPU seconds shows in use while so many seconds pass."""
    before, begin = {what: count() for what, count in counts.items()}, time.monotonic()
    time.sleep(seconds)
    after, took = {what: count() for what, count in counts.items()}, time.monotonic() - begin
    return {what: (after[what] - before[what]) / took for what in counts}


COLUMNS: Final = (
    Column(title="ours, of a core", value=of("ours_with"), form=".2%"),
    Column(title="brokers without, cores", value=of("brokers_without"), form=".3f"),
    Column(title="with", value=of("brokers_with"), form=".3f"),
    Column(title="costs them", value=of("brokers_cost"), form="+.3f"),
    Column(title="least", value=of("brokers_cost_least"), form="+.3f"),
    Column(title="most", value=of("brokers_cost_most"), form="+.3f"),
    Column(title="costs Prometheus", value=of("server_cost"), form="+.3f"),
    Column(title="Series", value=of("series")),
    Column(title="events", value=of("events")),
    Column(title="memory, MB", value=lambda figures: of("memory")(figures) / 1e6),
)


def targets(medians: Medians) -> Iterator[Target]:
    """What is claimed."""
    for way in medians:
        yield Target(
            what=f"{way}: of a core on our side", value=figure(medians, way, "ours_with"), most=MOST, form=".2%"
        )


def held(options: Options) -> Medians:
    """Let each source have its turns, on brokers of its own."""
    shutil.rmtree(RAW / NAME, ignore_errors=True)
    found: Medians = {}
    for way in [way for way in WAYS if not options.only or way in options.only]:
        turns, failed = list[Figures](), 0
        try:
            with trio(way) as brokers:
                filled(brokers, options.count(TOPICS, 2))
                for repeat in range(1, options.repeats + 1):
                    print(f"  {NAME}, turn {repeat} of {options.repeats}: {way}", flush=True)
                    turns.append(turn(way, repeat, brokers, options.seconds(FULL, quick=4.0)))
        except Exception as error:  # whatever befell one source, the others have their turns
            failed = 1
            print(f"  {way} failed: {type(error).__name__}: {error}", flush=True)
        found[way] = summed_up(turns) | {"failed": failed}
    return found


def summed_up(turns: Sequence[Figures]) -> Figures:
    """The medians of all turns, and how far apart the brokers' costs were."""
    if not turns:
        return {}
    costs = [turn["brokers_cost"] for turn in turns]
    medians = {name: median(turn[name] for turn in turns) for name in turns[0]}
    return medians | {"brokers_cost_least": min(costs), "brokers_cost_most": max(costs)}


def main() -> int:
    """Measure and print."""
    options = parsed(__doc__)
    medians = held(options)
    count = options.count(TOPICS, 2) * PARTITIONS
    tables.show(f"{count:,} partitions in 3 copies, read every {INTERVAL:g} s", medians, COLUMNS)
    tables.judge(list(targets(medians)))
    return tables.finish(medians)


if __name__ == "__main__":
    sys.exit(main())
