"""Arithmetic of dials: what those that are set make of those that are not, and whether they fit together.

A produce Load is ruled by two equations:

    request_rate x records_per_request = record_rate
    record_rate x record_size = byte_rate

What is set must fulfil both; what is not set follows from them, or from its default.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from clusterload.model.errors import ConfigurationError
from clusterload.model.units import (
    BYTES_PER_SECOND,
    CONNECTIONS,
    CONNECTIONS_PER_SECOND,
    RECORDS_PER_SECOND,
    REQUESTS_PER_SECOND,
    Unit,
    number,
)
from clusterload.model.workload.dials import DEFAULT_SIZES, Dials, peak_of, shape_of
from clusterload.model.workload.distributions import Sizes, parse_sizes
from clusterload.model.workload.values import MAX, is_shape

if TYPE_CHECKING:
    from clusterload.model.workload.schedule import Shape

REQUEST_BYTES: Final = 65_536
"""A request of a Load at `max` holds about so many bytes."""

_AROUND_RECORD: Final = 20  # bytes: a key of 8, and what the format puts around key and value
_CLOSE: Final = 1e-3  # two figures that differ by less are taken to be one that was rounded
_UNITS: Final[dict[str, Unit]] = {
    "request_rate": REQUESTS_PER_SECOND,
    "record_rate": RECORDS_PER_SECOND,
    "byte_rate": BYTES_PER_SECOND,
    "connections": CONNECTIONS,
    "connection_rate": CONNECTIONS_PER_SECOND,
}
_RATES: Final = ("request_rate", "record_rate", "byte_rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A produce Load's dials, all of them.

    Attributes:
        request_rate: requests/s; None is as many as the cluster takes.
        records_per_request: records in each.
        sizes: bytes of the values.
    """

    request_rate: Shape | None
    records_per_request: int
    sizes: Sizes

    @property
    def value_size(self) -> float:
        """Mean bytes of a value."""
        return self.sizes.mean

    @property
    def request_peak(self) -> float:
        """Most requests/s; infinite for as many as the cluster takes."""
        return math.inf if self.request_rate is None else self.request_rate.peak

    @property
    def record_rate(self) -> float:
        """Most records/s; infinite for as many as the cluster takes."""
        return self.request_peak * self.records_per_request

    @property
    def byte_rate(self) -> float:
        """Most bytes of values a second; infinite for as many as the cluster takes."""
        return self.record_rate * self.value_size


def solved(dials: Dials) -> Resolved:
    """All that follows from the dials of a produce Load of engine wire.

    Raises:
        ConfigurationError: no rate is set, or dials contradict each other; the message shows the arithmetic.
    """
    rates = {name: getattr(dials, name) for name in _RATES if getattr(dials, name) is not None}
    if not rates:
        raise ConfigurationError(f"sets none of {', '.join(_RATES)}: add one to its dials")
    _check_alone(rates)
    if MAX in rates.values():
        return _unbounded(dials, *rates)
    request_rate, record_rate, byte_rate = (peak_of(rates.get(name)) for name in _RATES)
    set_together = dials.records_per_request or 0
    record_rate = record_rate or request_rate * set_together
    sizes = dials.record_size or _sizes(record_rate, byte_rate)
    record_rate = record_rate or byte_rate / sizes.mean
    together = set_together or _records_per_request(request_rate, record_rate)
    record_rate = record_rate or request_rate * together
    request_rate = request_rate or record_rate / together
    _check_product("request_rate", request_rate, "records_per_request", f"{together:,}", together, record_rate)
    if byte_rate:
        _check_product("record_rate", record_rate, "record_size", f"{number(sizes.mean, 6)} B", sizes.mean, byte_rate)
    value = next(iter(rates.values()))
    rate = shape_of(value).scaled(request_rate / peak_of(value))
    return Resolved(request_rate=rate, records_per_request=together, sizes=sizes)


