"""A whole map, read from TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from clusterload.errors import ConfigurationError, nearest
from clusterload.sources.names.rule import Rule, names_in, rule

_SUFFIX: Final = ".toml"
_KEYS: Final = {"title", "source", "note", "extends", "threads", "series"}
_THREADS: Final = {"handler_idle", "network_time", "network_listener", "started"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What metrics are called at one kind of place.

    Attributes:
        name: of the map.
        title: in words.
        source: who says so.
        rules: one or more for each Series that there is; the first whose metric is there makes it.
        handler_idle: counters of nanoseconds that the mean request handler idled; the first that is there counts.
        network_time: counter of nanoseconds that one network thread worked.
        network_listener: the label that names the listener of a network thread.
        started: Unix seconds of the broker's start.
        note: what to know about it.
    """

    name: str
    title: str
    rules: tuple[Rule, ...]
    source: str = ""
    handler_idle: tuple[str, ...] = ()
    network_time: str = ""
    network_listener: str = "listener"
    started: str = ""
    note: str = ""

    @property
    def metrics(self) -> frozenset[str]:
        """All metrics that are read; those of other names may be passed over."""
        of_rules = {metric for one in self.rules for metric in (*one.metrics, one.times)}
        return frozenset({*of_rules, *self.handler_idle, self.network_time, self.started} - {""})

    @property
    def grouping(self) -> frozenset[str]:
        """Their labels by which there are several Series of a name, so that there can be very many."""
        return frozenset(label for one in self.rules for label in one.by.values())

    def of(self, series: str) -> tuple[str, ...]:
        """The metrics that a Series is made of, none if it is not to be had here."""
        threads = {"request_handler_busy": self.handler_idle, "network_thread_busy": (self.network_time,)}
        found = [metric for one in self.rules if one.series == series for metric in (*one.metrics, one.times)]
        return tuple(metric for metric in (*found, *threads.get(series, ())) if metric)

    @classmethod
    def named(cls, name: str) -> Names:
        """The map of this name that comes with clusterload, or the TOML file of this path.

        Raises:
            ConfigurationError: there is no such map; the message names the nearest one.
        """
        if name.endswith(_SUFFIX):
            return cls.read(name)
        if name not in table_names():
            raise ConfigurationError(
                f"no metric names {name!r}{nearest(name, table_names())}; known: {', '.join(table_names())}"
            )
        text = files("clusterload.sources.names").joinpath(f"{name}{_SUFFIX}").read_text(encoding="utf-8")
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
        rows, threads = given.get("series", []), given.get("threads", {})
        if not isinstance(threads, Mapping) or not isinstance(rows, list):
            raise ConfigurationError("expected [threads] and [[series]]")
        _check(threads, _THREADS)
        # By one of our own names only: a file that extends a file that extends it would have no end.
        base = cls.named(_our_own(str(given["extends"]))) if "extends" in given else None
        own = tuple(rule(row) for row in rows if isinstance(row, Mapping))
        if not own and base is None:
            raise ConfigurationError(f"metric names {name} have no [[series]]")
        replaced = {one.series for one in own}
        kept = tuple(one for one in (base.rules if base else ()) if one.series not in replaced)
        return cls(
            name=name,
            title=str(given.get("title", name)),
            source=str(given.get("source", base.source if base else "")),
            note=str(given.get("note", base.note if base else "")),
            rules=(*kept, *own),
            handler_idle=names_in(threads.get("handler_idle", base.handler_idle if base else ())),
            network_time=str(threads.get("network_time", base.network_time if base else "")),
            network_listener=str(threads.get("network_listener", base.network_listener if base else "listener")),
            started=str(threads.get("started", base.started if base else "")),
        )


def table_names() -> tuple[str, ...]:
    """The names of the maps that come with clusterload."""
    found = (one.name for one in files("clusterload.sources.names").iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX)))


def _our_own(name: str) -> str:
    if name not in table_names():
        raise ConfigurationError(f"extends {name!r}{nearest(name, table_names())}; known: {', '.join(table_names())}")
    return name


def _check(given: Mapping[str, Any], known: set[str]) -> None:
    for key in given:
        if key not in known:
            raise ConfigurationError(f"unknown key {key!r}{nearest(key, known)}")
