"""The service: scrape a cluster, keep its history, answer over HTTP, until it is stopped."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import uvicorn

from clusterload.server.local_only import LOOPBACK, listening
from clusterload.server.metrics_api.app import PATH, application
from clusterload.server.metrics_api.calls import Calls
from clusterload.server.metrics_api.catalogue import RESOURCES
from clusterload.server.metrics_api.credentials import Credential
from clusterload.server.metrics_api.gate import EXPORTS_PER_HOUR, PER_MINUTE
from clusterload.server.metrics_api.history import History
from clusterload.telemetry.sources.addresses import Endpoints
from clusterload.telemetry.sources.exporter import ExporterSource
from clusterload.telemetry.sources.exporter_access import ExporterAccess

_LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "::1")
_EVERY_ADDRESS: Final = {"0.0.0.0", "::", ""}  # noqa: S104 (recognized, not bound)
_PATIENCE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What to serve, and how.

    Attributes:
        cluster_id: the id that the API answers to.
        exporters: each broker's exporters, URLs by broker id.
        access: with whose login they are scraped; by default with none.
        history: the file that keeps what was scraped.
        credential: what requests must carry.
        client_listeners: the listeners that clients use; empty for all that by their usual names are not the
            brokers' own.
        interval: seconds between scrapes.
        lateness: minutes; data younger than that is not answered.
        host: address to listen on.
        port: to listen on; 0 for any free one.
        per_minute: requests of one address that are answered in a minute.
        exports_per_hour: exports that are answered in an hour.
    """

    cluster_id: str
    exporters: Endpoints
    history: Path
    access: ExporterAccess = field(default_factory=ExporterAccess)
    credential: Credential = field(default_factory=Credential.generated)
    client_listeners: frozenset[str] = frozenset()
    interval: float = 1.0
    lateness: int = 0
    host: str = LOOPBACK
    port: int = 0
    per_minute: int = PER_MINUTE
    exports_per_hour: int = EXPORTS_PER_HOUR


class MetricsApi:
    """A running Metrics API for one cluster; a context manager."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        on_event: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Prepare one; nothing runs before it is started.

        Args:
            settings: what to serve.
            clock: tells Unix seconds.
            on_event: gets one line for each thing that happens, such as a scrape that fails.
        """
        self.settings = settings
        self._clock, self._on_event = clock, on_event
        self._port = settings.port
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The full address of the query call."""
        host = LOOPBACK if self.settings.host in _EVERY_ADDRESS else self.settings.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}{PATH}/query"

    @property
    def properties(self) -> str:
        """What a client's configuration must have to ask; holds the secret."""
        return (
            f"confluent.metrics.endpoint={self.url}\n"
            f"confluent.cloud_api_token={self.settings.credential.token}\n"
            f"confluent.clusterid={self.settings.cluster_id}\n"
        )

    def start(self) -> Self:
        """Begin to scrape and to answer; returns once both work.

        Raises:
            ConfigurationError: the address is taken or not ours.
            StoreError: the history cannot be written.
        """
        settings = self.settings
        listener = listening(settings.host, settings.port, "--port")
        self._port = listener.getsockname()[1]
        try:
            self._history = History(
                settings.history, brokers=settings.exporters, names=RESOURCES, on_event=self._on_event
            )
        except BaseException:
            listener.close()
            raise
        self._source = ExporterSource(
            settings.exporters,
            interval=settings.interval,
            client_listeners=settings.client_listeners,
            access=settings.access,
        ).start(self._history)
        self._server = uvicorn.Server(self._config())
        # Not in the main thread, so that uvicorn leaves the signals to the command that runs us.
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="metrics-api", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """End in order: answer what was asked, write what was scraped. Stopping twice does no harm."""
        if self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(_PATIENCE_SECONDS)
        self._source.stop()
        self._history.close()
        self._thread = None

    def _config(self) -> uvicorn.Config:
        settings = self.settings
        calls = Calls(
            cluster_id=settings.cluster_id, history=self._history, clock=self._clock, lateness=settings.lateness
        )
        hosts = {*_LOOPBACK_NAMES, settings.host.lower()} - _EVERY_ADDRESS
        if settings.host in _EVERY_ADDRESS:
            hosts |= {socket.gethostname().lower(), socket.getfqdn().lower()}
        return uvicorn.Config(
            application(
                calls,
                settings.credential,
                hosts,
                per_minute=settings.per_minute,
                exports_per_hour=settings.exports_per_hour,
            ),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=round(_PATIENCE_SECONDS),
        )
