"""OpenMetrics: all Series as text with their times, which Prometheus takes in as blocks of its own.

Bytes, seconds and ratios are in base units and say so in their name; what is counted is a counter that begins at 0.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.model.series import SECOND, Kind

if TYPE_CHECKING:
    from pathlib import Path

    from clusterload.model.run import Run
    from clusterload.model.series import Series
    from clusterload.model.units import Unit

_PREFIX: Final = "clusterload_"
_BASE: Final = {"bytes": "bytes", "time": "seconds", "ratio": "ratio"}
_NOT_IN_NAMES: Final = re.compile(r"[^a-zA-Z0-9_]")
_ESCAPED: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def write_openmetrics(run: Run, path: Path, table: str) -> None:  # noqa: ARG001 (its Series are all there is)
    """Write a run's Series; points that are not known are left out."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in _lines(run))


def _lines(run: Run) -> Iterator[str]:
    families: dict[tuple[str, str, str], list[Series]] = defaultdict(list)
    for series in run.series:
        unit = _base(series.unit)
        families[_family(series.name, unit), "counter" if series.kind is Kind.DELTA else "gauge", unit].append(series)
    for (name, kind, unit), members in sorted(families.items()):
        yield f"# TYPE {name} {kind}"
        if unit:
            yield f"# UNIT {name} {unit}"
        for member in members:
            yield from _samples(name, member)
    yield "# EOF"


def _base(unit: Unit) -> str:
    """The base unit by which a name ends; none for what is counted in things."""
    base = _BASE.get(unit.thing, "")
    return f"{base}_per_second" if base and unit.per_second else base


def _family(name: str, unit: str) -> str:
    made = _PREFIX + _NOT_IN_NAMES.sub("_", name)
    return made if not unit or made.endswith(f"_{unit}") else f"{made}_{unit}"


def _samples(name: str, series: Series) -> Iterator[str]:
    known = ~np.isnan(series.values)
    values, times = series.values[known], series.times[known]
    if series.kind is Kind.DELTA:
        values, name = np.cumsum(values), f"{name}_total"
    factor = series.unit.factor if series.unit.thing in _BASE else 1.0
    labels = _labels(series.labels)
    for value, time in zip(values.tolist(), times.tolist(), strict=True):
        yield f"{name}{labels} {_number(value * factor)} {time // SECOND}.{time % SECOND:09}"


def _number(value: float) -> str:
    return repr(value) if math.isfinite(value) else f"{'+' if value > 0 else '-'}Inf"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    pairs: Sequence[str] = [
        f'{_NOT_IN_NAMES.sub("_", name)}="{value.translate(_ESCAPED)}"' for name, value in sorted(labels.items())
    ]
    return f"{{{','.join(pairs)}}}"
