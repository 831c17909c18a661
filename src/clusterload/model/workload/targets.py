"""Asking: what a Load's dials ask for over a stretch of time, as figures that can be held against what was counted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from clusterload.model import units
from clusterload.model.workload import MAX, resolve, shape_of

if TYPE_CHECKING:
    from clusterload.model.units import Unit
    from clusterload.model.workload import Load

API: Final = {
    "request_rate": "Produce",
    "fetch_rate": "Fetch",
    "commit_rate": "OffsetCommit",
    "metadata_rate": "Metadata",
    "producer_id_rate": "InitProducerId",
}
"""The requests that a dial is about."""

DRAWN: Final = 0.05
"""Share by which the mean of sizes that are drawn from a spread may be off."""

_UNITS: Final = {
    "connections": units.CONNECTIONS,
    "connection_rate": units.CONNECTIONS_PER_SECOND,
    "record_rate": units.RECORDS_PER_SECOND,
    "byte_rate": units.BYTES_PER_SECOND,
    "records_per_request": units.RECORDS,
    "record_size": units.BYTES,
    "fan_out": units.COUNT,
    "transaction_rate": units.TRANSACTIONS_PER_SECOND,
    **dict.fromkeys(API, units.REQUESTS_PER_SECOND),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What one dial of a Load asks for.

    Attributes:
        dial: its name.
        value: the mean over the stretch, in `unit`; infinite for as much as the cluster takes.
        unit: of the value.
        exact: whether it is a whole number that does not change, so that nothing else will do.
        chance: by how much it may differ because arrivals or sizes are drawn by chance, in `unit`.
    """

    dial: str
    value: float
    unit: Unit
    exact: bool = False
    chance: float = 0.0


def targets_of(load: Load, begin: float, end: float) -> tuple[Target, ...]:
    """What a Load's dials, and what follows from them, ask for between two times in seconds since its start.

    Dials that set how something is done (acks, keys, compression and so on) ask for no figure.
    """
    return tuple(_targets(load, begin, end))


def _targets(load: Load, begin: float, end: float) -> Iterator[Target]:
    dials = load.dials
    if load.engine == "wire" and dials.connections is not None:
        yield _level("connections", dials.connections, begin, end)
    if dials.connection_rate is not None:
        yield _rate(load, "connection_rate", dials.connection_rate, begin, end)
    if load.use == ("wire", "produce"):
        yield from _of_produce(load, begin, end)
    elif dials.record_rate is not None:
        yield _rate(load, "record_rate", dials.record_rate, begin, end)
    for dial in ("fetch_rate", "commit_rate", "metadata_rate", "producer_id_rate", "transaction_rate"):
        value = getattr(dials, dial)
        if value is not None:
            yield _rate(load, dial, value, begin, end)
    if load.kind == "consume" and (fan_out := load.setting("fan_out")):
        yield Target(dial="fan_out", value=float(fan_out), unit=_UNITS["fan_out"])


def _of_produce(load: Load, begin: float, end: float) -> Iterator[Target]:
    together = resolve(load)
    requests: Any = MAX if together.request_rate is None else together.request_rate
    yield _rate(load, "request_rate", requests, begin, end)
    yield _rate(load, "record_rate", requests, begin, end, together.records_per_request)
    drawn = 0.0 if together.sizes.fixed is not None else DRAWN
    if load.dials.byte_rate is not None:
        rate = _rate(load, "byte_rate", requests, begin, end, together.records_per_request * together.value_size)
        yield replace(rate, chance=rate.chance + drawn * rate.value if math.isfinite(rate.value) else 0.0)
    if load.dials.records_per_request is not None:
        yield Target(
            dial="records_per_request",
            value=float(together.records_per_request),
            unit=_UNITS["records_per_request"],
            exact=True,
        )
    if load.dials.record_size is not None:
        yield Target(
            dial="record_size",
            value=together.value_size,
            unit=units.BYTES,
            exact=not drawn,
            chance=drawn * together.value_size,
        )


def _level(dial: str, value: Any, begin: float, end: float) -> Target:
    constant = isinstance(value, int | float)
    return Target(dial=dial, value=_mean(value, begin, end), unit=_UNITS[dial], exact=constant)


def _rate(load: Load, dial: str, value: Any, begin: float, end: float, times: float = 1.0) -> Target:
    if value == MAX:
        return Target(dial=dial, value=math.inf, unit=_UNITS[dial])
    mean = _mean(value, begin, end)
    # By chance, arrivals are as many as asked for give or take the root of it.
    chance = 4 * math.sqrt(mean / (end - begin)) if load.arrivals == "poisson" else 0.0
    return Target(dial=dial, value=mean * times, unit=_UNITS[dial], chance=chance * times)


def _mean(value: Any, begin: float, end: float) -> float:
    shape = shape_of(value)
    return (shape.area(end) - shape.area(begin)) / (end - begin)
