"""A group's coordinator: looked up before the load, and again when it has moved."""

from __future__ import annotations

import asyncio
import struct
import time
from itertools import count
from typing import TYPE_CHECKING, Final

from clusterload.generator.wire.error_codes import error_name
from clusterload.generator.wire.population import SERVED, Population
from clusterload.kafka.protocol.address import Address
from clusterload.model.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusterload.generator.wire.connection import Connection

FIND_SECONDS: Final = 10.0
"""How long a coordinator is looked up before the load begins, and how long a broker may take to respond."""

LOOKUP: Final = -1
"""The number of the connection over which it is looked up; it ends with the response."""

_AGAIN_SECONDS: Final = 0.1
_INT: Final = struct.Struct(">i")
_SHORT: Final = struct.Struct(">h")


class Coordinator:
    """Where the coordinator of a Load's group is.

    Attributes:
        address: None while it is not known.
    """

    def __init__(self, population: Population, first: int) -> None:
        """Not known yet; looked up by the population, at the brokers in turn from number `first` on."""
        self.address: Address | None = None
        self._population = population
        self._turn = count(first)
        self._answer: asyncio.Future[Address] | None = None
        self._searching = False

    async def first(self) -> Address:
        """Find it before the load begins.

        Raises:
            ClusterError: there is none within `FIND_SECONDS`.
        """
        load, errors = self._population.load, self._population.errors
        give_up = time.monotonic() + FIND_SECONDS
        while self.address is None:
            await self._find()
            if self.address is None and time.monotonic() > give_up:
                raise ClusterError(
                    f"load {load.name!r}: no broker coordinates group {load.group_id!r} "
                    f"({', '.join(errors) or 'no response'}): see whether the brokers are up"
                )
        return self.address

    def find_again(self, then: Callable[[], None]) -> None:
        """Look for it in the background, unless that is being done; `then` is called when it is found."""
        self.address = None
        if not self._searching:
            self._searching = True
            self._population.spawn(self._search(then))

    def lost(self, reason: str) -> None:
        """The lookup's connection was lost."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ClusterError(reason))

    async def _search(self, then: Callable[[], None]) -> None:
        while self.address is None and not self._population.closing:
            await self._find()
        self._searching = False
        then()

    async def _find(self) -> None:
        """Ask the next broker."""
        population = self._population
        self._answer = asyncio.get_running_loop().create_future()
        reason = await population.open_connection(LOOKUP, population.address_of(next(self._turn)))
        connection = population.open.get(LOOKUP)
        if not reason and connection is not None:
            connection.request(population.part.frames["find_coordinator"], self._answered, None)
            try:
                self.address = await asyncio.wait_for(self._answer, FIND_SECONDS)
            except (TimeoutError, ClusterError) as error:
                reason = str(error) or "no response in time"
            connection.close(SERVED)
        if self.address is None:
            population.errors[f"coordinator: {reason}"] += 1
            await asyncio.sleep(_AGAIN_SECONDS)

    def _answered(self, _connection: Connection, data: bytes, at: int, _end: int, _: None) -> None:
        self._population.answered["FindCoordinator"] += 1
        if self._answer is None or self._answer.done():
            return
        try:
            self._answer.set_result(coordinator_in(data, at + 8))
        except ClusterError as error:
            self._answer.set_exception(error)


def coordinator_in(data: bytes, at: int) -> Address:
    """Where a FindCoordinator response (v1) says that a group's coordinator is; `at` is after its throttle time.

    Raises:
        ClusterError: there is none now.
    """
    try:
        error, message = struct.unpack_from(">hh", data, at)
        at += 4 + max(0, message) + 4
        (size,) = _SHORT.unpack_from(data, at)
        host = data[at + 2 : at + 2 + size].decode()
        (port,) = _INT.unpack_from(data, at + 2 + size)
    except (struct.error, UnicodeDecodeError):
        raise ClusterError("malformed FindCoordinator response") from None
    if error:
        raise ClusterError(error_name(error))
    return Address(host, port)
