"""One round of Admin API requests to a cluster after the other, and the points that the answers make."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from clusterload.kafka.brokers import Brokers, logs_of
from clusterload.kafka.groups import Committed, Listing, committed_offsets, describe_groups, ends, lags, listed
from clusterload.model.errors import AuthorizationError, ClusterError, ClusterloadError, ConfigurationError
from clusterload.telemetry.sources.admin.points import (
    MOST_LABELS,
    PLACEMENT,
    Bounded,
    Delta,
    EndOffsets,
    Gauge,
    Membership,
    Roster,
    joined,
    lagging,
    placed,
)

if TYPE_CHECKING:
    from clusterload.kafka.brokers import Logs
    from clusterload.kafka.cluster import Topic
    from clusterload.kafka.properties import Properties
    from clusterload.telemetry.sources.source import Sink

SERIES: Final = (
    *PLACEMENT,
    "log_bytes",
    "consumer_lag",
    "group_members",
    "groups",
    "members_changed",
    "records_by_partition",
    "round_trip_time",
)
"""The Series that the Admin API gives."""

SELDOM: Final = 2
"""What costs brokers most (sizes of logs, committed offsets) is requested in one of so many rounds."""

MOST_ASKED: Final = 20_000
"""The most partitions of a cluster whose end offsets are requested."""

_SELDOM_SERIES: Final = frozenset({*PLACEMENT, "log_bytes", "consumer_lag"})

_CLUSTER: Final = "the cluster"
_LOGS: Final = "sizes of logs"
_TOPICS: Final = "topics"
_GROUPS: Final = "consumer groups"
_ENDS: Final = "ends of partitions"
_NAMED: Final = 3


class Observer:
    """Requests a cluster's state round after round, over connections that are kept."""

    def __init__(
        self, properties: Properties, sink: Sink, *, wanted: frozenset[str], interval: float, patience: float
    ) -> None:
        """Nothing is sent yet, and nothing ever is if the properties need a login that is not supported: an event."""
        self._sink, self._wanted, self._interval = sink, wanted, interval
        self._problems = _Problems(sink)
        self._lag: Bounded[tuple[str, str]] = Bounded()
        self._ends, self._changes, self._round = EndOffsets(), Membership(), 0
        self._members: Bounded[tuple[str]] = Bounded()
        self._hidden: frozenset[str] = frozenset()
        self._sees_all = False
        self._rosters = {name: Roster(name) for name in SERIES}
        self._brokers: Brokers | None = None
        try:
            self._brokers = Brokers(properties, patience=patience)
        except ConfigurationError as error:
            self._problems.report(_CLUSTER, f"{error}; until then {', '.join(sorted(wanted))} are missing")

    def observe(self) -> None:
        """One round; what is not answered is an event and a gap."""
        if self._brokers:
            self._brokers.begin_round()
            self._observe(self._brokers)

    def close(self) -> None:
        """Close the connections."""
        if self._brokers:
            self._brokers.close()

    def _observe(self, brokers: Brokers) -> None:
        try:
            if not brokers.addresses:
                brokers.topics()
            # Before all else, which would keep brokers and this process busy.
            self._observe_round_trips(brokers)
            # Before the topics, so that one that comes into being meanwhile is not taken for a hidden one.
            sizes = self._sizes(brokers) if self._asks(*PLACEMENT, "log_bytes") else None
            topics = brokers.topics()
        except ClusterloadError as error:
            self._problems.report(_CLUSTER, error)
            return
        self._problems.clear(_CLUSTER)
        if sizes is not None:
            self._compare({topic for logs in sizes.values() for topic in logs.sizes}, topics)
        if sizes is not None and self._sees_all:
            self._record(placed(topics.values(), brokers.addresses))
        offsets = self._observe_groups(brokers)
        self._observe_ends(brokers, topics, offsets)
        self._round += 1

    def _asks(self, *series: str) -> bool:
        """Whether one of these is requested in this round."""
        wanted = self._wanted.intersection(series)
        return bool(wanted if self._round % SELDOM == 0 else wanted - _SELDOM_SERIES)

    def _observe_round_trips(self, brokers: Brokers) -> None:
        if self._asks("round_trip_time"):
            answers, failed = brokers.ask_each(lambda broker: broker.round_trip(tries=3))
            for broker, error in failed.items():
                self._problems.report(_path_to(broker), error)
            for broker in answers:
                self._problems.clear(_path_to(broker))
            self._record(
                ("round_trip_time", {"broker": str(broker)}, 1000 * seconds) for broker, seconds in answers.items()
            )

    def _sizes(self, brokers: Brokers) -> dict[int, Logs] | None:
        """Each broker's logs, recorded; None if no broker answered."""
        answers, failed = brokers.ask_each(logs_of)
        if refused := _refusal(failed):
            self._sees_all = False
            self._problems.report(
                _LOGS, AuthorizationError(f"{refused}; {_missing(self._wanted, 'log_bytes', *PLACEMENT)}")
            )
            return None
        for broker, error in failed.items():
            self._problems.report(_logs_of(broker), error)
        for broker, logs in answers.items():
            self._problems.clear(_logs_of(broker))
            if logs.failed:
                self._problems.report(_directories_of(broker), f"broker {broker} cannot read {', '.join(logs.failed)}")
            else:
                self._problems.clear(_directories_of(broker))
                self._record([("log_bytes", {"broker": str(broker)}, sum(logs.sizes.values()))])
        if answers:
            self._problems.clear(_LOGS)
        return answers or None

    def _compare(self, existing: set[str], topics: Mapping[str, Topic]) -> None:
        """Whether we see all topics: brokers also list the logs of topics that their metadata hides from us."""
        hidden = frozenset(existing - topics.keys())
        self._sees_all = not hidden
        # One that is just being deleted is in the logs a little longer.
        if lasting := sorted(hidden & self._hidden):
            lost = _missing(self._wanted, *PLACEMENT, "consumer_lag")
            self._problems.report(
                _TOPICS, AuthorizationError(f"Describe is missing on {_some('topic', lasting)}; {lost}")
            )
        elif not hidden:
            self._problems.clear(_TOPICS)
        self._hidden = hidden

    def _observe_groups(self, brokers: Brokers) -> Committed | None:
        """Groups and members, recorded; their committed offsets, where those are requested in this round."""
        if not self._asks("consumer_lag", "group_members", "groups", "members_changed"):
            return None
        listing = listed(brokers)
        if listing.failures:
            # With those of one broker missing, neither their number nor the rest's sum is known.
            error = _refusal(listing.failures) or next(iter(listing.failures.values()))
            self._problems.report(_GROUPS, type(error)(f"not all consumer groups were listed: {error}"))
            return None
        self._problems.clear(_GROUPS)
        self._record([("groups", {}, len(listing.names))])
        if self._asks("group_members", "members_changed"):
            self._observe_members(brokers, listing)
        if not self._asks("consumer_lag"):
            return None
        done = committed_offsets(brokers, listing)
        self._report_failures("offsets", "consumer_lag", done.failures)
        return done

    def _observe_members(self, brokers: Brokers, listing: Listing) -> None:
        found = describe_groups(brokers, listing)
        self._report_failures("members", "group_members", found.failures)
        members = {name: len(group.members) for name, group in found.groups.items()}
        self._record(joined(members, self._members, whole=not _failed(found.failures)))
        now = time.time_ns()
        self._count(self._changes.deltas(found.groups, found.failures.keys(), now), now)

    def _observe_ends(self, brokers: Brokers, topics: Mapping[str, Topic], done: Committed | None) -> None:
        """Records by partition, and the lag of groups."""
        behind = {place for offsets in done.offsets.values() for place in offsets} if done else set()
        places = {(topic.name, partition.id) for topic in topics.values() for partition in topic.partitions}
        is_asked = self._asks("records_by_partition") and not self._too_many(len(places))
        if not (is_asked or behind or done):
            return
        before = time.time_ns()
        ended = ends(brokers, places if is_asked else behind, topics)
        if is_asked:
            now = (before + time.time_ns()) // 2
            self._count(self._ends.deltas(ended, places, now), now)
        if done:
            found = {group: lags(offsets, ended) for group, offsets in done.offsets.items()}
            self._record(lagging(found, self._lag, whole=not _failed(done.failures)))
        self._note_bounded("groups and topics: the lag", full=self._lag.full)
        self._note_bounded("partitions: the growth", full=self._ends.full)

    def _too_many(self, partitions: int) -> bool:
        if partitions > MOST_ASKED:
            text = f"over {MOST_ASKED:,} partitions: records_by_partition is missing"
            self._problems.note(_ENDS, "cardinality", text)
            return True
        return False

    def _note_bounded(self, what: str, *, full: bool) -> None:
        if full:
            text = f"over {MOST_LABELS:,} {what} of the further ones is one sum"
            self._problems.note(f"(others) of {what}", "cardinality", text)

    def _report_failures(self, what: str, series: str, failures: Mapping[str, ClusterError]) -> None:
        """Report the groups that gave no answer: those that we may not describe, and those that failed."""
        refused = sorted(name for name, error in failures.items() if isinstance(error, AuthorizationError))
        about = f"{what} of groups"
        if refused:
            lost = f"their {series} is missing; see docs/privileges.md"
            self._problems.report(
                about, AuthorizationError(f"Describe is missing on {_some('group', refused)}; {lost}")
            )
        elif failures:
            name, error = next(iter(failures.items()))
            self._problems.report(
                about, f"{what} of {_some('group', sorted(failures))} were not read ({name}: {error})"
            )
        else:
            self._problems.clear(about)

    def _record(self, gauges: Iterable[Gauge]) -> None:
        now = time.time_ns()
        shown = [(name, labels, value) for name, labels, value in gauges if name in self._wanted]
        for name in dict.fromkeys(name for name, _, _ in shown):
            own = [(labels, float(value), 0.0) for of, labels, value in shown if of == name]
            self._sink.record_all(self._rosters[name].points(own, now, self._spacing(name)))

    def _count(self, amounts: Iterable[Delta], now: int) -> None:
        shown = [amount for amount in amounts if amount.name in self._wanted]
        for name in dict.fromkeys(amount.name for amount in shown):
            own = [(amount.labels, float(amount.value), amount.span) for amount in shown if amount.name == name]
            self._sink.record_all(self._rosters[name].points(own, now, self._interval))

    def _spacing(self, name: str) -> float:
        return self._interval * (SELDOM if name in _SELDOM_SERIES else 1)


