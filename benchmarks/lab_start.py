"""How long a lab takes to be ready, with and without the start-up cache, and what a scrape costs.

    python -m benchmarks.lab_start [STARTS] [--quick]

Every row is the median of several starts; the first ones also download and train, so one start goes before.
"""

from __future__ import annotations

import re
import statistics
import time
import urllib.request
from dataclasses import dataclass

from benchmarks.rig.options import parser
from clusterload.lab.lab import Lab

_SCRAPES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way to start: seconds until ready and until stopped, ms and CPU ms of a scrape, its lines, memory in MB."""

    name: str
    ready: float
    stopped: float
    scrape_ms: float
    scrape_cpu_ms: float
    lines: int
    memory_mb: float


def scraped(url: str) -> tuple[str, float]:
    """What an exporter shows, and how many ms it took."""
    begin = time.perf_counter()
    with urllib.request.urlopen(url, timeout=30) as answer:
        text = answer.read().decode()
    return text, 1000 * (time.perf_counter() - begin)


def value(text: str, name: str) -> float:
    """The first value of a metric without labels."""
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else float("nan")


def scrape_cost(url: str) -> tuple[float, float, int, float]:
    """Median ms, CPU ms of the broker, lines, and the broker's memory in MB; after a warm-up."""
    for _ in range(_SCRAPES):
        first, _ = scraped(url)
    times = []
    for _ in range(_SCRAPES):
        last, took = scraped(url)
        times.append(took)
    cpu = 1000 * (value(last, "process_cpu_seconds_total") - value(first, "process_cpu_seconds_total")) / _SCRAPES
    memory = value(last, "process_resident_memory_bytes") / 1e6
    return statistics.median(times), cpu, last.count("\n"), memory


def measured(brokers: int, *, java: str, fast: bool, starts: int) -> Row:
    """Start and stop a lab several times."""
    ready, stopped, costs = [], [], []
    for _ in range(starts):
        begin = time.perf_counter()
        lab = Lab(brokers, java=java, fast_start=fast).start()
        ready.append(time.perf_counter() - begin)
        costs += [scrape_cost(url) for url in lab.exporters.values()]
        begin = time.perf_counter()
        lab.stop()
        stopped.append(time.perf_counter() - begin)
    scrape_ms, cpu, lines, memory = (statistics.median(each) for each in zip(*costs, strict=True))
    return Row(
        name=f"{brokers} broker{'s' * (brokers > 1)}, {java} Java, {'with' if fast else 'no'} cache",
        ready=statistics.median(ready),
        stopped=statistics.median(stopped),
        scrape_ms=scrape_ms,
        scrape_cpu_ms=cpu,
        lines=int(lines),
        memory_mb=memory,
    )


def main() -> None:
    """Measure and print a table."""
    words = parser(__doc__)
    words.add_argument("starts", nargs="?", type=int, default=5, help="of each lab (5; 1 of the smallest with --quick)")
    given = words.parse_args()
    starts, javas, sizes = (1, ("bundled",), (1,)) if given.quick else (given.starts, ("bundled", "path"), (1, 3))
    print("| lab | ready, s | stopped, s | scrape, ms | its CPU, ms | lines | memory of a broker, MB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for java in javas:
        Lab(1, java=java).start().stop()
        for fast in (False, True):
            for brokers in sizes:
                row = measured(brokers, java=java, fast=fast, starts=starts)
                print(
                    f"| {row.name} | {row.ready:.1f} | {row.stopped:.2f} | {row.scrape_ms:.0f} "
                    f"| {row.scrape_cpu_ms:.0f} | {row.lines} | {row.memory_mb:.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
