"""PetShop: an outside set of incidents, ranked by what `clusterload changed` finds.

python -m benchmarks.petshop FOLDER        # a copy of the data set: its folder `dataset`
python -m benchmarks.petshop --fetch       # clones it first: https://github.com/amazon-science/petshop-root-cause-analysis

The data are Amazon's (CC-BY-4.0; Hardt and others, The PetShop Dataset, CLeaR 2024): 68 incidents that were injected
into an application of 41 services, which have latencies, requests and availability each five minutes. Nothing of it
is Kafka: it shows whether what moved beyond the usual leads to a root cause where nobody fitted anything to it.

An incident's window begins with the point nearest to its alarm; its baseline, and what is usual, is its scenario's
stretch without incidents. A service ranks by its figure that moved farthest. Beside it: N-sigma and BARO (see
`benchmarks/culprits/rivals.py`), and what a random order comes to.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.culprits.rivals import Score, robust, sigmas
from benchmarks.culprits.table import table
from clusterload.analysis.changes import changes
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Floats, Kind, Series
from clusterload.model.units import COUNT, PERCENT, SECONDS, Unit

URL: Final = "https://github.com/amazon-science/petshop-root-cause-analysis"

STEP: Final = 300.0
"""Seconds between points."""

_UNITS: Final[dict[str, Unit]] = {"latency": SECONDS, "requests": COUNT, "availability": PERCENT}
_HEAD: Final = 4  # lines of a table before its points: service, metric, statistic, and the name of the times
_SERVICE: Final = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that was done to a service.

    Attributes:
        name: scenario and number.
        metric: of the alarm, `latency` or `availability`.
        cause: the service to which it was done.
        now: what was measured from the alarm on.
        normal: what was measured while nothing happened.
    """

    name: str
    metric: str
    cause: str
    now: Run
    normal: Run

    @property
    def services(self) -> set[str]:
        """All that could be the cause."""
        return {series.labels[_SERVICE] for series in self.now.series}


Judge = Callable[[Incident], list[str]]
"""Ranks services, the likeliest cause first."""


def incidents(folder: Path) -> Iterator[Incident]:
    """All incidents of a copy of the data set whose scenario has its stretch without incidents."""
    for scenario in sorted(path for path in folder.iterdir() if path.is_dir()):
        usual = scenario / "noissue" / "metrics.csv"
        if usual.exists():
            normal = read(usual)
            for target in sorted(scenario.glob("*/issue_*/target.json")):
                yield _incident(target, normal)


def _incident(path: Path, normal: Run) -> Incident:
    told = json.loads(path.read_text(encoding="utf-8"))
    run = read(path.with_name("metrics.csv"))
    alarm = int((told["target"]["timestamp"] - STEP / 2) * SECOND)
    return Incident(
        name="/".join(path.parts[-4:-1]),
        metric=told["target"]["metric"],
        cause=told["root_cause"]["node"],
        now=run.between(max(run.start, min(alarm, run.end - round(STEP * SECOND))), run.end),
        normal=normal,
    )


def read(path: Path) -> Run:
    """A table of the data set: a Series for each service, metric and statistic."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    services, metrics, statistics = (row[1:] for row in rows[: _HEAD - 1])
    times = np.array([round(float(row[0]) * SECOND) for row in rows[_HEAD:]], dtype=np.int64)
    values = np.array([[float(cell or "nan") for cell in row[1:]] for row in rows[_HEAD:]])
    series = tuple(
        Series(
            name=f"{metric}_{statistic}".lower(),
            unit=_UNITS[metric],
            kind=Kind.GAUGE,
            labels={_SERVICE: service},
            granularity=STEP,
            times=times,
            values=values[:, column],
        )
        for column, (service, metric, statistic) in enumerate(zip(services, metrics, statistics, strict=True))
    )
    start = int(times[0] - round(STEP * SECOND))
    return Run(id=str(path), plan=None, start=start, end=int(times[-1]), series=series)


def by_changes(incident: Incident) -> list[str]:
    """Services in the order in which `changed` tells what moved."""
    found = changes(incident.normal, incident.now, (incident.normal,))
    told = (dict(shift.figure.labels).get(_SERVICE, "") for shift in found.shifts if shift.yardstick)
    return [service for service in dict.fromkeys(told) if service]


def by_score(score: Score) -> Judge:
    """Services in the order of a score of their figures."""

    def ranked(incident: Incident) -> list[str]:
        before = {series.key: _known(series, incident.normal) for series in incident.normal.series}
        found: dict[str, float] = {}
        for series in incident.now.series:
            now, usual = _known(series, incident.now), before.get(series.key, np.empty(0))
            if len(now) and len(usual):
                service = series.labels[_SERVICE]
                found[service] = max(found.get(service, -np.inf), score(now, usual))
        return sorted(found, key=lambda service: -found[service])

    return ranked


def _known(series: Series, run: Run) -> Floats:
    values = series.between(run.start, run.end).values
    known: Floats = values[~np.isnan(values)]
    return known


JUDGES: Final[dict[str, Judge]] = {
    "clusterload changed": by_changes,
    "N-sigma": by_score(sigmas),
    "BARO": by_score(robust),
}


def shown(found: Sequence[Incident]) -> str:
    """How often the root cause is first, and among the first three, by whom."""
    groups = {"": list(found)} | {
        f" ({name})": [incident for incident in found if incident.metric == name]
        for name in ("latency", "availability")
    }
    head = [f"top-{most} of {len(group)}{name}" for name, group in groups.items() for most in (1, 3)]
    rows = [
        (who, *(str(_hits(group, ranks, most)) for group in groups.values() for most in (1, 3)))
        for who, ranks in (
            (who, {incident.name: judge(incident) for incident in found}) for who, judge in JUDGES.items()
        )
    ]
    chances = (f"{chance(group, most):.1f}" for group in groups.values() for most in (1, 3))
    return table(("", *head), [*rows, ("a random order", *chances)])


def _hits(found: Sequence[Incident], ranks: Mapping[str, Sequence[str]], most: int) -> int:
    return sum(incident.cause in ranks[incident.name][:most] for incident in found)


def chance(found: Sequence[Incident], most: int) -> float:
    """How many causes are expected among the first few of a random order."""
    return sum(min(1.0, most / len(incident.services)) for incident in found)


def main() -> int:
    """Rank all incidents of a copy, and print how often the cause was found; 1 if there is none."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder", type=Path, nargs="?", help="a copy of the data set's folder `dataset`")
    words.add_argument("--fetch", action="store_true", help=f"clone it from {URL}")
    words.add_argument("--quick", action="store_true", help="only each fourth incident")
    given = words.parse_args()
    if bool(given.folder) == given.fetch:
        print("give the folder of a copy, or --fetch", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        folder = _fetched(Path(scratch)) if given.fetch else given.folder
        found = list(incidents(folder))[:: 4 if given.quick else 1]
    if not found:
        print(f"no incidents in {folder}: give the folder that has low_traffic, high_traffic …", file=sys.stderr)
        return 1
    print(shown(found))
    return 0


def _fetched(scratch: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", URL, str(scratch / "petshop")], check=True)
    return scratch / "petshop" / "dataset"


if __name__ == "__main__":
    sys.exit(main())
