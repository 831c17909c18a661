"""What answers are held against: published rankings of metrics, and rules that people use.

N-sigma and BARO are RCAEval's (PyPI `rcaeval` 1.8.1, MIT licence; BARO: Pham, Ha, Zhang, FSE 2024, doi
10.1145/3660805). That package installs on Python 3.11 but cannot be imported there: its `RCAEval.e2e` then loads
methods whose libraries it does not bring. So the two formulas stand below, as in its `e2e/__init__.py` (`nsigma`) and
`e2e/baro.py` (`baro`), without what it does for single data sets: each metric is scaled by its baseline, and its
highest value in the window is its score. On 200 random tables of 12 metrics both ranked as that code does, scikit-
learn's scalers included.

They rank metrics, and name no cause: the table of signs in `simple.py` says of which cause a metric makes one think.
They are told when the load began, and always name something; so what is left alone is no figure of theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.culprits.answers import Answer
from benchmarks.culprits.simple import CERTAIN, SIGNS, Sign, deviation
from clusterload.analysis.causes.weights import PRICES
from clusterload.analysis.usage import assess
from clusterload.analysis.window_stats import WindowStats, known
from clusterload.model.limits import Limits
from clusterload.model.series import Floats

Score = Callable[[Floats, Floats], float]
"""How far a metric is from its baseline: of its values now, and of those before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A sign with its score.

    Attributes:
        sign: the metric, and the cause that it makes one think of.
        score: by which it is ranked.
        sure: whether the rule would say so.
        culprit: kind and name of who is blamed; None if nobody can be.
    """

    sign: Sign
    score: float
    sure: bool = True
    culprit: tuple[str, str] | None = None


Rule = Callable[[WindowStats, float], list[Ranked]]
"""Ranks signs in a window with its baseline, from pieces of so many seconds."""


def sigmas(now: Floats, before: Floats) -> float:
    """N-sigma: standard deviations of the baseline that the highest value is above its mean."""
    return _highest(now, float(np.mean(before)), float(np.std(before)))


def robust(now: Floats, before: Floats) -> float:
    """BARO's: interquartile ranges of the baseline that the highest value is above its median."""
    low, middle, high = np.percentile(before, (25, 50, 75))
    return _highest(now, float(middle), float(high - low))


def _highest(now: Floats, middle: float, spread: float) -> float:
    # A metric that never moved is not scaled, as scikit-learn's scalers have it.
    return (float(np.max(now)) - middle) / (spread if spread > 10 * np.finfo(float).eps else 1.0)


def by_score(score: Score) -> Rule:
    """The rule that ranks metrics, and those who may be blamed, by a score."""

    def ranked(facts: WindowStats, seconds: float) -> list[Ranked]:
        whom = {who: _scored(facts, who, score, seconds) for who in {sign.who for sign in SIGNS}}
        scored = [(sign, _score_of(facts, sign.name, sign.labels, score, seconds)) for sign in SIGNS]
        return [Ranked(sign=sign, score=value, culprit=whom[sign.who]) for sign, value in scored if value > -math.inf]

    return ranked


def _score_of(facts: WindowStats, name: str, labels: dict[str, str], score: Score, seconds: float) -> float:
    now, before = facts.windows(name, seconds, **labels)
    if not len(now):
        return -math.inf
    return score(now, before if len(before) else np.zeros(1))


def _scored(facts: WindowStats, who: tuple[str, str], score: Score, seconds: float) -> tuple[str, str] | None:
    kind, name = who
    found = {each: _score_of(facts, name, {kind: each}, score, seconds) for each in facts.by(name, kind)}
    return (kind, max(found, key=found.__getitem__)) if found else None


def by_deviation(facts: WindowStats, seconds: float) -> list[Ranked]:
    """The simple rule: what deviates most from its baseline, if that is ten spreads."""
    found = []
    for sign in SIGNS:
        value = deviation(facts, sign, seconds)
        if value > 0:
            found.append(
                Ranked(sign=sign, score=value, sure=value >= CERTAIN, culprit=_largest(facts, sign, now=False))
            )
    return found


def by_share(facts: WindowStats, _: float) -> list[Ranked]:
    """The rule that needs no baseline: the largest share of the brokers' cores, or of a limit, as it is now.

    Cores are what the tool's own prices (measured on a lab, see `bill`) make of the rates.
    """
    cores = known(facts.total("cores").now) or 1.0
    usage = assess(facts.now, Limits.named("confluent-dedicated"))
    limits = {share.resource.name: share.typical for share in usage.shares}
    found = []
    for sign in SIGNS:
        now = known(facts.total(sign.name, **sign.labels).now)
        share = max(now * _PRICED.get(_key(sign), 0.0) / 1e3 / cores, known(limits.get(_key(sign), 0.0)))
        if share > 0:
            found.append(Ranked(sign=sign, score=share, culprit=_largest(facts, sign, now=True)))
    return found


def _key(sign: Sign) -> str:
    return sign.labels.get("request", sign.name)


# Milliseconds of a core for each of a sign's things; a byte has a millionth of a megabyte's.
_PRICED: Final = {
    "Produce": PRICES["Produce"],
    "FetchConsumer": PRICES["FetchConsumer"],
    "OffsetCommit": PRICES["OffsetCommit"],
    "Metadata": PRICES["Metadata"],
    "JoinGroup": PRICES["groups"],
    "AddPartitionsToTxn": PRICES["transactions"],
    "InitProducerId": PRICES["InitProducerId"],
    "connection_attempts": PRICES["attempts"],
    "failed_authentications": PRICES["attempts"],
    "ingress": PRICES["ingress"] / 1e6,
    "egress": PRICES["egress"] / 1e6,
    "partitions": PRICES["partitions"],
    "message_conversions": PRICES["conversions"],
}


def _largest(facts: WindowStats, sign: Sign, *, now: bool) -> tuple[str, str] | None:
    kind, name = sign.who
    pairs = facts.by(name, kind)
    found = {who: value for who, pair in pairs.items() if not math.isnan(value := pair.now if now else pair.rise)}
    return (kind, max(found, key=found.__getitem__)) if found else None


RULES: Final[dict[str, Rule]] = {
    "largest deviation": by_deviation,
    "N-sigma": by_score(sigmas),
    "BARO": by_score(robust),
    "largest share": by_share,
}
"""All of them by name; the last needs no baseline."""

UNBASED: Final = "largest share"


def answers(ranked: Sequence[Ranked], names: Collection[str] | None = None) -> tuple[Answer, ...]:
    """The ranking as answers, the highest first, by whom only Series of these names are known (None: all)."""

    def has(name: str) -> bool:
        return names is None or name in names

    return tuple(
        Answer(
            cause=each.sign.cause,
            confidence=float(each.sure),
            culprits=(each.culprit,) if each.culprit and has(each.sign.who[1]) else (),
        )
        for each in sorted(ranked, key=lambda each: -each.score)
        if has(each.sign.name)
    )
