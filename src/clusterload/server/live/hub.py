"""Hub: one publisher and many viewers. A viewer that is too slow for frames gets the whole instead of what it missed.

Nothing is kept for a viewer but its place, so that neither many of them nor slow ones take memory, or hold up who
publishes.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec

from clusterload.server.live.charts import Courses
from clusterload.server.live.page_values import told

if TYPE_CHECKING:
    from clusterload.workflow.live import Snapshot

FRAMES: Final = 60
"""Frames that are kept for viewers that fall behind or come back; one that missed more gets the whole."""

MOST_VIEWERS: Final = 64
"""Viewers at once."""

_QUIET_SECONDS: Final = 15.0


class Hub:
    """Takes snapshots in one thread and gives them as server-sent events to viewers in another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._courses = Courses()
        self._frames: deque[tuple[int, bytes]] = deque(maxlen=FRAMES)
        self._now: dict[str, Any] = {}
        self._number = 0
        self._ended = False
        self._viewers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    @property
    def full(self) -> bool:
        """Whether there are as many viewers as allowed."""
        return len(self._viewers) >= MOST_VIEWERS

    @property
    def published(self) -> int:
        """How many snapshots were published: the number of the last event."""
        return self._number

    @property
    def viewers(self) -> int:
        """How many viewers there are."""
        return len(self._viewers)

    def publish(self, snapshot: Snapshot) -> None:
        """Show a snapshot to all viewers. Takes as long however many they are, and however slow."""
        with self._lock:
            grown, redraw = self._courses.add(snapshot)
            self._now = told(snapshot)
            self._number += 1
            self._ended = self._ended or bool(snapshot.ended)
            if redraw:
                # What there was cannot be added to: everybody needs the whole.
                self._frames.clear()
            else:
                self._frames.append((self._number, self._frame(grown)))
        self._wake()

    def close(self) -> None:
        """It is over: the viewers' streams end."""
        self._ended = True
        self._wake()

    async def events(self, last: int | None = None) -> AsyncIterator[bytes]:
        """Server-sent events for one viewer, until all is over.

        Args:
            last: number of the last frame that it has, if it comes back.
        """
        news = asyncio.Event()
        with self._lock:
            self._viewers[news] = asyncio.get_running_loop()
        try:
            while True:
                news.clear()
                ended = self._ended
                last, parts = self._since(last)
                for part in parts:
                    yield part
                if ended:
                    return
                try:
                    await asyncio.wait_for(news.wait(), _QUIET_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"
        finally:
            with self._lock:
                del self._viewers[news]

    def _since(self, last: int | None) -> tuple[int | None, list[bytes]]:
        """What a viewer is to get: the frames after the last that it has, or the whole if some of them are gone."""
        with self._lock:
            if not self._number or last == self._number:
                return last, []
            missed = [frame for number, frame in self._frames if last is not None and last < number]
            if last is None or last > self._number or len(missed) < self._number - last:
                whole = {"now": self._now, "charts": self._courses.whole(), "span": self._courses.span}
                return self._number, [_event("whole", self._number, whole)]
            return self._number, missed

    def _frame(self, grown: list[dict[str, Any]]) -> bytes:
        return _event("frame", self._number, {"now": self._now, "points": grown, "span": self._courses.span})

    def _wake(self) -> None:
        with self._lock:
            viewers = tuple(self._viewers.items())
        for news, loop in viewers:
            with suppress(RuntimeError):  # the loop is closed: nobody looks on any more
                loop.call_soon_threadsafe(news.set)


def _event(kind: str, number: int, document: Any) -> bytes:
    # JSON has no line breaks, so that it is one line of data.
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (number, kind.encode(), msgspec.json.encode(document))
