"""Clusters with chosen figures: a background as was measured on a lab of three brokers, and what changes at an onset.

A figure is named `name`, `name{label=value}`, or `name@2` for one broker of the three; all else is spread evenly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from clusterload.analysis.causes import judge_causes
from clusterload.analysis.finding import Finding
from clusterload.analysis.usage import assess
from clusterload.analysis.window_stats import WindowStats
from clusterload.model import units
from clusterload.model.limits import Limits
from clusterload.model.resources import RESOURCES
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Kind, Series
from clusterload.model.units import Unit

START: Final = 1_767_225_600 * SECOND
BROKERS: Final = ("1", "2", "3")
BASELINE, WINDOW = 15, 30
NO_LIMITS: Final = Limits(name="none", title="none", limits=())

# What sources may tell that this version's table does not have yet.
_LATER: Final[dict[str, tuple[Unit, Kind]]] = {
    "request_queue_time": (units.MILLISECONDS, Kind.DELTA),
    "request_local_time": (units.MILLISECONDS, Kind.DELTA),
    "request_remote_time": (units.MILLISECONDS, Kind.DELTA),
    "message_conversions_by_topic": (units.RECORDS, Kind.DELTA),
    "thread_time_by_client": (units.RATIO, Kind.GAUGE),
    "ingress_by_client": (units.BYTES_PER_SECOND, Kind.GAUGE),
    "egress_by_client": (units.BYTES_PER_SECOND, Kind.GAUGE),
    "tls_connections": (units.CONNECTIONS, Kind.GAUGE),
    "disk_reads": (units.BYTES, Kind.DELTA),
    "disk_writes": (units.BYTES, Kind.DELTA),
    "round_trip_time": (units.MILLISECONDS, Kind.GAUGE),
    "records_by_partition": (units.RECORDS, Kind.DELTA),
    "members_changed": (units.COUNT, Kind.DELTA),
}
# Of these each broker has the figure, not a third of it.
_EACH: Final = {"cpu_host", "cores", "round_trip_time", "network_thread_busy", "request_handler_busy"} | {
    f"{quota}_throttle_time" for quota in ("produce", "fetch", "request")
}

BACKGROUND: Final[Mapping[str, float]] = {
    "ingress": 0.3e6,
    "egress": 0.3e6,
    "requests": 170,
    "connections": 34,
    "connection_attempts": 0.1,
    "partitions": 78,
    "leaders": 26,
    "under_replicated": 0,
    "replication_in": 0.6e6,
    "records_in": 302,
    "cpu_broker": 0.47,
    "cpu_host": 0.4,
    "cores": 2,
    "network_thread_busy": 0.1,
    "message_conversions": 0,
    "fetch_conversions": 0,
    "cpu_throttled": 0,
    "errors{error=NONE}": 340,
    "failed_authentications": 0,
    "disk_reads": 0,
    "disk_writes": 0.9e6,
    "tls_connections": 0,
    "round_trip_time": 1.2,
    "ingress_by_topic{topic=background}": 0.3e6,
    "egress_by_topic{topic=background}": 0.3e6,
    "records_in_by_topic{topic=background}": 302,
    "thread_time_by_client{client=usual-1}": 0.03,
    "thread_time_by_client{client=usual-2}": 0.02,
    "ingress_by_client{client=usual-1}": 0.2e6,
    "ingress_by_client{client=usual-2}": 0.1e6,
    "egress_by_client{client=usual-reader}": 0.3e6,
    "group_members{group=usual-group}": 3,
    **{f"records_by_partition{{topic=background,partition={number}}}": 50 for number in range(6)},
    **{f"records_by_partition{{topic=__consumer_offsets,partition={number}}}": 0.1 for number in range(6)},
    "requests_by_type{request=Produce}": 84,
    "requests_by_type{request=FetchConsumer}": 83,
    "requests_by_type{request=FetchFollower}": 174,
    "requests_by_type{request=Metadata}": 0.3,
    "requests_by_type{request=ApiVersions}": 0.2,
    "requests_by_type{request=OffsetCommit}": 0.3,
    "request_time{request=Produce}": 84 * 2.9,
    "request_local_time{request=Produce}": 84 * 0.4,
    "request_remote_time{request=Produce}": 84 * 2.4,
    "request_queue_time{request=Produce}": 84 * 0.1,
}


def judged(
    changes: Mapping[str, float],
    *,
    seed: int = 1,
    baseline: bool = True,
    silent: Iterable[str] = (),
    limits: Limits = NO_LIMITS,
    without: Iterable[str] = (),
) -> tuple[Finding, ...]:
    """What is found of a cluster of which these figures change at the onset.

    Args:
        changes: the figures that are other than the background's from the onset on.
        seed: of the noise.
        baseline: whether the time before the onset is given.
        silent: brokers that are not heard from five seconds after the onset on.
        limits: to hold against.
        without: names of Series that are missing.
    """
    now, before = parted(recorded(changes, seed=seed, silent=silent, without=without))
    return judge_causes(WindowStats(now, before if baseline else None), assess(now, limits))


def parted(run: Run) -> tuple[Run, Run]:
    """The window, and the baseline before it."""
    onset = START + BASELINE * SECOND
    return run.between(onset, run.end), run.between(run.start, onset)


def recorded(
    changes: Mapping[str, float],
    *,
    background: Mapping[str, float] = BACKGROUND,
    apart: bool = False,
    seed: int = 1,
    silent: Iterable[str] = (),
    without: Iterable[str] = (),
) -> Run:
    """A run that spans the baseline and the window; `apart` says that each broker has a host of its own."""
    chance = np.random.default_rng(seed)
    left_out, quiet = set(without), set(silent)
    series = []
    for key in {**background, **changes}:
        name, broker, labels = _parsed(key)
        if name in left_out:
            continue
        for at in [broker] if broker else BROKERS:
            if not broker and f"{key}@{at}" in changes:
                continue
            before = background.get(key, background.get(key.partition("@")[0], 0.0))
            after = changes.get(key, before)
            part = 1.0 if name in _EACH else 1 / len(BROKERS)
            after *= 1.0 if broker else part
            new = key.partition("@")[0] not in background
            series.append(_series(name, at, labels, before * part, after, chance, new=new, cut=at in quiet))
    brokers = [{"id": int(broker), "host": f"host-{broker}" if apart else "here"} for broker in BROKERS]
    return Run(
        id="made",
        plan=None,
        start=START,
        end=START + (BASELINE + WINDOW) * SECOND,
        environment={"cluster": {"brokers": brokers}},
        series=tuple(series),
    )


def _parsed(key: str) -> tuple[str, str, dict[str, str]]:
    match = re.fullmatch(r"(\w+)(?:\{(.*)\})?(?:@(\d))?", key)
    assert match is not None, key
    labels = dict(pair.split("=") for pair in match[2].split(",")) if match[2] else {}
    return match[1], match[3] or "", labels


def _series(
    name: str,
    broker: str,
    labels: Mapping[str, str],
    before: float,
    after: float,
    chance: np.random.Generator,
    *,
    new: bool,
    cut: bool,
) -> Series:
    seconds = np.arange(-1 if not new else BASELINE, BASELINE + WINDOW + 3)
    if cut:
        seconds = seconds[seconds < BASELINE + 5]
    levels = np.where(seconds < BASELINE, before, after) * (1 + 0.03 * chance.standard_normal(len(seconds)))
    resource = RESOURCES.get(name)
    unit, kind = (resource.unit, resource.kind) if resource else _LATER[name]
    if name in {"leaders", "partitions", "connections", "cores", "under_replicated", "cleaner_dead_threads"}:
        levels = np.where(seconds < BASELINE, before, after)
    return Series(
        name=name,
        unit=unit,
        kind=kind,
        labels={"broker": broker, **labels},
        times=START + (seconds + 1) * SECOND,
        values=levels.astype(np.float64),
        spans=np.ones(len(seconds)) if kind is Kind.DELTA else np.empty(0),
    )
