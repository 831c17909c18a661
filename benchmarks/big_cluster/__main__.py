"""A large cluster with planted causes, judged in memory.

    python -m benchmarks.big_cluster judge [--brokers 100] [--no-baseline] [--plants healthy,metadata]
    python -m benchmarks.big_cluster cases [--no-baseline] [--noisy]

`judge` puts each plant into a cluster of so many brokers and says what the tool makes of it; `cases` does the same
with clusters of other sizes and with figures that are not clean.
"""

from __future__ import annotations

import argparse
import sys

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
    for command in (planting, others):
        command.add_argument("--no-baseline", action="store_true")
    given = words.parse_args()
    return {"judge": _judge, "cases": _cases}[given.what](given)


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


if __name__ == "__main__":
    sys.exit(main())
