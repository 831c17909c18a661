"""The recordings as other people's metrics show them: each judged once a dialect, with and without a baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.culprits import rivals
from benchmarks.culprits.answers import STATED, Answer, blames_rightly, is_culprit, is_right
from benchmarks.culprits.dialects import coarsened, dialects, exported
from benchmarks.culprits.judge import answers, verdict
from benchmarks.culprits.rivals import RULES, UNBASED, Ranked
from benchmarks.culprits.stored import TRUTH, Truth, alone, recorded, split, whole
from benchmarks.culprits.table import Score, calibration, score, scores, table
from clusterload.analysis.causes import CAUSES
from clusterload.analysis.window_stats import WindowStats

_TOLD_BY_ADMIN: Final = frozenset({"records_by_partition"})
"""What exporters give as well and kept recordings have of the Admin API."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Column:
    """What a judge may know.

    Attributes:
        dialect: name of the exporter's rules.
        every: seconds between scrapes of an incident of five minutes; 0 is as recorded, each second of half a minute.
        based: whether a baseline is given.
    """

    dialect: str
    every: float = 0.0
    based: bool = True

    def __str__(self) -> str:
        pace = f" every {self.every:g} s" if self.every else ""
        return f"{self.dialect}{pace}, {'with' if self.based else 'no'} baseline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A recording with what was said of it.

    Attributes:
        truth: what is true.
        said: the answers of each column, the likeliest first.
        ranked: what each rival made of all that was recorded, by the seconds between scrapes; empty if not asked.
        unseen: causes that the tool says cannot be judged, of each column.
    """

    truth: Truth
    said: Mapping[Column, tuple[Answer, ...]]
    unseen: Mapping[Column, frozenset[str]] = field(default_factory=dict)
    ranked: Mapping[tuple[str, float], Sequence[Ranked]] = field(default_factory=dict)


def by(column: Column) -> Callable[[Seen], Sequence[Answer]]:
    """What was said in a column."""
    return lambda seen: seen.said[column]


def columns(dialect: str, *, every: float = 0.0, based: Sequence[bool] = (True, False)) -> list[Column]:
    """The columns of a dialect, or of `all`."""
    names = dialects() if dialect == "all" else [dialect]
    return [Column(dialect=name, every=every, based=each) for name in names for each in based]


def see(path: Path, wanted: Sequence[Column], *, beside: bool = False) -> Seen:
    """Judge a recording in each column, and by the rivals if wanted; it is read once."""
    truth, run = Truth.read(path / TRUTH), whole(path)
    coarse = {every: coarsened(run, truth.onset, every) if every else run for every in {each.every for each in wanted}}
    said, unseen = {}, {}
    for column in wanted:
        now, before = split(dialects()[column.dialect].of(coarse[column.every]), truth.onset)
        judged = verdict(now, before) if column.based else verdict(alone(now), None)
        said[column], unseen[column] = answers(judged), frozenset(judged.unseen)
    ranked = {
        (name, every): rule(WindowStats(*split(run, truth.onset)), every or 1.0)
        for every, run in coarse.items()
        for name, rule in (RULES if beside else {}).items()
    }
    return Seen(truth=truth, said=said, ranked=ranked, unseen=unseen)


def see_all(
    folder: Path,
    seeds: Collection[int],
    wanted: Sequence[Column],
    *,
    part: slice = slice(None),
    beside: bool = False,
    processes: int = 2,
) -> list[Seen]:
    """Judge the recordings of these seeds in each column, or a part of them in the order of their names."""
    chosen = [path for path in recorded(folder) if Truth.read(path / TRUTH).seed in seeds]
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(partial(see, wanted=wanted, beside=beside), chosen[part]))


def by_rival(rule: str, dialect: str, every: float) -> Callable[[Seen], Sequence[Answer]]:
    """What a rival says where only a dialect's Series are known."""
    return lambda seen: rivals.answers(seen.ranked[rule, every], dialects()[dialect].series)


def culprits(seen: Sequence[Seen], said: Callable[[Seen], Sequence[Answer]]) -> Score:
    """How often a true cause came with the right culprit, of the single causes whose culprit brokers name."""
    return score(blames_rightly(said(each), each.truth) for each in _named(seen))


def blamed(seen: Sequence[Seen], said: Callable[[Seen], Sequence[Answer]]) -> Score:
    """How often the first answer names somebody who is guilty, whatever cause it gives and however sure it is."""
    return score(
        any(is_culprit(*culprit, each.truth) for answer in said(each)[:1] for culprit in answer.culprits)
        for each in _named(seen)
    )


def _named(seen: Sequence[Seen]) -> list[Seen]:
    return [each for each in seen if each.truth.causes and each.truth.kind != "double" and each.truth.named]


def table_of(seen: Sequence[Seen], wanted: Sequence[Column]) -> str:
    """How often each dialect allows to be right, with and without a baseline."""
    rows = []
    for dialect, every in _kinds(wanted):
        cells = [
            _cells(seen, column)
            if (column := Column(dialect=dialect, every=every, based=based)) in wanted
            else ["-"] * 4
            for based in (True, False)
        ]
        with_, without = cells
        rows.append((*_title(dialect, every), *with_[:3], *without[:3], with_[3], without[3]))
    return table(_head(seen), rows)


