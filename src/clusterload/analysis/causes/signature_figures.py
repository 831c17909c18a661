"""Scene: the figures that signatures are made of, each worked out once.

What a rise is, is said in `rises`; what things cost, in `weights`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Final

from clusterload.analysis.causes.rises import FEWEST, Rises
from clusterload.analysis.causes.weights import CONFIDENCE, PRICES, between, by_size
from clusterload.analysis.finding import Evidence
from clusterload.analysis.host_cpu import hosts_of
from clusterload.analysis.window_stats import Pair, WindowStats, known
from clusterload.model import units
from clusterload.model.resources import RESOURCES
from clusterload.model.series import Kind

if TYPE_CHECKING:
    from clusterload.analysis.usage import Share, Usage
    from clusterload.model.units import Unit

NOISE: Final = 0.06
"""Share of the hosts' cores within which changes of the brokers' CPU are noise."""

MEGABYTE: Final = 1e6
_STEADY: Final = ("requests", "ingress", "cpu_broker", "connections")
_TRANSACTION: Final = ("AddPartitionsToTxn", "AddOffsetsToTxn", "EndTxn", "WriteTxnMarkers", "TxnOffsetCommit")
_TIMES: Final = {
    "request_time": "Total time",
    "request_queue_time": "Request queue time",
    "request_local_time": "Local time",
    "request_remote_time": "Remote time (waiting for replicas)",
}
_GROUP: Final = ("JoinGroup", "SyncGroup", "LeaveGroup")


class Scene:
    """The figures of a window and its baseline that signatures need."""

    def __init__(self, stats: WindowStats, usage: Usage, *, brokers: tuple[str, ...] = (), looks: int = 1) -> None:
        """Take the statistics of a run and its usage against limits.

        Args:
            stats: of all brokers that the scene is of.
            usage: of the whole cluster.
            brokers: those on one host, where the scene is of that; none for the whole cluster.
            looks: how many such scenes are looked at, in any of which chance could look like a rise.
        """
        self.stats, self.usage, self.brokers = stats, usage, brokers
        self._rises = Rises(stats, looks)

    @property
    def whole(self) -> bool:
        """Whether it is of the whole cluster."""
        return not self.brokers

    @cached_property
    def hosts(self) -> tuple[Scene, ...]:
        """A scene of each host that baseline and window know; none where all brokers are on one host."""
        by_host: dict[str, list[str]] = {}
        for broker in sorted(self.stats.brokers):
            by_host.setdefault(self.places.get(broker, broker), []).append(broker)
        if len(by_host) < 2:  # noqa: PLR2004 (the host is the cluster)
            return ()
        known = {host: tuple(brokers) for host, brokers in by_host.items() if not self.stats.unmatched & {*brokers}}
        return tuple(
            Scene(self.stats.of(brokers), self.usage, brokers=brokers, looks=len(known)) for brokers in known.values()
        )

    @property
    def compared(self) -> bool:
        """Whether there is a baseline."""
        return self.stats.before is not None

    @property
    def seconds(self) -> float:
        """Of the window."""
        return self.stats.now.seconds

    def total(self, name: str, **labels: str) -> Pair:
        """A figure of the whole cluster."""
        return self.stats.total(name, **labels)

    def now(self, name: str, **labels: str) -> float:
        """The same in the window; 0 where it is not known."""
        return known(self.total(name, **labels).now)

    def before(self, name: str, **labels: str) -> float:
        """The same before it; 0 where it is not known."""
        return known(self.total(name, **labels).before)

    def rise(self, name: str, **labels: str) -> float:
        """How much more it is than before, 0 where that is noise or not known; without a baseline all of it."""
        return self._rises.of(name, labels)

    def lasting(self, name: str, **labels: str) -> float:
        """The same of what goes on: what the middle of the window's pieces is above the baseline."""
        return self._rises.of(name, labels, lasting=True)

    def requests(self, request: str) -> Pair:
        """Requests of a type in a second."""
        return self.total("requests_by_type", request=request)

    def added(self, request: str) -> float:
        """How many more requests of a type in a second."""
        return self.rise("requests_by_type", request=request)

    def added_lasting(self, request: str) -> float:
        """The same of what goes on."""
        return self.lasting("requests_by_type", request=request)

    def request_time(self, name: str, request: str, broker: str = "") -> Pair:
        """Milliseconds a request of a type took; `name` says which part of its time."""
        return self.stats.request_time(name, request, broker)

    @cached_property
    def cores(self) -> float:
        """Of all hosts of brokers. Where that is unknown as many as a provider's load says that there are, 2 at least.

        A provider's load is what the cluster does of what it can: what all that it does costs by prices, divided by it.
        """
        places = self.places
        by_host: dict[str, float] = {}
        for broker, pair in self.stats.per_broker("cores").items():
            host = places.get(broker, broker)
            by_host[host] = max(by_host.get(host, 0.0), known(pair.now))
        return sum(by_host.values()) or max(2.0, self._cores_by_provider)

    @property
    def _cores_by_provider(self) -> float:
        load = known(self.total("cluster_load_percent").now)
        if not load > 0:
            return 0.0
        simple = ("Produce", "Fetch", "FetchConsumer", "Metadata", "InitProducerId", "OffsetCommit")
        costs = [
            self.price(request, self.now("requests_by_type", request=request))
            for request in simple
            if request in PRICES
        ]
        costs += [self.price(way, self.now(way) / MEGABYTE) for way in ("ingress", "egress")]
        return sum(costs) / load

    @cached_property
    def cores_of_a_host(self) -> float:
        """Of the host in the middle."""
        return median(host.cores for host in self.hosts) if self.hosts else self.cores

    @cached_property
    def most_confidence(self) -> float:
        """The most that anything can be said with: how surely chance is excluded grows with the baseline's pieces."""
        if not self.compared:
            return CONFIDENCE["most"]
        pieces = max((len(self.stats.windows(name, self._rises.piece(name))[1]) for name in _STEADY), default=0)
        return CONFIDENCE["most"] if pieces >= FEWEST else CONFIDENCE["most_of_few"]

    @cached_property
    def places(self) -> dict[str, str]:
        """Each broker's host."""
        return hosts_of(self.stats.now)

    @cached_property
    def names_clients(self) -> bool:
        """Whether any metric names clients."""
        return not math.isnan(self.total("thread_time_by_client").now)

    @cached_property
    def by_type(self) -> bool:
        """Whether requests are counted by type."""
        return not math.isnan(self.total("requests_by_type").now)

    @cached_property
    def appended(self) -> dict[str, float]:
        """Added requests that append to logs, and so wake the followers' waiting fetches."""
        return {
            "Produce": self.added("Produce"),
            "OffsetCommit": self.added("OffsetCommit"),
            "transaction": sum(self.added(request) for request in _TRANSACTION),
            "group": sum(self.added(request) for request in _GROUP),
        }

    @cached_property
    def transactions(self) -> float:
        """How many more requests of transactions in a second."""
        return sum(self.added(request) for request in _TRANSACTION)

    @cached_property
    def rebalancing(self) -> float:
        """How many more joins and leaves of group members in a second, as far as they go on."""
        return sum(self.added_lasting(request) for request in _GROUP)

    def followers(self, request: str) -> float:
        """Cores of the followers' fetches that appending by a kind of request causes."""
        whole = sum(self.appended.values())
        share = self.appended[request] / whole if whole else 0.0
        return self.price("FetchFollower", self.added("FetchFollower")) * share

    def price(self, what: str, rate: float) -> float:
        """Cores that a rate of something takes."""
        return PRICES[what] * rate / 1e3

    @cached_property
    def connecting(self) -> float:
        """Connections a second that are made beyond those that are kept, as far as it goes on."""
        counted = not math.isnan(self.total("connection_attempts").now)
        # Each client asks for versions once, when it has connected.
        attempts = self.lasting("connection_attempts") if counted else self.added_lasting("ApiVersions")
        kept = max(0.0, self.total("connections").rise) / self.seconds if self.compared else 0.0
        return max(0.0, attempts - kept)

    @cached_property
    def produced(self) -> float:
        """How many more Produce requests in a second, without those of transactions."""
        return max(0.0, self.added("Produce") - self.added("EndTxn"))

    @cached_property
    def batch_bytes(self) -> float:
        """Bytes per added Produce request; per Produce request without a baseline."""
        return _ratio(max(0.0, self.total("ingress").rise), self.produced)

    @cached_property
    def batch_records(self) -> Pair:
        """Records per Produce request."""
        records, produce = self.total("records_in"), self.requests("Produce")
        return Pair(now=_ratio(records.now, produce.now), before=_ratio(records.before, produce.before))

    @cached_property
    def read_more(self) -> float:
        """Bytes per second that consumers read beyond what producing explains."""
        into = self.total("ingress")
        usual = self.before("egress") / into.before if self.compared and into.before else 0.0
        grown = self.rise("ingress") * max(1.0, usual) if self.compared else known(into.now)
        return max(0.0, self.rise("egress") - grown)

    @cached_property
    def fetched(self) -> float:
        """How many more fetches of consumers per second than producing wakes."""
        woken = self.added("Produce") * (self._readers() if self.added("Produce") else 0.0)
        return max(0.0, self.added("FetchConsumer") - woken)

    def _readers(self) -> float:
        """Fetches that a Produce request woke in the baseline, one at least."""
        produce, fetches = self.requests("Produce"), self.requests("FetchConsumer")
        return min(3.0, max(1.0, known(_ratio(fetches.before, produce.before))))

    @cached_property
    def spread_connections(self) -> float:
        """From 0 to 1, how far added Produce requests come from many new connections and not from a few busy ones."""
        more = self.senders
        if more < 10:  # noqa: PLR2004 (a client or two)
            return 0.0
        return 1 - by_size(self.added("Produce") / more, 4.0, 25.0)

    @cached_property
    def senders(self) -> float:
        """How many more connections there are than new readers of all data need: one to each broker."""
        into = self.now("ingress")
        readers = self.read_more / into if into else 0.0
        return max(0.0, self.rise("connections") - readers * max(1, len(self.places)))

    @cached_property
    def explained(self) -> float:
        """Cores that everything that rose explains together."""
        simple = ("Produce", "FetchFollower", "FetchConsumer", "Metadata", "InitProducerId", "OffsetCommit")
        costs = [self.price(request, self.added(request)) for request in simple]
        costs.append(self.price("transactions", self.transactions))
        costs.append(self.price("ingress", self.rise("ingress") / MEGABYTE))
        costs.append(self.price("egress", self.rise("egress") / MEGABYTE))
        costs.append(self.price("attempts", self.connecting))
        costs.append(self.price("partitions", self.rise("partitions")))
        costs.append(self.price("conversions", self.rise("message_conversions")))
        return sum(costs)

    def saving(self, cores: float) -> float:
        """What a cure gives back of the cores that something takes by prices; NaN where that is not known.

        Prices are a lab's, and a request costs less the more of them there are. So it is never more than what brokers
        took in all, nor than what they took more than before.
        """
        used = self.total("cpu_broker")
        added = used.rise if self.compared and used.rise > NOISE * self.cores else math.inf
        return min(cores, known(used.now) or math.inf, added)

    def saved(self, cores: float) -> str:
        """The same in words: `2.1 cores`; where nobody knows what brokers take, what it takes on a lab."""
        known_here = not math.isnan(self.total("cpu_broker").now)
        return f"{units.number(self.saving(cores), 2)} cores{'' if known_here else ' of a lab'}"

    def cost(self, cores: float) -> float:
        """A cause's share of the brokers' added CPU, from 0 to 1."""
        if not cores > 0:
            return 0.0
        measured = known(max(0.0, self.total("cpu_broker").rise))
        # The explained CPU can exceed the measured one: a full host has no more to give.
        whole = max(self.explained, cores, 0.7 * measured, NOISE * self.cores)
        return cores / whole

    def grown(self, name: str, floor: float, most: float = 30.0) -> float:
        """By what factor it grew, by orders of magnitude: 1 from `most` times on; 0 within noise.

        Args:
            name: of the Series.
            floor: a baseline below this counts as this much, on two cores.
            most: the factor that counts as 1.
        """
        if not self.compared or not self.rise(name):
            return 0.0
        return by_size(self.now(name) / max(self.before(name), self.floor(floor)), 1.0, most)

    def floor(self, on_two_cores: float) -> float:
        """A level that is hardly anything, for hosts as large as these; measured on a lab of two cores."""
        return on_two_cores * self.cores / 2

    def beyond(self, ratio: float, usual: float, most: float) -> float:
        """Without a baseline, how far a ratio is from what it usually is, by orders of magnitude; with one 0.

        Args:
            ratio: of two figures of the cluster, so that its size does not matter.
            usual: what healthy clusters show at most, or at least where `most` is smaller: 0.
            most: what counts as 1.
        """
        return 0.0 if self.compared else by_size(ratio, usual, most)

    def led_by_one(self, **named: str) -> float:
        """The largest share that one client, topic, … has of what all of its kind have together; 0 where unknown.

        Args:
            named: by label the Series that gives a figure for each of its values.
        """
        shares = [_largest_share(self.stats.by(name, label)) for label, name in named.items()]
        return max(shares, default=0.0)

    def a_connection(self, rate: float) -> float:
        """How many of something there are a second for each open connection; NaN where those are not known.

        Where connections are not counted, each client that takes thread time stands for one.
        """
        opened = self.total("connections").now
        if math.isnan(opened):
            opened = sum(pair.now > 0 for pair in self.stats.by("thread_time_by_client", "client").values())
        return _ratio(rate, opened)

    def near_limit(self, name: str) -> float:
        """How near its limit a dimension is, by its rise; without a baseline by its level. 0 without a limit."""
        share = self._share(name)
        if share is None or math.isnan(share.typical):
            return 0.0
        part = _ratio(self.rise(name), self.now(name)) if self.compared else 1.0
        return between(share.typical * known(part), 0.05, 0.8)

    def _share(self, name: str) -> Share | None:
        """The largest share of a limit: of the cluster's, or of those that the host's brokers have."""
        mine = {*self.brokers} if self.brokers else {"", *(self.stats.brokers if not self.hosts else ())}
        shares = [share for share in self.usage.shares if share.resource.name == name and share.broker in mine]
        return max(shares, key=lambda share: -1.0 if math.isnan(share.typical) else share.typical, default=None)

    def evidence(self, words: str, name: str, whose: str = "", **labels: str) -> Evidence:
        """A figure that supports a cause, as measured."""
        return self.figure(words, self.total(name, **labels), self.unit(name), name, whose)

    def unit(self, name: str) -> Unit:
        """Of a figure: per second if it is counted."""
        runs = [run for run in (self.stats.now, self.stats.before) if run is not None]
        found = next((series for run in runs for series in run.named(name)), None)
        counted = found or RESOURCES.get(name)
        if counted is None:
            return units.COUNT
        return counted.unit.rate() if counted.kind is Kind.DELTA else counted.unit

    def figure(self, words: str, pair: Pair, unit: Unit, source: str, whose: str = "") -> Evidence:
        """A figure that is derived from others."""
        return Evidence(
            name=words, whose=whose, now=pair.now, before=pair.before, unit=unit, source=source, window_s=self.seconds
        )

    def time_evidence(self, part: str, request: str) -> Evidence:
        """The mean time of a type of request; `part` is a key of `_TIMES`."""
        words, source = f"{_TIMES[part]} of a {request} request", self.stats.told_by(part)
        if source != part:
            return self.figure(
                f"{words}, 95th percentile", self.request_time(part, request), units.MILLISECONDS, source
            )
        return self.figure(words, self.request_time(part, request), units.MILLISECONDS, f"{part}, requests_by_type")

    def request_evidence(self, *requests: str) -> tuple[Evidence, ...]:
        """How many requests of these types there were; those that there are none of are left out."""
        found = (self.evidence(f"{request} requests", "requests_by_type", request=request) for request in requests)
        return tuple(evidence for evidence in found if not math.isnan(evidence.now))


def _largest_share(each: Mapping[str, Pair]) -> float:
    values = [known(pair.now) for pair in each.values()]
    return max(values) / sum(values) if sum(values) > 0 else 0.0


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
