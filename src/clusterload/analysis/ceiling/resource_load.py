"""Drive: how one resource of a cluster is used up by itself, by the wire engine's dials.

Other resources are used a little too: connections carry what is asked, and what is read must be written first. Each
drive keeps them small compared with its own, and says in words what it does, since a ceiling holds for that mix only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.units import BYTES_PER_SECOND, CONNECTIONS, CONNECTIONS_PER_SECOND, REQUESTS_PER_SECOND, Unit
from clusterload.model.workload import PREFIX, Dials, Load
from clusterload.model.workload.distributions import FixedSize
from clusterload.model.workload.schedule import Ramp

READS: Final = 20
"""How many times each byte is read where egress is driven, so that ingress is a twentieth of it."""

OPENED_PER_SECOND: Final = 500.0
"""Connections that are opened a second where their number is driven: more would drive connection attempts."""

CLIENT: Final = "calibrate"

_BATCH: Final = 64
_KIB: Final = FixedSize(1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """How one resource is driven.

    Attributes:
        resource: the name of a dimension in `resources`.
        unit: of the values that it is driven to.
        how: what the load consists of, in words.
        first: where a search begins.
        least: where it ends when nothing holds.
        most: where it ends when everything holds: what one machine can make.
        watched: the Load and the kind of its latency that tell how the cluster serves.
        whole: whether values are whole numbers.
        opened: connections that a step opens first, of its value: 0 is none to speak of.
    """

    resource: str
    unit: Unit
    how: str
    first: float
    least: float
    most: float
    watched: tuple[str, str]
    loads: Callable[[float, str, int, float], tuple[Load, ...]]
    whole: bool = False
    opened: float = 0.0

    def made(self, value: float, topic: str, brokers: int, settle: float) -> tuple[Load, ...]:
        """The Loads that drive it to a value.

        Args:
            value: in `unit`.
            topic: where records go.
            brokers: how many the cluster has.
            settle: seconds at the start that are not judged.
        """
        return self.loads(value, topic, brokers, settle)

    def settling(self, value: float, settle: float) -> float:
        """Seconds that a step takes until it is settled, `settle` at least."""
        return max(settle, 1.25 * self.opened * value / OPENED_PER_SECOND)


def _load(kind: str, topic: str, dials: Dials) -> Load:
    return Load(name=kind, topic=topic, kind=kind, engine="wire", client_id=f"{PREFIX}-{CLIENT}", dials=dials)


def _requests(value: float, topic: str, brokers: int, _settle: float) -> tuple[Load, ...]:
    dials = Dials(
        request_rate=value, records_per_request=1, record_size=FixedSize(100), connections=8 * brokers, in_flight=10
    )
    return (_load("produce", topic, dials),)


def _writing(value: float, topic: str, brokers: int) -> Load:
    dials = Dials(byte_rate=value, records_per_request=_BATCH, record_size=_KIB, connections=4 * brokers, in_flight=10)
    return _load("produce", topic, dials)


def _ingress(value: float, topic: str, brokers: int, _settle: float) -> tuple[Load, ...]:
    return (_writing(value, topic, brokers),)


def _egress(value: float, topic: str, brokers: int, _settle: float) -> tuple[Load, ...]:
    return _writing(value / READS, topic, brokers), _load("consume", topic, Dials(fan_out=READS))


def _connections(value: float, topic: str, brokers: int, settle: float) -> tuple[Load, ...]:
    held = _load("connect", topic, Dials(connections=Ramp(0.0, value, 0.8 * settle)))
    return held, _load("admin", topic, Dials(metadata_rate=50.0, connections=brokers))


def _connection_attempts(value: float, topic: str, _brokers: int, _settle: float) -> tuple[Load, ...]:
    return (_load("connect", topic, Dials(connection_rate=value)),)


DRIVES: Final[Mapping[str, Drive]] = {
    drive.resource: drive
    for drive in (
        Drive(
            resource="ingress",
            unit=BYTES_PER_SECOND,
            how="Produce requests of 64 records of 1 KiB, not compressed, acks=all",
            first=1e6,
            least=16_384.0,
            most=20e9,
            watched=("produce", "due"),
            loads=_ingress,
        ),
        Drive(
            resource="egress",
            unit=BYTES_PER_SECOND,
            how=f"{READS} readers of each byte as it is written; ingress is a {READS}th of it",
            first=10e6,
            least=1e6,
            most=100e9,
            watched=("consume", "end_to_end"),
            loads=_egress,
        ),
        Drive(
            resource="requests",
            unit=REQUESTS_PER_SECOND,
            how="Produce requests of one record of 100 B, acks=all",
            first=250.0,
            least=5.0,
            most=1e6,
            watched=("produce", "due"),
            loads=_requests,
        ),
        Drive(
            resource="connections",
            unit=CONNECTIONS,
            how="held connections that ask nothing, and 50 Metadata requests/s meanwhile",
            first=16.0,
            least=1.0,
            most=16_384.0,
            watched=("admin", "due"),
            loads=_connections,
            whole=True,
            opened=1.0,
        ),
        Drive(
            resource="connection_attempts",
            unit=CONNECTIONS_PER_SECOND,
            how="connections that greet and leave",
            first=25.0,
            least=1.0,
            most=100_000.0,
            watched=("connect", "due"),
            loads=_connection_attempts,
        ),
    )
}
"""All resources whose ceiling can be searched for, with how."""

_NOT_DRIVEN: Final = {
    "partitions": (
        "partitions outlast the load and are slow to take away, so that no step is undone before the next; "
        "hold them against your provider's or Kafka's own guideline"
    ),
}


def drive_of(resource: str) -> Drive:
    """How a resource is driven.

    Raises:
        ConfigurationError: it is not; the message says why.
    """
    if resource in _NOT_DRIVEN:
        raise ConfigurationError(f"{resource} cannot be calibrated: {_NOT_DRIVEN[resource]}")
    if resource not in DRIVES:
        raise ConfigurationError(f"no resource {resource!r}{nearest(resource, DRIVES)}; known: {', '.join(DRIVES)}")
    return DRIVES[resource]
