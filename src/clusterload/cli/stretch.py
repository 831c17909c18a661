"""Stretches of time on the command line: of a run file, or of a cluster's history."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clusterload.model.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusterload.model.run import Run
    from clusterload.telemetry.sources.prometheus import PrometheusSource
    from clusterload.telemetry.sources.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time that has passed, in Unix nanoseconds."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPart:
    """A run file, or a part of it.

    Attributes:
        path: of the file.
        start: where the part begins, as it was written; the run's own start if nothing was.
        end: likewise.
    """

    path: Path
    start: str = ""
    end: str = ""

    def read(self) -> Run:
        """The run as if it had lasted for this part only.

        Raises:
            StoreError: the file cannot be read.
            UsageError: the part's start or end is not a time.
            ConfigurationError: the part is empty.
        """
        from clusterload.telemetry.runfile import read_run

        return part_of(read_run(self.path), self.start, self.end)


NO_BASELINE: Final = "none"
"""What --baseline takes where none is wanted, not even one that is found."""

_PART: Final = re.compile(r"(.+)@([^@]*)\.\.([^@]*)")
_RUN_FILE: Final = ".run"
_USUAL_WINDOW: Final = 40.0


def stretch(text: str, now: int) -> RunPart | Stretch:
    """Read `FILE`, `FILE@10s..40s`, `START/END` or `START/DURATION`.

    Args:
        text: what was given.
        now: Unix nanoseconds that `now` stands for.

    Raises:
        UsageError: it is none of them, is empty, or is not over yet.
    """
    part = _PART.fullmatch(text)
    path = Path(part[1] if part else text)
    if part or path.is_file() or path.suffix == _RUN_FILE:
        return RunPart(path=path, start=part[2] if part else "", end=part[3] if part else "")
    return _past(text, now)


def _past(text: str, now: int) -> Stretch:
    from clusterload.model.timespec import interval

    if "/" not in text:
        raise UsageError(f"{text!r} is neither a run file nor a stretch of time: write it as in now-2h/now-1h")
    try:
        start, end = interval(text, now)
    except ConfigurationError as error:
        raise UsageError(str(error)) from None
    if end <= start:
        raise UsageError(f"the stretch {text!r} is empty: its end must come after its start")
    if end > now:
        raise UsageError(f"the stretch {text!r} is not over yet: let it end at now or earlier")
    return Stretch(start=start, end=end)


def part_of(run: Run, start: str | None, end: str | None) -> Run:
    """A run from one time to another, each an instant or a time into the run; its own start or end where there is none.

    Raises:
        UsageError: one of them is not a time.
        ConfigurationError: nothing lies between them.
    """
    import time

    from clusterload.model.timespec import moment

    now = time.time_ns()
    try:
        begin = moment(start, run.start, now) if start else run.start
        last = moment(end, run.start, now) if end else run.end
    except ConfigurationError as error:
        raise UsageError(str(error)) from None
    return run.between(begin, last) if start or end else run


def run_part(text: str) -> Run:
    """A run file, or a part of one, as in `night.run@10m..20m`.

    Raises:
        UsageError: the text is neither.
        StoreError: the file cannot be read.
    """
    import time

    given = stretch(text, time.time_ns())
    if not isinstance(given, RunPart):
        raise UsageError(f"{text!r} is not a run file: give one that 'clusterload watch' or 'run' wrote")
    return given.read()


def with_baseline(run: Run, baseline: str | None, *, search: bool = False) -> tuple[Run, Run | None]:
    """The window of a run, and what was usual before it: its own first seconds, or another run.

    Args:
        run: of which the window is a part, or all.
        baseline: as it was given; `none` for none.
        search: whether one is looked for in the run where none was given.

    Raises:
        UsageError: nothing is left of the run, or the baseline is neither a time nor a run.
        StoreError: the other run cannot be read.
    """
    if baseline is None:
        return split_at_change(run) if search else (run, None)
    if baseline == NO_BASELINE:
        return run, None
    seconds = _seconds(baseline)
    return split(run, seconds) if seconds else (run, run_part(baseline))


def split_at_change(run: Run) -> tuple[Run, Run | None]:
    """A run from the last lasting change of its load on, and what was before; all of it and None if nothing changed.

    A part of a run is looked at together with what its file has before it. What a plan makes is not a change: of a run
    with one the plan says what to compare.
    """
    from clusterload.analysis.baseline import before_change
    from clusterload.cli.console import note

    if run.plan is not None:
        return run, None
    first = min((int(series.times[0]) for series in run.series if len(series)), default=run.start)
    history = replace(run, start=min(run.start, first))
    found = before_change(history)
    note(found.sentence)
    if not found.found:
        return run, None
    return run.between(max(run.start, found.onset), run.end), history.between(found.start, found.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How long a live cluster is watched, and what it is held against. Times in seconds.

    Attributes:
        window: what is judged.
        before: the baseline that is watched first; 0 for none.
        other: a run that is the baseline.
        search: whether one is to be found, since none was named.
        usual: whether nobody said how long.
    """

    window: float
    before: float = 0.0
    other: Run | None = None
    search: bool = False
    usual: bool = False

    @classmethod
    def of(cls, duration: float | None, baseline: str | None, *, search: bool = True) -> Watched:
        """What --for and --baseline mean together.

        Args:
            duration: seconds; None for the usual.
            baseline: as it was given; `none` for none.
            search: whether one is to be found where none was given.

        Raises:
            UsageError: nothing would be watched, or the baseline is neither a time nor a run.
            StoreError: the baseline's run cannot be read.
        """
        window = _USUAL_WINDOW if duration is None else duration
        if not window > 0:
            raise UsageError("--for takes more than 0 s")
        if baseline is None or baseline == NO_BASELINE:
            return cls(window=window, search=search and baseline is None, usual=duration is None)
        before = _seconds(baseline)
        return cls(window=window, before=before, other=None if before else run_part(baseline))

    def parts(self, whole: Run, sources: Sequence[Source] = ()) -> tuple[Run, Run | None]:
        """What is judged of all that was watched, and its baseline: what was watched first, another run, or found.

        Args:
            whole: what was watched.
            sources: of its metrics; in the history of a Prometheus a baseline is looked for if none was named.
        """
        from clusterload.cli.console import note
        from clusterload.workflow.past_baseline import past_baseline, with_past

        if self.before:
            return split(whole, self.before)
        past = with_past(sources)
        if not self.search or past is None:
            return split_at_change(whole) if self.search else (whole, self.other)
        found = past_baseline(past, whole)
        note(found.sentence)
        return found.window, found.before

    @property
    def seconds(self) -> float:
        """How long that takes altogether."""
        return self.before + self.window

    def known_by(self, sources: Sequence[Source]) -> PrometheusSource | None:
        """The Prometheus that has seen the window already: the only source, where neither window nor baseline is named.

        From a scrape each 15 to 60 s nothing could be told of the usual 40 s, and more would be waited for in vain.
        """
        from clusterload.workflow.past_baseline import with_past

        return with_past(sources) if self.search and self.usual and len(sources) == 1 else None

    @property
    def sentence(self) -> str:
        """What is going to happen, for people."""
        from clusterload.model.units import duration

        first = f"{duration(self.before)} of baseline, then " if self.before else ""
        return f"watching, without sending load: {first}{duration(self.window)} to evaluate"


def _seconds(text: str) -> float:
    """A duration in seconds; 0 if the text is none, and names a run."""
    from clusterload.model.units import parse_duration

    try:
        return parse_duration(text)
    except ConfigurationError:
        return 0.0


def split(run: Run, seconds: float) -> tuple[Run, Run]:
    """What comes after the first seconds of a run, and these.

    Raises:
        UsageError: nothing comes after them.
    """
    from clusterload.model.series import SECOND

    border = run.start + round(seconds * SECOND)
    if border >= run.end:
        raise UsageError(f"--baseline {seconds:g}s leaves nothing of {run.seconds:g} s to judge: give less")
    return run.between(border, run.end), run.between(run.start, border)
