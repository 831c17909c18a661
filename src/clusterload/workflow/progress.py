"""Progress: where long work shows how far it is when its caller does not say. Nowhere, unless a display is registered.

A notebook registers one; a program that calls these functions stays silent.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusterload.model.display import drawn_by

if TYPE_CHECKING:
    from clusterload.generator.progress import OnProgress
    from clusterload.model.run import Run
    from clusterload.model.workload import Plan
    from clusterload.telemetry.sources.source import OnWait


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressDisplay:
    """What shows the progress of long work.

    Attributes:
        load: called as a load is about to be made, with which of several it is (`2 of 3`; nothing for one by itself);
            gives what is called with its progress.
        watch: called as a cluster is about to be watched for so many seconds, None until it is interrupted; gives what
            is called with the last of it about every second.
        wait: called as it may come to that; gives what is called while metrics that come late are waited for.
    """

    load: Callable[[Plan, str], OnProgress] = lambda _plan, _place: lambda _: None
    watch: Callable[[float | None], Callable[[Run], None]] = lambda _: lambda _: None
    wait: Callable[[], OnWait] = lambda: lambda _: None


_registered: list[ProgressDisplay] = []


def register(progress_display: ProgressDisplay) -> None:
    """Show progress on this display from now on, and on no other."""
    _registered[:] = [progress_display]


def progress_display() -> ProgressDisplay:
    """The display that is registered, else that of the notebook that runs this, else none."""
    return _registered[0] if _registered else _of_notebook() or ProgressDisplay()


def _of_notebook() -> ProgressDisplay | None:
    """That of reports, which the package's entry point `progress` names: a workflow imports no report."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or getattr(shell, "kernel", None) is None:  # a terminal could not redraw what it has shown
        return None
    make: Callable[..., ProgressDisplay] | None = drawn_by("progress")
    return make(shell.display_pub.publish) if make else None
