"""Achieved dials: each dial compared with what the generator counted, and with what the brokers counted meanwhile.

A rate is achieved when it is within 1 % of its target, or within one event; Poisson arrivals may be further off, by
four standard deviations, and the mean of random sizes by 5 %. A whole number that does not change is achieved exactly
or not at all.
Brokers count whole clusters or topics, so their figures are compared with all Loads that they cover together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from clusterload.analysis.host_cpu import hosts_of
from clusterload.analysis.totals import LoadStretch
from clusterload.model.ledger import RECORDS
from clusterload.model.workload.targets import API, Target, targets_of

if TYPE_CHECKING:
    from clusterload.model.run import Run
    from clusterload.model.series import Series
    from clusterload.model.workload import Load, Plan

TOLERANCE: Final = 0.01
"""Share by which a rate may miss its target."""

STRAY: Final = 2.0
"""Events that brokers may count less than the generator because of when a scrape happens."""

_LEVELS: Final = {"connections", "records_per_request", "record_size", "fan_out"}
_BROKER_NAMES: Final = {"Fetch": "FetchConsumer"}
_UNCOUNTED_KINDS: Final = {
    "request_rate": {"produce", "transact"},
    "fetch_rate": {"group"},
    "commit_rate": {"group", "transact"},
    "metadata_rate": {"produce", "group", "transact"},
    "producer_id_rate": {"transact"},
    "connections": {"produce", "group", "transact"},
    "connection_rate": {"produce", "group", "transact"},
}
"""By dial the kinds of Loads of librdkafka that cause the same requests or connections, which no figure counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerCount:
    """What brokers counted of the thing that a dial is about.

    Attributes:
        value: in the dial's unit; NaN if it was not measured, or not throughout.
        of: the resource whose figure it is.
        loads: the names of all Loads that the figure covers.
        made: what the generator counted of the same, for these Loads; NaN if it did not count all of it.
    """

    value: float = math.nan
    of: str = ""
    loads: tuple[str, ...] = ()
    made: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class AchievedDial:
    """One dial of one Load: its target and what it came to.

    Attributes:
        load: the Load's name.
        asked: the target, the mean over the load after its warm-up.
        value: what it came to by the generator's own count; NaN if that is unknown.
        seconds: how long it was counted.
        counted: what brokers counted meanwhile.
    """

    load: str
    asked: Target
    value: float
    seconds: float
    counted: BrokerCount = field(default_factory=BrokerCount)

    @property
    def dial(self) -> str:
        """The dial's name."""
        return self.asked.dial

    @property
    def foremost(self) -> bool:
        """Whether its Load is the first that the brokers' figure covers, where that figure is reported."""
        return self.counted.loads[:1] == (self.load,)

    @property
    def missed_by(self) -> float:
        """By how much it fell short, as a share of the target; below 0 if it exceeded it, NaN if unknown."""
        if not math.isfinite(self.asked.value) or not self.asked.value:
            return math.nan
        return (self.asked.value - self.value) / self.asked.value

    @property
    def missed(self) -> bool:
        """Whether it is known to differ from the target."""
        if math.isnan(self.value) or not math.isfinite(self.asked.value):
            return False
        off = abs(self.value - self.asked.value)
        if self.asked.exact:
            return off > 1e-9 * self.asked.value
        return off > TOLERANCE * self.asked.value + self._events(1.0) + self.asked.chance

    @property
    def undercounted(self) -> bool:
        """Whether brokers are known to have counted less than the generator did."""
        made, counted = self.counted.made, self.counted.value
        if math.isnan(made) or math.isnan(counted):
            return False
        return made - counted > TOLERANCE * made + self._events(STRAY)

    def _events(self, count: float) -> float:
        return 0.0 if self.dial in _LEVELS else count / self.seconds

    @property
    def kept(self) -> bool:
        """Whether it was achieved, as far as is known."""
        return not self.missed and not self.undercounted and not math.isnan(self.value)


