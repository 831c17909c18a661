"""Translating what brokers show into our words by a map of names.

What a line means depends on its name and labels alone, which stay from scrape to scrape and are alike on all brokers:
each is worked out once, by `Translator`, and ever after a scrape is a few operations on columns, by `Reader`.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clusterload.model.resources import RESOURCES
from clusterload.model.series import Floats, Kind
from clusterload.telemetry.sources.names import Labels, Names, Rule, Selector
from clusterload.telemetry.sources.reading import Figures, Key, Reading, Sample
from clusterload.telemetry.sources.shares import idle_counter

Places: TypeAlias = NDArray[np.int64]
"""Numbers of lines, or of what else stands in a list."""

# Listeners that by their usual names carry no clients; used only where nobody said which one does.
_NO_CLIENTS: Final = {
    "BROKER",
    "CONTROLLER",
    "CONTROLPLANE",
    "CONTROL_PLANE",
    "REPLICATION",
    "INTER_BROKER",
    "INTERBROKER",
    "INTERNAL",
}
# Behind the name stand the port, as in REPLICATION-9091, and how it is secured, as in MSK's REPLICATION_SECURE; here
# with an underscore.
_BEHIND: Final = re.compile(r"(_(\d+|SECURE|SECURED|SASL|SSL|TLS|MTLS|SCRAM|IAM|PLAIN|PLAINTEXT))+$")
# A start that is larger is not in seconds: they would be of the year 5138.
_MILLISECONDS: Final = 1e11
# Stands for the number of a rule's metric where the metric is one that is added.
_PLUS: Final = -1
_NONE: Final = -1


class _Part(NamedTuple):
    """What a line adds to a Series: one for each rule that counts it.

    Attributes:
        line: its number.
        rule: of the map.
        metric: its place among the rule's metrics, of which the first that is there counts, or `_PLUS`.
        key: number of the Series.
        scale: of its values.
        rate: 1 where a value is a rate.
        complement: 1 where a value v stands for 1 - v.
        times: number of what its values are multiplied by; `_NONE` for nothing.
    """

    line: int
    rule: int
    metric: int
    key: int
    scale: float
    rate: int
    complement: int
    times: int


class Translator:
    """What the lines of one kind of exporter mean; shared by all brokers, whose threads may use it at once.

    Attributes:
        names: the map.
    """

    def __init__(self, names: Names, client_listeners: frozenset[str] = frozenset()) -> None:
        """Translate by a map of names.

        Args:
            names: the map.
            client_listeners: the listeners that clients use; none named means all but those that usually carry none.
        """
        self.names = names
        self.keys: list[Key] = []
        self.metrics: dict[str, int] = {}
        self.listeners: list[str | None] = []
        self.handler_idle: list[int] = []
        self.host_idle: list[int] = []
        self._of_clients = frozenset(map(_listener, client_listeners))
        self._lock = threading.Lock()
        self._numbers: dict[tuple[str, Labels], int] = {}
        self._key_numbers: dict[Key, int] = {}
        self._factors: dict[tuple[str, Labels], int] = {}
        self._factor_lines: list[int] = []
        self._line_metrics: list[int] = []
        self._parts: list[_Part] = []
        self._packed = _Packed.empty()
        self._by_metric = _uses(names.rules)

    def __len__(self) -> int:
        return len(self._line_metrics)

    def number(self, name: str, labels: Mapping[str, str]) -> int:
        """The number of a line with this name and these labels; it stays."""
        known = name, tuple(sorted(labels.items()))
        number = self._numbers.get(known)
        if number is None:
            with self._lock:
                number = self._numbers.get(known)
                if number is None:
                    number = self._added(name, labels)
                    self._numbers[known] = number
        return number

    def packed(self) -> _Packed:
        """All that is known of the lines so far, in columns."""
        with self._lock:
            if len(self._packed.metrics) != len(self._line_metrics):
                self._packed = self._packed.extended(self._line_metrics, self._parts, self._factor_lines)
            return self._packed

    def is_client(self, listener: str) -> bool:
        """Whether a listener is one that clients use."""
        if self._of_clients:
            return _listener(listener) in self._of_clients
        return _BEHIND.sub("", _listener(listener)) not in _NO_CLIENTS

    def _added(self, name: str, given: Mapping[str, str]) -> int:
        names, line = self.names, len(self._line_metrics)
        # Labels may be in the name.
        plain, more = (name, {}) if name in names.metrics else names.plain(name)
        labels = names.labels({**given, **more})
        for rule_number, metric in self._by_metric.get(plain, ()):
            rule = names.rules[rule_number]
            if rule.counts(labels) and (not rule.listener or self.is_client(labels.get(rule.listener, ""))):
                key = self._key((rule.series, rule.key(labels)))
                times = self._factor(rule.times, labels) if rule.times else _NONE
                rate, complement = int(rule.per > 0), int(rule.complement)
                self._parts.append(_Part(line, rule_number, metric, key, rule.factor, rate, complement, times))
        self._factor_lines[self._factor(plain, labels)] = line
        self.listeners.append(self._client_listener(plain, labels))
        threads = names.threads
        self.handler_idle.append(_rank(threads.handler_idle, plain, labels))
        self.host_idle.append(_rank(threads.host_idle, plain, labels))
        self._line_metrics.append(self.metrics.setdefault(plain, len(self.metrics)))
        return line

    def _key(self, key: Key) -> int:
        if key not in self._key_numbers:
            self._key_numbers[key] = len(self.keys)
            self.keys.append(key)
        return self._key_numbers[key]

    def _factor(self, metric: str, labels: Mapping[str, str]) -> int:
        """The number of what a metric shows with exactly these labels, of which the line may come later."""
        number = self._factors.setdefault((metric, tuple(sorted(labels.items()))), len(self._factor_lines))
        if number == len(self._factor_lines):
            self._factor_lines.append(_NONE)
        return number

    def _client_listener(self, metric: str, labels: Mapping[str, str]) -> str | None:
        """Of a line that shows what a network thread worked: the listener, if clients use it."""
        threads = self.names.threads
        if metric not in threads.network_time:
            return None
        listener = labels.get(threads.network_listener, "")
        return listener if not threads.network_listener or self.is_client(listener) else None


def _rank(selectors: Sequence[Selector], metric: str, labels: Mapping[str, str]) -> int:
    """The place of the first that picks a line; `_NONE` if none does."""
    return next((at for at, selector in enumerate(selectors) if selector.picks(metric, labels)), _NONE)


def _uses(rules: Sequence[Rule]) -> dict[str, list[tuple[int, int]]]:
    """The rules that a metric is part of, by its name, with its place in them."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, rule in enumerate(rules):
        for place, metric in enumerate(rule.metrics):
            found[metric].append((number, place))
        for metric in rule.plus:
            found[metric].append((number, _PLUS))
    return found