def knowable_table(seen: Sequence[Seen], wanted: Sequence[Column]) -> str:
    """How often each dialect is answered rightly where it can be: what cannot be known is counted apart, by cause."""
    rows = []
    for column in wanted:
        known = [each for each in _guilty(seen) if set(each.truth.causes) - each.unseen[column]]
        told = [each for each in known if each.truth.named and _tells(column.dialect, each.truth)]
        right = sum(is_right(each.said[column], each.truth) for each in known)
        blamed = sum(blames_rightly(each.said[column], each.truth) for each in told)
        lost = Counter(each.truth.causes[0] for each in _guilty(seen) if each not in known)
        words = ", ".join(f"{cause} {count}" for cause, count in sorted(lost.items())) or "-"
        rows.append((str(column), f"{right} of {len(known)}", f"{blamed} of {len(told)}", words))
    return table(("of what can be known", "top-1", "culprit, where some name is told", "cannot be known"), rows)


def _guilty(seen: Sequence[Seen]) -> list[Seen]:
    return [each for each in seen if each.truth.causes and each.truth.kind != "double"]


def _tells(dialect: str, truth: Truth) -> bool:
    """Whether a dialect's recorded Series name anybody who is to blame, by one that the catalogue names."""
    series, kinds = dialects()[dialect].series, {culprit["kind"] for culprit in truth.culprits}
    series = series and series & (exported() | _TOLD_BY_ADMIN)
    kinds |= {"partition"} if "topic" in kinds else set()
    named_by = [CAUSES[cause].named_by for cause in truth.causes]
    return series is None or any(name in series for by in named_by for kind, name in by.items() if kind in kinds)


def rivals_table(seen: Sequence[Seen], wanted: Sequence[Column]) -> str:
    """The same of the rivals: top-1, culprit of each; all but the last are given a baseline."""
    rows = []
    for dialect, every in _kinds(wanted):
        ways = [by_rival(rule, dialect, every) for rule in RULES]
        cells = [f"{scores(seen, way)['top-1'].right}, {culprits(seen, way).right}" for way in ways]
        rows.append((*_title(dialect, every), *cells))
    names = [f"{rule}{' (no baseline)' if rule == UNBASED else ''}" for rule in RULES]
    return table(("top-1, culprit", "Series of 47", *names), rows)


def _kinds(wanted: Sequence[Column]) -> list[tuple[str, float]]:
    return list(dict.fromkeys((column.dialect, column.every) for column in wanted))


def _title(dialect: str, every: float) -> tuple[str, str]:
    known = dialects()[dialect]
    return known.title + (f", every {every:g} s" if every else ""), str(known.known)


def _cells(seen: Sequence[Seen], column: Column) -> list[str]:
    found = scores(seen, by(column))
    whom = (culprits(seen, by(column)), blamed(seen, by(column)))
    return [str(each.right) for each in (found["top-1"], *whom, found["specificity"])]


def _head(seen: Sequence[Seen]) -> tuple[str, ...]:
    guilty = [each.truth for each in seen if each.truth.causes and each.truth.kind != "double"]
    named, good = len(_named(seen)), sum(not each.truth.causes for each in seen)
    figures = (f"top-1 of {len(guilty)}", f"culprit of {named}", "guilty blamed")
    alone = f"left alone of {good}"
    head = [f"{figure}{', no baseline' if not based else ''}" for based in (True, False) for figure in figures]
    return ("metrics as given by", "Series of 47", *head, alone, f"{alone}, no baseline")


def calibrations(seen: Sequence[Seen], wanted: Sequence[Column]) -> str:
    """For each column how often what was said with a confidence was right."""
    bins = {
        column: [
            (border, f"{said:.2f}: {right.right} of {right.of}" if right.of else "-")
            for border, said, right in calibration(seen, by(column))
        ]
        for column in wanted
    }
    borders = [border for border, _ in next(iter(bins.values()))]
    rows = [(str(column), *(cell for _, cell in cells)) for column, cells in bins.items()]
    return table(("confidence: said, right", *borders), rows)


def misses(seen: Sequence[Seen], wanted: Sequence[Column]) -> str:
    """Each wrong answer in a line: column, recording, what was said first, who was blamed, and the truth."""
    return "\n".join(line for column in wanted for each in seen for line in _missed(each, column))


def _missed(seen: Seen, column: Column) -> Iterator[str]:
    said, truth = seen.said[column], seen.truth
    if truth.kind == "double":
        return
    if is_right(said, truth) and (not truth.causes or blames_rightly(said, truth)):
        return
    told = ", ".join(_words(answer) for answer in said[:3]) or "nothing"
    true = ", ".join(truth.causes) or "nothing wrong"
    who = "/".join(f"{culprit['kind']} {culprit['name']}" for culprit in truth.culprits) if truth.named else "nobody"
    wrong = "cause" if not is_right(said, truth) else "culprit"
    yield f"{column} | {truth.id} | wrong {wrong} | said {told} | truth {true} by {who}"


def _words(answer: Answer) -> str:
    who = " ".join(answer.culprits[0]) if answer.culprits else "nobody"
    sure = "" if answer.confidence >= STATED else " (not stated)"
    return f"{answer.cause} {answer.confidence:.2f}{sure} by {who}"
