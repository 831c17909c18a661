"""Faults: what breaks while a load runs. Only a lab may be broken."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from clusterload.model.documents import Seconds, Text, plain, read_table
from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.workload.names import checked_topic

ACTIONS: Final = {
    "kill": "a broker is killed (SIGKILL, unclean shutdown) and started again",
    "stop": "a broker is shut down cleanly (SIGTERM) and started again",
    "pause": "a broker is frozen (SIGSTOP) and resumed",
    "restart": "a broker is shut down cleanly and started again at once",
    "move-leader": "a partition's leadership moves to another replica for a while",
    "delay": "network latency is added to a broker's connections",
    "cut": "network partition: a broker's connections stay open, but pass no data",
    "neighbour": "other processes take the machine's CPU",
}
"""What a Fault can do."""

_TARGETS: Final = ("broker", "topic", "partition", "to", "by", "between", "processes")
_MOVE: Final = "move-leader"
BETWEEN: Final = ("clients", "brokers")
"""Whom a `delay` or a `cut` keeps from a broker."""

# What each names besides: what it must, and what it may; all others name a broker.
_NEEDED: Final = {_MOVE: ("topic", "partition"), "delay": ("broker", "by"), "neighbour": ("processes",)}
_MAY: Final = {_MOVE: ("to",), "delay": ("between",), "cut": ("between",)}


def keys_of(do: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a fault has to say besides when it comes, and what it may say."""
    return _NEEDED.get(do, ("broker",)), _MAY.get(do, ())


_Count = Annotated[int, msgspec.Meta(ge=0)]


class Fault(msgspec.Struct, frozen=True, kw_only=True, rename={"lasts": "for"}):
    """One thing that breaks.

    Attributes:
        do: one of `ACTIONS`.
        at: seconds into the load.
        lasts: seconds until it is undone; None is at the end of the load.
        broker: which one, by id; for all but `move-leader` and `neighbour`.
        topic: whose partition, for `move-leader`.
        partition: which one, for `move-leader`.
        to: the broker that is to lead; None is any other replica in sync.
        by: seconds that a `delay` adds to each round trip.
        between: whom a `delay` or `cut` is for, one of `BETWEEN`; None is clients.
        processes: how many a `neighbour` has.
    """

    do: Text
    at: Seconds = 0.0
    lasts: Seconds | None = None
    broker: _Count | None = None
    topic: Text | None = None
    partition: _Count | None = None
    to: _Count | None = None
    by: Seconds | None = None
    between: Text | None = None
    processes: _Count | None = None

    def __post_init__(self) -> None:
        if self.do not in ACTIONS:
            raise ConfigurationError(f"no fault {self.do!r}{nearest(self.do, ACTIONS)}; known: {', '.join(ACTIONS)}")
        if not 0 <= self.at < math.inf:
            raise ConfigurationError(f"fault {self.do} comes at {self.at:g} s: it must be 0 or above, and finite")
        if self.lasts is not None and not 0 < self.lasts < math.inf:
            raise ConfigurationError(f"fault {self.do} lasts {self.lasts:g} s: it must be above 0 and finite")
        if self.do == "restart" and self.lasts is not None:
            raise ConfigurationError("fault restart is over when the broker is back: leave out for, or use stop")
        self._check_target()
        self._check_values()

    def _check_values(self) -> None:
        for key, value in (("broker", self.broker), ("partition", self.partition), ("to", self.to)):
            if value is not None and value < 0:
                raise ConfigurationError(f"{key} of fault {self.do} is {value}: it must be 0 or above")
        if self.processes is not None and self.processes < 1:
            raise ConfigurationError(f"processes of fault {self.do} are {self.processes}: it must be 1 or more")
        if self.by is not None and not 0 < self.by < math.inf:
            raise ConfigurationError(f"fault {self.do} delays by {self.by:g} s: it must be above 0 and finite")
        if self.between not in {None, *BETWEEN}:
            raise ConfigurationError(
                f"fault {self.do} is between a broker and {self.between}: use {' or '.join(BETWEEN)}"
            )
        if self.topic is not None:
            checked_topic(self.topic)

    def _check_target(self) -> None:
        needed, may = keys_of(self.do)
        for key in _TARGETS:
            given = getattr(self, key) is not None
            if key in needed and not given:
                raise ConfigurationError(f"fault {self.do} does not say which {key}: add {key}=")
            if given and key not in {*needed, *may}:
                raise ConfigurationError(f"fault {self.do} has no {key}: leave it out")

    @classmethod
    def parsed(cls, given: Mapping[str, Any]) -> Fault:
        """A Fault from a TOML table with the keys do, at, for, broker, topic, partition, to, by, between and processes.

        Raises:
            ConfigurationError: an unknown key, or a value out of range.
        """
        return read_table(given, cls, "a fault")

    @classmethod
    def read(cls, text: str) -> Fault:
        """A Fault from a line as in `kill broker=1 at=5s for=3s`.

        Raises:
            ConfigurationError: as `parsed`.
        """
        do, *pairs = text.split() or [""]
        given: dict[str, str] = {"do": do}
        for pair in pairs:
            key, equals, value = pair.partition("=")
            if not equals or key in given:
                raise ConfigurationError(f"fault {text!r}: write it as in 'kill broker=1 at=5s for=3s'")
            given[key] = value
        return cls.parsed(given)

    def as_document(self) -> dict[str, Any]:
        """What `parsed` reads back, made of plain values."""
        return plain(self)

    def as_text(self) -> str:
        """One line for people, which `read` reads too."""
        chosen = {key: value for key in _TARGETS if (value := getattr(self, key)) is not None}
        where = [f"{key}={_said(value) if key == 'by' else value}" for key, value in chosen.items()]
        lasts = [f"for={_said(self.lasts)}"] if self.lasts is not None else []
        return " ".join([self.do, *where, f"at={_said(self.at)}", *lasts])


def _said(seconds: float) -> str:
    short = f"{seconds:g}"
    return f"{short}s" if float(short) == seconds and "e" not in short else repr(float(seconds))
