"""Limits: one table of limits, for a cluster of so many units."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from clusterload.model.errors import ConfigurationError, UsageError
from clusterload.model.limits import declared, library
from clusterload.model.limits.limit import Limit, Place, Scope
from clusterload.model.limits.row import read_limit, row_of
from clusterload.model.limits.sheet import BROKER, Sheet, counted

DECLARED: Final = "declared"
"""The name of the table of what the brokers themselves declare."""

HOW_TO_NAME: Final = "name a table with --limits NAME ('clusterload limits list' shows them)"
"""What to do where no limit is known, for people."""

_EXACT: Final = 1e15
"""Below it a float that is whole is written as it was typed, without a fraction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """One table of limits. A resource that is not in it has an unknown limit, not an infinite one.

    Several limits of one resource can hold together: a guideline below what is enforced, each broker's next to the
    cluster's.

    Attributes:
        name: of the table.
        title: for people.
        limits: what a run is held against.
        disputed: what other sources say of the same resources; shown, never used.
        note: what a reader must know besides.
        units: of how many units the cluster is.
        unit_name: what the units are (CKU, eCKU, broker), or empty if the cluster has one size.
        most_units: how many there can be; 0 if that is not known.
    """

    name: str
    title: str
    limits: tuple[Limit, ...]
    disputed: tuple[Limit, ...] = ()
    note: str = ""
    units: int = 1
    unit_name: str = ""
    most_units: int = 0

    def __post_init__(self) -> None:
        seen = set()
        for limit in self.limits:
            if (limit.place, limit.force) in seen:
                raise ConfigurationError(
                    f"limit table {self.name} limits {limit.resource} of {limit.of} twice: "
                    "keep one of them, or call one disputed"
                )
            seen.add((limit.place, limit.force))

    @property
    def known(self) -> bool:
        """Whether there is any limit in it."""
        return bool(self.limits)

    @property
    def words(self) -> str:
        """What a run is held against, for people: the table's title; or that there are no limits, and what to do."""
        if self.known:
            return self.title
        none = "the brokers declare no limits" if self.name == DECLARED else "no limits are known"
        return f"{none}: {HOW_TO_NAME}"

    @property
    def against(self) -> str:
        """As in `against Basic cloud cluster`; where there is no limit `words`."""
        return f"against {self.title}" if self.known else self.words

    def of(self, resource: str) -> Limit | None:
        """The tightest limit of a resource: the cluster's if it has one, else each broker's; None if it is unknown.

        A limit of a part, such as a principal's, says nothing about the whole.
        """
        own = [limit for limit in self.limits if limit.resource == resource and not limit.part]
        return min(own, key=lambda limit: (limit.scope is not Scope.CLUSTER, limit.amount), default=None)

    @classmethod
    def named(cls, name: str, units: int = 1) -> Limits:
        """The table of this name that comes with clusterload, or the TOML file of this path.

        Args:
            name: of the table; what ends in .toml is a file.
            units: how many CKU, eCKU or brokers the cluster has, for a table with values per unit.

        Raises:
            ConfigurationError: the table does not exist, or cannot be used; the message names the nearest one.
            UsageError: a cluster of this kind cannot have so many units.
        """
        return cls._of(library.find_sheet(name), units)

    @classmethod
    def parsed(cls, name: str, given: Mapping[str, Any], units: int = 1) -> Limits:
        """A table from what TOML gives.

        Raises:
            ConfigurationError: a key is missing or unknown, or a value is out of range.
            UsageError: a cluster of this kind cannot have so many units.
        """
        return cls._of(library.parse_sheet(name, given), units)

    @classmethod
    def read(cls, path: Path | str, units: int = 1) -> Limits:
        """A table from a TOML file, whatever its name ends in.

        Raises:
            ConfigurationError: the message names the file and what is wrong with it.
            UsageError: a cluster of this kind cannot have so many units.
        """
        return cls._of(library.read_sheet(Path(path)), units)

    @classmethod
    def declared(
        cls,
        title: str,
        brokers: Mapping[str, Mapping[str, str]],
        quotas: Mapping[str, Mapping[str, float]] | None = None,
        *,
        as_of: str,
        name: str = DECLARED,
    ) -> Limits:
        """What the brokers' own configuration allows; without any limit if they declare none.

        Args:
            title: of the table, for people.
            brokers: each broker's configuration by its id, with all that is in force, defaults too.
            quotas: of clients, by whose they are (`user alice`, `any client id`), as Kafka names and counts them.
            as_of: when the brokers said so.
            name: of the table.
        """
        return cls(
            name=name,
            title=title,
            limits=declared.limits_of(brokers, as_of),
            disputed=declared.disputed_by(brokers, as_of),
            note=declared.note_of(brokers, quotas or {}),
            units=len(brokers) or 1,
            unit_name=BROKER,
        )

    @property
    def size(self) -> str:
        """Of how many units, in words (`2 CKU`, `3 brokers`); empty if it has one size, or nobody said how many."""
        said = self.unit_name and (self.unit_name != BROKER or self.units > 1)
        return counted(self.units, self.unit_name) if said else ""

    @classmethod
    def _of(cls, sheet: Sheet, units: int) -> Limits:
        many = _units(sheet, units)
        return cls(
            name=sheet.name,
            title=sheet.title,
            limits=sheet.of_units(many) if sheet.units == 1 else sheet.of_units(1),
            disputed=sheet.disputed,
            note=sheet.note,
            units=many,
            unit_name=sheet.unit_name,
            most_units=sheet.most_units,
        )

    def with_(self, other: Limits) -> Limits:
        """This table together with another one: of what both limit the lower holds, and the other is disputed.

        Of each resource and scope the table with the lowest value keeps all its limits.
        """
        mine, others = _lowest(self.limits), _lowest(other.limits)
        held = [limit for limit in self.limits if _below(limit, mine, others, or_equal=True)]
        held += [limit for limit in other.limits if _below(limit, others, mine, or_equal=False)]
        beaten = [limit for limit in (*self.limits, *other.limits) if limit not in held]
        parts = (self, other)
        return Limits(
            name=" + ".join(part.name for part in parts),
            title="; ".join(part.title for part in parts),
            limits=tuple(held),
            disputed=(*self.disputed, *other.disputed, *beaten),
            note=" ".join(part.note for part in parts if part.note),
            units=self.units if self.unit_name else other.units,
            unit_name=self.unit_name or other.unit_name,
            most_units=self.most_units if self.unit_name else other.most_units,
        )

    def as_document(self) -> dict[str, Any]:
        """The table as plain values that `from_document` reads, also where it has no limits."""
        return {
            "name": self.name,
            "title": self.title,
            "note": self.note,
            "units": self.units,
            "unit_name": self.unit_name,
            "most_units": self.most_units,
            "limits": [row_of(limit) for limit in self.limits],
            "disputed": [row_of(limit) for limit in self.disputed],
        }

    @classmethod
    def from_document(cls, given: Mapping[str, Any]) -> Limits:
        """The table that `as_document` made these plain values of.

        Raises:
            ConfigurationError: they are not such values.
        """
        names = ("name", "title", "note", "units", "unit_name", "most_units")
        return cls(
            **{name: given[name] for name in names},
            limits=tuple(map(read_limit, given["limits"])),
            disputed=tuple(map(read_limit, given["disputed"])),
        )

    def as_toml(self) -> str:
        """The table as TOML that `Limits.read` reads as this table, but for its name, which is the file's.

        Raises:
            ConfigurationError: it has no limits, so that there is nothing to read.
        """
        if not self.limits:
            raise ConfigurationError(f"limit table {self.name} has no limits: there is nothing to write")
        head: dict[str, str | int] = {
            "title": self.title,
            "note": self.note,
            "per_unit": self.unit_name,
            "units": self.units,
            "most_units": self.most_units,
        }
        return _toml(
            {key: value for key, value in head.items() if value and (key, value) != ("units", 1)},
            {"limits": self.limits, "disputed": self.disputed},
        )


