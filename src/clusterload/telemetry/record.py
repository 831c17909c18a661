"""Recording: sources into a run file, with or without a load."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import confluent_kafka

from clusterload._version import __version__
from clusterload.kafka.cluster import Cluster
from clusterload.lab.registry import find_lab
from clusterload.model.errors import AbortedError, ClusterloadError, SourceError
from clusterload.model.run import Run
from clusterload.model.series import SECOND
from clusterload.telemetry.cancellation import check_cancelled, pause
from clusterload.telemetry.runfile import SUFFIX, Recorder, new_id, read_run
from clusterload.telemetry.sources.admin import AdminSource
from clusterload.telemetry.sources.source import HistorySource, LiveSource, OnWait, Sieve, Sink, Source, Waiting

FOLDER: Final = Path("runs")
"""Where run files go by default."""

BASELINE_SECONDS: Final = 2.0
"""Metrics are read for this long before a load, so that its first second has a beginning."""

# A clock that moved this much against the monotonic one was set, not just trimmed.
_JUMP_SECONDS: Final = 0.5


@contextmanager
def recording(path: Path | str | None) -> Iterator[Recorder]:
    """A run file that is closed in good order whatever happens; an interrupt becomes `AbortedError`."""
    run_id = new_id()
    recorder = Recorder(Path(path) if path is not None else FOLDER / f"{run_id}{SUFFIX}", run_id=run_id)
    wall, steady = time.time(), time.monotonic()
    try:
        yield recorder
    except KeyboardInterrupt:
        recorder.event(time.time_ns(), "aborted", "interrupted by the user")
        recorder.close()
        raise AbortedError(f"interrupted: what was measured until then is in {recorder.path}") from None
    except ClusterloadError as error:
        recorder.event(time.time_ns(), "failed", str(error))
        raise
    finally:
        moved = (time.time() - wall) - (time.monotonic() - steady)
        if abs(moved) > _JUMP_SECONDS:
            recorder.event(time.time_ns(), "clock-jumped", f"the clock was set by {moved:+.1f} s during the run")
        recorder.close()


@contextmanager
def running(sources: Sequence[Source], sink: Sink, baseline: float = BASELINE_SECONDS) -> Iterator[None]:
    """Live sources that record from shortly before until shortly after the block, so that its edges are covered."""
    started: list[LiveSource] = []
    try:
        for source in (source for source in sources if isinstance(source, LiveSource)):
            source.start(_of(sources, source, sink))
            started.append(source)
        if started:
            pause(baseline)
        yield
        if started:
            pause(max(2.2 * source.interval for source in started))
    finally:
        for source in started:
            source.stop()


def _of(sources: Sequence[Source], source: Source, sink: Sink) -> Sink:
    """The sink of one of these sources, without what the Admin API tells better, so that nothing counts twice."""
    better = {name for other in sources if isinstance(other, AdminSource) for name in other.tells_best}
    return Sieve(sink, frozenset(better)) if better and not isinstance(source, AdminSource) else sink


def collect(sources: Sequence[Source], recorder: Recorder, start: int, end: int, on_wait: OnWait) -> None:
    """Read the sources of history after the load, whose ledger is written by now: a failure here is only an event."""
    recorder.flush()

    def waiting(state: Waiting) -> None:
        check_cancelled()
        on_wait(state)

    for source in (source for source in sources if isinstance(source, HistorySource)):
        try:
            source.collect(_of(sources, source, recorder), start, end + round(source.overhang * SECOND), waiting)
        except SourceError as error:
            recorder.event(time.time_ns(), "metrics-unread", str(error))


def read_history(
    source: HistorySource,
    cluster_id: str,
    *,
    start: int,
    end: int,
    path: Path | str | None = None,
    on_wait: OnWait = lambda _: None,
    surroundings: Mapping[str, Any] | None = None,
) -> Run:
    """Read the history of a cluster's metrics. Makes no load and contacts no broker.

    Args:
        source: of the metrics.
        cluster_id: of the cluster.
        start: Unix nanoseconds.
        end: Unix nanoseconds.
        path: of the run file; by default `runs/<id>.run`.
        on_wait: called while late figures are waited for.
        surroundings: the run's environment, where more is known of the cluster than its id.

    Raises:
        SourceError: the metrics could not be read.
        StoreError: the run file could not be begun.
        AbortedError: interrupted.
    """
    with recording(path) as recorder:
        described = {"id": cluster_id, "lab": False, "brokers": []}
        known = surroundings or {**machine(), "cluster": described, "sources": [source.title]}
        recorder.document("environment", known)
        recorder.document("window", {"start": start, "end": end, "complete": False})
        source.collect(recorder, start, end, on_wait)
        recorder.document("window", {"start": start, "end": end, "complete": True})
    return read_run(recorder.path)


def environment(cluster: Cluster, sources: Sequence[Source]) -> dict[str, Any]:
    """What a run was made with, by allow-list: no secrets, no host names but the brokers' and the sources'."""
    lab = find_lab(cluster.id)
    return {
        **machine(),
        "cluster": {
            "id": cluster.id,
            "lab": lab is not None,
            # A broker does not say its version to its clients.
            **({"kafka": lab.kafka} if lab is not None and lab.kafka else {}),
            "brokers": [asdict(broker) for broker in cluster.brokers],
        },
        "sources": [source.title for source in sources],
        "client": cluster.properties.open_values,
        "tls_unverified": cluster.properties.unverified_tls,
    }


def machine() -> dict[str, Any]:
    """The software and the machine that a run was made with."""
    return {
        "clusterload": __version__,
        "python": platform.python_version(),
        "librdkafka": confluent_kafka.libversion()[0],
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }
