"""Names that mean nothing: random words, the same ones for the same seed."""

from __future__ import annotations

import random
from typing import Final

_HEADS: Final = (*tuple("bcdfghjklmnprstvwz"), "br", "dr", "gl", "kr", "pl", "st", "tr")
_VOWELS: Final = tuple("aeiou")
_TAILS: Final = ("", "", "n", "r", "l", "s", "x")


class Words:
    """Words that nobody had before, drawn from one seed."""

    def __init__(self, seed: str) -> None:
        """The same seed gives the same words in the same order."""
        self._random = random.Random(seed)
        self._given: set[str] = set()

    def word(self) -> str:
        """A new word of three syllables."""
        while True:
            made = "".join(self._syllable() for _ in range(3))
            if made not in self._given:
                self._given.add(made)
                return made

    def _syllable(self) -> str:
        return "".join(self._random.choice(part) for part in (_HEADS, _VOWELS, _TAILS))