def achieved(run: Run) -> tuple[AchievedDial, ...]:
    """Each dial of each Load that sets a target, with what it came to; nothing where no load was made."""
    if run.plan is None or not run.ledgers:
        return ()
    stretch = LoadStretch.of(run)
    if stretch is None:
        return ()
    books = _Books(run, run.plan, stretch)
    return tuple(dial for load in run.plan.loads for dial in books.achieved(load))


class _Books:
    """The generator's and the brokers' counts of one run."""

    def __init__(self, run: Run, plan: Plan, stretch: LoadStretch) -> None:
        self.run = run
        self.loads = plan.loads
        self.stretch = stretch
        self.ledgers = {ledger.load: ledger for ledger in run.ledgers}

    def achieved(self, load: Load) -> Iterator[AchievedDial]:
        """A Load's dials with what they came to."""
        if load.name not in self.ledgers:
            return
        for target in targets_of(load, self.stretch.begin, self.stretch.end):
            yield AchievedDial(
                load=load.name,
                asked=target,
                value=self.own(load, target.dial),
                seconds=self.stretch.seconds,
                counted=self.counted(load, target.dial),
            )

    # The generator's own count.

    def own(self, load: Load, dial: str) -> float:
        """What a dial came to."""
        if dial in API:
            return self._requests(load, dial)
        figures: dict[str, Callable[[Load], float]] = {
            "connections": lambda load: self.stretch.level(self.run.named("load_connections"), load=load.name),
            "connection_rate": lambda load: self.stretch.rate(self.run.named("load_connections_made"), load=load.name),
            "record_rate": self._records,
            "byte_rate": lambda load: self._records(load) * self._value_size(load),
            "records_per_request": self._records_per_request,
            "record_size": self._value_size,
            "fan_out": self._fan_out,
            "transaction_rate": self._transactions,
        }
        return figures[dial](load)

    def _requests(self, load: Load, dial: str) -> float:
        return self.stretch.rate(self.run.named("load_requests"), load=load.name, api=API[dial])

    def _records(self, load: Load) -> float:
        ledger = self.ledgers[load.name]
        if load.engine == "client":
            return ledger.acknowledged / self.stretch.whole if ledger.unit == RECORDS else math.nan
        if load.dials.acks == "0":
            # Brokers do not acknowledge them: what was sent is all that can be known.
            return self._requests(load, "request_rate") * ledger.scheduled / max(1, self._sent(load))
        return self.stretch.rate(self.run.named("load_records"), load=load.name)

    def _sent(self, load: Load) -> int:
        traffic = self.run.traffic_of(load.name)
        return sum(traffic.requests.values()) if traffic else 0

    def _value_size(self, load: Load) -> float:
        ledger = self.ledgers[load.name]
        return ledger.acknowledged_bytes / ledger.acknowledged if ledger.acknowledged else math.nan

    def _records_per_request(self, load: Load) -> float:
        ledger, sent = self.ledgers[load.name], self._sent(load)
        if not sent or ledger.failed or ledger.dropped or ledger.acknowledged + ledger.unknown != ledger.scheduled:
            return math.nan
        resent = traffic.resent if (traffic := self.run.traffic_of(load.name)) else 0
        return math.nan if resent else ledger.scheduled / sent

    def _fan_out(self, load: Load) -> float:
        written = self._batch_bytes(writer for writer in self._writers(load.topic) if writer.engine == "wire")
        read = self._batch_bytes([load])
        complete = all(writer.engine == "wire" for writer in self._writers(load.topic))
        return read / written if written and complete else math.nan

    def _transactions(self, load: Load) -> float:
        ledger = self.ledgers[load.name]
        each = load.setting("records_per_transaction") if ledger.unit == RECORDS else 1
        return ledger.acknowledged / each / self.stretch.whole

    def _batch_bytes(self, loads: Iterable[Load]) -> float:
        named = self.run.named("load_bytes")
        return sum(self.stretch.rate(named, load=load.name) for load in loads)

    def _writers(self, topic: str) -> list[Load]:
        return [load for load in self.loads if load.topic == topic and load.kind in {"produce", "transact"}]

    # The brokers' count.

    def counted(self, load: Load, dial: str) -> BrokerCount:
        """What brokers counted of what a dial sets."""
        if dial in API:
            api = _BROKER_NAMES.get(API[dial], API[dial])
            value = self.stretch.rate(self.brokers("requests_by_type"), request=api)
            return self._of_cluster(dial, value, "requests_by_type")
        if dial == "connections":
            return self._of_cluster(dial, self.stretch.level(self.brokers("connections")), "connections")
        if dial == "connection_rate":
            return self._of_cluster(dial, self._attempts(), "connection_attempts")
        if dial == "record_rate":
            return self._by_topic(load, "records_in", lambda loads: sum(map(self._records, loads)))
        if dial == "byte_rate":
            return self._by_topic(load, "ingress", self._all_batch_bytes)
        return self._reads(load) if dial == "fan_out" else BrokerCount()

    def _reads(self, load: Load) -> BrokerCount:
        """How many times brokers served each byte of a topic, compared with all Loads that read it."""
        here = {
            way: [series for series in self.brokers(f"{way}_by_topic") if series.labels["topic"] == load.topic]
            for way in ("ingress", "egress")
        }
        written = self.stretch.rate(here["ingress"])
        readers = [other for other in self.loads if other.topic == load.topic and other.kind in {"consume", "group"}]
        uncounted = any(reader.engine == "client" for reader in readers)
        return BrokerCount(
            value=self.stretch.rate(here["egress"]) / written if written else math.nan,
            of="egress_by_topic / ingress_by_topic",
            loads=tuple(reader.name for reader in readers),
            made=math.nan if uncounted else sum(map(self._fan_out, readers)),
        )

    def _all_batch_bytes(self, loads: Sequence[Load]) -> float:
        known = all(load.engine == "wire" and load.dials.acks != "0" for load in loads)
        return self._batch_bytes(loads) if known else math.nan

    def brokers(self, resource: str) -> list[Series]:
        """A resource's Series; none where one of the brokers is not among them, since it would be counted as 0."""
        found = self.run.named(resource)
        seen = {series.labels.get("broker", "") for series in found}
        return found if "" in seen or hosts_of(self.run).keys() <= seen else []

    def _of_cluster(self, dial: str, value: float, of: str) -> BrokerCount:
        """A figure of the whole cluster, compared with all Loads that have a part in it."""
        apart = _UNCOUNTED_KINDS.get(dial, set())
        uncounted = {load.name for load in self.loads if load.engine == "client" and load.kind in apart}
        parts = {load.name: self._part(load, dial) for load in self.loads if load.engine == "wire"}
        sharing = tuple(load.name for load in self.loads if load.name in uncounted or parts.get(load.name))
        made = math.nan if uncounted else sum(parts.values())
        return BrokerCount(value=value, of=of, loads=sharing, made=made)

    def _part(self, load: Load, dial: str) -> float:
        part = self.own(load, dial)
        return 0.0 if math.isnan(part) else part

    def _by_topic(self, load: Load, resource: str, made: Callable[[Sequence[Load]], float]) -> BrokerCount:
        """A figure of one topic, or of the whole cluster where brokers do not count by topic."""
        by_topic = self.brokers(f"{resource}_by_topic")
        here = [series for series in by_topic if series.labels["topic"] == load.topic]
        loads = self._writers(load.topic) if here else [load for load in self.loads if self._writers(load.topic)]
        series, of = (here, f"{resource}_by_topic") if here else (self.brokers(resource), resource)
        names = tuple(load.name for load in loads)
        return BrokerCount(value=self.stretch.rate(series), of=of, loads=names, made=made(loads))

    def _attempts(self) -> float:
        """Connections that brokers accepted in the load, less those that were made beforehand for it."""
        series = self.brokers("connection_attempts")
        if not self.stretch.from_start:
            return self.stretch.rate(series)
        prepared = sum(traffic.prepared for traffic in self.run.traffic)
        return (self.stretch.since_ever(series) - prepared) / self.stretch.seconds
