"""Live: a played cluster that is read while time passes, from its exporters or through a real Prometheus."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.big_cluster.cases import Case, planted
from benchmarks.big_cluster.judging import HEAD, Said, row
from benchmarks.big_cluster.player import HOST, Played, playing
from benchmarks.big_cluster.reader import Seen
from clusterload.lab.ports import choose_one
from clusterload.lab.prometheus import find

COSTS: Final = ("CPU reading", "CPU judging", "memory", "scrapes", "run file")


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a played cluster is read.

    Attributes:
        seconds: of the baseline, and of the window.
        every: seconds between scrapes.
        through: `exporters` or `prometheus`.
    """

    seconds: float = 150.0
    every: float = 15.0
    through: str = "exporters"


def live(case: Case, brokers: int, how: How) -> tuple[Said, Seen]:
    """Play a case, read it, and judge it."""
    settle = 2 * how.every
    with playing(case.name, brokers, settle + how.seconds) as played, tempfile.TemporaryDirectory() as scratch:
        if how.through == "prometheus":
            with _prometheus(played, brokers, how.every, Path(scratch)) as url:
                seen = _read(Path(scratch), brokers, played.began + settle + how.seconds, how, prometheus=url)
        else:
            at = f"http://{HOST}:{played.port}/{{}}/metrics"
            seen = _read(Path(scratch), brokers, played.began + settle + how.seconds, how, exporters=at)
    return Said(case=case.name, truth=case.planted, findings=seen.said, seconds=seen.cpu_judging), seen


def _read(scratch: Path, brokers: int, onset: float, how: How, *, exporters: str = "", prometheus: str = "") -> Seen:
    words = [sys.executable, "-m", "benchmarks.big_cluster", "read", "--brokers", str(brokers), "--onset", str(onset)]
    words += ["--seconds", str(how.seconds), "--every", str(how.every), "--to", str(scratch / "big.run")]
    words += ["--exporters", exporters] if exporters else ["--prometheus", prometheus]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    return Seen(**json.loads(done.stdout))


@contextmanager
def _prometheus(played: Played, brokers: int, every: float, scratch: Path) -> Iterator[str]:
    """A Prometheus that scrapes each broker; its id is a label, as operators set it."""
    port = choose_one()
    settings = scratch / "prometheus.yml"
    targets = [
        {
            "targets": [f"{HOST}:{played.port}"],
            "labels": {"broker": str(at + 1), "__metrics_path__": f"/{at + 1}/metrics"},
        }
        for at in range(brokers)
    ]
    jobs = [{"job_name": "kafka", "static_configs": targets}]
    settings.write_text(json.dumps({"global": {"scrape_interval": f"{every:.0f}s"}, "scrape_configs": jobs}))
    words = [str(find()), f"--config.file={settings}", f"--storage.tsdb.path={scratch / 'data'}"]
    words += [f"--web.listen-address={HOST}:{port}"]
    with (scratch / "prometheus.log").open("w") as log, subprocess.Popen(words, stdout=log, stderr=log) as server:
        try:
            _until_ready(f"http://{HOST}:{port}")
            yield f"http://{HOST}:{port}"
        finally:
            server.terminate()


def _until_ready(url: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the Prometheus at {url} is not ready after 30 s: see its log")


def shown(brokers: int, how: How, wanted: set[str]) -> Iterator[str]:
    """The table, a line as soon as its case is judged."""
    from benchmarks.culprits.table import table  # noqa: PLC0415 (what it counts with takes seconds to import)

    rows = []
    for case in planted(brokers):
        if not wanted or case.name in wanted:
            said, seen = live(case, brokers, how)
            rows.append((*row(said), *_costs(seen)))
            yield " | ".join(rows[-1])
    yield "\n" + table((*HEAD, *COSTS), rows)


def _costs(seen: Seen) -> tuple[str, ...]:
    return (
        f"{seen.cpu_reading:.1f} s",
        f"{seen.cpu_judging:.1f} s",
        f"{seen.megabytes:.0f} MB",
        f"{seen.got:,} of {seen.due:,}",
        f"{seen.file_bytes / 1e6:.1f} MB",
    )
