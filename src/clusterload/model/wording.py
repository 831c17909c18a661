"""The first letter of a text, as it has to be within a sentence or at its beginning; names and ids stay as they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

# A word of letters alone; with a digit, a hyphen, a dot or a second capital it may be an id, a host or an acronym.
_TITLE_CASE: Final = re.compile(r"[A-Z][a-z]+(?:-[a-z]+)*(?![\w\-./@]*[\w/@])")
_LOWER_CASE: Final = re.compile(r"[a-z]+(?![\w\-./@]*[\w/@])")

_NAMES: Final = frozenset(
    [
        *("January", "February", "March", "April", "May", "June", "July", "August"),
        *("September", "October", "November", "December"),
        *("Amazon", "Apache", "Azure", "Confluent", "Google", "Grafana", "Java", "Jolokia", "Kafka", "Linux"),
        *("Poisson", "Prometheus", "Python", "Redpanda", "Strimzi"),
    ]
)
"""Words that keep their capital wherever they stand."""


MOST_ALIKE: Final = 3
"""Lines that are alike but for the broker or the number that they tell of which are shown."""

# What lines that are alike may differ in.
_TELLING: Final = re.compile(r"\bbroker [^\s:;,]+|\bhttps?://\S+|\d[\d.,]*")


def few_alike(lines: Iterable[str], most: int = MOST_ALIKE) -> list[str]:
    """The first few of lines that are alike; the last of them says how many more there are: `… (and 97 more like it)`.

    On a cluster of a hundred brokers what holds of each would fill a hundred lines.
    """
    shown, places, counts = list[str](), dict[str, int](), Counter[str]()
    for line in lines:
        kind = _TELLING.sub("#", line)
        counts[kind] += 1
        if counts[kind] <= most:
            places[kind] = len(shown)
            shown.append(line)
    for kind, place in places.items():
        if counts[kind] > most:
            shown[place] += f" (and {counts[kind] - most:,} more like it)"
    return shown


def by_number(names: Iterable[str]) -> list[str]:
    """Names that are numbers, such as brokers' ids, in the order of these: 2 before 10."""
    return sorted(names, key=lambda name: (len(name), name))


def in_sentence(title: str) -> str:
    """A title as it reads within a sentence: `Request handlers busy` becomes `request handlers busy`.

    The first letter alone changes, and only that of a plain word: `CPU of the host`, `Confluent Cloud`, `December 2023`
    and ids stay as they are.
    """
    first = _TITLE_CASE.match(title)
    return title if first is None or first[0] in _NAMES else title[0].lower() + title[1:]


def capitalized(text: str) -> str:
    """A text as it begins a sentence; an id at its beginning (`lkc-ab12`, `kafka.m5.large`, `eCKU`) stays as it is."""
    return text if _LOWER_CASE.match(text) is None else text[0].upper() + text[1:]
