"""Live figures of a run for Prometheus to scrape, on this machine's own address."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from clusterload.report.exposition import Collected
from clusterload.server.background import LOOPBACK, Serving
from clusterload.server.local_only import Nearby

if TYPE_CHECKING:
    from starlette.requests import Request

    from clusterload.workflow.live import Snapshot

PATH: Final = "/metrics"


class Exposition:
    """A served exposition; a context manager that gives what takes each snapshot."""

    def __init__(self, port: int = 0) -> None:
        """Take a port, any free one if it is 0; ConfigurationError if it is taken."""
        self._serving = Serving(port, "--expose")
        self._newest: Snapshot | None = None

    @property
    def url(self) -> str:
        """What Prometheus is to scrape."""
        return f"http://{LOOPBACK}:{self._serving.port}{PATH}"

    def __enter__(self) -> Callable[[Snapshot], None]:
        self._serving.start(exposition(lambda: self._newest, self._serving.port), "exposition")
        return self.take

    def __exit__(self, *_: object) -> None:
        self._serving.stop()

    def take(self, snapshot: Snapshot) -> None:
        """Expose this from now on."""
        self._newest = snapshot


def exposition(newest: Callable[[], Snapshot | None], port: int) -> Starlette:
    """The application that exposes what `newest` tells, for a port of this machine."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collected(newest))

    async def scraped(request: Request) -> Response:
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        # Not as `media_type`, to which Starlette would add a charset that the format has already.
        return Response(encode(registry), headers={"content-type": kind})

    return Starlette(routes=[Route(PATH, scraped)], middleware=[Middleware(Nearby, port=port)])
