"""Load: one population of clients, what they do, and by which engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from clusterload.model.documents import read_table
from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.workload import arithmetic
from clusterload.model.workload.dials import (
    ADMIN,
    APPLICATION,
    CONNECT,
    GROUP,
    PRODUCE,
    TRANSACT,
    USES,
    Dials,
    Use,
    declaration_of,
    dial_names,
)
from clusterload.model.workload.names import PREFIX, checked_topic
from clusterload.model.workload.values import MAX

ARRIVALS: Final = ("even", "poisson")
"""Arrival processes: even, or Poisson as of many independent clients."""

ENGINES: Final = tuple(dict.fromkeys(engine for engine, _ in USES))
"""All engines: `wire` is the protocol itself, `client` is librdkafka."""

KINDS: Final = tuple(dict.fromkeys(kind for _, kind in USES))
"""What clients can do."""

_ALL_OF: Final[dict[Use, tuple[str, ...]]] = {
    APPLICATION: ("producers", "record_rate", "payload_size"),
    GROUP: ("members",),
    TRANSACT: ("producers", "transaction_rate"),
}
_ONE_OF: Final[dict[Use, tuple[str, ...]]] = {
    PRODUCE: ("request_rate", "record_rate", "byte_rate"),
    CONNECT: ("connections", "connection_rate"),
    ADMIN: ("commit_rate", "metadata_rate", "producer_id_rate"),
}


def engine_of(kind: str, dials: Dials) -> str:
    """The engine for what is set: `client` if that alone takes it, else `wire`."""
    chosen = [declaration_of(name).uses for name in dials.chosen()]
    only_client = any(all(engine == "client" for engine, _ in uses) for uses in chosen)
    return "client" if only_client or ("wire", kind) not in USES else "wire"


class _Written(msgspec.Struct, kw_only=True):
    """A Load's table in a plan."""

    name: str = "load"
    topic: str = f"{PREFIX}-load"
    dials: dict[str, Any] = {}
    kind: str = "produce"
    engine: str = ""
    client_id: str = ""
    arrivals: str = "even"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One population of clients.

    Attributes:
        name: what it is called in the ledger and in reports.
        topic: what its records are of.
        dials: what is set about it.
        kind: what the clients do, one of `KINDS`.
        engine: what turns it into traffic; left empty, the one that the dials are of.
        client_id: clients are called this, a hyphen and a number.
        arrivals: the arrival process, one of `ARRIVALS`.
    """

    name: str
    topic: str
    dials: Dials
    kind: str = "produce"
    engine: str = ""
    client_id: str = ""
    arrivals: str = "even"

    def __post_init__(self) -> None:
        checked_topic(self.topic)
        _one_of("kind", self.kind, KINDS)
        if not self.engine:
            object.__setattr__(self, "engine", engine_of(self.kind, self.dials))
        _one_of("engine", self.engine, ENGINES)
        _one_of(
            f"kind of engine {self.engine}", self.kind, tuple(kind for engine, kind in USES if engine == self.engine)
        )
        _one_of("arrivals", self.arrivals, ARRIVALS)
        if not self.client_id:
            object.__setattr__(self, "client_id", f"{PREFIX}-{self.name}")
        self._check_dials()

    @property
    def use(self) -> Use:
        """Engine and kind."""
        return self.engine, self.kind

    @property
    def group_id(self) -> str:
        """What the consumer group is called, if it has one."""
        return f"{self.client_id}-group"

    @property
    def has_group(self) -> bool:
        """Whether it makes a consumer group, be it only by committing offsets."""
        return self.kind == "group" or self.dials.commit_rate is not None

    @property
    def has_topic(self) -> bool:
        """Whether it needs its topic: connections that ask for versions need none."""
        return self.use != CONNECT or self.dials.connection_asks == "metadata"

    def setting(self, dial: str) -> Any:
        """What a dial is set to, or its default here; None is nothing.

        Raises:
            ConfigurationError: the dial does not exist.
        """
        dial_declared = declaration_of(dial)
        value = getattr(self.dials, dial)
        if value is not None:
            return value
        fitting = (
            default
            for of, default in dial_declared.otherwise
            if of == self.kind or getattr(self.dials, of, None) is not None
        )
        return next(fitting, dial_declared.default)

    def _check_dials(self) -> None:
        chosen, taken = self.dials.chosen(), dial_names(self.use)
        for name in chosen:
            if name not in taken:
                raise ConfigurationError(
                    f"load {self.name!r}: {self.kind} of engine {self.engine} has no dial {name}; it has "
                    f"{', '.join(taken)}"
                )
        missing = [name for name in _ALL_OF.get(self.use, ()) if name not in chosen]
        if missing:
            raise ConfigurationError(f"load {self.name!r} does not set {', '.join(missing)}: add it to its dials")
        either = _ONE_OF.get(self.use, ())
        if either and not any(name in chosen for name in either):
            raise ConfigurationError(f"load {self.name!r} sets none of {', '.join(either)}: add one to its dials")
        try:
            self._check_arithmetic()
        except ConfigurationError as error:
            raise ConfigurationError(f"load {self.name!r}: {error}") from None

    def _check_arithmetic(self) -> None:
        if self.use == APPLICATION and self.dials.record_rate == MAX:
            raise ConfigurationError("record_rate is max, which engine client cannot: give a rate, or use engine wire")
        if self.use == PRODUCE:
            arithmetic.solved(self.dials)
            arithmetic.check_promises(self.dials)
        if self.use == CONNECT:
            arithmetic.check_connections(self.dials)

    @classmethod
    def parsed(cls, given: Mapping[str, Any]) -> Load:
        """A Load from a TOML table.

        Raises:
            ConfigurationError: an unknown key or dial, or a value out of range.
        """
        written = read_table(given, _Written, "a load")
        fields = {name: getattr(written, name) for name in written.__struct_fields__}
        return cls(**fields | {"dials": Dials.parsed(written.dials)})

    def as_document(self) -> dict[str, Any]:
        """What `parsed` reads back, made of plain values."""
        return {
            "name": self.name,
            "topic": self.topic,
            "kind": self.kind,
            "engine": self.engine,
            "client_id": self.client_id,
            "arrivals": self.arrivals,
            "dials": self.dials.as_document(),
        }


def _one_of(what: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise ConfigurationError(f"unknown {what} {given!r}: use {' or '.join(known)}{nearest(given, known)}")


def resolve(load: Load) -> arithmetic.Resolved:
    """All that follows from a produce Load's dials.

    Raises:
        ConfigurationError: it produces nothing by the wire engine.
    """
    if (load.engine, load.kind) != ("wire", "produce"):
        raise ConfigurationError(
            f"load {load.name!r} is not a produce load of engine wire: only their dials can be resolved"
        )
    return arithmetic.solved(load.dials)
