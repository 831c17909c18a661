"""By which names each exporter is read: recognised at its first scrape, and again when what was read is gone."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from clusterload.telemetry.sources.addresses import shown
from clusterload.telemetry.sources.exposition import SharedLines
from clusterload.telemetry.sources.line import metric_names, why_not
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.names.recognition import Recognition, recognised, without_series
from clusterload.telemetry.sources.reading import Figures, Key, Reading

# An exporter that runs next to the broker says so in its own `jmx_exporter_build_info` (prometheus/jmx_exporter): its
# name is jmx_prometheus_httpserver, or jmx_prometheus_standalone since its release 1.1, not jmx_prometheus_javaagent.
_BUILD: Final = re.compile(
    r'^jmx_exporter_build_info\{[^}\n]*name="jmx_prometheus_(?:httpserver|standalone)', re.MULTILINE
)
# A broker that has just started shows a part of its metrics: once there is so much more, it is looked at again.
_MORE: Final = 1.5
# And so it is when less than this share of the Series is left.
_LEFT: Final = 0.5

# What is wrong with all of very many brokers need not be said of each.
_MOST_SAID: Final = 5

_MOST_KNOWN: Final = 100
_OF_ONE: Final = frozenset({"names-unknown", "names-without-broker", "names-unfit"})

Said: TypeAlias = tuple[tuple[str, str], ...]
"""Kinds and texts of events."""


class Dialects:
    """What is known of the names of all exporters of a source, whose threads may use it at once."""

    def __init__(self, asked: Sequence[Names], client_listeners: frozenset[str]) -> None:
        """Recognise, or read by the maps that are asked for if there are any."""
        self._asked = asked
        self._listeners = client_listeners
        self._lines: list[tuple[Names, SharedLines]] = []
        self._said: dict[str, set[str]] = defaultdict(set)
        # Brokers of a cluster mostly show the same.
        self._recognised: dict[tuple[frozenset[str], bool], Recognition] = {}
        self._lock = threading.Lock()

    def recognised(self, text: str) -> Recognition:
        """What is recognised in a text.

        Raises:
            ValueError: it is not Prometheus' or OpenMetrics' at all.
        """
        if why := why_not(text):
            raise ValueError(f"is not Prometheus text: {why}")
        key = frozenset(metric_names(text)), _BUILD.search(text) is not None
        with self._lock:
            if key not in self._recognised:
                if len(self._recognised) >= _MOST_KNOWN:
                    self._recognised.clear()
                self._recognised[key] = recognised(key[0], asked=self._asked, sidecar=key[1])
            return self._recognised[key]

    def lines(self, names: Names) -> SharedLines:
        """What is known of lines by this map, shared by all that are read by it."""
        with self._lock:
            for known, lines in self._lines:
                if known == names:
                    return lines
            self._lines.append((names, SharedLines(names, self._listeners)))
            return self._lines[-1][1]

    def once(self, said: Said) -> Said:
        """Of what is to be said that which was not said before, for whichever broker."""
        with self._lock:
            new = []
            for kind, text in said:
                if text not in self._said[kind] and len(self._said[kind]) < _MOST_SAID:
                    self._said[kind].add(text)
                    new.append((kind, text))
            return tuple(new)


@dataclass(slots=True)
class Claims:
    """Which of a broker's addresses gives which Series, so that none is read twice.

    Attributes:
        count: how many addresses it has.
    """

    count: int
    _owners: dict[str, str] = field(default_factory=dict)
    _seen: dict[str, bool] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def taken(self, url: str, series: frozenset[str]) -> Mapping[str, str]:
        """Claim Series for an address; those that another one has, with its address."""
        with self._lock:
            others = {name: owner for name, owner in self._owners.items() if owner != url}
            self._owners = others | dict.fromkeys(series - others.keys(), url)
            return {name: others[name] for name in sorted(series & others.keys())}

    def has_broker(self, url: str, *, is_of_brokers: bool) -> bool:
        """Whether an address shows what only brokers do; True as well while that is not known of another one."""
        with self._lock:
            self._seen[url] = is_of_brokers
            return any(self._seen.values()) or len(self._seen) < self.count


@dataclass(slots=True, kw_only=True)
class Dialect:
    """By which names one address of a broker is read, scrape after scrape.

    Attributes:
        url: of the exporter.
        dialects: of all.
        claims: of the broker's addresses.
    """

    broker: str
    url: str
    dialects: Dialects
    claims: Claims
    names: Names | None = None
    _length: int = 0
    _most: int = 0
    _is_of_brokers: bool = False
    _keys: tuple[tuple[Key, ...], ...] = ()

    def of(self, text: str) -> tuple[Names, Said]:
        """The map for a scrape's text, and what is to be said of it: it is looked at again when there is far more."""
        if self.names is None or len(text) > _MORE * self._length:
            return self._chosen(text)
        return self.names, ()

    def again(self, text: str, reading: Reading) -> Said | None:
        """Whether so little is left of what was read that the names must be others now, and what is to be said then."""
        keys = _keys_of(reading)
        # The very same while nothing came or went.
        if self._keys and all(now is before for now, before in zip(keys, self._keys, strict=True)):
            return None
        self._keys = keys
        count = len({name for part in keys for name, _ in part})
        if count >= _LEFT * self._most:
            self._most = max(self._most, count)
            return None
        before, self._most = self.names, count
        names, said = self._chosen(text)
        if names == before:
            return None
        words = f"broker {self.broker}: most of what {shown(self.url)} showed is gone; its metrics are looked at again"
        return (("names-changed", words), *said)

    def _chosen(self, text: str) -> tuple[Names, Said]:
        found = self.dialects.recognised(text)
        self._length = len(text)
        if self.names is not None and self._is_of_brokers and not found.is_of_brokers:
            return self.names, ()  # a broker that is just starting again will show what it showed
        names, said, self._is_of_brokers = found.names, found.said(), found.is_of_brokers
        taken = self.claims.taken(self.url, found.series)
        if taken:
            names = without_series(names, taken.keys())
            others = " and ".join(sorted({shown(owner) for owner in taken.values()}))
            words = f"{shown(self.url)} shows {', '.join(taken)} as well: read from {others}"
            said = (*said, ("series-elsewhere", f"broker {self.broker}: {words}"))
        if self.claims.has_broker(self.url, is_of_brokers=found.is_of_brokers):
            said = tuple(each for each in said if each[0] != "names-without-broker")
        self.names = self.names if names == self.names and self.names is not None else names
        return self.names, self.dialects.once(tuple((kind, self._named(kind, text)) for kind, text in said))

    def _named(self, kind: str, text: str) -> str:
        # What is alike on all brokers is said once; what is wrong, of each.
        return f"broker {self.broker}: {shown(self.url)}: {text}" if kind in _OF_ONE else text


def _keys_of(reading: Reading) -> tuple[tuple[Key, ...], ...]:
    return tuple(Figures.of(part).keys_ for part in (reading.counters, reading.gauges, reading.rates))