def _path_to(broker: int) -> str:
    return f"network path to broker {broker}"


def _logs_of(broker: int) -> str:
    return f"logs of broker {broker}"


def _directories_of(broker: int) -> str:
    return f"log directories of broker {broker}"


def _some(kind: str, names: Collection[str]) -> str:
    shown = ", ".join(list(names)[:_NAMED])
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{kind}{'s' if len(names) > 1 else ''} {shown}{more}"


def _refusal(failed: Mapping[int, ClusterloadError]) -> AuthorizationError | None:
    """The missing right, if that is why a broker gave no answer."""
    return next((error for error in failed.values() if isinstance(error, AuthorizationError)), None)


def _failed(failures: Mapping[str, ClusterError]) -> bool:
    """Whether a group failed that otherwise answers; those that we may not describe never do."""
    return any(not isinstance(error, AuthorizationError) for error in failures.values())


def _missing(wanted: frozenset[str], *series: str) -> str:
    lost = [name for name in series if name in wanted]
    return f"{', '.join(lost)} {'are' if len(lost) > 1 else 'is'} missing; see docs/privileges.md"


class _Problems:
    """Problems of a source, by subject: an event when one begins, and one when it is over."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lasting: dict[str, str] = {}

    def report(self, about: str, error: ClusterloadError | str) -> None:
        """`about` cannot be read; a missing right has an event kind of its own."""
        kind = "not-allowed" if isinstance(error, AuthorizationError) else "scrape-failed"
        self.note(about, kind, str(error))

    def note(self, about: str, kind: str, text: str) -> None:
        """Make an event, unless one of this kind is the last of `about`."""
        if self._lasting.get(about) != kind:
            self._lasting[about] = kind
            self._sink.event(time.time_ns(), kind, text)

    def clear(self, about: str) -> None:
        """`about` can be read again, if it could not."""
        if self._lasting.pop(about, None):
            self._sink.event(time.time_ns(), "scrape-resumed", f"{about}: can be read again")
