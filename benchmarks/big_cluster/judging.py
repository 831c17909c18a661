"""Judging: what the tool says of each case, and whether that is right, as a table."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from benchmarks.big_cluster.cases import Case
from benchmarks.big_cluster.plants import Planted
from benchmarks.culprits.answers import NONE, STATED
from clusterload.analysis.diagnosis import diagnose
from clusterload.analysis.finding import Finding
from clusterload.analysis.usage import assess
from clusterload.model.limits import Limits

LIMITS: Final = Limits(name="none", title="no limits", limits=())
"""Nothing is known of this cluster's limits: causes have to be found by what they do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the tool said of a case.

    Attributes:
        case: its name.
        truth: what is true.
        findings: what was said to hold, the likeliest first.
        seconds: that judging took.
    """

    case: str
    truth: Planted
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def first(self) -> Finding | None:
        """What is said to hold before all else."""
        return next((found for found in self.findings if found.confidence >= STATED and found.cause != NONE), None)

    @property
    def cause_right(self) -> bool:
        """Whether the first cause is true, or nothing was said where nothing is wrong."""
        return (self.first.cause if self.first else NONE) in (self.truth.causes or (NONE,))

    @property
    def culprit_right(self) -> bool:
        """Whether the first culprit of a right cause is one of those to blame."""
        if not self.truth.culprits:
            return self.cause_right
        named = self.first.culprits if self.first and self.cause_right else ()
        return bool(named) and (_plain(named[0].kind, named[0].name) in self.truth.culprits)

    @property
    def broker_right(self) -> bool:
        """Whether a right cause says one of the brokers that it matters to, in words or as a culprit."""
        if not self.truth.brokers:
            return self.cause_right
        if self.first is None or not self.cause_right:
            return False
        culprits = [f"{culprit.kind} {culprit.name}" for culprit in self.first.culprits]
        text = " ".join([self.first.sentence, *culprits])
        return any(f" {broker} " in _words(text) for broker in self.truth.brokers)


def _plain(kind: str, name: str) -> tuple[str, str]:
    """A partition is its topic's."""
    return ("topic", name.rpartition("-")[0]) if kind == "partition" else (kind, name)


def _words(text: str) -> str:
    """What follows the word broker or brokers, as words: `broker 7,` gives ` 7 `."""
    parts = text.lower().replace(",", " ").replace(";", " ").replace(":", " ").split("broker")[1:]
    return " " + " ".join(" ".join(part.split()[:6]) for part in parts) + " "


def judge(case: Case, *, baseline: bool = True) -> Said:
    """Judge a case."""
    now, before = case.runs()
    began = time.perf_counter()
    verdict = diagnose(now, assess(now, LIMITS), before if baseline else None)
    took = time.perf_counter() - began
    return Said(case=case.name, truth=case.planted, findings=verdict.findings, seconds=took)


HEAD: Final = ("case", "said", "culprit", "right", "right culprit", "right broker", "judged in")


def row(said: Said) -> tuple[str, ...]:
    """A line of the table."""
    first = said.first
    words = f"{first.cause} ({first.confidence:.2f})" if first else NONE
    culprit = first.culprits[0].words if first and first.culprits else "-"
    right = [_yes(said.cause_right), _yes(said.culprit_right), _yes(said.broker_right)]
    return (said.case, words, culprit, *right, f"{said.seconds:.1f} s")


def summary(said: Iterable[Said]) -> str:
    """The table, and how many are right."""
    from benchmarks.culprits.table import table  # noqa: PLC0415 (what it counts with takes seconds to import)

    listed = list(said)
    counts = [
        f"{sum(getattr(each, name) for each in listed)} of {len(listed)}"
        for name in ("cause_right", "culprit_right", "broker_right")
    ]
    return table(HEAD, [*map(row, listed), ("all", "", "", *counts, f"{sum(each.seconds for each in listed):.1f} s")])


def _yes(value: bool) -> str:
    return "yes" if value else "no"
