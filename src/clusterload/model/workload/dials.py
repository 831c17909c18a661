"""Dials: what can be set about a Load. Each is declared here once, and all else derives from that."""

# ruff: noqa: RUF009 (each call only declares a field, whose default is None)

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.units import (
    BYTES,
    BYTES_PER_SECOND,
    CONNECTIONS,
    CONNECTIONS_PER_SECOND,
    COUNT,
    RECORDS_PER_SECOND,
    REQUESTS_PER_SECOND,
    TRANSACTIONS_PER_SECOND,
)
from clusterload.model.workload.distributions import FixedSize, Keys, Sizes, UniqueKeys
from clusterload.model.workload.forms import Choice, KeySpread, Spread, YesNo, is_sizes
from clusterload.model.workload.schedule import Constant, Shape
from clusterload.model.workload.values import Amount, Duration, Level, Rate, Values

Use = tuple[str, str]
"""An engine and a kind of Load."""

PRODUCE: Final = ("wire", "produce")
CONSUME: Final = ("wire", "consume")
CONNECT: Final = ("wire", "connect")
ADMIN: Final = ("wire", "admin")
APPLICATION: Final = ("client", "produce")
GROUP: Final = ("client", "group")
TRANSACT: Final = ("client", "transact")
USES: Final = (PRODUCE, CONSUME, CONNECT, ADMIN, APPLICATION, GROUP, TRANSACT)
"""All engines with their kinds."""

DEFAULT_SIZES: Final = FixedSize(100)
"""Bytes of values where nothing says how large they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What is known about a dial.

    Attributes:
        values: what it can be set to.
        meaning: what it means, in a line.
        noun: what it is called in a sentence.
        uses: the engines and kinds that take it; where it could go to several, the first is preferred.
        default: its value where it is not set; None is nothing.
        otherwise: defaults by the kind of Load, or by another dial that is set; the first that fits counts.
        default_words: the default in words, where the value does not say it.
    """

    values: Values
    meaning: str
    noun: str
    uses: tuple[Use, ...]
    default: object = None
    otherwise: tuple[tuple[str, object], ...] = ()
    default_words: str = ""


def _dial(
    values: Values,
    meaning: str,
    noun: str,
    *uses: Use,
    default: object = None,
    otherwise: Mapping[str, object] | None = None,
    default_words: str = "",
) -> Any:
    declared = Declaration(
        values=values,
        meaning=meaning,
        noun=noun,
        uses=uses,
        default=default,
        otherwise=tuple((otherwise or {}).items()),
        default_words=default_words,
    )
    return field(default=None, metadata={"declared": declared})


