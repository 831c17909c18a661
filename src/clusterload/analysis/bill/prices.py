"""Drivers and prices: what costs brokers CPU, and how much one request, MB or connection costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from clusterload.model import units
from clusterload.model.units import Unit

if TYPE_CHECKING:
    from clusterload.analysis.window_stats import WindowStats


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One thing that broker CPU is spent on.

    Attributes:
        name: in tables and for programs.
        words: one of them, as in `a follower's fetch`.
        series: names of the Series that count it; all of them are added up.
        requests: of `requests_by_type` only these types.
        per: how much of the Series' unit is one.
        level: whether it is a level and no rate, so that its price is in cores.
    """

    name: str
    words: str
    series: tuple[str, ...] = ("requests_by_type",)
    requests: tuple[str, ...] = ()
    per: float = 1.0
    level: bool = False


def _request(kind: str, words: str) -> Driver:
    return Driver(name=kind, words=words, requests=(kind,))


IDLE: Final = "idle"
"""What an idle broker takes, in cores; not a driver, but the constant of the model."""

TLS_ATTEMPTS: Final = "tls_attempts"
"""Attempts on TLS listeners, which no metric counts: attempts times the share of connections that use TLS."""

_MEGA: Final = 1e6

_LIST: Final = (
    _request("Produce", "a Produce request"),
    _request("FetchConsumer", "a consumer's fetch"),
    _request("FetchFollower", "a follower's fetch"),
    _request("Metadata", "a Metadata request"),
    _request("OffsetCommit", "an offset commit"),
    _request("InitProducerId", "an InitProducerId request"),
    Driver(
        name="groups",
        words="a group membership request",
        requests=("JoinGroup", "SyncGroup", "LeaveGroup", "Heartbeat", "FindCoordinator", "ConsumerGroupHeartbeat"),
    ),
    Driver(
        name="transactions",
        words="a transaction request",
        requests=("AddPartitionsToTxn", "AddOffsetsToTxn", "EndTxn", "WriteTxnMarkers", "TxnOffsetCommit"),
    ),
    Driver(name="ingress", words="a MB in", series=("ingress",), per=_MEGA),
    Driver(name="egress", words="a MB out", series=("egress",), per=_MEGA),
    Driver(name="replication", words="a MB replicated", series=("replication_in",), per=_MEGA),
    Driver(name="attempts", words="a new connection", series=("connection_attempts",)),
    Driver(name=TLS_ATTEMPTS, words="a TLS handshake", series=("connection_attempts",)),
    Driver(name="conversions", words="a thousand records recompressed", series=("message_conversions",), per=1e3),
    Driver(name="partitions", words="a thousand partitions", series=("partitions",), per=1e3, level=True),
)
DRIVERS: Final[Mapping[str, Driver]] = {driver.name: driver for driver in _LIST}
"""All drivers by name."""

INTERACTIONS: Final[Mapping[str, tuple[str, str, str]]] = {
    "FetchFollower x partitions": ("FetchFollower", "partitions", "a follower's fetch for each thousand partitions"),
}
"""Pairs that may cost more together than alone: used only where they improve the fit."""

MOST_HOST_CPU: Final = 0.8
"""Share of a host's CPU from which on windows are not used: requests then wait and are batched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one of a driver costs.

    Attributes:
        driver: a name of `DRIVERS` or `INTERACTIONS`, or `IDLE`.
        value: in `unit`, never negative.
        low: where its 95 % interval begins.
        high: where it ends.
        unit: milliseconds of CPU; cores for what is a level.
        words: as in `0.86 ms a follower's fetch`.
    """

    driver: str
    value: float
    low: float
    high: float
    unit: Unit
    words: str

    @classmethod
    def of(cls, driver: str, seconds: float, low: float = math.nan, high: float = math.nan) -> Price:
        """The price of a driver in seconds of CPU, or cores for a level."""
        unit, factor = (units.CORES, 1.0) if _is_level(driver) else (units.MILLISECONDS, 1e3)
        return cls(
            driver=driver,
            value=seconds * factor,
            low=low * factor,
            high=high * factor,
            unit=unit,
            words=f"{_said(seconds, low, high, unit)} {words_of(driver)}",
        )

    @property
    def said(self) -> str:
        """The price without its driver: `0.86 ms`; `up to 52 ms` where its interval includes 0."""
        return self.words.removesuffix(f" {words_of(self.driver)}")

    @property
    def seconds(self) -> float:
        """In seconds of CPU, or cores."""
        return self.value * (1.0 if self.unit == units.CORES else 1e-3)


def _is_level(driver: str) -> bool:
    return driver == IDLE or (driver in DRIVERS and DRIVERS[driver].level)


def words_of(driver: str) -> str:
    """The words of a driver; any other name as it is."""
    if driver == IDLE:
        return "idle broker baseline"
    known = {name: words for name, (_, _, words) in INTERACTIONS.items()}
    return DRIVERS[driver].words if driver in DRIVERS else known.get(driver, driver)


def _said(seconds: float, low: float, high: float, unit: Unit) -> str:
    if low <= 0 < high:
        return f"up to {_figure(high, unit)}"
    return _figure(seconds, unit)


