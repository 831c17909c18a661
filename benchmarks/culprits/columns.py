"""The recordings as other people's metrics show them: each judged once a dialect, with and without a baseline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.culprits.answers import STATED, Answer, blames_rightly, is_right
from benchmarks.culprits.dialects import Dialect, coarsened, dialects
from benchmarks.culprits.judge import answers, verdict
from benchmarks.culprits.stored import TRUTH, Truth, recorded, split, whole
from benchmarks.culprits.table import Score, calibration, score, scores, table
from clusterload.model.run import Run


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
    """

    truth: Truth
    said: Mapping[Column, tuple[Answer, ...]]


def by(column: Column) -> Callable[[Seen], Sequence[Answer]]:
    """What was said in a column."""
    return lambda seen: seen.said[column]


def columns(dialect: str, *, every: float = 0.0, based: Sequence[bool] = (True, False)) -> list[Column]:
    """The columns of a dialect, or of `all`."""
    names = dialects() if dialect == "all" else [dialect]
    return [Column(dialect=name, every=every, based=each) for name in names for each in based]


def see(path: Path, wanted: Sequence[Column]) -> Seen:
    """Judge a recording in each column; it is read once."""
    truth, run = Truth.read(path / TRUTH), whole(path)
    coarse = {every: coarsened(run, truth.onset, every) if every else run for every in {each.every for each in wanted}}
    said = {}
    for column in wanted:
        now, before = split(dialects()[column.dialect].of(coarse[column.every]), truth.onset)
        said[column] = _answers(now, before if column.based else None)
    return Seen(truth=truth, said=said)


def _answers(now: Run, before: Run | None) -> tuple[Answer, ...]:
    return answers(verdict(now, before))


def see_all(
    folder: Path, seeds: Collection[int], wanted: Sequence[Column], *, part: slice = slice(None), processes: int = 2
) -> list[Seen]:
    """Judge the recordings of these seeds in each column, or a part of them in the order of their names."""
    chosen = [path for path in recorded(folder) if Truth.read(path / TRUTH).seed in seeds]
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(partial(see, wanted=wanted), chosen[part]))


def culprits(seen: Sequence[Seen], column: Column) -> Score:
    """How often the right ones were blamed, of the single causes whose culprit brokers name."""
    named = [each for each in seen if each.truth.causes and each.truth.kind != "double" and each.truth.named]
    return score(blames_rightly(each.said[column], each.truth) for each in named)


def table_of(seen: Sequence[Seen], wanted: Sequence[Column]) -> str:
    """How often each dialect allows to be right, with and without a baseline."""
    rows = []
    for dialect, every in dict.fromkeys((column.dialect, column.every) for column in wanted):
        mine = [column for column in wanted if (column.dialect, column.every) == (dialect, every)]
        cells = {column.based: _cells(seen, column) for column in mine}
        with_, without = (cells.get(based, ("-", "-", "-")) for based in (True, False))
        rows.append((*_title(dialects()[dialect], every), *with_[:2], *without[:2], with_[2], without[2]))
    return table(_head(seen), rows)


def _title(dialect: Dialect, every: float) -> tuple[str, str]:
    return dialect.title + (f", every {every:g} s" if every else ""), str(dialect.known)


def _cells(seen: Sequence[Seen], column: Column) -> tuple[str, str, str]:
    found = scores(seen, by(column))
    return str(found["top-1"].right), str(culprits(seen, column).right), str(found["specificity"].right)


def _head(seen: Sequence[Seen]) -> tuple[str, ...]:
    guilty = [each.truth for each in seen if each.truth.causes and each.truth.kind != "double"]
    named, good = sum(truth.named for truth in guilty), sum(not each.truth.causes for each in seen)
    top, who = f"top-1 of {len(guilty)}", f"culprit of {named}"
    alone = f"left alone of {good}"
    return (
        "metrics as given by",
        "Series of 47",
        f"{top}, with baseline",
        who,
        f"{top}, no baseline",
        who,
        f"{alone}, with",
        f"{alone}, no",
    )


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
