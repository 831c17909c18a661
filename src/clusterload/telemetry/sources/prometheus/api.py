"""Prometheus' API as calls: values as they were scraped, values by a step, and the server's clock."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from clusterload.model.errors import SourceError
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.prometheus.answer import Answer, Line
from clusterload.telemetry.sources.prometheus.selection import milliseconds
from clusterload.telemetry.sources.prometheus.transport import Transport

MOST_POINTS: Final = 11_000
"""The most steps that Prometheus answers for one series."""

_MOST_NOTES: Final = 20


@dataclass(slots=True)
class PrometheusApi:
    """Asks one server, and remembers what it said beside the values.

    Attributes:
        transport: asks the questions; its owner closes it.
        notes: kind and text of the server's warnings, each once; not more than a few.
    """

    transport: Transport
    notes: dict[tuple[str, str], None] = field(default_factory=dict)

    def skew(self) -> float:
        """Seconds that the server's clock is ahead of ours, as far as the way to it lets that be told.

        Raises:
            SourceError: it could not be asked.
        """
        before = time.time()
        answer = self.transport.ask("query", {"query": "time()"})
        after = time.time()
        if not answer.lines or not answer.lines[0].values:
            raise SourceError("Prometheus does not tell the time: check prometheus.url")
        theirs = answer.lines[0].values[0]
        # Anywhere between question and answer it may have looked at its clock.
        return theirs - after if theirs > after else min(0.0, theirs - before)

    def instant(self, query: str, at: int) -> tuple[Line, ...]:
        """What a query gives at one time (Unix nanoseconds)."""
        return self._noted(self.transport.ask("query", {"query": query, "time": _seconds(at)})).lines

    def scraped(self, selector: str, start: int, end: int) -> tuple[Line, ...]:
        """The values of a selector as they were scraped, after `start` and up to `end`."""
        found = self.instant(f"{selector}[{milliseconds(end - start)}]", end)
        # Before version 3 a range took in its own beginning.
        return tuple(after(line, start) for line in found)

    def stepped(self, query: str, start: int, end: int, step: int) -> tuple[Line, ...]:
        """What a query gives at `start` and each `step` later (nanoseconds), up to `end`."""
        params = {"query": query, "start": _seconds(start), "end": _seconds(end), "step": _seconds(step)}
        return self._noted(self.transport.ask("query_range", params)).lines

    def _noted(self, answer: Answer) -> Answer:
        partial = ["the server says that its answer is not whole"] if answer.partial else []
        self._note("metrics-partial", partial)
        self._note("metrics-warning", answer.warnings)
        self._note("metrics-note", answer.infos)
        return answer

    def _note(self, kind: str, texts: Iterable[str]) -> None:
        for text in texts:
            if len(self.notes) < _MOST_NOTES:
                self.notes[kind, " ".join(text.split())[:300]] = None


def after(line: Line, start: int) -> Line:
    """A line without the values at `start` and before."""
    if not line.times or line.times[0] > start:
        return line
    first = next((number for number, at in enumerate(line.times) if at > start), len(line.times))
    return Line(line.labels, line.times[first:], line.values[first:])


def _seconds(nanoseconds: int) -> str:
    # In whole milliseconds, which is what the server counts in.
    return f"{round(nanoseconds * 1000 / SECOND) / 1000:.3f}"
