"""The first letter of a text, as it has to be within a sentence or at its beginning; names and ids stay as they are."""

from __future__ import annotations

import re
from typing import Final

# A word of letters alone; with a digit, a hyphen, a dot or a second capital it may be an id, a host or an acronym.
_TITLE_CASE: Final = re.compile(r"[A-Z][a-z]+(?![\w\-./@]*[\w/@])")
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