NO_LIMITS: Final = Limits(name="none", title="no limits", limits=())
"""What a run is held against of which no limit is known."""


def _units(sheet: Sheet, units: int) -> int:
    """Of how many units a cluster is: as asked, or as its table says."""
    if units < 1:
        raise UsageError(f"a cluster of {units} units cannot be: give 1 or more")
    if not sheet.unit_name and units > 1:
        raise UsageError(f"limits of {sheet.name} are not by units: leave out the {units} units")
    if sheet.units > 1 and units not in {1, sheet.units}:
        raise UsageError(f"limits of {sheet.name} are for {counted(sheet.units, sheet.unit_name)}, not for {units}")
    if sheet.most_units and units > sheet.most_units:
        raise UsageError(f"{sheet.name} has at most {counted(sheet.most_units, sheet.unit_name)}, not {units}")
    return max(units, sheet.units)


def _lowest(limits: Sequence[Limit]) -> dict[Place, float]:
    lowest: dict[Place, float] = {}
    for limit in limits:
        lowest[limit.place] = min(limit.amount, lowest.get(limit.place, limit.amount))
    return lowest


def _below(limit: Limit, own: Mapping[Place, float], others: Mapping[Place, float], *, or_equal: bool) -> bool:
    """Whether a limit's table has the lowest value for its place; on a tie the first table has it."""
    other = others.get(limit.place)
    return other is None or own[limit.place] < other or (or_equal and own[limit.place] == other)


def _toml(head: Mapping[str, str | int], lists: Mapping[str, Iterable[Limit]]) -> str:
    """A document of these keys, and below them each list of limits as `[[name]]` tables."""
    blocks = [_lines(head)]
    blocks += [f"[[{name}]]\n{_lines(row_of(limit))}" for name, limits in lists.items() for limit in limits]
    return "\n".join(blocks)


def _lines(pairs: Mapping[str, str | float]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in pairs.items())


def _value(value: str | float) -> str:
    if isinstance(value, str):
        # TOML's basic strings are JSON's, but for DEL, which must not stand for itself.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if abs(value) < _EXACT and value == int(value) else repr(value)
