"""What is seen of a run while it goes: on the terminal, and where that is asked for as a page and as an exposition."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rich.live import Live

from clusterload.cli.console import ERR, note, warn
from clusterload.cli.options import Views

if TYPE_CHECKING:
    from clusterload.model.limits import Limits
    from clusterload.telemetry.sources.source import Waiting
    from clusterload.workflow.live import Feed, Snapshot

LINE_SECONDS: Final = 5.0
"""How often a line is said of a load where there is no terminal to draw on."""

WATCH_LINE_SECONDS: Final = 10.0
"""How often of a cluster that is watched."""


@contextmanager
def live(
    limits: Limits | None, views: Views = Views(), *, title: str = "", seconds: float | None = None  # noqa: B008 (frozen)
) -> Iterator[Feed]:  # fmt: skip
    """What takes all that a run tells while it goes, and shows it.

    Args:
        limits: what it is held against; None for what the brokers declare.
        views: where else it is shown.
        title: of a cluster that is watched; a load brings its own.
        seconds: for which it is watched; None until it is ended.
    """
    from clusterload.workflow.live import Feed

    with ExitStack() as stack:
        shows = [stack.enter_context(view) for view in _others(views)]
        shows.append(stack.enter_context(_terminal()))
        feed = Feed(limits, shows, title=title, duration=math.nan if seconds is None else seconds)
        with feed:
            yield feed
    if feed.failure is not None:
        warn(f"what was shown while it ran is not to be trusted: {feed.failure!r}; the run itself is whole")


def said(feed: Feed) -> Callable[[Waiting], None]:
    """What says on the terminal, and where else the run is seen, what is waited for."""
    from clusterload.cli.console import waiting
    from clusterload.model.units import duration

    def say(state: Waiting) -> None:
        waiting(state)
        feed.note(f"waiting for {state.missing}: {duration(state.left)} more at most")

    return say


def _others(views: Views) -> Iterator[AbstractContextManager[Callable[[Snapshot], None]]]:
    if views.web is not None:
        from clusterload.server.live import Page

        page = Page(port=views.web)
        note(f"live page: {page.url}")
        yield page
    if views.expose is not None:
        from clusterload.server.prometheus import Exposition

        exposition = Exposition(port=views.expose)
        note(f"live figures for Prometheus: {exposition.url}")
        yield exposition


@contextmanager
def _terminal() -> Iterator[Callable[[Snapshot], None]]:
    from clusterload.report.live import live_view

    if not ERR.is_terminal:
        yield Lines(note)
        return
    stages = Stages(note)
    with Live(console=ERR, refresh_per_second=2, transient=True) as picture:

        def show(snapshot: Snapshot) -> None:
            stages(snapshot)
            if not snapshot.ended:
                picture.update(live_view(snapshot))

        yield show


@dataclass(slots=True)
class Stages:
    """Says in a line what each load of several came to, as the next one begins or all is over."""

    say: Callable[[str], None]
    last: Snapshot | None = None

    def __call__(self, snapshot: Snapshot) -> None:
        """Take how the run stands."""
        from clusterload.report.live import end_line

        before = self.last
        if before is not None and before.loads and (snapshot.ended or snapshot.title != before.title):
            self.say(end_line(snapshot if snapshot.loads and snapshot.title == before.title else before))
        self.last = snapshot


@dataclass(slots=True)
class Lines:
    """Plain lines now and then, where there is no terminal to draw on."""

    say: Callable[[str], None]
    due: float = WATCH_LINE_SECONDS
    title: str = ""
    stages: Stages = field(init=False)

    def __post_init__(self) -> None:
        self.stages = Stages(self.say)

    def __call__(self, snapshot: Snapshot) -> None:
        """Take how the run stands, and say it if it is time for that."""
        from clusterload.model.units import duration
        from clusterload.report.live import live_line

        self.stages(snapshot)
        if snapshot.loads and snapshot.title != self.title:
            self.title, self.due = snapshot.title, LINE_SECONDS
            self.say(f"{snapshot.title}: {duration(snapshot.duration)} of load")
        over = snapshot.ended or snapshot.elapsed >= snapshot.duration
        if snapshot.elapsed >= self.due and not over:
            every = LINE_SECONDS if snapshot.loads else WATCH_LINE_SECONDS
            self.due = (snapshot.elapsed // every + 1) * every
            self.say(live_line(snapshot))
