"""One rule of a map: from lines of a metric to one Series, or to several by label."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from clusterload.model.errors import ConfigurationError, nearest
from clusterload.model.resources import RESOURCES
from clusterload.model.series_kind import Kind

BROKER: Final = "broker"
"""The label of a Series that names its broker; in a Series' key it stands where that is not the one that shows it."""

OF_BROKER: Final = "broker"
OF_CLUSTER: Final = "cluster"
"""Whose a figure is: of the broker that shows it, or of the whole cluster."""

_NUMBER: Final = re.compile(r"(?:^|-)(\d+)$")

Labels = tuple[tuple[str, str], ...]
"""A Series' labels without the broker's, by our names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """From one metric to one Series: lines that count are added up over all labels but those of `by`.

    Attributes:
        series: a resource's name.
        metrics: where it comes from: the first of them that is there.
        plus: metrics whose lines are added to those, where they are there.
        without: labels that a line must not have.
        equal: values of which a label must have one.
        unequal: values of which a label must have none.
        by: the labels that there are several Series by: our name to theirs; of several of theirs, joined by a slash.
        rename: what values of those labels are called here, where they have another name.
        encoded: those of our labels whose values are percent-encoded where they come from.
        listener: the label that names the listener, where only the clients' ones count.
        total: the Series over all of what this one is by, if there is one.
        times: a metric with the same labels that each value is multiplied by.
        scale: what a value is multiplied by to be in the resource's unit.
        per: seconds that a value is an amount of, where it is a rate and not a counter: 1 for a rate a second, 60 for
            an amount a minute. The Series gets the rate times the time since the scrape before.
        grows: whether a value is a counter and the Series a level: by how much it grows a second.
        complement: whether a share s stands for 1 - s, as idle does for busy.
        of: `broker` for a figure of the broker that shows it, `cluster` for one of the whole cluster, such as a lag.
        broker: labels of which the first that is there names the broker, where a program shows figures of several: its
            value is the id, or a name with the id at its end, as of a pod. Lines without one do not count.
    """

    series: str
    metrics: tuple[str, ...]
    plus: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    equal: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unequal: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    encoded: tuple[str, ...] = ()
    listener: str = ""
    total: str = ""
    times: str = ""
    scale: float = 1.0
    per: float = 0.0
    grows: bool = False
    complement: bool = False
    of: str = OF_BROKER
    broker: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.series not in RESOURCES:
            raise ConfigurationError(f"no resource {self.series!r}{nearest(self.series, RESOURCES)}")
        if not self.metrics or not all(self.metrics):
            raise ConfigurationError(f"{self.series} has no metric")
        labels = RESOURCES[self.series].per
        if not set(self.by) <= set(labels) or bool(self.by) != bool(labels):
            example = ", ".join(f"{label} = …" for label in labels)
            words = " and ".join(labels) or "nothing"
            raise ConfigurationError(f"{self.series} is by {words}: give by = {{{example and f' {example} '}}}")
        if not set(self.encoded) <= set(self.by):
            raise ConfigurationError(f"{self.series} is not by {' and '.join(self.encoded)}: leave it out of encoded")
        if self.per and (RESOURCES[self.series].kind is not Kind.DELTA or not 0 < self.per < math.inf):
            raise ConfigurationError(f"{self.series}: per is a number of seconds, for a Series of amounts only")
        if self.grows and RESOURCES[self.series].kind is not Kind.GAUGE:
            raise ConfigurationError(f"{self.series} is an amount, which any counter gives: leave out grows")
        if self.of not in {OF_BROKER, OF_CLUSTER}:
            raise ConfigurationError(f"{self.series}: of is {OF_BROKER} or {OF_CLUSTER}, not {self.of!r}")
        if self.total and self.total not in RESOURCES:
            raise ConfigurationError(f"no resource {self.total!r}{nearest(self.total, RESOURCES)}")

    def counts(self, labels: Mapping[str, str]) -> bool:
        """Whether a line with these labels is part of the Series, not regarding its listener."""
        return (
            not any(label in labels for label in self.without)
            and (not self.by or any(label in labels for theirs in self.by.values() for label in theirs))
            and all(labels.get(label) in values for label, values in self.equal.items())
            and not any(labels.get(label) in values for label, values in self.unequal.items())
            and (not self.broker or self._broker(labels) != "")
        )

    @property
    def all_metrics(self) -> tuple[str, ...]:
        """Every metric that it reads."""
        return tuple(filter(None, (*self.metrics, *self.plus, self.times)))

    @property
    def theirs(self) -> tuple[str, ...]:
        """Their labels that there are several Series by."""
        return tuple(label for labels in self.by.values() for label in labels)

    def key(self, labels: Mapping[str, str]) -> Labels:
        """The labels of the Series that a line belongs to; of several, those without a value are left out."""
        values = {ours: "/".join(filter(None, map(labels.get, theirs))) for ours, theirs in self.by.items()}
        values |= {ours: unquote(values[ours]) for ours in self.encoded}
        known = tuple((ours, self.rename.get(value, value)) for ours, value in values.items() if value)
        if self.by and not known:
            known = ((next(iter(self.by)), ""),)
        if self.broker:
            return ((BROKER, self._broker(labels)), *known)
        return ((BROKER, ""), *known) if self.of == OF_CLUSTER else known

    def _broker(self, labels: Mapping[str, str]) -> str:
        value = next(filter(None, map(labels.get, self.broker)), "")
        number = _NUMBER.search(value)
        # A StatefulSet's pods are counted from 0, and Kubernetes writes no zeros before it.
        return str(int(number[1])) if number else ""

    def value(self, value: float) -> float:
        """A line's value in the resource's unit; of a rate, a second."""
        scaled = value * self.factor
        return 1 - scaled if self.complement else scaled

    @property
    def factor(self) -> float:
        """What a value is multiplied by to be in the resource's unit; of a rate, a second."""
        return self.scale / (self.per or 1.0)


