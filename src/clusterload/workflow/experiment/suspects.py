"""Suspects: clients of others, held back for a while by a temporary quota, to see what falls.

A B A, repeated: the cluster as it is, with the suspect held back, and as it is again. The quota is a share of the
brokers' threads so small that each request of the client is delayed: by one quota window (a second) at most, for that
is how brokers bound this quota alone. A byte rate is never set: its delay has no bound, so that a client would stand
still long after the quota is removed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.effects import (
    Design,
    DesignKind,
    ExperimentResult,
    Factor,
    FactorLevel,
    MeasuredPoint,
    Point,
    amount,
    evaluate,
    make_design,
)
from clusterload.lab.registry import find_lab
from clusterload.model.errors import AbortedError, StoreError, UsageError
from clusterload.telemetry.discovery import sources_of
from clusterload.telemetry.runfile import SUFFIX
from clusterload.workflow.consent import Consent
from clusterload.workflow.temporary_quota import temporary_quota
from clusterload.workflow.watch import watch

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run
    from clusterload.telemetry.sources.source import OnWait, Source

HOLDING_BACK: Final = {"request_percentage": 0.01}
"""What a suspect is held back by: a ten-thousandth of one thread."""

PATIENCE: Final = 30.0
"""Seconds beyond a stretch after which the quota is removed in any case."""

RECOVERY: Final = 3.0
"""Seconds after a quota is set or removed that are not watched: delays of a second, and metrics that lag."""

_KINDS: Final = {"client": "client-id", "principal": "user"}
_USER: Final = "User:"
_WHOLE: Final = 0.95
_OF_BROKERS: Final = ("limit_load", "saturation.", "cpu_broker", "latency.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A client that may be what loads the cluster.

    Attributes:
        kind: `client` or `principal`.
        name: the client id, or the principal without its type.
    """

    kind: str
    name: str

    @classmethod
    def parsed(cls, text: str) -> Suspect:
        """From `client=ID` or `principal=NAME`.

        Raises:
            UsageError: it is neither.
        """
        kind, _, name = text.partition("=")
        if kind not in _KINDS or not name:
            raise UsageError(f"{text!r} is not a suspect: write client=ID or principal=NAME")
        return cls(kind=kind, name=name.removeprefix(_USER) if kind == "principal" else name)

    @property
    def words(self) -> str:
        """As in a sentence: `client etl-7`."""
        return f"{self.kind} {self.name}"

    @property
    def entity(self) -> dict[str, str]:
        """Whom the quota is for."""
        return {_KINDS[self.kind]: self.name}

    @property
    def design(self) -> Design:
        """As it is, and held back."""
        levels = (FactorLevel(text="as it is"), FactorLevel(text="held back", act=f"holding back {self.words}"))
        return make_design((Factor(name=f"{self.kind}={self.name}", noun=self.words, levels=levels),), DesignKind.ONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectTest:
    """What is watched.

    Attributes:
        suspect: who is held back.
        seconds: of each stretch.
        repeats: how often it is held back.
    """

    suspect: Suspect
    seconds: float
    repeats: int = 2

    @property
    def order(self) -> tuple[Point, ...]:
        """As it is, held back, as it is again, and so on."""
        return tuple((number % 2,) for number in range(2 * self.repeats + 1))

    @property
    def lasts(self) -> float:
        """About how long all of it takes, in seconds."""
        return len(self.order) * (self.seconds + RECOVERY + 1)


def hold_back(
    cluster: Cluster,
    test: SuspectTest,
    *,
    folder: Path,
    sources: Sequence[Source] | None = None,
    consented: Consent = Consent(),  # noqa: B008 (frozen)
    on_stretch: Callable[[int, str], None] = lambda _number, _words: None,
    on_look: Callable[[Run], None] = lambda _: None,
    on_wait: OnWait = lambda _: None,
) -> tuple[MeasuredPoint, ...]:
    """Watch a cluster with and without a client of somebody else; a run file for each stretch.

    Args:
        cluster: where; no load is generated.
        test: who is held back, how often and for how long.
        folder: for the run files; it must hold none.
        sources: of the metrics; by default the cluster's own.
        consented: consent to touch a cluster that is not a lab.
        on_stretch: called as each stretch begins with its number from 1, and whether the suspect is held back.
        on_look: as for `watch`.
        on_wait: as for `watch`.

    Raises:
        ConsentError: it is not a lab, and was not consented to.
        ConfigurationError: the client has a quota already, or no source of metrics is known.
        StoreError: the folder holds runs already.
        ClusterError: the cluster does not let us set quotas, or the temporary quota could not be removed again.
        AbortedError: interrupted; the temporary quota is removed.
    """
    if find_lab(cluster.id) is None:
        consented.require_for(cluster.id, to="hold a client back on it")
    if folder.exists() and any(folder.glob(f"*{SUFFIX}")):
        raise StoreError(f"{folder} holds runs already: give another folder with --out, or remove them")
    chosen = sources_of(cluster) if sources is None else sources
    made_of = test.suspect.design

    def stretch(number: int, point: Point) -> MeasuredPoint:
        on_stretch(number, made_of.describe(point))
        if number > 1:
            time.sleep(RECOVERY)
        path = folder / f"{number:03}{SUFFIX}"
        run = watch(cluster, seconds=test.seconds, sources=chosen, path=path, on_look=on_look, on_wait=on_wait)
        if run.seconds < _WHOLE * test.seconds:
            raise AbortedError(f"interrupted: what was watched until then is in {folder}")
        return MeasuredPoint(point=point, run=run)

    made = []
    for number, point in enumerate(test.order, start=1):
        if point == made_of.baseline:
            made.append(stretch(number, point))
            continue
        bound = test.seconds + RECOVERY + PATIENCE
        with temporary_quota(
            cluster,
            test.suspect.entity,
            HOLDING_BACK,
            why=f"what falls without {test.suspect.words}",
            seconds=bound,
        ):
            made.append(stretch(number, point))
    return tuple(made)


def evaluate_suspect(test: SuspectTest, made: Sequence[MeasuredPoint], limits: Limits | None) -> ExperimentResult:
    """What fell while the suspect was held back, and whether it is cleared. Pure."""
    found = evaluate(test.suspect.design, made, limits)
    if doubt := _doubt(test, made):
        found = replace(found, left_out=(*found.left_out, doubt))
    return replace(found, conclusion=_conclusion(test.suspect, found, doubt))


def _conclusion(suspect: Suspect, found: ExperimentResult, doubt: str) -> str:
    """Whether a suspect is what loads the cluster, in one sentence; or that it cannot be told, and why."""
    told = [effects for effects in found.effects if effects.figure.name.startswith(_OF_BROKERS)]
    known = [effects for effects in told if effects.effects[0].here.known]
    untold = f"whether {suspect.words} loads this cluster cannot be told"
    if doubt:
        return f"{untold}: {doubt}"
    if not known:
        return f"{untold}: nothing was measured often enough to give an interval, so repeat with --repeats 3 or more"
    changed = [effects for effects in known if effects.effects[0].here.significant]
    fell = next((effects for effects in changed if effects.effects[0].here.value < 0), None)
    if fell is not None:
        here, figure = fell.effects[0].here, fell.figure
        return f"removing {suspect.words} takes {amount(-here, figure.unit)} off the {figure.title}: it is confirmed"
    here, figure = known[0].effects[0].here, known[0].figure
    nothing = "made nothing fall" if changed else "changed nothing that can be measured"
    difference = f"{figure.title} {amount(here, figure.unit, sign=True)}"
    return f"removing {suspect.words} {nothing}: it is cleared ({difference})"


def _doubt(test: SuspectTest, made: Sequence[MeasuredPoint]) -> str:
    """What speaks against the suspect having been held back: that no broker delayed a request of it."""
    suspect = test.suspect
    delays = [
        float(np.nanmax(series.values, initial=0.0))
        for part in made
        if part.point != suspect.design.baseline
        for series in part.run.named("request_throttle_time")
        if series.labels.get(suspect.kind) in {suspect.name, _USER + suspect.name}
    ]
    if any(delay > 0 for delay in delays):
        return ""
    return (
        f"no broker reports that it throttled a request of {suspect.words}: check the name, and whether the source of "
        "metrics has throttle time by client"
    )
