"""Verdict: the judgement of a run in one of three states, and its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clusterload.analysis.finding import Finding, Reached
from clusterload.analysis.headroom import Headroom
from clusterload.analysis.usage import Line, Share
from clusterload.model import units
from clusterload.model.display import Displayed

LIKELY: Final = 0.5
"""Confidence from which on a cause is said to be why."""


class State(StrEnum):
    """What a verdict says; *limited* is at or over a limit or a guideline, or saturated."""

    WITHIN = "within limits"
    LIMITED = "limited"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Displayed):
    """The judgement of one run.

    Attributes:
        state: within limits, limited or inconclusive.
        limit_load: typical share of the resource that binds, as a ratio; NaN if unknown.
        binding: the resource with the largest share.
        saturation: the busiest broker's busiest part.
        reached: the limits that are reached, and what is saturated.
        findings: the causes that hold, in any state; the likeliest first.
        headroom: how far each resource lets today's mix grow, the first to bind first.
        missing: what was not seen or not done as asked, a line each; why it is inconclusive if it is.
    """

    state: State
    limit_load: float
    binding: Share | None
    saturation: Line | None
    reached: tuple[Reached, ...] = ()
    findings: tuple[Finding, ...] = ()
    headroom: tuple[Headroom, ...] = ()
    missing: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"Verdict: {self.sentence}"

    @property
    def likely(self) -> tuple[Finding, ...]:
        """The findings that are more likely right than wrong."""
        return tuple(finding for finding in self.findings if finding.confidence >= LIKELY)

    @property
    def sentence(self) -> str:
        """The verdict in words: `limited by connections because of connection-churn (client a); connections bind …`."""
        parts = [str(self.state)]
        if self.state is State.INCONCLUSIVE:
            parts[0] += f" ({'; '.join(self.missing)})" if self.missing else ""
        elif self.state is State.LIMITED:
            parts[0] = _held_by(self.reached) + _because(self.likely, self.reached)
        if self.binding is not None:
            parts.append(_binding(self.binding))
        return "; ".join(parts)


def _held_by(reached: Sequence[Reached]) -> str:
    """`limited by connections and over the guideline of ingress`: what is only advised is not said to limit."""
    by = dict.fromkeys(item.what for item in reached if not item.advised)
    over = dict.fromkeys(item.what for item in reached if item.advised and item.what not in by)
    parts = [(by, str(State.LIMITED) + " by"), (over, "over the guideline of")]
    return " and ".join(f"{words} {' and '.join(causes)}" for causes, words in parts if causes)


def _because(findings: Sequence[Finding], reached: Sequence[Reached]) -> str:
    """The likeliest cause with its first culprit: ` because of fan-out (client reports)`."""
    if not findings:
        return ""
    first = findings[0]
    who = f" ({first.culprits[0].words})" if first.culprits else ""
    # That connections bind because of connections says nothing.
    known = any(first.cause.partition("-")[0] == item.what.partition(" ")[0] for item in reached)
    return who if known else f" because of {first.cause}{who}"


def _binding(share: Share) -> str:
    name, many = share.title, is_plural(share.title)
    of = f" of {'their' if many else 'its'} guideline" if share.advised else ""
    return f"{name[0].lower()}{name[1:]} {'bind' if many else 'binds'} at {units.percent(share.typical)}{of}"


def is_plural(title: str) -> bool:
    """Whether a resource is many things (connections) or one (ingress)."""
    name = title.split(" of ", maxsplit=1)[0]
    return name.endswith("s") and not name.endswith("ss")
