"""Holding: which Series count what a limit counts, and what they come to as shares of it.

A limit is of the cluster, of a broker, or of a part of either: a principal, a client id, a listener, a topic, a
partition. What a source does not tell apart cannot be held against such a limit, and is said to be missing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.lines import Share
from clusterload.model.limits import Limit, Limits, Scope
from clusterload.model.resources import OTHERS, limited_by_name, series_of_parts
from clusterload.model.series import Floats, Grid, Kind, Series, joined
from clusterload.model.wording import by_number

if TYPE_CHECKING:
    from clusterload.model.run import Run

MOST_PARTS: Final = 20
"""Parts that are held against a limit of each of them: those with the highest peaks, of thousands."""

_Whose = tuple[str, str]  # a part, a broker; each empty where the limit is of all


def shares_of_limits(limits: Limits, run: Run, grid: Grid) -> Iterator[Share]:
    """What a run comes to of each limit: one line, or one by broker and part where the limit is of such."""
    for limit in limits.limits:
        yield from _of_parts(limit, run, grid) if limit.part else _of_whole(limit, run, grid)


def series_of_limits(limits: Limits, run: Run) -> Iterator[Series]:
    """All Series that limits are held against."""
    for limit in limits.limits:
        yield from (series for name in _names(limit) for series in run.named(name))


def missing_of(limits: Limits, run: Run) -> Iterator[str]:
    """What has a limit and was not measured, or not told apart as the limit is."""
    for limit in limits.limits:
        yield from _missing(limit, run)


def counted_for_cluster(series: Sequence[Series]) -> Sequence[Series]:
    """Of a resource's Series those that add up to the cluster's figure: its own where a source gives it, else brokers'.

    A provider's figure of the whole cluster next to those of its brokers counts the same twice.
    """
    whole = [item for item in series if not item.labels.get("broker")]
    return whole or series


def _names(limit: Limit) -> Iterable[str]:
    resource = limited_by_name(limit.resource)
    if limit.part:
        return series_of_parts(limit.resource)[limit.part]
    return resource.sum_of or (resource.name,)


def _missing(limit: Limit, run: Run) -> Iterator[str]:
    name = limit.resource
    if limit.part:
        told = all(any(_named(item, limit.part) for item in run.named(each)) for each in _names(limit))
        if not told or (_estimated(limit) and math.isnan(_bytes_a_record(run, ""))):
            yield f"{name} by {limit.part}"
        return
    counted = _counted_as(limit, run)
    brokers = {series.labels.get("broker", "") for series in counted} - {""}
    absent = [each for each in _names(limit) if not run.named(each)]
    if absent:
        yield from absent
    elif limit.scope is Scope.BROKER and not brokers:
        yield f"{name} by broker"
    elif not counted:
        yield f"{name}{limit.counting}"
    elif limit.broker and limit.broker not in brokers:
        yield f"{name} of broker {limit.broker}"


def _counted_as(limit: Limit, run: Run) -> Sequence[Series]:
    """The Series that count what a limit counts; none if one that a sum needs is not there.

    Brokers count replicas; their leaders are the partitions before replication. A provider that counts for the whole
    cluster counts as its own limits do.
    """
    found = [run.named(name) for name in _names(limit)]
    if not all(found):
        return ()
    if limit.scope is Scope.BROKER:
        return [item for series in found for item in series if item.labels.get("broker")]
    series = [item for each in found for item in counted_for_cluster(each)]
    by_broker = any(item.labels.get("broker") for item in series)
    return run.named("leaders") if limit.before_replication and by_broker else series


def _of_whole(limit: Limit, run: Run, grid: Grid) -> Iterator[Share]:
    series = _counted_as(limit, run)
    groups: dict[str, list[Series]] = defaultdict(list)
    for item in series:
        broker = item.labels.get("broker", "") if limit.scope is Scope.BROKER else ""
        if limit.broker in {"", broker}:
            groups[broker].append(item)
    for broker in by_number(groups):
        yield _share(limit, "", broker, _held_against(limit, groups[broker], joined(groups[broker], grid), grid))


def _of_parts(limit: Limit, run: Run, grid: Grid) -> Iterator[Share]:
    """The parts with the highest peaks. What a source has no figure of at a time adds nothing: parts come and go."""
    groups: dict[_Whose, list[Series]] = defaultdict(list)
    for name in _names(limit):
        for item in run.named(name):
            part, broker = _named(item, limit.part), item.labels.get("broker", "")
            if part and limit.name in {"", part} and limit.broker in {"", broker}:
                groups[part, broker if limit.scope is Scope.BROKER else ""].append(item)
    held = [
        _share(limit, part, broker, _held_against(limit, group, _of_group(limit, group, run, grid), grid))
        for (part, broker), group in sorted(groups.items())
        if broker or limit.scope is not Scope.BROKER
    ]
    yield from sorted(held, key=lambda share: -np.inf if np.isnan(share.peak) else share.peak, reverse=True)[
        :MOST_PARTS
    ]


def _of_group(limit: Limit, group: Sequence[Series], run: Run, grid: Grid) -> Floats:
    """A part's values on a grid, in the unit of its limit's resource."""
    values = joined(group, grid, _of_those_known)
    return values * _bytes_a_record(run, group[0].labels["topic"]) if _estimated(limit) else values


def _estimated(limit: Limit) -> bool:
    """Whether bytes are worked out from records: only these are counted by partition."""
    return limit.part == "partition" and limited_by_name(limit.resource).unit.thing == "bytes"


def _bytes_a_record(run: Run, topic: str) -> float:
    """The mean size of a topic's records as they were sent, else of all records; NaN where that is not known."""
    of_topic = [_amount(run, name, topic) for name in ("ingress_by_topic", "records_in_by_topic")]
    bytes_in, records = of_topic if of_topic[1] > 0 else [_amount(run, name) for name in ("ingress", "records_in")]
    return bytes_in / records if records > 0 else math.nan


def _amount(run: Run, name: str, topic: str = "") -> float:
    chosen = [series for series in run.named(name) if topic in {"", series.labels.get("topic")}]
    whole = counted_for_cluster(chosen)
    return math.fsum(float(np.nansum(series.between(run.start, run.end).values)) for series in whole)


def _named(series: Series, part: str) -> str:
    """Which part a Series is of; empty if it does not say, or is of many."""
    labels: Mapping[str, str] = series.labels
    if part == "partition":
        return f"{labels['topic']}-{labels['partition']}" if {"topic", "partition"} <= labels.keys() else ""
    name = labels.get(part, "")
    return "" if name == OTHERS else name


def _of_those_known(rows: Floats) -> Floats:
    unknown = np.isnan(rows)
    found: Floats = np.where(unknown.all(axis=0), np.nan, np.where(unknown, 0.0, rows).sum(axis=0))
    return found


def _share(limit: Limit, part: str, broker: str, values: Floats) -> Share:
    return Share(resource=limited_by_name(limit.resource), broker=broker, values=values, limit=limit, part=part)


def _held_against(limit: Limit, series: Sequence[Series], values: Floats, grid: Grid) -> Floats:
    """Values on a grid as shares: amounts of a bucket of what the limit allows in it, levels of the limit."""
    unit = limited_by_name(limit.resource).unit if _estimated(limit) else series[0].unit
    if series[0].kind is Kind.GAUGE:
        return values * unit.factor_to(limit.value.unit) / limit.value.value
    allowed = limit.value.over(grid.seconds)
    return values * unit.factor_to(allowed.unit) / allowed.value
