"""Sheet: a table of limits as it is written, before it is known of how many units a cluster is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.limits.limit import KEYS, Limit, Scope, flag, limit_of

BROKER: Final = "broker"
"""The unit of a table whose units are brokers: limits of each broker then also bound their sum."""

_DEFAULTS: Final = ("force", "scope", "source", "as_of")
_ROW_KEYS: Final = (*KEYS, "per_unit", "by_size")
_LISTS: Final = ("limits", "maximum", "disputed")
_OF_SIZE: Final = ("title", "note", "per_unit", "most_units")
_TABLE_KEYS: Final = (*_OF_SIZE, "extends", "units", "sizes", *_DEFAULTS, *_LISTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A limit as it is written: of the whole cluster or each broker, or of each unit."""

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
    rows: tuple[Row, ...]
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
            disputed=(*(one for one in base.disputed if not _covered(one, own)), *self.disputed),
        )

    def of_units(self, units: int) -> tuple[Limit, ...]:
        """What holds for a cluster of so many units; products end at the cluster's maximum."""
        return tuple(limit for row in self.rows for limit in self._of_units(row, units))

    def _of_units(self, row: Row, units: int) -> Iterator[Limit]:
        limit = row.limit
        if row.per_unit:
            yield self._capped(self._times(limit, units), limit)
            return
        yield limit
        whole = (limit.resource, Scope.CLUSTER, "")
        told = any(other.limit.place == whole and other.limit.force is limit.force for other in self.rows)
        if self.unit_name == BROKER and limit.scope is Scope.BROKER and not limit.broker and units > 1 and not told:
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

    def _capped(self, product: Limit, one: Limit) -> Limit:
        known = [most for most in self.maximum if most.place == one.place]
        most = min(known, key=lambda most: most.amount, default=None)
        if most is None or most.amount >= product.amount:
            return product
        return replace(most, note=_joined(f"The cluster's maximum; the units come to {product.words}.", most.note))


def counted(units: int, name: str) -> str:
    """So many units: `2 CKU`, `3 brokers`."""
    return f"{units} {name}{'s' if name == BROKER and units > 1 else ''}"


def _joined(*notes: str) -> str:
    return " ".join(note for note in notes if note)


def _covered(limit: Limit, by: list[Limit]) -> bool:
    """Whether a limit gives way to others of the same resource and scope."""
    place = limit.resource, limit.scope
    return any((one.resource, one.scope) == place and one.broker in {"", limit.broker} for one in by)


def sizes_of(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The sizes of a family of tables in one TOML, in the order in which they are written; none if it is no family."""
    lists = [found for kind in _LISTS if isinstance(found := given.get(kind), list)]
    by_size = [row.get("by_size", {}) for rows in lists for row in rows if isinstance(row, Mapping)]
    return tuple(dict.fromkeys(size for sizes in (given.get("sizes", {}), *by_size) for size in sizes))


def sheet_of(name: str, given: Mapping[str, Any], size: str = "") -> Sheet:
    """A sheet from what TOML gives; of a family that of one size. What it extends is not looked at.

    Raises:
        ConfigurationError: a key is missing or unknown, or a value is out of range.
    """
    try:
        return _sheet(name, given, size)
    except ConfigurationError as error:
        raise ConfigurationError(f"limit table {name}: {error}") from None


def _sheet(name: str, given: Mapping[str, Any], size: str) -> Sheet:
    _check_keys(given, _TABLE_KEYS)
    if not size and (sizes := sizes_of(given)):
        raise ConfigurationError(f"it has values by size ({', '.join(sizes)}): write a table for each")
    special = given.get("sizes", {}).get(size, {})
    _check_keys(special, _OF_SIZE)
    rows = _rows(given, "limits", size)
    if not rows and "extends" not in given:
        raise ConfigurationError("it has no limits: add [[limits]] tables")
    return Sheet(
        name=name,
        title=" ".join(filter(None, (_text(given, "title", "" if size else name), _text(special, "title", size)))),
        note=_joined(_text(special, "note"), _text(given, "note")),
        unit_name=_text(special, "per_unit") or _text(given, "per_unit"),
        units=_count(given, "units") or 1,
        most_units=_count(special, "most_units") or _count(given, "most_units"),
        rows=tuple(Row(limit=limit_of(_plain(row)), per_unit=flag(row, "per_unit")) for row in rows),
        maximum=tuple(limit_of(_plain(row)) for row in _rows(given, "maximum", size)),
        disputed=tuple(limit_of(_plain(row)) for row in _rows(given, "disputed", size)),
    )


def _rows(given: Mapping[str, Any], kind: str, size: str) -> list[dict[str, Any]]:
    """The rows of a size, each with what the table says for all of them."""
    found = given.get(kind, [])
    if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
        raise ConfigurationError(f"its {kind} are no rows: add [[{kind}]] tables")
    defaults = {key: given[key] for key in _DEFAULTS if key in given}
    rows = []
    for row in found:
        _check_keys(row, _ROW_KEYS)
        by_size = row.get("by_size", {})
        if by_size and size not in by_size and "value" not in row:
            continue  # what is not said of a size is not known of it
        rows.append({**defaults, **row, **({"value": by_size[size]} if size in by_size else {})})
    return rows


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key in KEYS}


def _check_keys(given: object, known: tuple[str, ...]) -> None:
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{given!r} is no table of keys and values")
    for key in given:
        if key not in known:
            raise ConfigurationError(f"unknown key {key!r}{nearest(key, known)}")


def _text(given: Mapping[str, Any], key: str, default: str = "") -> str:
    found = given.get(key, default)
    if not isinstance(found, str):
        raise ConfigurationError(f"its {key} is {found!r}: put it in quotes")
    return found


def _count(given: Mapping[str, Any], key: str) -> int:
    found = given.get(key, 0)
    if not isinstance(found, int) or isinstance(found, bool) or (key in given and found < 1):
        raise ConfigurationError(f"its {key} is {found!r}: give a whole number above 0")
    return found
