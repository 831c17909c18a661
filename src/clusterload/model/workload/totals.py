"""Totals: what a Load comes to, so that it can be shown, capped and checked before and after the run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

from clusterload.model.workload.dials import (
    ADMIN,
    APPLICATION,
    CONNECT,
    CONSUME,
    GROUP,
    PRODUCE,
    TRANSACT,
    Use,
    peak_of,
    shape_of,
)
from clusterload.model.workload.loads import Load, resolve
from clusterload.model.workload.schedule import Constant, Even
from clusterload.model.workload.values import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What is planned. Rates and levels are the highest; infinite is as much as the cluster takes.

    Attributes:
        request_rate: requests/s.
        record_rate: records/s written.
        byte_rate: bytes of values/s, written or read.
        connections: open at once, as far as the plan alone says.
        connection_rate: connections/s made.
        producers: of the client engine.
        members: of consumer groups.
        partitions: touched, as far as the plan alone says.
        requests: all that fall due.
        records: all that fall due.
        bytes_written: of values, once: each replica writes them again.
    """

    request_rate: float = 0.0
    record_rate: float = 0.0
    byte_rate: float = 0.0
    connections: float = 0.0
    connection_rate: float = 0.0
    producers: float = 0.0
    members: float = 0.0
    partitions: float = 0.0
    requests: float = 0.0
    records: float = 0.0
    bytes_written: float = 0.0

    def __add__(self, other: Totals) -> Totals:
        """Both together."""
        return Totals(
            **{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(Totals)}
        )


def _of_produce(load: Load, duration: float) -> Totals:
    all_of = resolve(load)
    requests = math.inf if all_of.request_rate is None else all_of.request_rate.area(duration)
    records = requests * all_of.records_per_request
    return Totals(
        request_rate=all_of.request_peak,
        record_rate=all_of.record_rate,
        byte_rate=all_of.byte_rate,
        connections=peak_of(load.dials.connections) or 1.0,
        connection_rate=_churn(load),
        partitions=float(load.dials.partitions or 0),
        requests=requests,
        records=records,
        bytes_written=records * all_of.value_size,
    )


def _of_consume(load: Load, duration: float) -> Totals:
    rate = load.dials.fetch_rate
    # What stands in the topic already is read as fast as it comes.
    at_once = rate is None and load.setting("fetch_from") == "earliest"
    return Totals(
        request_rate=peak_of(rate),
        byte_rate=math.inf if at_once else 0.0,
        connections=_open(load),
        partitions=float(load.dials.partitions or 0),
        requests=_due(rate, duration),
    )


def _of_admin(load: Load, duration: float) -> Totals:
    rates = (load.dials.commit_rate, load.dials.metadata_rate, load.dials.producer_id_rate)
    return Totals(
        request_rate=sum(peak_of(rate) for rate in rates),
        connections=_open(load),
        requests=sum(_due(rate, duration) for rate in rates),
    )


def _of_application(load: Load, duration: float) -> Totals:
    rate, size = peak_of(load.dials.record_rate), load.dials.payload_size or 0
    records = _due(load.dials.record_rate, duration)
    return Totals(
        record_rate=rate,
        byte_rate=rate * size,
        producers=float(load.dials.producers or 0),
        records=records,
        bytes_written=records * size,
    )


def _of_transact(load: Load, duration: float) -> Totals:
    transactions, together = load.dials.transaction_rate or 0.0, load.setting("records_per_transaction")
    # Only whole transactions are begun, the first at once.
    rate, records = transactions * together, Even(Constant(transactions)).total(duration) * together
    size = load.setting("record_size").mean
    return Totals(
        record_rate=rate,
        byte_rate=rate * size,
        producers=float(load.dials.producers or 0),
        records=float(records),
        bytes_written=records * size,
    )


def _of_connect(load: Load, duration: float) -> Totals:  # noqa: ARG001 (as the others)
    return Totals(connections=_open(load), connection_rate=_churn(load))


def _of_group(load: Load, duration: float) -> Totals:  # noqa: ARG001 (as the others)
    return Totals(members=float(load.dials.members or 0))


def _due(rate: Rate | None, duration: float) -> float:
    if rate is None:
        return 0.0
    return math.inf if isinstance(rate, str) else shape_of(rate).area(duration)


def _open(load: Load) -> float:
    """Connections that are open at once."""
    held = peak_of(load.setting("connections"))
    rate, stays = peak_of(load.dials.connection_rate), load.dials.connection_lifetime
    if not rate or not stays:
        return held
    return held or rate * stays


def _churn(load: Load) -> float:
    """Connections made a second."""
    stays = load.dials.connection_lifetime
    if load.dials.connection_rate is not None or stays is None:
        return peak_of(load.dials.connection_rate)
    return (peak_of(load.dials.connections) or 1.0) / stays if stays else math.inf


_OF: Final[dict[Use, Callable[[Load, float], Totals]]] = {
    PRODUCE: _of_produce,
    CONSUME: _of_consume,
    CONNECT: _of_connect,
    ADMIN: _of_admin,
    APPLICATION: _of_application,
    GROUP: _of_group,
    TRANSACT: _of_transact,
}


def totals_of(load: Load, duration: float) -> Totals:
    """What a Load asks for in so many seconds."""
    return _OF[load.use](load, duration)
