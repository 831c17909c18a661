"""Grammar: how a threshold is written.

    threshold = name [ "{" label "=" value { "," label "=" value } "}" ] op amount [ "for" duration ]
    op        = ">" | ">=" | "<" | "<="
    value     = "*" | plain | quoted

A plain value has no space, comma, brace, quote or equals sign; a quoted one is a JSON string. Here text becomes words
with their places; what the words mean is said elsewhere, and nothing is ever evaluated.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from clusterload.model.errors import ConfigurationError

WORSE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
"""How a figure stands to a value that it crosses, by the sign for it."""

OPPOSITE: Final[Mapping[str, str]] = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
"""The sign for what holds while a value is not crossed."""

_NAME: Final = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_LABEL: Final = re.compile(r"[A-Za-z_]\w*")
_PLAIN: Final = re.compile(r'[^\s{},="]+')
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_OP: Final = re.compile(r">=|<=|>|<")
_AMOUNT: Final = re.compile(r"\S+(?: +(?!for(?: |$))\S+)*")
_FOR: Final = re.compile(r"for(?= |$)")
_REST: Final = re.compile(r"\S.*")
_SPACES: Final = re.compile(r" *")


class ThresholdSyntaxError(ConfigurationError):
    """A text that does not say what it should; `at` is the place of what is wrong with it, from 0."""

    def __init__(self, what: str, text: str, at: int, words: str) -> None:
        """Take what it should be, the text, the place, and what is wrong there."""
        super().__init__(f"{what} {text!r}, at character {at + 1}: {words}")
        self.at = at


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A part of a text, and where it begins."""

    text: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A threshold's words.

    Attributes:
        what: what the text is to be, for complaints.
        text: the whole of it.
        name: of what it is about.
        where: labels with their values.
        op: how the figure stands to the amount when it is crossed.
        amount: with its unit, if it has one.
        lasts: for how long; None if that was not said.
    """

    what: str
    text: str
    name: Word
    where: tuple[tuple[Word, Word], ...]
    op: Word
    amount: Word
    lasts: Word | None

    def refuse(self, at: int, words: str) -> NoReturn:
        """Complain of what stands at a place."""
        raise ThresholdSyntaxError(self.what, self.text, at, words)


def read(text: str, what: str = "threshold") -> Written:
    """Part a text into a threshold's words.

    Raises:
        ThresholdSyntaxError: it has another form.
    """
    return _Reader(what, text).written()


def quoted(value: str) -> str:
    """A label's value as `read` reads it back: as it is where that is plain, else as JSON in printable ASCII."""
    if _PLAIN.fullmatch(value) and value.isprintable():
        return value
    return json.dumps(value).replace("\x7f", "\\u007f")


class _Reader:
    """Goes through a text once, from left to right."""

    def __init__(self, what: str, text: str) -> None:
        self.what, self.text, self.at = what, text, 0

    def written(self) -> Written:
        for at, character in enumerate(self.text):
            if not character.isprintable():
                self.refuse("only printable characters and spaces can stand here", at)
        name = self.expect(_NAME, "a quantity comes first, as in limit_load, latency.p99 or ledger.failed")
        where = self.selector() if self.found("{") else ()
        op = self.expect(_OP, "here comes >, >=, < or <=")
        amount = self.expect(_AMOUNT, "here comes a value, as in 80 % or 50 ms")
        lasts = self.expect(_REST, "here comes how long, as in 10 s") if self.take(_FOR) else None
        return Written(what=self.what, text=self.text, name=name, where=where, op=op, amount=amount, lasts=lasts)

    def selector(self) -> tuple[tuple[Word, Word], ...]:
        pairs: list[tuple[Word, Word]] = []
        while not self.found("}"):
            if pairs and not self.found(","):
                self.refuse("here comes a comma, or } to end the selector")
            label = self.expect(_LABEL, "here comes what to select by, as in load=orders")
            if not self.found("="):
                self.refuse(f"here comes = and which {label.text}")
            pairs.append((label, self.value(label.text)))
        if not pairs:
            self.refuse("a selector selects something, as in {broker=2}: leave it out, or fill it", self.at - 1)
        return tuple(pairs)

    def value(self, label: str) -> Word:
        if (word := self.take(_QUOTED)) is None:
            return self.expect(_PLAIN, f"here comes which {label}: a word, or text in double quotes")
        try:
            return Word(text=json.loads(word.text), at=word.at)
        except json.JSONDecodeError as error:
            self.refuse("this escape is none of JSON's", word.at + min(error.pos, len(word.text) - 1))

    def found(self, sign: str) -> bool:
        return self.take(re.compile(re.escape(sign))) is not None

    def take(self, pattern: re.Pattern[str]) -> Word | None:
        """The word of this form that stands here, spaces left out; None if there is none."""
        begin = self.skipped()
        match = pattern.match(self.text, begin)
        if match is None:
            return None
        self.at = match.end()
        return Word(text=match[0].rstrip(), at=begin)

    def expect(self, pattern: re.Pattern[str], words: str) -> Word:
        return self.take(pattern) or self.refuse(words)

    def skipped(self) -> int:
        spaces = _SPACES.match(self.text, self.at)
        return spaces.end() if spaces else self.at

    def refuse(self, words: str, at: int | None = None) -> NoReturn:
        raise ThresholdSyntaxError(self.what, self.text, self.skipped() if at is None else at, words)
