"""Blame: who causes it, by who rose the most over the baseline.

Levels mislead: the largest client of a cluster is seldom the one that changed. Without a baseline there is nothing
else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from statistics import median
from typing import TYPE_CHECKING, Final

import numpy as np

from clusterload.analysis.finding import Culprit
from clusterload.analysis.statistics import median_deviation
from clusterload.analysis.window_stats import Pair, known

if TYPE_CHECKING:
    from clusterload.analysis.causes.signature_figures import Scene

LEAST: Final = 0.2
"""Share of the whole rise from which on somebody is named."""

LEAST_OF_MANY: Final = 0.05
"""The same of very many."""

MANY: Final = 20
"""Names from which on the share that names somebody is smaller, the more there are."""

DOMINATING: Final = 0.75
"""The same where the baseline could not see anybody, so that who is large may have been as large before."""

FEWEST_TO_DRIFT: Final = 12
"""Names from which on what all of them drift by can be told."""

MOST: Final = 3
"""Culprits of one kind that are named at most."""

OFFSETS: Final = "__consumer_offsets"
_REST: Final = "(others)"
_OF_BROKERS: Final = re.compile(r"AddPartitionsManager-client-\d+|broker-\d+-.+")
"""Client ids of brokers themselves, which only pass on what others ask for."""
_HARDLY: Final = 0.05
"""Share of a client's thread time that its bytes may explain where it is said to move hardly any."""
_NOTABLE: Final = 0.1
"""Share of all clients' thread time that such clients must take to be preferred."""
_THREAD_TIME: Final = "thread_time_by_client"
_REQUESTS: Final = "requests_by_client"
_COMMITS: Final = "offset_commits_by_group"


def by_rise(scene: Scene, name: str, label: str, *, but: Collection[str] = ()) -> tuple[Culprit, ...]:
    """Who rose the most in a figure that is published for each value of a label.

    Args:
        scene: the window.
        name: of the Series.
        label: the kind of culprit.
        but: names to leave out, such as internal topics.
    """
    kept = {
        who: pair
        for who, pair in scene.stats.by(name, label).items()
        if who not in {*but, _REST, ""} and not (label == "client" and _OF_BROKERS.fullmatch(who))
    }
    # Where the baseline could see nobody, such as before client metrics were unlocked, only who takes most is suspect.
    blind = scene.compared and not scene.stats.seen_before(name)
    first = ranked(kept, label, name, least=DOMINATING if blind else None)
    # A rise within noise is nobody's doing.
    return tuple(culprit for culprit in first if not scene.compared or scene.rise(name, **{label: culprit.name}) > 0)


def ranked(pairs: Mapping[str, Pair], kind: str, source: str, *, least: float | None = None) -> tuple[Culprit, ...]:
    """Those who make up most of what rose together, beyond what all of them drift by.

    Args:
        pairs: by name.
        kind: of culprit.
        source: name of the Series.
        least: share of the whole from which on somebody is named; by default less, the more names there are.
    """
    drift = _drift(pairs.values())
    beyond = {who: pair.rise - drift * known(pair.before) for who, pair in pairs.items()}
    rises = {who: rise for who, rise in beyond.items() if rise > 0}
    whole = sum(rises.values())
    first = sorted(rises, key=lambda who: (-rises[who], who))[:MOST]
    shares = {who: rises[who] / whole for who in first}
    enough = max(LEAST_OF_MANY, min(LEAST, MANY * LEAST / max(1, len(rises)))) if least is None else least
    # Of very many, a small share names the first and those who are nearly as much.
    named = [who for who in first if shares[who] > enough and shares[who] > min(LEAST, shares[first[0]] / 2)]
    return tuple(Culprit(kind=kind, name=who, share=shares[who], source=source) for who in named)


def _drift(pairs: Iterable[Pair]) -> float:
    """The share by which a figure of this kind rises by itself: three spreads of all; 0 where there are few.

    The largest of a thousand clients that drift by 15 % rises by more than a small one that became five times as large.
    """
    changes = np.array([pair.now / pair.before - 1 for pair in pairs if pair.before > 0 and not math.isnan(pair.now)])
    if len(changes) < FEWEST_TO_DRIFT:
        return 0.0
    return 3 * median_deviation(changes)


def rising_clients(scene: Scene, *names: str, dataless: bool = False) -> tuple[Culprit, ...]:
    """Clients by the first of these Series that names one; by thread time where none is given, or by their requests.

    Where users log in, the principals behind them come after.

    Args:
        scene: the window.
        names: of Series by client.
        dataless: whether those that move hardly any data are preferred without a baseline: the requests carry none.
    """
    for name in names or (_THREAD_TIME, _REQUESTS):
        beyond_bytes = name == _THREAD_TIME and not scene.compared
        found = _beyond_bytes(scene, dataless=dataless) if beyond_bytes else by_rise(scene, name, "client")
        if found:
            return (*found, *by_rise(scene, name, "principal"))
    return ()


