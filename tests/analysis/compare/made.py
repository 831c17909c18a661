"""Groups of runs with chosen figures: read from stored runs, or drawn as runs of a cluster differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from clusterload.analysis.compare import (
    Better,
    ComparedFigure,
    Comparison,
    FigureFamily,
    RunFigures,
    RunGroup,
    side_by_side,
)
from clusterload.model import units
from clusterload.model.run import Run
from clusterload.model.series import SECOND
from clusterload.model.workload import Plan
from tests.stored_runs import START, Cluster, case_levels, plan, stored

# What three runs of one plan differ by, as a share.
NOISE = (-0.004, 0.001, 0.003)


def runs(
    folder: Path,
    name: str,
    *,
    connections: float = 47.0,
    ingress: float = 2.1e6,
    made: Plan | None = None,
    noise: Sequence[float] = NOISE,
) -> list[Run]:
    """Runs of one plan as they are stored, each a little off; all at the same time."""
    found = []
    for number, off in enumerate(noise):
        levels = case_levels(connections * (1 + off), ingress * (1 + off))
        levels["records_in"] = 500.0
        levels["cpu_broker"] = 0.4 * (1 + 10 * off)
        found.append(stored(folder / f"{name}{number}.run", Cluster(levels=levels), made=made or plan()))
    return found


LATENCY = ComparedFigure(
    name="latency.p99 of web",
    title="p99 of web",
    unit=units.MILLISECONDS,
    family=FigureFamily.LATENCY,
    better=Better.LESS,
)
REACHED = ComparedFigure(
    name="achieved.record_rate of web",
    title="Record rate of web",
    unit=units.RECORDS_PER_SECOND,
    family=FigureFamily.ACHIEVED,
    better=Better.MORE,
)
BYTES = ComparedFigure(
    name="resource.ingress",
    title="Ingress",
    unit=units.BYTES_PER_SECOND,
    family=FigureFamily.RESOURCE,
    better=Better.NEITHER,
)


def reading(
    name: str, figures: Mapping[ComparedFigure, float], *, start: float = 0.0, made: Plan | None = None
) -> RunFigures:
    """A run that came to these figures."""
    begun = START + round(start * SECOND)
    return RunFigures(run=Run(id=name, plan=made, start=begun, end=begun + 10 * SECOND), figures=figures, gaps={})


def group(name: str, figures: Mapping[ComparedFigure, Sequence[float]], made: Plan | None = None) -> RunGroup:
    """A group whose runs came to these values of each figure, made in turn with those of others."""
    count = len(next(iter(figures.values())))
    each = [{figure: values[number] for figure, values in figures.items()} for number in range(count)]
    return RunGroup(
        name=name,
        title=f"runs/{name}",
        readings=tuple(
            reading(f"{name}{number}", one, start=60 * number, made=made) for number, one in enumerate(each)
        ),
    )


def compared(*groups: RunGroup, repeats: Sequence[RunFigures] = ()) -> Comparison:
    """Groups side by side."""
    return side_by_side(groups, "limits of the test", repeats)


def drawn(chance: Random, typical: float, scatter: float, count: int = 3) -> list[float]:
    """Values of runs that differ by so much on the scale of logarithms."""
    return [typical * chance.lognormvariate(0.0, scatter) for _ in range(count)]
