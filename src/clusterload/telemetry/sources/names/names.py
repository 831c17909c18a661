"""A whole map, read from TOML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.telemetry.sources.names.rewriting import (
    Relabel,
    Rewrite,
    Selector,
    parse_relabel,
    parse_rewrite,
    parse_selector,
)
from clusterload.telemetry.sources.names.rule import Rule, names_in, parse_rule

_SUFFIX: Final = ".toml"
_KEYS: Final = {"title", "source", "note", "extends", "of", "threads", "rewrite", "relabel", "series"}
_THREADS: Final = {"handler_idle", "host_idle", "network_time", "network_scale", "network_listener", "started"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Threads:
    """The metrics of a broker's threads, and of when it started.

    Attributes:
        handler_idle: counters of nanoseconds that the mean request handler idled; the first counts that is there and
            can be one. Where there is none, a rule of `request_handler_busy` may read a share.
        host_idle: counters of seconds that each CPU of the host had nothing to do, those of one kind after the other;
            the first kind has a line for each CPU.
        network_time: counter of the time that one network thread worked; the names that it has here and there.
        network_scale: what that is multiplied by to be nanoseconds.
        network_listener: the label that names the listener of a network thread; empty if they serve all.
        started: the broker's start in Unix seconds or milliseconds; the first that is there counts.
    """

    handler_idle: tuple[Selector, ...] = ()
    host_idle: tuple[Selector, ...] = ()
    network_time: tuple[str, ...] = ()
    network_scale: float = 1.0
    network_listener: str = "listener"
    started: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The map of metric names of one kind of source.

    Attributes:
        name: of the map.
        title: in words.
        source: who says so.
        rules: one or more for each Series; the first whose metric exists makes it.
        threads: the metrics of its threads.
        rewrites: for metrics that have labels in their names.
        relabels: for labels that hold several.
        note: what to know about it.
        metrics: all that are read; those of other names may be passed over.
    """

    name: str
    title: str
    rules: tuple[Rule, ...]
    source: str = ""
    threads: Threads = field(default_factory=Threads)
    rewrites: tuple[Rewrite, ...] = ()
    relabels: tuple[Relabel, ...] = ()
    note: str = ""
    metrics: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        of_rules = {metric for rule in self.rules for metric in rule.all_metrics}
        threads = self.threads
        metrics = {
            *of_rules,
            *(idle.metric for idle in (*threads.handler_idle, *threads.host_idle)),
            *threads.network_time,
            *threads.started,
        } - {""}
        object.__setattr__(self, "metrics", frozenset(metrics))  # asked for with each line of a scrape

    @property
    def pattern(self) -> str:
        """A regular expression of all names that are read, also of those that are rewritten."""
        rewritten = (re.sub(r"\?P<\w+>", "", rewrite.match.pattern) for rewrite in self.rewrites)
        return "|".join([*sorted(self.metrics), *rewritten])

    def reads(self, metric: str) -> bool:
        """Whether a metric of this name is read."""
        return self.plain(metric)[0] in self.metrics

    def plain(self, metric: str) -> tuple[str, dict[str, str]]:
        """A metric's name, and the labels that were in it."""
        return next((found for rewrite in self.rewrites if (found := rewrite.of(metric))), (metric, {}))

    def labels(self, given: Mapping[str, str]) -> dict[str, str]:
        """A line's labels, with those that were in others."""
        found = dict(given)
        for relabel in self.relabels:
            found |= relabel.of(found)
        return found

    def only(self, series: Collection[str]) -> Names:
        """The same map for these Series alone, so that nothing else is asked for."""
        threads = replace(
            self.threads,
            handler_idle=self.threads.handler_idle if "request_handler_busy" in series else (),
            host_idle=self.threads.host_idle if "cpu_host" in series else (),
            network_time=self.threads.network_time if "network_thread_busy" in series else (),
        )
        return replace(self, rules=tuple(rule for rule in self.rules if rule.series in series), threads=threads)

    @property
    def grouping(self) -> frozenset[str]:
        """Their labels by which there are several Series of a name, so that there can be very many."""
        return frozenset(label for rule in self.rules for label in rule.theirs)

    def of(self, series: str) -> tuple[str, ...]:
        """The metrics that a Series is made of; none if the source lacks it."""
        idle = dict.fromkeys(line.metric for line in self.threads.handler_idle)
        busy = {
            "request_handler_busy": tuple(idle),
            "network_thread_busy": self.threads.network_time,
            "cpu_host": tuple(dict.fromkeys(line.metric for line in self.threads.host_idle)),
        }
        found = [metric for rule in self.rules if rule.series == series for metric in rule.all_metrics]
        return tuple(metric for metric in (*busy.get(series, ()), *found) if metric)

    @classmethod
    def named(cls, name: str) -> Names:
        """The map of this name that comes with clusterload, or the TOML file of this path.

        Raises:
            ConfigurationError: the map does not exist; the message names the nearest one.
        """
        if name.endswith(_SUFFIX):
            return cls.read(name)
        if name not in table_names():
            raise ConfigurationError(
                f"no metric names {name!r}{nearest(name, table_names())}; known: {', '.join(table_names())}"
            )
        text = files("clusterload.telemetry.sources.names").joinpath(f"{name}{_SUFFIX}").read_text(encoding="utf-8")
        return cls.parsed(name, tomllib.loads(text))

    @classmethod
    def read(cls, path: Path | str) -> Names:
        """A map from a TOML file; ConfigurationError names the file and what is wrong with it."""
        try:
            return cls.parsed(Path(path).stem, tomllib.loads(Path(path).read_text(encoding="utf-8")))
        except OSError as error:
            raise ConfigurationError(f"metric names {path} cannot be read: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"metric names {path} are not TOML: {error}") from None
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}: {error}") from None

    @classmethod
    def parsed(cls, name: str, given: Mapping[str, Any]) -> Names:
        """A map from what TOML gives; with `extends` it takes the place of single Series of another one.

        Raises:
            ConfigurationError: a key is unknown, or a value has another form.
        """
        _check(given, _KEYS)
        rows, rewrites, relabels = (_rows(given, key) for key in ("series", "rewrite", "relabel"))
        # By one of our own names only: a file that extends a file that extends it would have no end.
        base = cls.named(_our_own(str(given["extends"]))) if "extends" in given else cls(name="", title="", rules=())
        # A file of a cluster's figures says so once.
        of = {"of": given["of"]} if "of" in given else {}
        own = tuple(parse_rule({**of, **row}) for row in rows)
        if not own and not base.rules:
            raise ConfigurationError(f"metric names {name} have no [[series]]")
        replaced = {rule.series for rule in own}
        return cls(
            name=name,
            title=str(given.get("title", name)),
            source=str(given.get("source", base.source)),
            note=str(given.get("note", base.note)),
            rules=(*(rule for rule in base.rules if rule.series not in replaced), *own),
            threads=_threads(base.threads, given.get("threads", {})),
            rewrites=(*base.rewrites, *map(parse_rewrite, rewrites)),
            relabels=(*base.relabels, *map(parse_relabel, relabels)),
        )


