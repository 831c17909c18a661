"""The culprit benchmark.

python -m benchmarks.culprits record --to FOLDER [--seeds 1,2] [--causes connections,...] [--intensities 1] [--dry-run]
python -m benchmarks.culprits keep FOLDER
python -m benchmarks.culprits judge [FOLDER] [--seeds 1-99]
python -m benchmarks.culprits judge [FOLDER] --as DIALECT|all [--every 60s] [--no-baseline] [--rivals] [--misses]
python -m benchmarks.culprits fit [FOLDER]
python -m benchmarks.culprits foreign [--only small-batches,...] [--keep FOLDER | --from FOLDER]

What is kept lies in the repository, and is judged and fitted to where no folder is given.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.culprits.dialects import LAB, dialects
from benchmarks.culprits.scenarios import SCENARIOS
from benchmarks.culprits.stored import KEPT
from clusterload.model.errors import AbortedError, ConfigurationError
from clusterload.model.units import parse_duration


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
    recording.add_argument("--again", action="store_true", help="also what is kept in the repository")
    recording.add_argument("--dry-run", action="store_true", help="only say what is missing and how long it takes")
    keeping = what.add_parser("keep", help="keep what is recorded in the repository")
    keeping.add_argument("folder", type=Path)
    judging = what.add_parser("judge", help="judge what is recorded, and print the tables")
    judging.add_argument("--seeds", default="100-199", help="those that are judged; 100-199 are reported")
    judging.add_argument("--json", type=Path, metavar="FILE", help="keep there what was said of each run")
    seeing = judging.add_argument_group("as other people's metrics would show it, in a table of its own")
    seeing.add_argument(
        "--as", dest="dialect", choices=(*dialects(), "all"), help="whose exporter rules, or all of them"
    )
    seeing.add_argument("--every", type=_seconds, default=0.0, metavar="60s", help="scrapes of a load of five minutes")
    seeing.add_argument("--no-baseline", action="store_true", help="only without a baseline")
    seeing.add_argument("--misses", action="store_true", help="also list each wrong answer")
    seeing.add_argument("--rivals", action="store_true", help="also what published rankings and simple rules say")
    seeing.add_argument("--each", type=int, default=1, metavar="N", help="only each N-th recording, to be quick")
    fitting = what.add_parser("fit", help="fit prices and confidence to the seeds below 100")
    foreign = what.add_parser(
        "foreign", help="eleven loads by Kafka's own tools and librdkafka, on a lab: what is said"
    )
    foreign.add_argument("--only", default="", help="kinds, with commas; all by default")
    foreign.add_argument("--seed", type=int, default=200, help="of names and the background")
    place = foreign.add_mutually_exclusive_group()
    place.add_argument("--keep", type=Path, metavar="FOLDER", help="record what is missing there, and leave it there")
    place.add_argument("--from", dest="stored", type=Path, metavar="FOLDER", help="only judge what is recorded there")
    for command in (judging, fitting):
        command.add_argument("folder", type=Path, nargs="?", default=KEPT)
    given = words.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # in good order, also in the background of a shell
    try:
        return {"record": _record, "keep": _keep, "judge": _judge, "fit": _fit, "foreign": _foreign}[given.what](given)
    except (KeyboardInterrupt, AbortedError):
        print("interrupted; what is recorded stays, and is not recorded again", file=sys.stderr)
        return AbortedError.exit_code


def _keep(given: argparse.Namespace) -> int:
    from benchmarks.culprits.keeping import keep, size  # noqa: PLC0415

    for name in keep(given.folder):
        print(name)
    print(f"{KEPT.relative_to(Path.cwd())} has {size() / 1e6:.1f} MB")
    return 0


def _judge(given: argparse.Namespace) -> int:
    if given.dialect or given.every or given.no_baseline or given.misses or given.rivals:
        return _see(given)
    from benchmarks.culprits import judge, table  # noqa: PLC0415

    judged = judge.judge_all(given.folder, _numbers(given.seeds))
    if given.json:
        judge.write(judged, given.json)
    print(table.tables(judged))
    return 0


def _see(given: argparse.Namespace) -> int:
    from benchmarks.culprits import columns  # noqa: PLC0415

    based = (False,) if given.no_baseline else (True, False)
    wanted = columns.columns(given.dialect or LAB, every=given.every, based=based)
    part = slice(None, None, given.each)
    seen = columns.see_all(given.folder, _numbers(given.seeds), wanted, part=part, beside=given.rivals)
    tables = (columns.table_of, columns.knowable_table, columns.calibrations)
    shown = [show(seen, wanted) for show in tables]
    shown += [columns.rivals_table(seen, wanted)] if given.rivals else []
    shown += [columns.misses(seen, wanted)] if given.misses else []
    print("\n\n".join(shown))
    return 0


def _seconds(text: str) -> float:
    try:
        return parse_duration(text)
    except ConfigurationError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _fit(given: argparse.Namespace) -> int:
    from benchmarks.culprits.fitting import fitted  # noqa: PLC0415

    print(fitted(given.folder))
    return 0


def _foreign(given: argparse.Namespace) -> int:
    from benchmarks.culprits import others  # noqa: PLC0415
    from benchmarks.culprits.orders import missing  # noqa: PLC0415
    from benchmarks.culprits.record import record  # noqa: PLC0415

    only = given.only.split(",") if given.only else []
    if unknown := [name for name in only if name not in others.OTHERS]:
        sys.exit(f"no kind {', '.join(unknown)}; known: {', '.join(others.OTHERS)}")
    with tempfile.TemporaryDirectory(prefix="clusterload-foreign-") as scratch:
        folder = given.stored or given.keep or Path(scratch)
        failed = [] if given.stored else record(missing(others.orders(only, given.seed), folder), folder)
        print(others.table(others.judged(folder, only)))
    for line in failed:
        print(f"not recorded: {line}")
    return int(bool(failed))


def _record(given: argparse.Namespace) -> int:
    from benchmarks.culprits.orders import missing, orders  # noqa: PLC0415
    from benchmarks.culprits.record import left_words, record  # noqa: PLC0415

    wanted = orders(_scenarios(given.causes), _numbers(given.seeds), _numbers(given.intensities), given.clean)
    left = missing(wanted, given.to) if given.again else missing(wanted, given.to, KEPT)
    print(f"{len(wanted)} runs, {len(wanted) - len(left)} recorded, {len(left)} missing: {left_words(len(left))}")
    if given.dry_run:
        print("\n".join(order.id for order in left))
        return 0
    return int(bool(record(left, given.to)))


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
