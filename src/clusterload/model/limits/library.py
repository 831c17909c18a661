"""Where tables of limits are found: those that come with clusterload, and files of one's own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from clusterload.model.documents import read_toml
from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.limits.sheet import RowError, Sheet, sheet_of, sizes_of

_ALL: Final = "'clusterload limits list' shows all"


def tables() -> tuple[str, ...]:
    """The names of the tables that come with clusterload."""
    return tuple(name for each in families().values() for name in each)


@cache
def families() -> dict[str, dict[str, str]]:
    """The TOML files that come with clusterload: by each table's name which of its sizes that is."""
    stems = sorted(file.name.removesuffix(".toml") for file in _folder().iterdir() if file.name.endswith(".toml"))
    return {stem: {f"{stem}-{size}": size for size in sizes_of(_shipped(stem))} or {stem: ""} for stem in stems}


def find_sheet(reference: str) -> Sheet:
    """The table of this name that comes with clusterload, or the TOML file of this path.

    Raises:
        ConfigurationError: there is none, or it cannot be used; the message names the nearest one.
    """
    return _found(reference, Path(), ()) if reference.endswith(".toml") else _named(reference)


@cache
def _named(reference: str) -> Sheet:
    """A table that comes with clusterload, read once: it cannot change."""
    return _found(reference, Path(), ())


def parse_sheet(name: str, given: Mapping[str, Any]) -> Sheet:
    """A table from what TOML gives, with what it extends.

    Raises:
        ConfigurationError: it cannot be used, or what it extends cannot.
    """
    return _extended(sheet_of(name, given), given, Path(), ())


def read_sheet(path: Path) -> Sheet:
    """The table of a TOML file.

    Raises:
        ConfigurationError: it cannot be read or used; the message names the file.
    """
    return _read(path, ())


def _found(reference: str, folder: Path, chain: tuple[str, ...]) -> Sheet:
    if reference.endswith(".toml"):
        return _read(folder / reference, chain)
    for stem, names in families().items():
        if reference in names:
            given = _shipped(stem)
            sheet = sheet_of(reference, given, names[reference])
            return _extended(sheet, given, Path(), _longer(chain, reference))
        if reference == stem:
            raise ConfigurationError(
                f"{stem} are {len(names)} limit tables: choose one, as in {next(iter(names))}; {_ALL}"
            )
    raise ConfigurationError(
        f"no limit table {reference!r}{nearest(reference, tables())}; {_ALL}; a file of your own ends in .toml"
    )


def _read(path: Path, chain: tuple[str, ...]) -> Sheet:
    longer = _longer(chain, str(path.resolve()))
    given = read_toml(path, "limit table")
    try:
        return _extended(sheet_of(path.stem, given), given, path.parent, longer)
    except RowError as error:
        raise ConfigurationError(f"{path}, line {_line(path, error)}: {error}") from None
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None


def _line(path: Path, error: RowError) -> int:
    """The line in which a row begins, counted from 1; 1 where its list is written in another way."""
    heads = re.finditer(rf"^\s*\[\[\s*{error.of}\s*\]\]", path.read_text(encoding="utf-8"), re.MULTILINE)
    starts = [head.end() for head in heads]
    upto = starts[error.which] if error.which < len(starts) else 0
    return path.read_text(encoding="utf-8")[:upto].count("\n") + 1


def _extended(sheet: Sheet, given: Mapping[str, Any], folder: Path, chain: tuple[str, ...]) -> Sheet:
    base = given.get("extends")
    return (sheet if base is None else sheet.on(_found(base, folder, chain))).checked()


def _longer(chain: tuple[str, ...], reference: str) -> tuple[str, ...]:
    if reference in chain:
        raise ConfigurationError(f"it extends itself, by {' and '.join(Path(each).name for each in chain)}")
    return (*chain, reference)


def _folder() -> Any:
    return files("clusterload.model.limits")


@cache
def _shipped(stem: str) -> dict[str, Any]:
    return tomllib.loads(_folder().joinpath(f"{stem}.toml").read_text(encoding="utf-8"))
