"""What goes wrong while a source reads: told once when it begins, and once when it is over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from clusterload.model.errors import AuthorizationError, ClusterloadError

if TYPE_CHECKING:
    from clusterload.telemetry.sources.source import Sink


class Troubles:
    """Events of a source, each trouble by what it is about."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lasting: dict[str, str] = {}

    def begun(self, about: str, error: ClusterloadError | str) -> None:
        """`about` cannot be read; a missing right is told as such, and each trouble once."""
        kind = "not-allowed" if isinstance(error, AuthorizationError) else "scrape-failed"
        self.noted(about, kind, str(error))

    def noted(self, about: str, kind: str, text: str) -> None:
        """The same with a kind of its own."""
        if self._lasting.get(about) != kind:
            self._lasting[about] = kind
            self._sink.event(time.time_ns(), kind, text)

    def over(self, about: str) -> None:
        """`about` can be read."""
        if self._lasting.pop(about, None):
            self._sink.event(time.time_ns(), "scrape-resumed", f"{about}: can be read again")
