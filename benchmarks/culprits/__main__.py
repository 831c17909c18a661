"""The culprit benchmark.

python -m benchmarks.culprits record --to FOLDER [--seeds 1,2] [--causes connections,...] [--intensities 1] [--dry-run]
python -m benchmarks.culprits judge FOLDER
python -m benchmarks.culprits table FOLDER
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from benchmarks.culprits.scenarios import SCENARIOS


def main() -> int:
    """Record, judge or show; 1 if a run could not be recorded."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = words.add_subparsers(dest="what", required=True)
    recording = what.add_parser("record", help="record what is missing")
    recording.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    recording.add_argument("--seeds", default="1", help="1-99 for development, 100-199 are reported; as in 100-102")
    recording.add_argument("--causes", default="", help="scenarios, with commas; all by default")
    recording.add_argument("--intensities", default="1,2")
    recording.add_argument("--clean", type=int, default=6, help="runs of the background alone, for each seed")
    recording.add_argument("--dry-run", action="store_true", help="only say what is missing and how long it takes")
    for name, about in (("judge", "judge what is recorded"), ("table", "show what was judged")):
        what.add_parser(name, help=about).add_argument("folder", type=Path)
    given = words.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # in good order, also in the background of a shell
    return _record(given) if given.what == "record" else _show(given.folder, anew=given.what == "judge")


def _show(folder: Path, *, anew: bool) -> int:
    from benchmarks.culprits import judge, table  # noqa: PLC0415

    judged = judge.judge_all(folder) if anew else judge.read(folder / judge.JUDGED)
    print(table.tables(judged))
    return 0


def _record(given: argparse.Namespace) -> int:
    from benchmarks.culprits.record import left_words, missing, orders, record  # noqa: PLC0415

    wanted = orders(_scenarios(given.causes), _numbers(given.seeds), _numbers(given.intensities), given.clean)
    left = missing(wanted, given.to)
    print(f"{len(wanted)} runs, {len(wanted) - len(left)} recorded, {len(left)} missing: {left_words(len(left))}")
    if given.dry_run:
        print("\n".join(order.id for order in left))
        return 0
    return int(bool(record(wanted, given.to)))


def _scenarios(text: str) -> list[str]:
    if not text:
        return list(SCENARIOS)
    if unknown := [name for name in text.split(",") if name not in SCENARIOS]:
        sys.exit(f"no scenario {', '.join(unknown)}; known: {', '.join(SCENARIOS)}")
    return text.split(",")


def _numbers(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


if __name__ == "__main__":
    sys.exit(main())