def _check_alone(rates: dict[str, Any]) -> None:
    """A rate of `MAX`, or with a shape, stands alone: what the others would be follows from it."""
    for name, value in rates.items():
        if len(rates) > 1 and (value == MAX or is_shape(value)):
            others = " and ".join(other for other in rates if other != name)
            why = "as much as the cluster takes" if value == MAX else "a shape"
            raise ConfigurationError(
                f"{name} is {value if value == MAX else value.as_text()}, {why}, but {others} is set too: "
                "set one of them, and records_per_request or record_size"
            )


def _unbounded(dials: Dials, name: str) -> Resolved:
    sizes = dials.record_size or DEFAULT_SIZES
    fitting = 1 if name == "request_rate" else max(1, int(REQUEST_BYTES // (sizes.mean + _AROUND_RECORD)))
    return Resolved(request_rate=None, records_per_request=dials.records_per_request or fitting, sizes=sizes)


def _sizes(record_rate: float, byte_rate: float) -> Sizes:
    if not (record_rate and byte_rate):
        return DEFAULT_SIZES
    return parse_sizes(str(_quotient("byte_rate", byte_rate, "record_rate", record_rate, "bytes a record")))


def _records_per_request(request_rate: float, record_rate: float) -> int:
    if not (request_rate and record_rate):
        return 1
    return _quotient("record_rate", record_rate, "request_rate", request_rate, "records a request")


def _quotient(over: str, above: float, under: str, below: float, what: str) -> int:
    """A quotient of two dials that must be a whole number."""
    ratio = above / below
    whole = round(ratio)
    if whole < 1 or abs(ratio - whole) > _CLOSE * ratio:
        raise ConfigurationError(
            f"{over} {_said(over, above)} / {under} {_said(under, below)} = {number(ratio, 4)} {what}, which must be "
            "a whole number: change one of them, or leave one out"
        )
    return whole


_PRODUCT: Final = {"request_rate": "record_rate", "record_rate": "byte_rate", "connection_rate": "connections"}


def _check_product(first: str, amount: float, second: str, said: str, other: float, product: float) -> None:
    """Two dials must make the third."""
    if abs(amount * other - product) > _CLOSE * product:
        third = _PRODUCT[first]
        raise ConfigurationError(
            f"{first} {_said(first, amount)} x {second} {said} = {number(amount * other, 6)} {_UNITS[third]}, but "
            f"{third} is {_said(third, product)}: leave one of them out"
        )


def _said(name: str, value: float) -> str:
    unit = _UNITS[name]
    # The dial's name says what is counted.
    symbol = f" {unit}" if unit is BYTES_PER_SECOND else "/s" if unit.per_second else ""
    return f"{number(value, 6)}{symbol}"


def check_connections(dials: Dials) -> None:
    """Connections that come at a rate and stay for a time are so many at once.

    Raises:
        ConfigurationError: that is not what connections is set to; the message shows the arithmetic.
    """
    rate, stays, held = dials.connection_rate, dials.connection_lifetime, dials.connections
    if rate is None or held is None or not stays or isinstance(rate, str):
        return
    _check_product("connection_rate", peak_of(rate), "connection_lifetime", f"{number(stays)} s", stays, peak_of(held))


def check_promises(dials: Dials) -> None:
    """An idempotent producer needs the word of all replicas, few requests under way, and a second try.

    Raises:
        ConfigurationError: a dial says otherwise.
    """
    if not dials.idempotence:
        return
    if dials.acks not in {None, "all"}:
        raise ConfigurationError(f"idempotence needs acks all, but acks is {dials.acks}: leave one of them out")
    if (dials.in_flight or 1) > MOST_IN_FLIGHT:
        raise ConfigurationError(
            f"idempotence allows {MOST_IN_FLIGHT} requests in flight, but in_flight is {dials.in_flight}: lower it"
        )
    if dials.retries == 0:
        raise ConfigurationError("idempotence is about what is sent again, but retries is 0: leave one of them out")


MOST_IN_FLIGHT: Final = 5
"""Brokers remember so many batches of an idempotent producer."""
