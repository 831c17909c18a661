"""Plan: what load to make, read from TOML or made in Python."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from clusterload.errors import ConfigurationError, nearest
from clusterload.plan.faults import Fault
from clusterload.units import BYTES, COUNT, RECORDS_PER_SECOND, Quantity, Unit, parse, parse_duration, text

PREFIX: Final = "clusterload"
"""Our topics and clients begin with this unless told otherwise."""

_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")


def checked_topic(name: str) -> str:
    """The name, if Kafka takes it as a topic's; ConfigurationError if not."""
    if not _TOPIC.fullmatch(name) or name in {".", ".."}:
        raise ConfigurationError(
            f"topic name {name!r} is not allowed: use 1 to 249 of the characters a-z A-Z 0-9 . _ -"
        )
    return name


def _dial(unit: Unit, meaning: str, noun: str, *, whole: bool = False) -> Any:
    return field(default=None, metadata={"unit": unit, "meaning": meaning, "noun": noun, "whole": whole})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dials:
    """What is set about a Load, each thing by itself; None is not set.

    Each dial is declared here once: its unit, what it means, and its noun in a sentence.
    """

    producers: int | None = _dial(COUNT, "producers, which take turns record by record", "producers", whole=True)
    record_rate: float | None = _dial(RECORDS_PER_SECOND, "records a second, all producers together", "record rate")
    payload_size: int | None = _dial(
        BYTES, "bytes of payload in each value, which is a little longer", "payload", whole=True
    )

    def __post_init__(self) -> None:
        for name, value in self.chosen().items():
            if not 0 < value < math.inf:
                raise ConfigurationError(f"dial {name} is {value:g}: it must be above 0 and finite")
            if _DIALS[name].metadata["whole"] and value != int(value):
                raise ConfigurationError(f"dial {name} is {value:g}: it must be a whole number")

    def chosen(self) -> dict[str, float]:
        """The dials that are set, in the order of their declaration."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def parsed(cls, given: Mapping[str, object]) -> Dials:
        """Dials from text or numbers, as in `{"record_rate": "500/s", "payload_size": "4 KiB"}`.

        Raises:
            ConfigurationError: an unknown dial, a value that is no number of its unit, or not above 0.
        """
        values: dict[str, Any] = {name: _parsed_dial(name, value) for name, value in given.items()}
        return cls(**values)

    def as_text(self) -> str:
        """The dials that are set, in one line."""
        return ", ".join(dial_text(name, value) for name, value in self.chosen().items())


_DIALS: Final = {one.name: one for one in fields(Dials)}


def dial_names() -> tuple[str, ...]:
    """All dials, in the order of their declaration."""
    return tuple(_DIALS)


def dial_noun(name: str) -> str:
    """What a dial is called in a sentence."""
    return str(_DIALS[name].metadata["noun"])


def dial_meaning(name: str) -> str:
    """What a dial means, in a line."""
    return str(_DIALS[name].metadata["meaning"])


def dial_text(name: str, value: float) -> str:
    """A dial with its value, as in `20 producers` or `record rate 500 records/s`."""
    unit: Unit = _DIALS[name].metadata["unit"]
    if unit is COUNT:
        return f"{value:,.0f} {dial_noun(name)}"
    amount = f"{value:,.0f} B" if unit is BYTES else text(Quantity(value, unit))
    return f"{dial_noun(name)} {amount}"


def _parsed_dial(name: str, given: object) -> float | int:
    try:
        declared = _DIALS[name].metadata
    except KeyError:
        raise ConfigurationError(f"unknown dial {name!r}{nearest(name, _DIALS)}") from None
    try:
        value = parse(str(given), declared["unit"]).value
    except ConfigurationError as error:
        raise ConfigurationError(f"dial {name}: {error}") from None
    return int(value) if declared["whole"] and value == int(value) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One population of clients.

    Attributes:
        name: what it is called in the ledger and in reports.
        topic: where its records go.
        dials: what is set about it.
        kind: what the clients do; `produce` so far.
        engine: what turns it into traffic; `client` (librdkafka) so far.
        client_id: producers are called this, a hyphen and a number.
    """

    name: str
    topic: str
    dials: Dials
    kind: str = "produce"
    engine: str = "client"
    client_id: str = ""

    def __post_init__(self) -> None:
        checked_topic(self.topic)
        _one_of("kind", self.kind, ("produce",))
        _one_of("engine", self.engine, ("client",))
        if not self.client_id:
            object.__setattr__(self, "client_id", f"{PREFIX}-{self.name}")
        missing = [name for name in dial_names() if name not in self.dials.chosen()]
        if missing:
            raise ConfigurationError(f"load {self.name!r} does not set {', '.join(missing)}: add it to its dials")

    @classmethod
    def parsed(cls, given: Mapping[str, Any]) -> Load:
        """A Load from a TOML table."""
        known = _known("load", given, cls)
        dials = known.pop("dials", {})
        if not isinstance(dials, Mapping):
            raise ConfigurationError(f"dials of a load are {dials!r}: they must be a table")
        for name, value in known.items():
            if not isinstance(value, str):
                raise ConfigurationError(f"{name} of a load is {value!r}: it must be text")
        return cls(**{"name": "load", "topic": f"{PREFIX}-load", **known}, dials=Dials.parsed(dials))


