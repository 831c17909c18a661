"""Suspects: clients that are not ours, taken away for a while by a temporary quota, to see what falls.

A B A, repeated: the cluster as it is, with the suspect held back, and as it is again. The quota is a share of the
brokers' threads so small that each request of the client is delayed: by one quota window (a second) at most, for that
is how brokers bound this quota alone. A byte rate is never set: its delay has no bound, so that a client would stand
still long after the quota is removed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.effects import Design, Factor, Kind, Level, Made, Outcome, Point, design, judged
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """Who is taken away.

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
            raise UsageError(f"{text!r} is no suspect: write client=ID or principal=NAME")
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
        """There and held back."""
        levels = (Level(text="as it is"), Level(text="held back", act=f"holding back {self.words}"))
        return design((Factor(name=f"{self.kind}={self.name}", noun=self.words, levels=levels),), Kind.ONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What is watched.

    Attributes:
        suspect: who is taken away.
        seconds: of each stretch.
        repeats: how often the suspect is taken away.
    """

    suspect: Suspect
    seconds: float
    repeats: int = 2

    @property
    def order(self) -> tuple[Point, ...]:
        """There, held back, there again, and so on."""
        return tuple((number % 2,) for number in range(2 * self.repeats + 1))

    @property
    def lasts(self) -> float:
        """About how long all of it takes, in seconds."""
        return len(self.order) * (self.seconds + RECOVERY + 1)


def removed_for_a_while(
    cluster: Cluster,
    removal: Removal,
    *,
    folder: Path,
    sources: Sequence[Source] | None = None,
    consented: Consent = Consent(),  # noqa: B008 (frozen)
    on_stretch: Callable[[int, str], None] = lambda _number, _words: None,
    on_look: Callable[[Run], None] = lambda _: None,
    on_wait: OnWait = lambda _: None,
) -> tuple[Made, ...]:
    """Watch a cluster with and without a client that is not ours; a run file for each stretch.

    Args:
        cluster: where; no load of ours is made.
        removal: who is taken away, how often and for how long.
        folder: for the run files; it must hold none.
        sources: of the metrics; by default the cluster's own.
        consented: the yes that a cluster which is not a lab needs.
        on_stretch: told of each stretch as it begins: its number from 1, and what is so in it.
        on_look: as for `watch`.
        on_wait: as for `watch`.

    Raises:
        ConsentError: it is not a lab, and there is no yes for it.
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
    made_of = removal.suspect.design

    def stretch(number: int, point: Point) -> Made:
        on_stretch(number, made_of.said(point))
        if number > 1:
            time.sleep(RECOVERY)
        path = folder / f"{number:03}{SUFFIX}"
        run = watch(cluster, seconds=removal.seconds, sources=chosen, path=path, on_look=on_look, on_wait=on_wait)
        if run.seconds < _WHOLE * removal.seconds:
            raise AbortedError(f"interrupted: what was watched until then is in {folder}")
        return Made(point=point, run=run)

    made = []
    for number, point in enumerate(removal.order, start=1):
        if point == made_of.hurts:
            made.append(stretch(number, point))
            continue
        bound = removal.seconds + RECOVERY + PATIENCE
        with temporary_quota(
            cluster,
            removal.suspect.entity,
            HOLDING_BACK,
            why=f"what falls without {removal.suspect.words}",
            seconds=bound,
        ):
            made.append(stretch(number, point))
    return tuple(made)


def fallen(removal: Removal, made: Sequence[Made], limits: Limits) -> Outcome:
    """What fell while the suspect was held back. Pure."""
    return judged(removal.suspect.design, made, limits)


def doubts(removal: Removal, made: Sequence[Made]) -> tuple[str, ...]:
    """What speaks against the suspect having been taken away: that no broker delayed a request of it. Pure."""
    label = removal.suspect.kind
    delays = [
        float(np.nanmax(one.values, initial=0.0))
        for part in made
        if part.point != removal.suspect.design.hurts
        for one in part.run.named("request_throttle_time")
        if one.labels.get(label) in {removal.suspect.name, _USER + removal.suspect.name}
    ]
    if any(delay > 0 for delay in delays):
        return ()
    return (
        f"no broker says that it delayed a request of {removal.suspect.words}: see whether the name is right, and "
        "whether the source of metrics shows throttle time by client",
    )
