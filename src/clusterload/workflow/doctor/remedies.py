"""Remedies: from a Series that is missing to what gives it, ready to paste. The data is in `remedies.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from clusterload.workflow.doctor.check import Paste

RULES: Final = "rules"
"""The id of what is pasted into the configuration of a JMX exporter."""

_HEAD: Final = """\
# For the configuration of the JMX exporter of each broker. Rules are tried in order and the first that matches wins:
# these go before all others below `rules:`. A value that one of them names no longer gets the name of a later rule.
# The exporter of a managed service, such as MSK's, takes no rules of yours.
# Where the file had no rules, everything was shown: end the list with  - pattern: '.*'  and it still is.
"""
_OBJECTS: Final = "# Only where the file has includeObjectNames (or whitelistObjectNames): add to that list\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Rules of a JMX exporter.

    Attributes:
        series: what they give.
        objects: the MBeans that they are about.
        rules: YAML, a list.
    """

    series: tuple[str, ...]
    objects: tuple[str, ...]
    rules: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Something else that gives Series; `{servers}`, `{kafka}` and `{target}` in its text are filled in."""

    id: str
    series: tuple[str, ...]
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedies:
    """All that is known."""

    rules: tuple[Rule, ...]
    others: tuple[Other, ...]
    nobody: dict[str, str]

    def rules_for(self, series: Collection[str]) -> tuple[Rule, ...]:
        """The rules that give any of these Series."""
        return tuple(rule for rule in self.rules if set(rule.series) & set(series))

    def other(self, remedy: str) -> Other:
        """What has this id."""
        return next(other for other in self.others if other.id == remedy)

    def gives(self, remedy: str, series: str) -> bool:
        """Whether a remedy gives a Series."""
        if remedy == RULES:
            return any(series in rule.series for rule in self.rules)
        return series in self.other(remedy).series


@cache
def remedies() -> Remedies:
    """The table that comes with clusterload."""
    text = files("clusterload.workflow.doctor").joinpath("remedies.toml").read_text(encoding="utf-8")
    given = tomllib.loads(text)
    rules = (
        Rule(series=tuple(row["series"]), objects=tuple(row["objects"]), rules=row["rules"].strip("\n"))
        for row in given["rule"]
    )
    others = (
        Other(id=row["id"], series=tuple(row["series"]), title=row["title"], text=row["text"].strip("\n"))
        for row in given["other"]
    )
    return Remedies(
        rules=tuple(rules),
        others=tuple(others),
        nobody={series: row["why"] for row in given["nobody"] for series in row["series"]},
    )


def rules_paste(series: Collection[str]) -> Paste:
    """The rules for a JMX exporter that give these Series, and nothing else."""
    chosen = remedies().rules_for(series)
    objects = "\n".join(f"#   - {name}" for name in _each_once(name for rule in chosen for name in rule.objects))
    rules = "\n".join(_each_once(rule.rules for rule in chosen))
    return Paste(
        id=RULES,
        title="Rules for the brokers' JMX exporters",
        text=f"{_HEAD}{_OBJECTS}{objects}\nrules:\n{rules}\n",
        gives=tuple(name for name in _each_once(name for rule in chosen for name in rule.series) if name in series),
    )


def other_paste(remedy: str, series: Collection[str], *, servers: str = "", target: str = "") -> Paste:
    """Another remedy, with the addresses of this cluster."""
    other = remedies().other(remedy)
    kafka = "" if servers else "--bootstrap-server BROKER:9092 "
    filled = {"{servers}": servers or "BROKER:9092", "{kafka}": kafka, "{target}": target}
    text = other.text
    for place, value in filled.items():
        text = text.replace(place, value)
    return Paste(
        id=other.id,
        title=other.title,
        text=f"{text.strip()}\n",
        gives=tuple(name for name in other.series if name in series),
    )


def _each_once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