_KEYS: Final = {"name", "metric", *(key for key in Rule.__slots__ if key not in {"series", "metrics"})}


def parse_rule(given: Mapping[str, Any]) -> Rule:
    """A rule from what TOML gives.

    Raises:
        ConfigurationError: a key is unknown or missing, or a value cannot be used.
    """
    for key in given:
        if key not in _KEYS:
            raise ConfigurationError(f"unknown key {key!r}{nearest(key, _KEYS)}")
    if "name" not in given or "metric" not in given:
        raise ConfigurationError("a [[series]] needs name and metric")
    try:
        return Rule(
            series=str(given["name"]),
            metrics=names_in(given["metric"]),
            plus=names_in(given.get("plus", ())),
            without=names_in(given.get("without", ())),
            equal={label: names_in(values) for label, values in given.get("equal", {}).items()},
            unequal={label: names_in(values) for label, values in given.get("unequal", {}).items()},
            by={ours: names_in(theirs) for ours, theirs in given.get("by", {}).items()},
            rename={theirs: str(ours) for theirs, ours in given.get("rename", {}).items()},
            encoded=names_in(given.get("encoded", ())),
            listener=str(given.get("listener", "")),
            total=str(given.get("total", "")),
            times=str(given.get("times", "")),
            scale=float(given.get("scale", 1.0)),
            per=float(given.get("per", 0.0)),
            grows=bool(given.get("grows", False)),
            complement=bool(given.get("complement", False)),
            of=str(given.get("of", OF_BROKER)),
            broker=names_in(given.get("broker", ())),
        )
    except (TypeError, ValueError, AttributeError):
        raise ConfigurationError(f"{given['name']}: a value has the wrong type") from None


def names_in(given: Any) -> tuple[str, ...]:
    """One name, or a list of them."""
    return (given,) if isinstance(given, str) else tuple(map(str, given))
