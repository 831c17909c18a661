"""A page that shows a run while it goes, on this machine's own address, for those who have its token."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from clusterload.server.live.app import application
from clusterload.server.live.hub import Hub
from clusterload.server.local_only import LOOPBACK, Serving

if TYPE_CHECKING:
    from clusterload.workflow.live import Snapshot

TOKEN_BYTES: Final = 24


class Page:
    """A served page; a context manager that gives what takes each snapshot."""

    def __init__(self, port: int = 0) -> None:
        """Take a port, any free one if it is 0; ConfigurationError if it is taken."""
        self._serving = Serving(port, "--web")
        self._token = secrets.token_urlsafe(TOKEN_BYTES)
        self.hub = Hub()

    @property
    def url(self) -> str:
        """Where the page is; holds the secret."""
        return f"http://{LOOPBACK}:{self._serving.port}/?token={self._token}"

    def __enter__(self) -> Callable[[Snapshot], None]:
        self._serving.start(application(self.hub, port=self._serving.port, token=self._token), "live-page")
        return self.hub.publish

    def __exit__(self, *_: object) -> None:
        # Viewers learn that it is over, also where no last snapshot said so.
        self.hub.close()
        self._serving.stop()
