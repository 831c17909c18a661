"""Judging: which causes hold, ranked, with a confidence.

Each cause says by itself how well it fits. Then what one cause explains away is taken off the others: a broker that is
down moves its leaders, and that is not an imbalance. What is left is a score; a curve that was fitted to runs of known
cause turns it into a confidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
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


def judge_causes(stats: WindowStats, usage: Usage) -> tuple[Finding, ...]:
    """The causes that hold, the likeliest first. Pure."""
    scene = Scene(stats, usage)
    signs = signs_of(scene)
    scores = explained_away({name: found.score for name, found in signs.items()})
    ranked = sorted(scores, key=lambda name: (-scores[name], name))
    findings = (_finding(CAUSES[name], signs[name], _confidence(scores, name, scene), scene) for name in ranked)
    return tuple(finding for finding in findings if finding.confidence >= CONFIDENCE["listed"])


def signs_of(scene: Scene) -> dict[str, Signs]:
    """The signs of each cause of which anything holds."""
    return {name: found for name, cause in CAUSES.items() if (found := cause.signs(scene)) is not None}


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
    return CONFIDENCE["most"] / (1 + math.exp(-at))


def _finding(cause: Cause, signs: Signs, confidence: float, scene: Scene) -> Finding:
    unnamed = "" if signs.culprits else f"; the culprit cannot be named: {cause.if_unnamed}"
    evidence = tuple(figure for figure in signs.evidence if not math.isnan(figure.now))[:MOST_EVIDENCE]
    return Finding(
        cause=cause.id,
        sentence=signs.sentence + unnamed,
        confidence=confidence,
        culprits=signs.culprits,
        evidence=evidence,
        disproof=cause.disproof,
        cure=Cure(what=cause.cure, effect=signs.effect, gain=_gain(signs, scene)),
    )


def _gain(signs: Signs, scene: Scene) -> float:
    """Share of the brokers' CPU that the cure gives back; NaN where it is not about cost."""
    taken = scene.total("cpu_broker").now
    if math.isnan(signs.cores) or math.isnan(taken) or not taken > 0:
        return math.nan
    return min(1.0, signs.cores / max(taken, signs.cores))
