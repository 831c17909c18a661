"""The Admin API, polled from one thread."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, Self

from clusterload.telemetry.sources.admin.observer import SERIES, Observer
from clusterload.telemetry.sources.polling import Pace

if TYPE_CHECKING:
    from clusterload.kafka.properties import Properties
    from clusterload.telemetry.sources.source import Sink

PATIENCE_SECONDS: Final = 5.0
_FIRST_SECONDS: Final = 30.0


class AdminSource:
    """Reads what a cluster shows anybody who may describe it; no exporter is needed.

    Sizes of logs, placement of partitions and lag of groups cost brokers most: they have a point every second
    interval only. What cannot be read, or may not be, is one event and leaves a gap, never a zero. One
    connection to each broker is held under the client id `clusterload-admin`: it counts among the clients'. The
    client library is not used. A login that only the library supports (GSSAPI) is one event, and nothing is read.

    Attributes:
        interval: seconds between its points.
    """

    def __init__(
        self,
        properties: Properties,
        *,
        interval: float = 5.0,
        without: frozenset[str] = frozenset(),
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Poll the cluster of these properties every `interval` seconds.

        Args:
            properties: how a client reaches the cluster.
            interval: seconds between rounds; one costs each broker a few requests, and more for each 200 groups.
            without: names of Series that another source gives already; what only they need is not requested.
            patience: seconds that one answer may take; a slower broker is sent nothing more in that round.
        """
        self.interval = interval
        self._properties, self._patience = properties, patience
        self._wanted = frozenset(SERIES) - without
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def tells_best(self) -> frozenset[str]:
        """What it tells of the whole cluster, so that it need not be put together from what each broker shows."""
        return self._wanted & {"records_by_partition", "log_bytes"}

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"Admin API at {self._properties.values.get('bootstrap.servers', 'no server')}"

    def start(self, sink: Sink) -> Self:
        """Begin to poll; returns after the first round. After `stop` it may be started again."""
        self._stop = threading.Event()
        observer = Observer(
            self._properties, sink, wanted=self._wanted, interval=self.interval, patience=self._patience
        )
        tried = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(observer, self._stop, tried), name="admin-source", daemon=True
        )
        self._thread.start()
        tried.wait(_FIRST_SECONDS)
        return self

    def stop(self) -> None:
        """Stop polling; a round under way is finished."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, observer: Observer, stop: threading.Event, tried: threading.Event) -> None:
        try:
            pace, due = Pace(base=self.interval), time.monotonic()
            while not stop.wait(max(0.0, due - time.monotonic())):
                observer.observe()
                tried.set()
                due = pace.after(due, time.monotonic())
        finally:
            tried.set()
            observer.close()