def _figure(seconds: float, unit: Unit) -> str:
    if unit == units.CORES:
        return f"{units.number(seconds, 2)} cores"
    # Microseconds only where a millisecond would have two zeros after its point.
    small = 0 < seconds < 1e-5  # noqa: PLR2004
    value = seconds * (1e6 if small else 1e3)
    digits = 2 if value < 10 else 3  # noqa: PLR2004 (more would seem to be known)
    return f"{units.number(value, digits)} {units.MICROSECONDS if small else units.MILLISECONDS}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What the drivers of a cluster cost.

    Attributes:
        prices: those that could be fitted, the idle broker baseline first.
        inseparable: drivers that moved together, so that only what they cost together is known; with `IDLE` those
            that never moved.
        together: what each of these groups costs, as a price for each of its drivers; alone they mean nothing.
        windows: from how many they are.
        left_out: windows that were not used, since a host was over `MOST_HOST_CPU`.
        error: of the model's CPU, relative to its mean, in windows it had not seen; NaN if unknown.
        basis: where they come from, in words.
        fitted: whether they are this cluster's own.
    """

    prices: tuple[Price, ...]
    inseparable: tuple[tuple[str, ...], ...] = ()
    together: Mapping[str, float] = field(default_factory=dict)
    windows: int = 0
    left_out: int = 0
    error: float = math.nan
    basis: str = ""
    fitted: bool = True

    def of(self, driver: str) -> Price | None:
        """The price of a driver; None where it is not known by itself."""
        return next((price for price in self.prices if price.driver == driver), None)

    def explains(self, facts: WindowStats) -> Mapping[str, float]:
        """Cores that each driver takes in a window; drivers that cannot be separated are one entry, joined by ` + `."""
        found: dict[str, float] = {}
        for price in self.prices:
            found[price.driver] = price.seconds * driver_amount(price.driver, facts)
        # What cannot be separated from the idle broker baseline is in its price already.
        for group in (group for group in self.inseparable if IDLE not in group):
            taken = [self.together.get(driver, 0.0) * driver_amount(driver, facts) for driver in group]
            found[" + ".join(group)] = math.fsum(value for value in taken if not math.isnan(value))
        return {driver: cores for driver, cores in found.items() if cores > 0}

    @property
    def words(self) -> tuple[str, ...]:
        """Each price in words, and what cannot be separated."""
        return (*(price.words for price in self.prices if price.value > 0), *map(_inseparable, self.inseparable))

    @classmethod
    def default(cls) -> Prices:
        """Prices measured on a lab of three brokers on two cores, where nothing better is known."""
        prices = [Price.of(IDLE, 0.07), *(Price.of(driver, seconds) for driver, seconds in _MEASURED.items())]
        return cls(
            prices=tuple(prices),
            windows=59,
            error=0.13,
            basis="measured on a lab of three brokers with two cores, and not on this cluster",
            fitted=False,
        )


_MEASURED: Final = {
    "Produce": 0.18e-3,
    "FetchConsumer": 0.5e-3,
    "FetchFollower": 0.86e-3,
    "Metadata": 0.63e-3,
    "InitProducerId": 0.34e-3,
    "transactions": 1.4e-3,
    "ingress": 8.5e-3,
    "egress": 0.5e-3,
    "attempts": 0.87e-3,
    TLS_ATTEMPTS: 16.5e-3,
}


def _inseparable(group: tuple[str, ...]) -> str:
    if IDLE in group:
        *some, last = (words_of(driver) for driver in group if driver != IDLE)
        return f"{_and(some, last)} never moved: what they cost cannot be separated from the idle broker baseline"
    *some, last = (words_of(driver) for driver in group)
    return f"{_and(some, last)} moved together: what each costs cannot be separated"


def _and(some: Sequence[str], last: str) -> str:
    return f"{', '.join(some)} and {last}" if some else last


def driver_amount(driver: str, facts: WindowStats) -> float:
    """The rate of a driver per second, or its level; NaN if no Series gives it."""
    if driver == IDLE:
        return float(len(facts.per_broker("cpu_broker")) or 1)
    if driver in INTERACTIONS:
        first, second, _ = INTERACTIONS[driver]
        return math.fsum(
            _of_broker(DRIVERS[first], facts, broker=broker) * _of_broker(DRIVERS[second], facts, broker=broker)
            for broker in facts.per_broker("cpu_broker")
        )
    return _of_broker(DRIVERS[driver], facts)


def _of_broker(driver: Driver, facts: WindowStats, **labels: str) -> float:
    found = list(_amounts(driver, facts, labels))
    known = [value for value in found if not math.isnan(value)]
    if not known:
        return math.nan
    return math.fsum(known) / driver.per * (_tls_share(facts, labels) if driver.name == TLS_ATTEMPTS else 1.0)


def _amounts(driver: Driver, facts: WindowStats, labels: Mapping[str, str]) -> Iterator[float]:
    for name in driver.series:
        if driver.requests:
            yield from (facts.total(name, request=request, **labels).now for request in driver.requests)
        else:
            yield facts.total(name, **labels).now


def _tls_share(facts: WindowStats, labels: Mapping[str, str]) -> float:
    tls, every = facts.total("tls_connections", **labels).now, facts.total("connections", **labels).now
    return min(1.0, tls / every) if tls > 0 and every > 0 else 0.0
