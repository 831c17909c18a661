"""Watch: a cluster's metrics live, with no load of ours. What was seen is a run like any other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from clusterload.kafka.cluster import Cluster
from clusterload.model.errors import ConfigurationError
from clusterload.model.run import Run
from clusterload.telemetry.cancellation import pause
from clusterload.telemetry.discovery import sources_of
from clusterload.telemetry.record import collect, environment, recording, running
from clusterload.telemetry.runfile import read_run
from clusterload.telemetry.sources.source import OnWait, Source
from clusterload.workflow.declared_limits import keep_declared
from clusterload.workflow.live.window import LOOK_SECONDS, OnLook, Tee, Viewer, Window, window_names
from clusterload.workflow.progress import progress_display
from clusterload.workflow.temporary_quota import own_quotas


def watch(
    cluster: Cluster,
    *,
    seconds: float | None = None,
    sources: Sequence[Source] | None = None,
    path: Path | str | None = None,
    on_look: OnLook | None = None,
    on_judge: OnLook | None = None,
    on_wait: OnWait | None = None,
    events: Sequence[tuple[str, str]] = (),
) -> Run:
    """Watch a cluster without any load of ours. Ctrl-C ends it in an orderly way.

    Args:
        cluster: which.
        seconds: how long; None until it is interrupted.
        sources: of the metrics; by default those that are known by themselves.
        path: of the run file; by default `runs/<id>.run`.
        on_look: called about every second with the last minute as a run, without Series of single clients and the like;
            by default a notebook shows it.
        on_judge: called about every five seconds with all Series of it, and takes them no longer than to pass them on.
        on_wait: called now and then while figures that come late are waited for; by default as `on_look`.
        events: what the run should keep of what was done before it, as kind and text.

    Raises:
        ConfigurationError: no source is known for this cluster.
        StoreError: the run file could not be begun.
    """
    chosen = tuple(sources_of(cluster) if sources is None else sources)
    if not chosen:
        raise ConfigurationError(
            f"no source of metrics is known for {cluster.title}: name one with --exporter, --jolokia or "
            "--prometheus, or in the client configuration"
        )
    look = progress_display().watch(seconds) if on_look is None else on_look
    with recording(path) as recorder:
        surroundings = environment(cluster, chosen)
        surroundings |= own_quotas(cluster)
        recorder.document("environment", surroundings)
        for kind, text in events:
            recorder.event(time.time_ns(), kind, text)
        declared = keep_declared(cluster, recorder)
        window = Window(chosen, recorder.id, surroundings, names=window_names(on_judge), declared=declared)
        viewer = Viewer(window, look, on_judge)
        with running(chosen, Tee(recorder, window.recent), baseline=0.0), window.following():
            start = time.time_ns()
            recorder.document("window", {"start": start, "end": None, "complete": False})
            viewer.begin(start)
            _look_often(seconds, viewer.look)
            if on_look is None:
                viewer.look()  # a display stands as it was last drawn
            end = time.time_ns()
        recorder.document("window", {"start": start, "end": end, "complete": True})
        # Another command may have set one meanwhile.
        recorder.document("environment", surroundings | own_quotas(cluster))
        collect(chosen, recorder, start, end, on_wait or progress_display().wait())
    return read_run(recorder.path)


def _look_often(seconds: float | None, look: Callable[[], None]) -> None:
    began = time.monotonic()
    try:
        while seconds is None or time.monotonic() - began < seconds:
            look()
            left = LOOK_SECONDS if seconds is None else seconds - (time.monotonic() - began)
            pause(max(0.0, min(LOOK_SECONDS, left)))
    except KeyboardInterrupt:
        return
