"""Prometheus' text format, parsed again and again at little cost.

Only the values change between scrapes. Name and labels of a line are parsed when they are first seen, on whichever
broker, and recognized by their text ever after; lines that no name map wants are passed over by their name. No parser
in native code that is kept well was found for Python (looked for in 2026): for lines of the usual form a regular
expression is enough, and `line.py` reads all others. A line that cannot be read is left out and counted: it never
costs the scrape.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np

from clusterload.model.series import Floats
from clusterload.telemetry.sources import line as lines_of_text
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.reading import Reading
from clusterload.telemetry.sources.translation import Places, Reader, Translator

MOST_LINES: Final = 50_000
"""Of a scrape with more wanted lines than this, those of single topics and clients are no longer read."""

# Lines of deleted topics would stay: with more than this, all are parsed again.
_MOST_KNOWN: Final = 400_000

# The usual form, without the escapes, tabs and times that the format also allows.
_PLAIN: Final = re.compile(r'([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="[^"\\]*",?)*)\})?', re.ASCII)
_LABEL: Final = re.compile(r'([a-zA-Z_]\w*)="([^"\\]*)"', re.ASCII)


class KnownLines:
    """Name and labels of each line that was ever seen, by its text; shared by all brokers of a source."""

    def __init__(self, names: Names, client_listeners: frozenset[str] = frozenset()) -> None:
        """Recognize what a map of names wants, and know which listeners clients use."""
        self.translator = Translator(names, client_listeners)
        self.by_text: dict[str, int] = {}
        self._wanted: dict[str, bool] = {}

    def wants(self, name: str) -> bool:
        """Whether a metric of this name is read."""
        wanted = self._wanted.get(name)
        if wanted is None:
            if len(self._wanted) >= _MOST_KNOWN:
                self._wanted.clear()
            wanted = self._wanted[name] = self.translator.names.reads(name)
        return wanted


class SharedLines:
    """The known lines of a source; the table starts empty again when they have become too many."""

    def __init__(self, names: Names, client_listeners: frozenset[str] = frozenset()) -> None:
        """As `KnownLines`."""
        self._begin = partial(KnownLines, names, client_listeners)
        self._lines = self._begin()
        self._lock = threading.Lock()

    @property
    def now(self) -> KnownLines:
        """What is to be used for the next scrape."""
        with self._lock:
            if len(self._lines.translator) > _MOST_KNOWN:
                self._lines = self._begin()
            return self._lines


@dataclass(slots=True)
class ScrapeParser:
    """Parses and translates the text of one broker's exporter, scrape after scrape.

    Attributes:
        shared: what is known of lines.
        grouping: labels of which there can be very many values, such as a topic's.
        left_out: how many wanted lines of the last scrape were not read because there were too many.
        unread: how many wanted lines of the last scrape could not be read.
        example: the first of these.
    """

    shared: SharedLines
    grouping: Collection[str] = ()
    left_out: int = 0
    unread: int = 0
    example: str = ""
    _reader: Reader | None = field(default=None)

    def read(self, text: str, *, whole: bool = True) -> Reading:
        """The reading of a scrape.

        Args:
            text: that was scraped.
            whole: whether it is known not to be cut off; else its last line has to have an end.

        Raises:
            ValueError: the text is not Prometheus' or OpenMetrics', or ends in the middle of a line.
        """
        known = self.shared.now
        lines, values = self.parse(text, known, whole=whole)
        if self._reader is None or self._reader.translator is not known.translator:
            self._reader = Reader(known.translator)
        return self._reader.read_columns(lines, values)

    def parse(self, text: str, known: KnownLines, *, whole: bool = True) -> tuple[Places, Floats]:
        """The wanted lines of a scrape, by their numbers, and their values; of a line that is there twice the first.

        Raises:
            ValueError: as `read`.
        """
        if not whole and text and not text.endswith("\n"):
            raise ValueError("ends in the middle of a line")
        self.left_out, self.unread, self.example = 0, 0, ""
        numbers, values, by_text = list[int](), list[float](), known.by_text
        for line in text.split("\n"):
            # What stands before the last blank is name and labels, unless the line ends with a time.
            head, _, value = line.rpartition(" ")
            number = by_text.get(head)
            try:
                if number is not None:
                    values.append(float(value))
                    numbers.append(number)
                elif line and line[0] != "#" and known.wants(lines_of_text.name_of(line)):
                    if len(numbers) >= MOST_LINES and self._is_one_of_many(line):
                        self.left_out += 1
                        continue
                    number, amount = _parsed(line, head, value, known)
                    numbers.append(number)
                    values.append(amount)
            except ValueError:
                self.unread += 1
                self.example = self.example or line
        if not numbers and (why := lines_of_text.why_not(text)):
            raise ValueError(f"is not Prometheus text: {why}")
        return _each_once(np.array(numbers, dtype=np.int64), np.array(values, dtype=np.float64))

    def _is_one_of_many(self, line: str) -> bool:
        # A broker's totals stand among the lines of topics, and must not be lost with them.
        return any(f'{label}="' in line for label in self.grouping)


def _parsed(line: str, head: str, value: str, known: KnownLines) -> tuple[int, float]:
    plain = _PLAIN.fullmatch(head)
    if plain is not None and value:
        labels = dict(_LABEL.findall(plain[2])) if plain[2] else {}
        amount = float(value)
        number = known.by_text[head] = known.translator.number(plain[1], labels)
        return number, amount
    found = lines_of_text.parsed(line)
    number = known.translator.number(found.name, found.labels)
    if head.strip() == line[: found.head].strip():
        known.by_text[head] = number
    return number, found.value


def _each_once(numbers: Places, values: Floats) -> tuple[Places, Floats]:
    # What stands there twice is one thing all the same.
    _, first = np.unique(numbers, return_index=True)
    if len(first) == len(numbers):
        return numbers, values
    first.sort()
    return numbers[first], values[first]
