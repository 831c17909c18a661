"""Documents: what TOML and JSON give, as values of ours by `msgspec`; a mistake is named with its key and what fits.

A table is declared as a `msgspec.Struct` or dataclass whose fields are its keys. A field may also be `Seconds` (a
number, or a duration such as `1m30s`) or `Text` (what is written, also where it is a number or a date).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import msgspec

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.units import parse_duration

Table = TypeVar("Table")

_FAILED: Final = re.compile(r"(?P<words>.*?)(?: - at `\$\.?(?P<key>\w*).*`)?", re.DOTALL)


if TYPE_CHECKING:
    Seconds: TypeAlias = float
    Text: TypeAlias = str
else:

    class Seconds(float):
        """A stretch of time: read from a number or a duration."""

    class Text(str):
        """Text, also where a document has a number or a date in its place."""

        __slots__ = ()


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """What a TOML file says.

    Raises:
        ConfigurationError: it cannot be read, or is not TOML; the message says what the file was to be, and names it.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{what} {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{what} {path} is not text: save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{what} {path} is not TOML: {error}") from None


def read_table(given: object, into: type[Table], what: str) -> Table:
    """A table of a document as a value; numbers may be in quotes.

    Args:
        given: what the document has there.
        into: a Struct or a dataclass.
        what: what the table is, with its article, as in `a load`.

    Raises:
        ConfigurationError: an unknown key (with the nearest one), a missing one, or a value of another kind.
    """
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{what} is {given!r}: it must be a table of keys and values")
    fields = {field.encode_name: field for field in _fields(into)}
    check_keys(given, fields, what)
    missing = [name for name, field in fields.items() if field.required and name not in given]
    if missing:
        raise ConfigurationError(f"{what} lacks {', '.join(missing)}: add {'it' if len(missing) == 1 else 'them'}")
    try:
        return msgspec.convert(given, into, strict=False, dec_hook=_decoded)
    except msgspec.ValidationError as error:
        found = _FAILED.fullmatch(str(error))
        words, key = (found["words"], found["key"]) if found else (str(error), "")
        if key not in fields:
            raise ConfigurationError(f"{what} is not as it must be: {words}") from None
        if not words.startswith(("Expected", "Invalid")):
            raise ConfigurationError(f"{key} of {what}: {words}") from None
        fitting = _fitting(fields[key].type, key)
        raise ConfigurationError(f"{key} of {what} is {given[key]!r}: it must be {fitting}") from None


def check_keys(given: Iterable[str], known: Iterable[str], what: str) -> None:
    """Refuse a key that a table does not have, with the nearest one that it has."""
    known = list(known)
    for key in given:
        if key not in known:
            raise ConfigurationError(f"{what} has no key {key!r}{nearest(str(key), known)}")


def plain(value: object) -> dict[str, Any]:
    """A Struct or dataclass as what `read_table` reads back, made of plain values; what is None is left out."""
    written: dict[str, Any] = msgspec.to_builtins(value, enc_hook=_encoded)
    return {key: part for key, part in written.items() if part is not None}


def _decoded(kind: type, given: object) -> object:
    if kind is Text:
        return Text(given)
    try:
        return Seconds(parse_duration(str(given)))
    except ConfigurationError as error:
        raise ValueError(str(error)) from None  # so that msgspec adds the place


def _encoded(value: object) -> object:
    return float(value) if isinstance(value, Seconds) else str(value)


def _fields(into: type) -> tuple[Any, ...]:
    import msgspec.inspect as inspected  # noqa: PLC0415 (workers never read a document)

    found: Any = inspected.type_info(into)
    return tuple(found.fields)


_PLAIN_WORDS: Final = {"FloatType": "a number", "BoolType": "true or false", "DictType": "a table of keys and values"}


def _fitting(kind: Any, key: str) -> str:
    """What a field can be, in words."""
    match type(kind).__name__:
        case "UnionType":
            return _fitting(kind.types[0], key)
        case "IntType":
            return "a whole number" if kind.ge is None else f"a whole number, {kind.ge} or above"
        case "EnumType":
            *most, last = (str(each.value) for each in kind.cls)
            return f"{', '.join(most)} or {last}"
        case "ListType":
            return "a list of texts" if type(kind.item_type).__name__ == "StrType" else f"[[{key}]] tables"
        case plain_kind:
            return _PLAIN_WORDS.get(plain_kind, "text")
