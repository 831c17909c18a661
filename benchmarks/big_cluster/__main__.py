"""A large cluster with planted causes, judged in memory and live.

    python -m benchmarks.big_cluster judge [--brokers 100] [--no-baseline] [--plants healthy,metadata]
    python -m benchmarks.big_cluster cases [--no-baseline] [--noisy]
    python -m benchmarks.big_cluster live [--brokers 100] [--through prometheus] [--plants metadata]
    python -m benchmarks.big_cluster play [--brokers 100] [--plant metadata] [--onset 300]

`judge` puts each plant into a cluster of so many brokers and says what the tool makes of it; `cases` does the same
with clusters of other sizes and with figures that are not clean. `play` serves what each broker's exporter would show;
`live` plays each plant, reads it while time passes, and says what reading took.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.big_cluster import cases
from benchmarks.big_cluster.figures import Stretches
from benchmarks.big_cluster.judging import judge, summary


def main() -> int:
    """Judge, and print the table."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = words.add_subparsers(dest="what", required=True)
    planting = what.add_parser("judge", help="each plant in a cluster of so many brokers")
    planting.add_argument("--brokers", type=int, default=100)
    planting.add_argument("--plants", default="", help="only these, with commas")
    planting.add_argument("--every", type=int, default=15, metavar="SECONDS", help="between scrapes")
    planting.add_argument("--admin", action="store_true", help="with what only the Admin API gives")
    others = what.add_parser("cases", help="other sizes, and figures that are not clean")
    others.add_argument("--only", default="", help="only these, with commas")
    others.add_argument("--noisy", action="store_true", help="40 seeds of few coarse points with 12 %% noise too")
    player = what.add_parser("play", help="serve each broker's exporter text at /ID/metrics")
    player.add_argument("--brokers", type=int, default=100)
    player.add_argument("--plant", default="healthy")
    player.add_argument("--onset", type=float, default=300.0, metavar="SECONDS")
    player.add_argument("--noise", type=float, default=0.07)
    watching = what.add_parser("live", help="read a played cluster while time passes")
    watching.add_argument("--brokers", type=int, default=100)
    watching.add_argument("--through", choices=("exporters", "prometheus"), default="exporters")
    watching.add_argument("--plants", default="", help="only these, with commas")
    watching.add_argument("--seconds", type=float, default=150.0, help="of the baseline, and of the window")
    watching.add_argument("--every", type=float, default=15.0, metavar="SECONDS", help="between scrapes")
    reader = what.add_parser("read", help="what `live` starts to read a played cluster")
    reader.add_argument("--brokers", type=int, required=True)
    reader.add_argument("--onset", type=float, required=True)
    reader.add_argument("--seconds", type=float, required=True)
    reader.add_argument("--every", type=float, required=True)
    reader.add_argument("--to", type=Path, required=True)
    reader.add_argument("--exporters", default="")
    reader.add_argument("--prometheus", default="")
    for command in (planting, others):
        command.add_argument("--no-baseline", action="store_true")
    given = words.parse_args()
    return {"judge": _judge, "cases": _cases, "play": _play, "live": _live, "read": _read}[given.what](given)


def _judge(given: argparse.Namespace) -> int:
    wanted = set(filter(None, given.plants.split(",")))
    chosen = cases.planted(given.brokers, Stretches(every=given.every, admin=given.admin))
    print(summary(judge(case, baseline=not given.no_baseline) for case in chosen if not wanted or case.name in wanted))
    return 0


def _cases(given: argparse.Namespace) -> int:
    wanted = set(filter(None, given.only.split(",")))
    made = [make for name, make in cases.CASES.items() if not wanted or name in wanted]
    print(summary(judge(make(), baseline=not given.no_baseline) for make in made))
    if given.noisy:
        print()
        print(summary(judge(cases.noisy(seed), baseline=not given.no_baseline) for seed in cases.NOISY))
    return 0


def _play(given: argparse.Namespace) -> int:
    from benchmarks.big_cluster.player import play  # noqa: PLC0415

    play(given.plant, given.brokers, given.onset, given.noise)
    return 0


def _live(given: argparse.Namespace) -> int:
    from benchmarks.big_cluster.live import How, shown  # noqa: PLC0415

    how = How(seconds=given.seconds, every=given.every, through=given.through)
    for line in shown(given.brokers, how, set(filter(None, given.plants.split(",")))):
        print(line, flush=True)
    return 0


def _read(given: argparse.Namespace) -> int:
    from benchmarks.big_cluster.reader import read  # noqa: PLC0415

    read(
        given.to, given.brokers, given.onset, given.seconds, given.every,
        exporters=given.exporters, prometheus=given.prometheus,
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
