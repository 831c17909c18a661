"""Following: a source of the past, asked again and again for what is new."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Final, Self

from clusterload.model.errors import SourceError
from clusterload.model.series import SECOND
from clusterload.telemetry.sources.source import LateSource, Sink

# After a long failure what is older than this is not asked for any more: it is history, and can be read as such.
_FARTHEST_BACK_SECONDS: Final = 600.0


@dataclass(slots=True, kw_only=True)
class Following:
    """Makes a live source of a late one.

    Attributes:
        late: the source of the past.
        interval: seconds between questions.
        lateness: seconds after which its figures are taken to be there.
        back: seconds before the start that are asked for first.
    """

    late: LateSource
    interval: float
    lateness: float = 0.0
    back: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _failing: bool = False

    @property
    def title(self) -> str:
        """What it is, for people."""
        return self.late.title

    def start(self, sink: Sink) -> Self:
        """Begin to ask; after `stop` it may begin anew."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(sink,), name="follow", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ask no more; a question under way is waited for, but not for longer than an interval."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(self.interval)
            self._thread = None

    def _run(self, sink: Sink) -> None:
        reached = time.time_ns() - round((self.lateness + self.back) * SECOND)
        while not self._stop.is_set():
            until = time.time_ns() - round(self.lateness * SECOND)
            begin = max(reached, until - round(_FARTHEST_BACK_SECONDS * SECOND))
            if until > begin and self._asked(sink, begin, until):
                reached = until
            self._stop.wait(self.interval)

    def _asked(self, sink: Sink, begin: int, until: int) -> bool:
        try:
            self.late.collect(sink, begin, until, lambda _: None)
        except SourceError as error:
            if not self._failing:
                sink.event(time.time_ns(), "metrics-unread", str(error))
            self._failing = True
            return False
        if self._failing:
            sink.event(time.time_ns(), "metrics-resumed", f"{self.title} answers again")
        self._failing = False
        return True
