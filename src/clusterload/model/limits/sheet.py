"""Sheet: a table of limits as it is written, before it is known of how many units a cluster is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

import msgspec

from clusterload.model.documents import read_table
from clusterload.model.errors import ConfigurationError
from clusterload.model.limits.limit import BUSY, Limit, Scope
from clusterload.model.limits.row import Row, limit_of

BROKER: Final = "broker"
"""The unit of a table whose units are brokers: limits of each broker then also bound their sum."""

_DEFAULTS: Final = ("force", "scope", "source", "as_of")
_LISTS: Final = ("limits", "maximum", "disputed")

_Count = Annotated[int, msgspec.Meta(ge=1)]


class _Head(msgspec.Struct, kw_only=True):
    """What a document says of one size of a family of tables."""

    title: str | None = None
    note: str = ""
    per_unit: str = ""
    most_units: _Count | None = None


class _Table(_Head, kw_only=True):
    """A document with a table of limits, or a family of them."""

    extends: str | None = None
    units: _Count = 1
    sizes: dict[str, dict[str, Any]] = {}
    force: Any = None
    scope: Any = None
    source: Any = None
    as_of: Any = None
    limits: list[dict[str, Any]] = []
    maximum: list[dict[str, Any]] = []
    disputed: list[dict[str, Any]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """A limit of the whole cluster or each broker, or of each unit."""

    limit: Limit
    per_unit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table as it is written.

    Attributes:
        unit_name: what it is sold by, as in CKU; empty if it has one size.
        units: of how many units the values are that are not per unit.
        most_units: how many there can be; 0 if that is not known.
        rows: the limits.
        maximum: what a cluster has at most, however many units.
        disputed: what other sources say of the same; shown, never used.
    """

    name: str
    title: str
    note: str = ""
    unit_name: str = ""
    units: int = 1
    most_units: int = 0
    rows: tuple[SheetRow, ...]
    maximum: tuple[Limit, ...] = ()
    disputed: tuple[Limit, ...] = ()

    def checked(self) -> Sheet:
        """This sheet, if it is whole; only after what it extends is in it.

        Raises:
            ConfigurationError: something is per unit and no unit is named, or all are counted already, or a maximum
                has nothing to bound.
        """
        per_unit = {row.limit.place for row in self.rows if row.per_unit}
        if per_unit and not self.unit_name:
            raise ConfigurationError(f'limit table {self.name} has limits per unit: name it, as in per_unit = "CKU"')
        if per_unit and self.units > 1:
            raise ConfigurationError(f"limit table {self.name} is for {self.units} units in all: say nothing per unit")
        for most in self.maximum:
            if most.place not in per_unit:
                raise ConfigurationError(
                    f"limit table {self.name} has a maximum of {most.resource} and none per unit: make it a limit"
                )
        return self

    def on(self, base: Sheet) -> Sheet:
        """This sheet on top of one that it extends: what both limit is as this one says."""
        own = [row.limit for row in self.rows]
        raised = [*own, *self.maximum]
        return replace(
            self,
            note=_joined(self.note, base.note),
            unit_name=self.unit_name or base.unit_name,
            units=self.units if self.units > 1 else base.units,
            most_units=self.most_units or base.most_units,
            rows=(*(row for row in base.rows if not _covered(row.limit, own)), *self.rows),
            maximum=(*(most for most in base.maximum if not _covered(most, raised)), *self.maximum),
            disputed=(*(limit for limit in base.disputed if not _covered(limit, own)), *self.disputed),
        )

    def of_units(self, units: int) -> tuple[Limit, ...]:
        """What holds for a cluster of so many units; products end at the cluster's maximum."""
        return tuple(limit for row in self.rows for limit in self._of_units(row, units))

    def _of_units(self, row: SheetRow, units: int) -> Iterator[Limit]:
        limit = row.limit
        if row.per_unit:
            yield self._capped(self._times(limit, units), limit)
            return
        yield limit
        whole = (limit.resource, Scope.CLUSTER, "", "", "")
        whole_known = any(other.limit.place == whole and other.limit.force is limit.force for other in self.rows)
        if (
            self.unit_name == BROKER
            and limit.scope is Scope.BROKER
            and not limit.broker
            and not limit.part
            and limit.resource not in BUSY
            and units > 1
            and not whole_known
        ):
            yield replace(self._times(limit, units), scope=Scope.CLUSTER)

    def _times(self, limit: Limit, units: int) -> Limit:
        if units == 1:
            return limit
        return replace(
            limit,
            value=replace(limit.value, value=limit.value.value * units),
            low=None if limit.low is None else limit.low * units,
            high=None if limit.high is None else limit.high * units,
            note=_joined(f"{counted(units, self.unit_name)} x {limit.words}.", limit.note),
        )

    def _capped(self, product: Limit, unit_limit: Limit) -> Limit:
        known = [most for most in self.maximum if most.place == unit_limit.place]
        most = min(known, key=lambda most: most.amount, default=None)
        if most is None or most.amount >= product.amount:
            return product
        return replace(most, note=_joined(f"The cluster's maximum; the units come to {product.words}.", most.note))