_REQUESTS: Final = Amount(unit=REQUESTS_PER_SECOND, shape=True)
_WHOLE: Final = Amount(unit=COUNT, whole=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dials:
    """What is set about a Load, each thing by itself; None is not set."""

    producers: int | None = _dial(
        _WHOLE, "number of producers; they take turns record by record", "producers", APPLICATION, TRANSACT
    )
    request_rate: Rate | None = _dial(
        Amount(unit=REQUESTS_PER_SECOND, shape=True, unbounded=True),
        "Produce requests a second, all connections together", "request rate", PRODUCE,
    )  # fmt: skip
    record_rate: Rate | None = _dial(
        Amount(unit=RECORDS_PER_SECOND, shape=True, unbounded=True),
        "records a second, all producers or connections together", "record rate", PRODUCE, APPLICATION,
    )  # fmt: skip
    byte_rate: Rate | None = _dial(
        Amount(unit=BYTES_PER_SECOND, shape=True, unbounded=True),
        "bytes of values a second", "byte rate", PRODUCE,
    )  # fmt: skip
    records_per_request: int | None = _dial(
        _WHOLE, "records in each Produce request", "records a request", PRODUCE,
        default_words="what the rates make it, else 1; as many as fit 64 KiB where another rate is `max`",
    )  # fmt: skip
    record_size: Sizes | None = _dial(
        Spread(), "bytes of each value", "record size", PRODUCE, TRANSACT, default=DEFAULT_SIZES,
        default_words="what byte_rate and record_rate make it, else 100 B",
    )  # fmt: skip
    keys: Keys | None = _dial(
        KeySpread(), "record keys, which determine the partitions", "keys", PRODUCE,
        default=UniqueKeys(), default_words="unique",
    )  # fmt: skip
    partitions: int | None = _dial(
        _WHOLE, "how many of the topic's partitions are used, from partition 0 on", "partitions", PRODUCE, CONSUME,
        default_words="all",
    )  # fmt: skip
    acks: str | None = _dial(
        Choice(options=("0", "1", "all"), alias=(("-1", "all"),)),
        "acknowledgements that a Produce request waits for: 0, 1 (the leader's) or all (in-sync replicas')",
        "acks", PRODUCE, default="all",
    )  # fmt: skip
    compression: str | None = _dial(
        Choice(options=("none", "gzip", "snappy", "lz4", "zstd")),
        "compression codec of record batches", "compression", PRODUCE, default="none",
    )  # fmt: skip
    idempotence: bool | None = _dial(
        YesNo(), "whether brokers discard duplicate batches (enable.idempotence)", "idempotence", PRODUCE, default=False
    )
    retries: int | None = _dial(
        Amount(unit=COUNT, whole=True, zero=True),
        "how often a rejected request is retried", "retries", PRODUCE, default=10,
    )  # fmt: skip
    in_flight: int | None = _dial(
        _WHOLE, "highest number of requests in flight per connection", "requests in flight", PRODUCE, default=5
    )
    connections: Level | None = _dial(
        Amount(unit=CONNECTIONS, whole=True, shape=True),
        "number of open connections", "connections", PRODUCE, CONSUME, CONNECT, ADMIN,
        default=1, otherwise={"produce": None, "connection_rate": 0},
        default_words="1; of a produce Load one to each leading broker; 0 with connection_rate",
    )  # fmt: skip
    connection_rate: Rate | None = _dial(
        Amount(unit=CONNECTIONS_PER_SECOND, shape=True, unbounded=True),
        "connections opened per second: connect, log in, send one request, close", "connection rate", CONNECT,
    )  # fmt: skip
    connection_lifetime: float | None = _dial(
        Duration(zero=True), "how long a connection stays open; 0 closes it after its first response",
        "connection lifetime", CONNECT, PRODUCE, otherwise={"connection_rate": 0.0},
        default_words="stays; 0 with connection_rate",
    )  # fmt: skip
    connection_asks: str | None = _dial(
        Choice(options=("versions", "metadata")),
        "first request on a new connection", "first request", CONNECT, default="versions",
    )  # fmt: skip
    fan_out: int | None = _dial(
        _WHOLE, "how many times each byte is read", "reads of each byte", CONSUME,
        default=1, otherwise={"fetch_rate": None}, default_words="1; not set with fetch_rate",
    )  # fmt: skip
    fetch_rate: Rate | None = _dial(
        Amount(unit=REQUESTS_PER_SECOND, shape=True, unbounded=True),
        "Fetch requests a second", "fetch rate", CONSUME, default_words="as the answers come",
    )  # fmt: skip
    fetch_max_wait: float | None = _dial(
        Duration(zero=True), "how long a broker may wait for fetch_min_bytes (fetch.max.wait.ms)", "max wait", CONSUME,
        default=0.5, otherwise={"fetch_rate": 0.0}, default_words="500 ms; 0 with fetch_rate",
    )  # fmt: skip
    fetch_min_bytes: int | None = _dial(
        Amount(unit=BYTES, whole=True),
        "bytes that a Fetch response waits for (fetch.min.bytes)",
        "min bytes",
        CONSUME,
        default=1,
    )
    fetch_from: str | None = _dial(
        Choice(options=("latest", "earliest")),
        "offset at which reading starts",
        "reads from",
        CONSUME,
        default="latest",
    )
    commit_rate: Level | None = _dial(_REQUESTS, "OffsetCommit requests a second", "commit rate", ADMIN)
    metadata_rate: Level | None = _dial(_REQUESTS, "Metadata requests a second", "metadata rate", ADMIN)
    producer_id_rate: Level | None = _dial(_REQUESTS, "InitProducerId requests a second", "producer id rate", ADMIN)
    payload_size: int | None = _dial(
        Amount(unit=BYTES, whole=True), "payload bytes in each value; the value is a little longer", "payload",
        APPLICATION,
    )  # fmt: skip
    members: int | None = _dial(_WHOLE, "number of consumers in the group", "members", GROUP)
    member_lifetime: float | None = _dial(
        Duration(), "how long a member stays before another takes its place", "member lifetime", GROUP,
        default_words="stays",
    )  # fmt: skip
    transaction_rate: float | None = _dial(
        Amount(unit=TRANSACTIONS_PER_SECOND), "transactions a second, all producers together", "transaction rate",
        TRANSACT,
    )  # fmt: skip
    records_per_transaction: int | None = _dial(
        _WHOLE, "records in each transaction", "records a transaction", TRANSACT, default=1
    )

    def __post_init__(self) -> None:
        for name, value in self.chosen().items():
            object.__setattr__(self, name, declaration_of(name).values.checked(name, value))

    def chosen(self) -> dict[str, Any]:
        """The dials that are set, in the order of their declaration."""
        values = {dial.name: getattr(self, dial.name) for dial in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def parsed(cls, given: Mapping[str, object]) -> Dials:
        """Dials from text or numbers, as in `{"record_rate": "500/s", "record_size": "4 KiB"}`.

        Raises:
            ConfigurationError: an unknown dial, a value that is none of its kind, or out of range.
        """
        return cls(**{name: declaration_of(name).values.read(name, value) for name, value in given.items()})

    def as_document(self) -> dict[str, object]:
        """What `parsed` reads back, made of plain values."""
        return {name: declaration_of(name).values.plain(value) for name, value in self.chosen().items()}

    def as_text(self) -> str:
        """The dials that are set, in one line."""
        return ", ".join(dial_text(name, value) for name, value in self.chosen().items())


_DIALS: Final[dict[str, Declaration]] = {dial.name: dial.metadata["declared"] for dial in fields(Dials)}


def declaration_of(name: str) -> Declaration:
    """What is known about a dial; ConfigurationError names the nearest one if there is none."""
    try:
        return _DIALS[name]
    except KeyError:
        raise ConfigurationError(f"unknown dial {name!r}{nearest(name, _DIALS)}") from None


def dial_names(use: Use | None = None) -> tuple[str, ...]:
    """All dials in the order of their declaration, or those that one engine's kind takes."""
    return tuple(name for name, dial in _DIALS.items() if use is None or use in dial.uses)


def dial_noun(name: str) -> str:
    """What a dial is called in a sentence."""
    return declaration_of(name).noun


def dial_meaning(name: str) -> str:
    """What a dial means, in a line."""
    return declaration_of(name).meaning


def dial_text(name: str, value: Any) -> str:
    """A dial with its value, as in `20 producers` or `record rate 500 records/s`."""
    return declaration_of(name).values.text(value, dial_noun(name))


def dial_number(value: object) -> float:
    """The value of a dial as one number, or NaN if it is none: a word, a shape, a spread."""
    if is_sizes(value):
        value = value.fixed
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def shape_of(value: Level) -> Shape:
    """A Level as a Shape: a number is one that never changes."""
    return Constant(value) if isinstance(value, int | float) else value


def peak_of(value: Rate | None) -> float:
    """The most that a Rate comes to: infinite for `MAX`, 0 for one that is not set."""
    if value is None or isinstance(value, str):
        return math.inf if value else 0.0
    return value if isinstance(value, int | float) else value.peak
