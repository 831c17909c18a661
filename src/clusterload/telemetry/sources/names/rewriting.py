"""Metrics whose labels are in their names, or several in one label: they are taken apart before any rule sees them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from clusterload.model.errors import ConfigurationError, nearest

_SELECTOR: Final = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?")
_EQUAL: Final = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*"([^"]*)"\s*,?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """How to rewrite metrics that have labels in their names.

    Attributes:
        match: of whole names; its named groups become labels.
        name: of the metric, with groups in braces.
    """

    match: re.Pattern[str]
    name: str

    def of(self, metric: str) -> tuple[str, dict[str, str]] | None:
        """The metric's own name and the labels that were in it; None if it does not match."""
        found = self.match.fullmatch(metric)
        return (self.name.format(**found.groupdict()), found.groupdict()) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relabel:
    """How to take apart a label that holds several, such as `request="Produce, version=12"`.

    Attributes:
        label: the label, of any metric.
        match: of its whole value; the named groups become labels, and may take the label's own place.
    """

    label: str
    match: re.Pattern[str]

    def of(self, labels: Mapping[str, str]) -> dict[str, str]:
        """The labels that were in it; none if there are none."""
        found = self.match.fullmatch(labels.get(self.label, ""))
        return {name: value for name, value in found.groupdict().items() if value is not None} if found else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Lines of one metric, as Prometheus writes it: `metric{label="value"}`.

    Attributes:
        metric: its name.
        labels: those that a line must have, with their values.
    """

    metric: str
    labels: tuple[tuple[str, str], ...] = ()

    def picks(self, metric: str, labels: Mapping[str, str]) -> bool:
        """Whether it is a line of this metric with these labels."""
        return metric == self.metric and all(labels.get(name) == value for name, value in self.labels)


def parse_rewrite(given: Mapping[str, Any]) -> Rewrite:
    """A `[[rewrite]]`; ConfigurationError says what does not fit."""
    _check(given, {"match", "name"})
    try:
        made = Rewrite(match=re.compile(str(given["match"])), name=str(given["name"]))
        made.name.format(**dict.fromkeys(made.match.groupindex, ""))
    except (KeyError, re.error, ValueError, IndexError) as error:
        raise ConfigurationError(f"a [[rewrite]] needs match and name that fit each other: {error}") from None
    return made


def parse_relabel(given: Mapping[str, Any]) -> Relabel:
    """A `[[relabel]]`; ConfigurationError says what does not fit."""
    _check(given, {"label", "match"})
    try:
        made = Relabel(label=str(given["label"]), match=re.compile(str(given["match"])))
    except (KeyError, re.error) as error:
        raise ConfigurationError(f"a [[relabel]] needs a label, and a regular expression as match: {error}") from None
    if not made.match.groupindex:
        raise ConfigurationError(f"a [[relabel]] of {made.label} needs named groups in match: they become labels")
    return made


def parse_selector(text: str) -> Selector:
    """What `metric` or `metric{label="value"}` selects; ConfigurationError if it is neither."""
    found = _SELECTOR.fullmatch(text)
    labels = found[2] or "" if found else ""
    if found is None or _EQUAL.sub("", labels):
        raise ConfigurationError(f'{text!r} is not a metric: write metric or metric{{label="value"}}')
    return Selector(metric=found[1], labels=tuple(_EQUAL.findall(labels)))


def _check(given: Mapping[str, Any], known: set[str]) -> None:
    for key in given:
        if key not in known:
            raise ConfigurationError(f"unknown key {key!r}{nearest(key, known)}")