def _beyond_bytes(scene: Scene, *, dataless: bool) -> tuple[Culprit, ...]:
    """Clients by the thread time that they take beyond what their bytes explain, at the usual time for a byte.

    The largest client of a cluster moves the most data. Who sends many requests, and does little with them, is another.
    """
    clients = scene.stats.by(_THREAD_TIME, "client").items()
    taken = {who: pair.now for who, pair in clients if pair.now > 0 and not _OF_BROKERS.fullmatch(who)}
    moved = dict.fromkeys(taken, 0.0)
    for name in ("ingress_by_client", "egress_by_client"):
        for who, pair in scene.stats.by(name, "client").items():
            if who in moved and pair.now > 0:
                moved[who] += pair.now
    prices = [taken[who] / moved[who] for who in taken if moved[who]]
    usual = median(prices) if prices else 0.0
    beyond = {who: max(0.0, taken[who] - usual * moved[who]) for who in taken if who not in {_REST, ""}}
    idle = {who: time for who, time in beyond.items() if usual * moved[who] < _HARDLY * taken[who]}
    chosen = idle if dataless and sum(idle.values()) > _NOTABLE * sum(beyond.values()) else beyond
    return ranked({who: Pair(now=time) for who, time in chosen.items()}, "client", _THREAD_TIME)


def rising_topics(scene: Scene, name: str) -> tuple[Culprit, ...]:
    """Topics of clients, by a figure of topics."""
    return by_rise(scene, name, "topic", but=_internal(scene.stats.by(name, "topic")))


def _internal(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.startswith("__")}


def records_of_partitions(scene: Scene, topic: str) -> dict[str, Pair]:
    """Records per second of each partition of a topic, up to the highest that is published."""
    values = {
        int(series.labels["partition"])
        for run in (scene.stats.now, scene.stats.before)
        if run is not None
        for series in run.named("records_by_partition")
        if series.labels.get("topic") == topic and series.labels.get("partition", "").isdecimal()
    }
    found = {}
    for number in range(max(values, default=-1) + 1):
        pair = scene.total("records_by_partition", topic=topic, partition=str(number))
        # Of very many partitions only those that grow are published.
        found[str(number)] = Pair(now=0.0, before=pair.before) if math.isnan(pair.now) else pair
    return found


def groups_by_commits(scene: Scene) -> tuple[Culprit, ...]:
    """Groups by how often they commit, or else those whose offsets are in the partition that grew the most for them."""
    if counted := by_rise(scene, _COMMITS, "group"):
        return counted
    each = records_of_partitions(scene, OFFSETS)
    if not each:
        return ()
    grown = ranked(each, "partition", "records_by_partition")
    if not grown:
        return ()
    count = max(map(int, each)) + 1
    # All offsets of a group are in one partition; of several groups there, those whose members came with the growth
    # are named first.
    there = [group for group in known_groups(scene) if offsets_partition(group, count) == int(grown[0].name)]
    there.sort(key=lambda group: (-_came(scene, group), group))
    return tuple(
        Culprit(kind="group", name=group, share=grown[0].share / len(there), source="records_by_partition")
        for group in there[:MOST]
    )


def _came(scene: Scene, group: str) -> float:
    """How many members of a group came since the baseline; infinite where the group itself did."""
    members = scene.total("group_members", group=group)
    if not scene.compared or math.isnan(members.now):
        return 0.0
    return math.inf if math.isnan(members.before) else members.rise


def known_groups(scene: Scene) -> tuple[str, ...]:
    """All groups that any Series names."""
    names = ("group_members", "consumer_lag", "members_changed", "records_committed", _COMMITS)
    return tuple(sorted({group for name in names for group in scene.stats.by(name, "group")} - {_REST, ""}))


def offsets_partition(group: str, count: int) -> int:
    """The partition of the offsets' topic that a group's offsets are kept in.

    Kafka takes Java's String.hashCode() of the group id, without its sign, modulo the number of partitions.
    """
    value = 0
    encoded = group.encode("utf-16-be")
    for at in range(0, len(encoded), 2):
        value = (31 * value + int.from_bytes(encoded[at : at + 2], "big")) & 0xFFFFFFFF
    if value >= 1 << 31:
        value = (1 << 32) - value
    # Kafka takes 0 for the lowest number, which has no positive counterpart.
    return (0 if value == 1 << 31 else value) % count


def imbalance(values: Mapping[str, float]) -> tuple[str, float]:
    """Who has the most, and how far from even that is, from 0 to 1 where one has all; NaN for fewer than two."""
    known = {who: value for who, value in values.items() if not math.isnan(value)}
    whole = sum(known.values())
    if len(known) < 2 or not whole > 0:  # noqa: PLR2004 (one alone is not uneven)
        return "", math.nan
    top = max(known, key=lambda who: (known[who], who))
    even = 1 / len(known)
    return top, (known[top] / whole - even) / (1 - even)