def _listener(name: str) -> str:
    # Where it stood in a metric's name it has lost its case and its dashes.
    return name.upper().replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Packed:
    """What a translator knows, in columns: the metric of each line, and all parts."""

    metrics: Places
    factor_lines: Places
    line: Places
    rule: Places
    metric: Places
    key: Places
    scale: Floats
    rate: Places
    complement: Places
    times: Places

    @classmethod
    def empty(cls) -> _Packed:
        whole, scale = np.empty(0, dtype=np.int64), np.empty(0)
        return cls(
            metrics=whole,
            factor_lines=whole,
            line=whole,
            rule=whole,
            metric=whole,
            key=whole,
            scale=scale,
            rate=whole,
            complement=whole,
            times=whole,
        )

    def extended(self, metrics: Sequence[int], parts: Sequence[_Part], factor_lines: Sequence[int]) -> _Packed:
        """With what of these longer lists is not in it yet."""
        new = zip(*parts[len(self.line) :], strict=True) if len(parts) > len(self.line) else [()] * len(_Part._fields)
        columns = {
            name: np.append(getattr(self, name), np.array(column, dtype=getattr(self, name).dtype))
            for name, column in zip(_Part._fields, new, strict=True)
        }
        return _Packed(
            metrics=np.append(self.metrics, np.array(metrics[len(self.metrics) :], dtype=np.int64)),
            # Of a line that comes after those that it multiplies the number is filled in later.
            factor_lines=np.array(factor_lines, dtype=np.int64),
            **columns,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How scrapes with certain lines, in a certain order, become a reading. Each place is one in the scrape's lines.

    Attributes:
        lines: the numbers of the scrape's lines.
        source: the place of each part's value.
        target: of which figure it is a part.
        scale: what it is multiplied by.
        complement: whether a value v stands for 1 - v.
        has_times: whether it is multiplied by another line's value.
        times: the place of that line; `_NONE` if the scrape lacks it.
        counters: the keys of figures that grow, and which figures these are.
        gauges: the same of levels.
        rates: the same of rates a second.
        handler_idle: places of the lines with the handlers' idle time, the best first.
        host_idle: places of the lines with the idle time of the host's CPUs, and how many CPUs these are.
        started: place of the line with the broker's start.
        network: places of the lines of network threads, by listener.
        network_scale: what their values are multiplied by to be nanoseconds.
    """

    lines: Places
    source: Places
    target: Places
    scale: Floats
    complement: NDArray[np.bool_]
    has_times: NDArray[np.bool_]
    times: Places
    counters: tuple[tuple[Key, ...], Places]
    gauges: tuple[tuple[Key, ...], Places]
    rates: tuple[tuple[Key, ...], Places]
    handler_idle: Places
    host_idle: tuple[Places, int]
    started: int
    network: Mapping[str, Sequence[int]]
    network_scale: float

    @classmethod
    def of(cls, lines: Places, translator: Translator) -> _Layout:
        known = translator.packed()
        place = np.full(len(known.metrics), _NONE, dtype=np.int64)
        place[lines] = np.arange(len(lines))
        metrics = known.metrics[lines]
        counted = _counted(known, place, set(np.unique(metrics).tolist()), translator)
        keys, target = np.unique(known.key[counted], return_inverse=True)
        all_keys = [translator.keys[key] for key in keys.tolist()]
        is_counter = np.array([RESOURCES[name].kind is Kind.DELTA for name, _ in all_keys], dtype=np.bool_)
        grows = np.array([rule.grows for rule in translator.names.rules], dtype=np.float64)[known.rule[counted]]
        is_counter |= np.bincount(target, weights=grows, minlength=len(keys)) > 0
        is_rate = np.bincount(target, weights=known.rate[counted], minlength=len(keys)) > 0
        factor_lines = np.append(known.factor_lines, _NONE)[known.times[counted]]
        return cls(
            lines=lines,
            source=place[known.line[counted]],
            target=target.astype(np.int64),
            scale=known.scale[counted],
            complement=known.complement[counted] > 0,
            has_times=known.times[counted] != _NONE,
            times=np.where(factor_lines == _NONE, _NONE, place[factor_lines]),
            counters=_picked(all_keys, is_counter & ~is_rate),
            gauges=_picked(all_keys, ~is_counter),
            rates=_picked(all_keys, is_rate),
            handler_idle=_ranked(lines, translator.handler_idle)[0],
            host_idle=_ranked(lines, translator.host_idle),
            started=_first(translator.names.threads.started, metrics, translator),
            network=_network(lines, translator),
            network_scale=translator.names.threads.network_scale,
        )

    def reading(self, values: Floats) -> Reading:
        parts = values[self.source]
        if self.has_times.any():
            parts = self._multiplied(parts, values)
        parts = self.scale * parts
        parts = np.where(self.complement, 1 - parts, parts)
        keys = len(self.counters[0]) + len(self.gauges[0]) + len(self.rates[0])
        cpus, count = self.host_idle
        figures: Floats = np.bincount(self.target, weights=parts, minlength=keys).astype(np.float64, copy=False)
        return Reading(
            counters=Figures(self.counters[0], figures[self.counters[1]]),
            gauges=Figures(self.gauges[0], figures[self.gauges[1]]),
            rates=Figures(self.rates[0], figures[self.rates[1]]),
            handler_idle=idle_counter(values[self.handler_idle].tolist()),
            host_idle=(float(values[cpus].sum()), count) if count else None,
            network={name: tuple((self.network_scale * values[at]).tolist()) for name, at in self.network.items()},
            started=_seconds(float(values[self.started])) if self.started != _NONE else None,
        )

    def _multiplied(self, parts: Floats, values: Floats) -> Floats:
        factors = np.where(self.times == _NONE, np.nan, values[self.times])
        # A count of 0 has no mean: it has taken no time.
        with np.errstate(invalid="ignore"):
            multiplied = np.where(parts == 0, 0.0, parts * factors)
        return np.where(self.has_times, multiplied, parts)


def _counted(known: _Packed, place: Places, there: set[int], translator: Translator) -> Places:
    """The parts that count in a scrape, in the order in which they are added up."""
    numbers = translator.metrics
    first = [_first_there(rule, there, numbers) for rule in translator.names.rules]
    chosen = np.array(first, dtype=np.int64)[known.rule]
    counted = np.flatnonzero((place[known.line] != _NONE) & ((known.metric == _PLUS) | (known.metric == chosen)))
    # Of two rules that make the same Series the later one does.
    last = np.full(len(translator.keys), _NONE, dtype=np.int64)
    np.maximum.at(last, known.key[counted], known.rule[counted])
    counted = counted[known.rule[counted] == last[known.key[counted]]]
    order = np.lexsort((place[known.line[counted]], known.metric[counted] == _PLUS))
    ordered: Places = counted[order]
    return ordered


def _first_there(rule: Rule, there: set[int], numbers: Mapping[str, int]) -> int:
    """The place of the rule's first metric that is there; none without what its values are multiplied by."""
    if rule.times and numbers.get(rule.times, _NONE) not in there:
        return _NONE - 1
    return next((at for at, metric in enumerate(rule.metrics) if numbers.get(metric, _NONE) in there), _NONE - 1)


def _picked(keys: Sequence[Key], mask: NDArray[np.bool_]) -> tuple[tuple[Key, ...], Places]:
    places = np.flatnonzero(mask)
    return tuple(keys[place] for place in places.tolist()), places


def _seconds(started: float) -> float:
    """A start in Unix seconds, which Java gives in milliseconds."""
    return started / 1000 if started > _MILLISECONDS else started


def _ranked(lines: Places, of_lines: Sequence[int]) -> tuple[Places, int]:
    """The places of the lines that any selector picks, in the order of these, and how many the first one picks."""
    ranks = np.array([of_lines[line] for line in lines.tolist()], dtype=np.int64)
    places = np.flatnonzero(ranks != _NONE)
    ordered: Places = places[np.argsort(ranks[places], kind="stable")]
    return ordered, int(np.count_nonzero(ranks == 0))


def _first(metrics: Iterable[str], there: Places, translator: Translator) -> int:
    """The first place of the first metric that is there."""
    for metric in metrics:
        found = np.flatnonzero(there == translator.metrics.get(metric, _NONE))
        if len(found):
            return int(found[0])
    return _NONE


def _network(lines: Places, translator: Translator) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for place, line in enumerate(lines.tolist()):
        listener = translator.listeners[line]
        if listener is not None:
            found[listener].append(place)
    return dict(found)


@dataclass(slots=True)
class Reader:
    """Reads one broker's scrapes, one after the other."""

    translator: Translator
    _layout: _Layout | None = field(default=None)

    def read(self, samples: Iterable[Sample]) -> Reading:
        """The reading of a scrape's samples, each of which is there once."""
        number = self.translator.number
        found = [(number(sample.name, sample.labels), sample.value) for sample in samples]
        # Of what stands there twice, as it may where labels were in names, the last counts.
        whole = dict(found)
        values = np.array(list(whole.values()), dtype=np.float64)
        return self.read_columns(np.array(list(whole), dtype=np.int64), values)

    def read_columns(self, lines: Places, values: Floats) -> Reading:
        """The reading of a scrape's lines, given by their numbers, each once, and their values."""
        layout = self._layout
        if layout is None or not np.array_equal(layout.lines, lines):
            layout = self._layout = _Layout.of(lines, self.translator)
        return layout.reading(values)


def read(samples: Iterable[Sample], names: Names, client_listeners: frozenset[str]) -> Reading:
    """Translate what one broker showed at one time, of which nothing is known from before."""
    return Reader(Translator(names, client_listeners)).read(samples)
