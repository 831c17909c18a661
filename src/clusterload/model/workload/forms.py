"""What a dial can be set to in words: choices, and spreads of sizes and keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeGuard, TypeVar

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.workload.distributions import Keys, Sizes, parse_keys, parse_sizes

Parsed = TypeVar("Parsed")

_YES: Final = {"yes": True, "true": True, "no": False, "false": False}


def is_sizes(value: object) -> TypeGuard[Sizes]:
    """Whether a value is a spread of sizes."""
    return hasattr(value, "sample") and hasattr(value, "as_text")


def _is_keys(value: object) -> TypeGuard[Keys]:
    return hasattr(value, "weights") and hasattr(value, "as_text") and not is_sizes(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of a few words.

    Attributes:
        alias: further words, and what each stands for.
    """

    options: tuple[str, ...]
    alias: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> str:
        """The options."""
        return ", ".join(f"`{option}`" for option in self.options)

    def read(self, dial: str, given: object) -> str:
        """The word."""
        return self.checked(dial, str(given).strip())

    def checked(self, dial: str, given: Any) -> str:
        """The word."""
        value = dict(self.alias).get(str(given), str(given))
        if value not in self.options:
            known = ", ".join(self.options)
            raise ConfigurationError(f"dial {dial} is {value!r}: use one of {known}{nearest(value, self.options)}")
        return value

    def plain(self, value: Any) -> object:
        """The word."""
        return value

    def text(self, value: Any, noun: str) -> str:
        """As in `acks all`."""
        return f"{noun} {value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class YesNo:
    """Yes or no."""

    @property
    def words(self) -> str:
        """What can be given."""
        return "`yes`, `no`"

    def read(self, dial: str, given: object) -> bool:
        """A truth value, or its word."""
        return self.checked(dial, given)

    def checked(self, dial: str, given: Any) -> bool:
        """A truth value."""
        word = str(given).strip().lower()
        if word not in _YES:
            raise ConfigurationError(f"dial {dial} is {given!r}: use yes or no")
        return _YES[word]

    def plain(self, value: Any) -> object:
        """A truth value."""
        return value

    def text(self, value: Any, noun: str) -> str:
        """As in `idempotence yes`."""
        return f"{noun} {'yes' if value else 'no'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Sizes: one for all, or a distribution of them."""

    words: str = "whole B, or a spread of sizes"

    def read(self, dial: str, given: object) -> Sizes:
        """As `parse_sizes` takes it."""
        return _parsed(parse_sizes, dial, given)

    def checked(self, dial: str, given: Any) -> Sizes:
        """Sizes; a number is one for all."""
        return given if is_sizes(given) else self.read(dial, given)

    def plain(self, value: Any) -> object:
        """As text."""
        return value.as_text()

    def text(self, value: Any, noun: str) -> str:
        """As in `record size 100 B`."""
        return f"{noun} {value.as_text()}" if value.fixed is None else f"{noun} {value.fixed:,} B"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySpread:
    """Which keys, and how often each."""

    words: str = "a spread of keys"

    def read(self, dial: str, given: object) -> Keys:
        """As `parse_keys` takes it."""
        return _parsed(parse_keys, dial, given)

    def checked(self, dial: str, given: Any) -> Keys:
        """Keys."""
        return given if _is_keys(given) else self.read(dial, given)

    def plain(self, value: Any) -> object:
        """As text."""
        return value.as_text()

    def text(self, value: Any, noun: str) -> str:
        """As in `keys zipf:1000:1.1`."""
        return f"{noun} {value.as_text()}"


def _parsed(parse: Callable[[str], Parsed], dial: str, given: object) -> Parsed:
    try:
        return parse(str(given))
    except ConfigurationError as error:
        raise ConfigurationError(f"dial {dial}: {error}") from None
