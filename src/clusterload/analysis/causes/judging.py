"""Judging: which causes hold, ranked, with a confidence.

Each cause says by itself how well it fits. Most of them are judged on each host by itself, against the host's own
baseline and cores: what matters to one broker matters, however many others there are. Then what one cause explains
away is taken off the others: a broker that is down moves its leaders, and that is not an imbalance. What is left is a
score; a curve that was fitted to runs of known cause turns it into a confidence.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clusterload.analysis.causes.catalogue import CAUSES
from clusterload.analysis.causes.cause import Cause, Signs
from clusterload.analysis.causes.signature_figures import Scene
from clusterload.analysis.causes.weights import CONFIDENCE
from clusterload.analysis.finding import Cure, Finding

if TYPE_CHECKING:
    from clusterload.analysis.usage import Usage
    from clusterload.analysis.window_stats import WindowStats

MOST_EVIDENCE: Final = 8

ALIKE: Final = 0.5
"""Share of the highest score from which on a cause is said to matter to another broker, too."""

_BY_QUOTA: Final = "--unlock-client-metrics"

_OF_PROVIDER: Final = "the provider of this cluster publishes no such figures by client id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A cause that holds somewhere.

    Attributes:
        score: after what other causes explain away, where it is highest.
        signs: of it there.
        scene: the host, or the cluster.
        brokers: all whose hosts it matters to; none where it is judged of the whole cluster.
    """

    score: float
    signs: Signs
    scene: Scene
    brokers: tuple[str, ...] = ()


def judge_causes(stats: WindowStats, usage: Usage) -> tuple[Finding, ...]:
    """The causes that hold, the likeliest first. Pure."""
    held = held_causes(Scene(stats, usage))
    scores = {name: cause.score for name, cause in held.items()}
    ranked = sorted(scores, key=lambda name: (-scores[name], name))
    sure = {name: _confidence(scores, name, held[name].scene) for name in ranked}
    listed = (name for name in ranked if sure[name] >= CONFIDENCE["listed"])
    return tuple(_finding(CAUSES[name], held[name], sure[name]) for name in listed)


def unseen_causes(stats: WindowStats) -> tuple[Cause, ...]:
    """Causes that cannot be judged, since the metrics lack what shows them."""
    return tuple(cause for cause in CAUSES.values() if not all(_gives(stats, need) for need in cause.needs))


def _gives(stats: WindowStats, need: str) -> bool:
    """Whether one of several Series is there, written as in `ingress|ingress_by_topic`."""
    return any(not math.isnan(stats.total(name).now) for name in need.split("|"))


def held_causes(whole: Scene) -> dict[str, Held]:
    """The causes of which anything holds, each where it holds most."""
    hosts = whole.hosts
    if not hosts:
        signs = signs_of(whole)
        return {name: Held(score=score, signs=signs[name], scene=whole) for name, score in _left(signs).items()}
    everywhere = signs_of(whole, (cause for cause in CAUSES.values() if cause.of_cluster or _fills(cause, whole)))
    found: dict[str, list[Held]] = {}
    for host in hosts:
        here = signs_of(host, (cause for cause in CAUSES.values() if not cause.of_cluster))
        apart = {name: signs for name, signs in here.items() if not _more(everywhere, name, signs)}
        for name, score in _left({**everywhere, **apart}).items():
            if name in apart:
                held = Held(score=score, signs=here[name], scene=host, brokers=host.brokers)
            else:
                held = Held(score=score, signs=everywhere[name], scene=whole)
            found.setdefault(name, []).append(held)
    return {name: _together(each) for name, each in found.items()}


def _fills(cause: Cause, whole: Scene) -> bool:
    """Whether a cause fills a limit of the whole cluster, so that it is not judged of single hosts only."""
    return bool(cause.fills) and whole.near_limit(cause.fills) > 0


def _more(everywhere: Mapping[str, Signs], name: str, here: Signs) -> bool:
    """Whether a cause says more of the whole cluster than of a host."""
    return name in everywhere and everywhere[name].score >= here.score


def signs_of(scene: Scene, causes: Iterable[Cause] = CAUSES.values()) -> dict[str, Signs]:
    """The signs of each cause of which anything holds."""
    return {cause.id: found for cause in causes if (found := cause.signs(scene)) is not None}


def _left(signs: Mapping[str, Signs]) -> dict[str, float]:
    return explained_away({name: found.score for name, found in signs.items()})


def _together(held: list[Held]) -> Held:
    """A cause that was judged on several hosts: as where it is worst, with all whom it matters to."""
    ranked = sorted(held, key=lambda cause: -cause.score)
    worst = ranked[0]
    if worst.scene.whole:
        return worst
    alike = [cause.brokers for cause in ranked if cause.score >= ALIKE * worst.score and cause.score > 0]
    brokers = tuple(broker for brokers in alike for broker in brokers)
    return Held(score=worst.score, signs=worst.signs, scene=worst.scene, brokers=brokers)


def explained_away(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores after each cause took off what it explains away, the weightiest first."""
    left = dict(scores)
    for name in sorted(scores, key=lambda cause: (-scores[cause], cause)):
        for other, share in CAUSES[name].explains_away.items():
            if other in left:
                left[other] *= 1 - share * left[name]
    return left


def _confidence(scores: Mapping[str, float], name: str, scene: Scene) -> float:
    score = scores[name] * (1.0 if scene.compared else CONFIDENCE["without_baseline"])
    others = max((value for other, value in scores.items() if other != name), default=0.0)
    at = CONFIDENCE["at_nothing"] + CONFIDENCE["slope"] * score + CONFIDENCE["margin"] * (score - others)
    return scene.most_confidence / (1 + math.exp(-at))


def _finding(cause: Cause, held: Held, confidence: float) -> Finding:
    signs, scene = held.signs, held.scene
    culprits = signs.culprits()
    unnamed = "" if culprits else f"; the culprit cannot be named: {_how_to_name(cause, scene)}"
    evidence = tuple(figure for figure in signs.evidence if not math.isnan(figure.now))[:MOST_EVIDENCE]
    return Finding(
        cause=cause.id,
        sentence=f"{_where(held)}{signs.sentence}{unnamed}",
        confidence=confidence,
        culprits=culprits,
        evidence=evidence,
        disproof=cause.disproof,
        cure=Cure(what=cause.cure, effect=signs.effect, gain=_gain(signs, scene)),
        brokers=held.brokers,
        compared=scene.compared,
    )


def _how_to_name(cause: Cause, scene: Scene) -> str:
    """How to find out who it is; a quota is not advised where a provider gives the figures: its API shows no more."""
    told_by_provider = scene.now("cluster_load_percent") > 0
    return _OF_PROVIDER if told_by_provider and _BY_QUOTA in cause.if_unnamed else cause.if_unnamed


def _where(held: Held) -> str:
    """`On broker 7, the worst of 12: `; nothing of what concerns the whole cluster."""
    if not held.brokers:
        return ""
    worst = held.scene.brokers
    names = f"broker {worst[0]}" if len(worst) == 1 else f"the host of brokers {', '.join(worst)}"
    more = len(held.brokers) - len(worst)
    return f"On {names}{f' (and, less, on {more} more)' if more else ''}: "


def _gain(signs: Signs, scene: Scene) -> float:
    """Share of the brokers' CPU that the cure gives back; NaN where it is not about cost."""
    taken = scene.total("cpu_broker").now
    if math.isnan(signs.cores) or math.isnan(taken) or not taken > 0:
        return math.nan
    return scene.saving(signs.cores) / taken
