"""Groups of a whole cluster: each broker is asked for those that it keeps, all brokers in parallel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from clusterload.kafka.brokers import Brokers
from clusterload.kafka.cluster import Cluster, Topic
from clusterload.kafka.groups.answers import Committed, Described, committed_at, described_at, ends_at, kinds_at
from clusterload.kafka.groups.group import Group, Listing, Offsets, Place, lags
from clusterload.model.errors import AuthorizationError, ClusterError, ClusterloadError


def listed(brokers: Brokers) -> Listing:
    """The groups that each broker keeps."""
    kinds, failures = brokers.ask_each(kinds_at)
    return Listing(kinds=kinds, failures=failures)


def describe_groups(brokers: Brokers, listing: Listing) -> Described:
    """These groups with their members, without lag; and why others could not be described."""
    whole = Described()
    answers, failed = brokers.ask(
        {broker: partial(described_at, id_=broker, kinds=kinds) for broker, kinds in listing.kinds.items() if kinds}
    )
    for answer in answers.values():
        whole.groups |= answer.groups
        whole.failures |= answer.failures
    whole.failures |= _of_groups(listing, failed)
    return whole


def committed_offsets(brokers: Brokers, listing: Listing) -> Committed:
    """What these groups committed."""
    whole = Committed()
    answers, failed = brokers.ask(
        {broker: partial(committed_at, names=tuple(kinds)) for broker, kinds in listing.kinds.items() if kinds}
    )
    for answer in answers.values():
        whole.offsets |= answer.offsets
        whole.failures |= answer.failures
    whole.failures |= _of_groups(listing, failed)
    return whole


def ends(brokers: Brokers, places: Iterable[Place], topics: Mapping[str, Topic]) -> Offsets:
    """Where these partitions end; those without a leader, or of which nothing came, are left out."""
    wanted = frozenset(places)
    led: dict[int, list[Place]] = {}
    for topic in topics.values():
        for partition in topic.partitions:
            if partition.leader >= 0 and (topic.name, partition.id) in wanted:
                led.setdefault(partition.leader, []).append((topic.name, partition.id))
    answers, _ = brokers.ask({leader: partial(ends_at, places=own) for leader, own in led.items()})
    return {place: end for offsets in answers.values() for place, end in offsets.items()}


def groups_of(cluster: Cluster, names: Iterable[str] = ()) -> tuple[tuple[Group, ...], tuple[str, ...]]:
    """Groups with members and lag, all that are listed or those named.

    Returns:
        The groups, and the names of those that are listed and may not be described; of named ones there are none.

    Raises:
        AuthorizationError: a named group may not be described.
        ClusterError: a named group is not listed, or the cluster does not answer.
        ConfigurationError: the login is none that we have without the client library.
    """
    wanted = frozenset(names)
    with Brokers(cluster.properties) as brokers:
        topics = brokers.topics()
        listing = listed(brokers)
        absent = sorted(wanted - frozenset(listing.names))
        if absent or not wanted:
            _require_all(cluster, listing)
        for name in absent:
            raise ClusterError(f"cluster {cluster.id} shows no group {name!r}: check its name, and that you may see it")
        if wanted:
            listing = listing.only(wanted)
        found, done = describe_groups(brokers, listing), committed_offsets(brokers, listing)
        refused = _refused({**found.failures, **done.failures}, named=bool(wanted))
        ended = ends(brokers, {place for offsets in done.offsets.values() for place in offsets}, topics)
    whole = (
        replace(group, lag=lags(done.offsets[name], ended))
        for name, group in sorted(found.groups.items())
        if name in done.offsets
    )
    return tuple(whole), refused


def _require_all(cluster: Cluster, listing: Listing) -> None:
    for error in listing.failures.values():
        raise type(error)(f"cluster {cluster.id} does not list all of its consumer groups: {error}; try again")


def _refused(failures: Mapping[str, ClusterError], *, named: bool) -> tuple[str, ...]:
    for error in failures.values():
        if named or not isinstance(error, AuthorizationError):
            raise error
    return tuple(sorted(failures))


def _of_groups(listing: Listing, failed: Mapping[int, ClusterloadError]) -> dict[str, ClusterError]:
    """Why nothing came of the groups that these brokers keep."""
    return {name: ClusterError(str(error)) for broker, error in failed.items() for name in listing.kinds[broker]}