def counted(units: int, name: str) -> str:
    """So many units: `2 CKU`, `3 brokers`, `3 throughput units`."""
    return f"{units} {name}{'s' if name.islower() and units > 1 else ''}"


def _joined(*notes: str) -> str:
    return " ".join(note for note in notes if note)


def _covered(limit: Limit, by: list[Limit]) -> bool:
    """Whether a limit gives way to others of the same resource and scope."""
    place = limit.resource, limit.scope, limit.part
    return any(
        (other.resource, other.scope, other.part) == place
        and other.broker in {"", limit.broker}
        and other.name in {"", limit.name}
        for other in by
    )


def sizes_of(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The sizes of a family of tables in one TOML, in the order in which they are written; none if a single table."""
    lists = [found for kind in _LISTS if isinstance(found := given.get(kind), list)]
    by_size = [row.get("by_size", {}) for rows in lists for row in rows if isinstance(row, Mapping)]
    return tuple(dict.fromkeys(size for sizes in (given.get("sizes", {}), *by_size) for size in sizes))


def sheet_of(name: str, given: Mapping[str, Any], size: str = "") -> Sheet:
    """A sheet from what TOML gives; of a family that of one size. What it extends is not looked at.

    Raises:
        RowError: a key of a limit is missing or unknown, or a value is out of range.
        ConfigurationError: the table itself cannot be used.
    """
    try:
        return _sheet(name, given, size)
    except RowError as error:
        raise RowError(f"limit table {name}: {error}", error.of, error.which) from None
    except ConfigurationError as error:
        raise ConfigurationError(f"limit table {name}: {error}") from None


def _sheet(name: str, given: Mapping[str, Any], size: str) -> Sheet:
    table = read_table(given, _Table, "the table")
    if not size and (sizes := sizes_of(given)):
        raise ConfigurationError(f"it has values by size ({', '.join(sizes)}): write a table for each")
    special = read_table(table.sizes.get(size, {}), _Head, f"size {size}")
    rows, *others = (tuple(_limits(given, of, getattr(table, of), size)) for of in _LISTS)
    maximum, disputed = (tuple(row.limit for row in found) for found in others)
    if not rows and table.extends is None:
        raise ConfigurationError("it has no limits: add [[limits]] tables")
    title = ("" if size else name) if table.title is None else table.title
    of_size = size if special.title is None else special.title
    return Sheet(
        name=name,
        title=" ".join(filter(None, (title, of_size))),
        note=_joined(special.note, table.note),
        unit_name=special.per_unit or table.per_unit,
        units=table.units,
        most_units=special.most_units or table.most_units or 0,
        rows=rows,
        maximum=maximum,
        disputed=disputed,
    )


class RowError(ConfigurationError):
    """A row of a table that cannot be used: `which` of the `[[list]]` it is in, the first is 0."""

    def __init__(self, message: str, of: str, which: int) -> None:
        """What is wrong, and with which row."""
        super().__init__(message)
        self.of, self.which = of, which


def _limits(given: Mapping[str, Any], of: str, tables: list[dict[str, Any]], size: str) -> Iterator[SheetRow]:
    """The rows of a list, each with what the table says for all of them."""
    defaults = {key: given[key] for key in _DEFAULTS if key in given}
    for which, table in enumerate(tables):
        try:
            row = read_table({**defaults, **table}, Row, "a limit")
            if size in row.by_size:
                row.value = row.by_size[size]
            if row.by_size and row.value is None:
                continue  # what is not said of a size is not known of it
            yield SheetRow(limit=limit_of(row), per_unit=row.per_unit)
        except ConfigurationError as error:
            raise RowError(str(error), of, which) from None