def _one_of(what: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise ConfigurationError(f"unknown {what} {given!r}: use {' or '.join(known)}{nearest(given, known)}")


def _known(what: str, given: Mapping[str, Any], cls: type) -> dict[str, Any]:
    names = [one.name for one in fields(cls)]
    for name in given:
        if name not in names:
            raise ConfigurationError(f"a {what} has no key {name!r}{nearest(name, names)}")
    return dict(given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What load to make: Loads (who) for a duration (when).

    Attributes:
        name: what it is called.
        loads: at least one; none of the same name.
        duration: seconds.
        faults: what is broken on purpose meanwhile.
    """

    name: str
    loads: tuple[Load, ...]
    duration: float
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        names = [load.name for load in self.loads]
        if not names:
            raise ConfigurationError(f"plan {self.name!r} has no load: add a [[loads]] table")
        if len(set(names)) < len(names):
            raise ConfigurationError(f"plan {self.name!r} names two loads alike: give each its own name")
        if not 0 < self.duration < math.inf:
            raise ConfigurationError(f"plan {self.name!r} lasts {self.duration:g} s: it must be above 0 and finite")

    @classmethod
    def parsed(cls, given: Mapping[str, Any]) -> Plan:
        """A Plan from what TOML or JSON gives.

        Raises:
            ConfigurationError: an unknown key or dial, or a value out of range.
        """
        known = _known("plan", given, cls)
        loads = known.get("loads", [])
        if not isinstance(loads, list) or not all(isinstance(load, Mapping) for load in loads):
            raise ConfigurationError("loads must be [[loads]] tables")
        return cls(
            name=str(known.get("name", "load")),
            loads=tuple(Load.parsed(load) for load in loads),
            duration=parse_duration(str(known.get("duration", "30s"))),
        )

    @classmethod
    def read(cls, path: Path | str) -> Plan:
        """A Plan from a TOML file.

        Raises:
            ConfigurationError: the file is missing, is no TOML, or is no plan; the message names the file.
        """
        try:
            return cls.parsed(tomllib.loads(Path(path).read_text(encoding="utf-8")))
        except OSError as error:
            raise ConfigurationError(f"plan {path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ConfigurationError(f"plan {path} is not text: save it as UTF-8") from None
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"plan {path} is not TOML: {error}") from None
        except ConfigurationError as error:
            raise ConfigurationError(f"plan {path}: {error}") from None

    def as_document(self) -> dict[str, Any]:
        """What `parsed` reads back, made of plain values."""
        loads = [
            {
                "name": load.name,
                "topic": load.topic,
                "kind": load.kind,
                "engine": load.engine,
                "client_id": load.client_id,
                "dials": load.dials.chosen(),
            }
            for load in self.loads
        ]
        return {"name": self.name, "duration": self.duration, "loads": loads}
