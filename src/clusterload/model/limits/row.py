"""Row: a limit as documents have it, in TOML and in run files."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from clusterload.model.documents import Text, read_table
from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.limits.limit import ALIASES, BUSY, PARTS, Force, Limit, Scope, unit_of
from clusterload.model.units import COUNT, Quantity, Unit, as_written, parse, parse_as_written

_BARE: Final = re.compile(r"[\s\d.,_eE+-]*")
"""A number that was written as text, without a unit."""


class Row(msgspec.Struct, kw_only=True):
    """A limit as a document has it.

    Attributes:
        value: a number in `unit`, or text with its unit, as in `95 MB/s`.
        scope: None for what the resource has by itself: each broker of how busy it is, else the cluster.
        each: the kind of part that it is of each of; of one part its kind is the key, as in `principal = "alice"`.
        per_unit: whether it is of each unit of the cluster (CKU, broker), and not of all of them.
        by_size: the value by the size of a family of tables.
    """

    resource: Text
    value: float | str | None = None
    unit: Text = ""
    force: Force
    scope: Scope | None = None
    broker: Text = ""
    each: Text = ""
    principal: Text = ""
    client: Text = ""
    listener: Text = ""
    topic: Text = ""
    partition: Text = ""
    software: Text = ""
    low: float | None = None
    high: float | None = None
    before_replication: bool = False
    source: Text
    as_of: Text
    note: Text = ""
    per_unit: bool = False
    by_size: dict[str, float] = {}


def limit_of(row: Row) -> Limit:
    """A limit from its row.

    Raises:
        ConfigurationError: the value is missing, or one is out of range.
    """
    if row.value is None:
        raise ConfigurationError("a limit lacks value: add it")
    resource = ALIASES.get(row.resource, row.resource)
    part, name = _part(row)
    names = ("force", "broker", "low", "high", "before_replication", "source", "as_of", "note")
    return Limit(
        resource=resource,
        value=_value(resource, row.value, row.unit),
        scope=row.scope or (Scope.BROKER if resource in BUSY or row.broker else Scope.CLUSTER),
        part=part,
        name=name,
        **{name: getattr(row, name) for name in names},
    )


def read_limit(given: object) -> Limit:
    """A limit from the plain values of a row.

    Raises:
        ConfigurationError: a key is missing or unknown, or a value is out of range.
    """
    return limit_of(read_table(given, Row, "a limit"))


def _value(resource: str, given: float | str, unit: str) -> Quantity:
    expected = unit_of(resource)
    try:
        if isinstance(given, str) and not _BARE.fullmatch(given):
            return _with_unit(given, unit, expected)
        given = parse(given, COUNT).value if isinstance(given, str) else given
        # What is counted and has one unit only needs none; a rate is by the second, minute or hour, so that it does.
        if not unit and expected.factor == 1 and expected.thing == expected.symbol:
            return Quantity(given, expected)
        return Quantity(given, as_written(unit, expected))
    except ConfigurationError as error:
        raise ConfigurationError(f"the limit of {resource}: {error}") from None


def _with_unit(given: str, unit: str, expected: Unit) -> Quantity:
    """A value that names its unit itself, in that unit: `95 MB/s`."""
    read = parse_as_written(given, expected)
    if unit:
        raise ConfigurationError(f"{given!r} has a unit, and the unit is {unit!r}: keep one of them")
    return read


def _part(row: Row) -> tuple[str, str]:
    """What kind of part a row is of, and which one; empty where it is of all or of each."""
    named = [(kind, name) for kind in PARTS if (name := getattr(row, kind))]
    if len(named) > 1 or (named and row.each):
        kinds = ["each", *(kind for kind, _ in named)] if row.each else [kind for kind, _ in named]
        raise ConfigurationError(f"the limit of {row.resource} has {' and '.join(kinds)}: keep one of them")
    if row.each == "broker":
        raise ConfigurationError(f"the limit of {row.resource} is of each broker: give it the scope 'broker'")
    if row.each and row.each not in PARTS:
        fits = nearest(row.each, PARTS) or f": use {', '.join(PARTS)}"
        raise ConfigurationError(f"the limit of {row.resource} is of each {row.each}{fits}")
    return named[0] if named else (row.each, "")


def row_of(limit: Limit) -> dict[str, str | float]:
    """A limit as a row of TOML; what is not set is left out."""
    row: dict[str, str | float | None] = {
        "resource": limit.resource,
        "value": limit.value.value,
        "unit": limit.value.unit.symbol,
        "force": str(limit.force),
        "scope": str(limit.scope),
        "broker": limit.broker or None,
        "each": limit.part if limit.part and not limit.name else None,
        **({limit.part: limit.name} if limit.name else {}),
        "low": limit.low,
        "high": limit.high,
        "before_replication": limit.before_replication or None,
        "source": limit.source,
        "as_of": limit.as_of,
        "note": limit.note or None,
    }
    return {key: value for key, value in row.items() if value is not None}
