"""What was found, in words.

`halving the connections takes 39 ± 2 points off the limit load; halving the payload 0 ± 1`
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from clusterload.analysis.effects.design import Factor
from clusterload.analysis.effects.effects import Effect, Effects, Interaction
from clusterload.analysis.estimate import Estimate
from clusterload.model import units

if TYPE_CHECKING:
    from clusterload.model.units import Unit

_ACTS: Final = {0.5: "halving", 2.0: "doubling", 1 / 3: "a third of", 0.25: "a quarter of", 3.0: "three times"}
_POINTS: Final = 100.0
_CLOSE: Final = 1e-3
_NOTHING: Final = 1e-6


def change_words(factor: Factor, level: int) -> str:
    """What is done: `halving the connections`, `record size 512 B instead of 2,048 B`."""
    before, after = factor.levels[0], factor.levels[level]
    if after.act:
        return after.act
    ratio = after.number / before.number if before.number else math.nan
    act = next((word for of, word in _ACTS.items() if math.isclose(ratio, of, rel_tol=_CLOSE)), "")
    return f"{act} the {factor.noun}" if act else f"{after.text} instead of {_rest(before.text, factor.noun)}"


def _rest(text: str, noun: str) -> str:
    return text.removeprefix(noun).removesuffix(noun).strip() or text


def estimate_words(estimate: Estimate, unit: Unit, *, sign: bool = False) -> str:
    """A value with half of its interval, both to the digit that the interval tells: `39 ± 2`."""
    factor = _POINTS if unit is units.RATIO else 1.0
    value = estimate.value * factor
    if math.isnan(value):
        return "unknown"
    if not estimate.known:
        return f"{value:+,.3g} (no interval)" if sign else f"{value:,.3g} (no interval)"
    half = estimate.half * factor
    places = _places(half) if half > _NOTHING else 1
    shown = round(value, places) + 0.0
    form = f"{'+' if sign else ''},.{max(0, places)}f"
    return f"{shown:{form}} ± {round(half, places):,.{max(0, places)}f}"


def _places(half: float) -> int:
    """Digits after the point by which half of an interval has one figure, or two where it begins with a 1."""
    exponent = math.floor(math.log10(half))
    return -exponent + (1 if half / 10**exponent < 2 and exponent else 0)  # noqa: PLR2004


def amount(estimate: Estimate, unit: Unit, *, sign: bool = False) -> str:
    """A value with its interval and its unit: `39 ± 2 points`, `0.4 ± 0.1 ms`."""
    thing = "points" if unit is units.RATIO else str(unit)
    return f"{estimate_words(estimate, unit, sign=sign)} {thing}"


def sentence(effects: Effects) -> str:
    """What each change does to a figure, the largest first, in one sentence."""
    known = [effect for effect in effects.effects if not math.isnan(effect.here.value)]
    if not known:
        return f"what changes the {effects.figure.title} cannot be told: it was measured in {effects.runs} runs"
    ranked = sorted(known, key=lambda effect: (not effect.here.significant, -abs(effect.here.value)))
    first = ranked[0].here
    return "; ".join(_none(ranked, effects) if first.known and not first.significant else _clauses(ranked, effects))


def _none(ranked: Sequence[Effect], effects: Effects) -> Iterator[str]:
    """That nothing makes a difference."""
    unit, (first, *others) = effects.figure.unit, ranked
    words = change_words(first.factor, first.level)
    difference = f"no significant difference to the {effects.figure.title}"
    yield f"{words} makes {difference} ({amount(first.here, unit, sign=True)})"
    for effect in others:
        yield f"{change_words(effect.factor, effect.level)} {estimate_words(effect.here, unit, sign=True)}"


def _clauses(ranked: Sequence[Effect], effects: Effects) -> Iterator[str]:
    unit, title = effects.figure.unit, effects.figure.title
    first, *others = ranked
    off = first.here.value <= 0 or not first.here.significant
    words = change_words(first.factor, first.level)
    if off:
        yield f"{words} takes {amount(-first.here, unit)} off the {title}"
    else:
        yield f"{words} adds {amount(first.here, unit)} to the {title}"
    for effect in others:
        words, here = change_words(effect.factor, effect.level), effect.here
        if here.significant and (here.value < 0) is not off:
            verb, value, end = ("takes", -here, " off") if here.value < 0 else ("adds", here, "")
            yield f"{words} {verb} {estimate_words(value, unit)}{end}"
        else:
            yield f"{words} {estimate_words(-here if off else here, unit)}"


def interaction_words(interaction: Interaction, effects: Effects) -> str:
    """What two changes do together beyond the sum of both."""
    both = " and ".join(change_words(factor, level) for factor, level in (interaction.first, interaction.second))
    unit, title = effects.figure.unit, effects.figure.title
    if interaction.more.value < 0:
        return f"{both} together take {amount(-interaction.more, unit)} more off the {title} than each by itself"
    return f"{both} together leave {amount(interaction.more, unit)} more of the {title} than each by itself says"


def drift_words(effects: Effects) -> str:
    """By how much a figure moved by itself."""
    return (
        f"by itself the {effects.figure.title} moved by {amount(effects.drift, effects.figure.unit, sign=True)} an hour"
    )