def table_names() -> tuple[str, ...]:
    """The names of the maps that come with clusterload."""
    found = (file.name for file in files("clusterload.telemetry.sources.names").iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX)))


def _our_own(name: str) -> str:
    if name not in table_names():
        raise ConfigurationError(f"extends {name!r}{nearest(name, table_names())}; known: {', '.join(table_names())}")
    return name


def _check(given: Mapping[str, Any], known: set[str]) -> None:
    for key in given:
        if key not in known:
            raise ConfigurationError(f"unknown key {key!r}{nearest(key, known)}")


def _rows(given: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    rows = given.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise ConfigurationError(f"{key} is not a list of tables: write [[{key}]]")
    return rows


def _threads(base: Threads, given: Mapping[str, Any]) -> Threads:
    if not isinstance(given, Mapping):
        raise ConfigurationError("threads is not a table: write [threads]")
    _check(given, _THREADS)
    idle = {"handler_idle", "host_idle"} & given.keys()
    return replace(
        base,
        **{key: tuple(map(parse_selector, names_in(given[key]))) for key in idle},
        network_scale=float(given.get("network_scale", base.network_scale)),
        network_time=names_in(given.get("network_time", base.network_time)),
        network_listener=str(given.get("network_listener", base.network_listener)),
        started=names_in(given.get("started", base.started)),
    )
