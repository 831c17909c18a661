"""Reading the exporters' text again and again at little cost.

Of a scrape only the values change: names and labels are parsed by Prometheus' own parser when they are first
seen, and recognized by their text ever after. A scrape each second of three brokers would else take a tenth
of a core.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

# Lines of topics that are long gone would stay: with more than this, all are parsed anew.
_MOST_KNOWN: Final = 100_000

MOST_LINES: Final = 50_000
"""Of a scrape with more wanted lines than this, those of single topics and clients are no longer read."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a scrape."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(slots=True)
class Reader:
    """Reads the scrapes of one exporter.

    Attributes:
        wanted: whether a metric of a name is read; all others are passed over.
        grouping: labels of which there can be very many values, such as a topic's.
        left_out: how many wanted lines of the last scrape were not read, for they were too many.
    """

    wanted: Callable[[str], bool]
    grouping: Collection[str] = ()
    left_out: int = 0
    _known: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    _asked: dict[str, bool] = field(default_factory=dict)

    def read(self, text: str) -> Iterator[Line]:
        """The wanted lines of a scrape.

        Raises:
            ValueError: the text is not in Prometheus' format, or ends in the middle of a line.
        """
        if text and not text.endswith("\n"):
            raise ValueError("it ends in the middle of a line")
        self.left_out, seen = 0, set[str]()
        for line in text.splitlines():
            head, _, value = line.rpartition(" ")
            # What stands there twice is one thing all the same.
            if head in seen:
                continue
            known = self._known.get(head)
            if known is not None:
                seen.add(head)
                yield Line(*known, float(value))
            elif line and line[0] != "#" and self._wants(_name(line)):
                if len(seen) >= MOST_LINES and self._is_one_of_many(line):
                    self.left_out += 1
                    continue
                seen.add(head)
                yield self._parsed(line, head)

    def _wants(self, name: str) -> bool:
        if name not in self._asked:
            if len(self._asked) >= _MOST_KNOWN:
                self._asked.clear()
            self._asked[name] = self.wanted(name)
        return self._asked[name]

    def _is_one_of_many(self, line: str) -> bool:
        # What the broker counts in all stands among the lines of topics, and must not be lost with them.
        return any(f'{label}="' in line for label in self.grouping)

    def _parsed(self, line: str, head: str) -> Line:
        ((sample,),) = (family.samples for family in text_string_to_metric_families(line))
        # What stands before the last blank is name and labels, unless the line ends with a time.
        if sample.timestamp is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[head] = (sample.name, sample.labels)
        return Line(sample.name, sample.labels, sample.value)


def _name(line: str) -> str:
    return line.partition("{")[0].partition(" ")[0]
