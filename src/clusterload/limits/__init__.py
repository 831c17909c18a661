"""Limits: what a cluster may carry, as tables with provenance (the TOML files beside this one)."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from clusterload.errors import ConfigurationError, nearest
from clusterload.resources import RESOURCES, Role
from clusterload.series import Kind
from clusterload.units import Quantity, by_symbol


class Force(StrEnum):
    """What a limit's number means."""

    ENFORCED = "enforced"
    """The cluster does not let more through."""
    GUIDELINE = "guideline"
    """The provider advises it."""
    DECLARED = "declared"
    """The operator set it."""
    MEASURED = "measured"
    """It was found by an experiment."""


class Scope(StrEnum):
    """What a limit holds for."""

    CLUSTER = "cluster"
    BROKER = "broker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much of a resource may be used, and who says so, where, as of when.

    Attributes:
        resource: the name of a dimension in `resources`.
        value: for a delta a rate per second, for a gauge a level.
        force: enforced, guideline, declared or measured.
        scope: for the whole cluster, or for each broker.
    """

    resource: str
    value: Quantity
    force: Force
    scope: Scope = Scope.CLUSTER
    source: str
    as_of: str
    note: str = ""

    def __post_init__(self) -> None:
        known = [name for name, one in RESOURCES.items() if one.role is Role.DIMENSION]
        if self.resource not in known:
            raise ConfigurationError(f"{self.resource!r} cannot have a limit{nearest(self.resource, known)}")
        measured = RESOURCES[self.resource]
        expected = measured.unit.rate() if measured.kind is Kind.DELTA else measured.unit
        if not self.value.unit.measures_same_as(expected):
            raise ConfigurationError(f"the limit of {self.resource} is in {self.value.unit}: give it in {expected}")
        if not 0 < self.value.value < math.inf:
            raise ConfigurationError(f"the limit of {self.resource} is {self.value}: it must be above 0 and finite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """One table of limits. A resource that is not in it has an unknown limit, not an infinite one."""

    name: str
    title: str
    limits: tuple[Limit, ...]
    note: str = ""

    def __post_init__(self) -> None:
        seen = set()
        for limit in self.limits:
            if (limit.resource, limit.scope) in seen:
                raise ConfigurationError(f"limit table {self.name} limits {limit.resource} twice: keep one of them")
            seen.add((limit.resource, limit.scope))

    def of(self, resource: str) -> Limit | None:
        """The limit of a resource, or None if it is unknown."""
        return next((limit for limit in self.limits if limit.resource == resource), None)

    @classmethod
    def named(cls, name: str) -> Limits:
        """The table of this name that comes with clusterload, or the TOML file of this path.

        Raises:
            ConfigurationError: there is no such table; the message names the nearest one.
        """
        if name.endswith(".toml"):
            return cls.read(name)
        if name not in tables():
            hint = nearest(name, tables())
            raise ConfigurationError(f"no limit table {name!r}{hint}; known: {', '.join(tables())}")
        content = files("clusterload.limits").joinpath(f"{name}.toml").read_text(encoding="utf-8")
        return cls.parsed(name, tomllib.loads(content))

    @classmethod
    def parsed(cls, name: str, given: Mapping[str, Any]) -> Limits:
        """A table from what TOML gives.

        Raises:
            ConfigurationError: a key is missing or unknown, or a value is out of range.
        """
        rows = given.get("limits")
        if not isinstance(rows, list) or not rows or not all(isinstance(row, Mapping) for row in rows):
            raise ConfigurationError(f"limit table {name} has no limits: add [[limits]] tables")
        return cls(
            name=name,
            title=str(given.get("title", name)),
            note=str(given.get("note", "")),
            limits=tuple(_limit(name, row) for row in rows),
        )

    @classmethod
    def read(cls, path: Path | str) -> Limits:
        """A table from a TOML file; ConfigurationError names the file and what is wrong with it."""
        try:
            return cls.parsed(Path(path).stem, tomllib.loads(Path(path).read_text(encoding="utf-8")))
        except OSError as error:
            raise ConfigurationError(f"limit table {path} cannot be read: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"limit table {path} is not TOML: {error}") from None
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}: {error}") from None


_KEYS: Final = {"resource", "value", "unit", "force", "scope", "source", "as_of", "note"}
_NEEDED: Final = ("resource", "value", "unit", "force", "source", "as_of")


def _limit(table: str, row: Mapping[str, Any]) -> Limit:
    for key in row:
        if key not in _KEYS:
            raise ConfigurationError(f"limit table {table}: unknown key {key!r}{nearest(key, _KEYS)}")
    missing = [key for key in _NEEDED if key not in row]
    if missing:
        raise ConfigurationError(f"limit table {table}: a limit lacks {', '.join(missing)}")
    try:
        return Limit(
            resource=str(row["resource"]),
            value=Quantity(float(row["value"]), by_symbol(str(row["unit"]))),
            force=Force(row["force"]),
            scope=Scope(row.get("scope", "cluster")),
            source=str(row["source"]),
            as_of=str(row["as_of"]),
            note=str(row.get("note", "")),
        )
    except (ValueError, TypeError, ConfigurationError) as error:
        raise ConfigurationError(f"limit table {table}: {error}") from None


def tables() -> tuple[str, ...]:
    """The names of the tables that come with clusterload."""
    names = (one.name for one in files("clusterload.limits").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))
