"""What a lab's proxies do to what passes through them, and telling them so."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from clusterload.lab.own_processes import exchanged
from clusterload.model.errors import LabError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

LISTENERS: Final = ("CLIENT", "BROKER")
"""Whom a broker's proxies stand before: clients, or the other brokers."""

SOCKET: Final = "proxy"
"""The name of the proxies' socket, in the folder of the supervisor's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impairment:
    """What is done to the network path between a broker and those who talk to it.

    Attributes:
        delay: seconds added to each round trip, half of them in each direction.
        jitter: up to so many seconds more in each direction, by chance; the order of bytes stays.
        bandwidth: bytes per second in each direction, all connections of a listener together; infinite for no bound.
        cut: nothing passes: connections stay open, and what is sent waits until the path is restored.
        who: only connections whose client id begins so, as in `broker-2-fetcher`; empty is all.
    """

    delay: float = 0.0
    jitter: float = 0.0
    bandwidth: float = math.inf
    cut: bool = False
    who: str = ""

    def __post_init__(self) -> None:
        for name, value in (("delay", self.delay), ("jitter", self.jitter)):
            if not 0 <= value < math.inf:
                raise UsageError(f"{name} of an impairment is {value:g} s: it must be 0 or above, and finite")
        if not self.bandwidth > 0:
            raise UsageError(f"bandwidth of an impairment is {self.bandwidth:g} B/s: it must be above 0")

    def as_document(self) -> dict[str, Any]:
        """Plain values, of which `parsed` makes the same again; JSON knows no infinity."""
        plain = asdict(self)
        return plain | {"bandwidth": None if math.isinf(self.bandwidth) else self.bandwidth}

    @classmethod
    def parsed(cls, given: dict[str, Any]) -> Impairment:
        """An impairment from the values of its `as_document`."""
        bandwidth = given.get("bandwidth")
        return cls(**{**given, "bandwidth": math.inf if bandwidth is None else bandwidth})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyStatus:
    """How the proxy before a broker's listener stands.

    Attributes:
        listener: one of `LISTENERS`.
        broker: whose.
        connections: that pass now.
        moved: bytes that have passed, both directions together.
        impaired: whether anything is done to it.
    """

    listener: str
    broker: int
    connections: int
    moved: int
    impaired: bool


def ask(address: Path, do: str, **more: object) -> tuple[ProxyStatus, ...]:
    """Tell the proxies of a lab something: `impair`, `heal` or `status`; how all proxies stand after it.

    Raises:
        LabError: they do not answer, or refuse.
    """
    try:
        answer = exchanged(address, {"do": do, **more})
    except (OSError, ValueError) as error:
        raise LabError(f"the lab's proxies do not answer '{do}': {error}; start the lab again, with proxies") from error
    if "error" in answer:
        raise LabError(f"the lab's proxies refused: {answer['error']}")
    return tuple(ProxyStatus(**each) for each in answer["ways"])
