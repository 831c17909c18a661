"""By which names a server's metrics are read: recognised from the names that it has of the cluster in a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from clusterload.model.errors import SourceError
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.names.recognition import NO_JVM, PASTED, Recognition, Roles, all_maps, recognised
from clusterload.telemetry.sources.prometheus.api import PrometheusClient
from clusterload.telemetry.sources.prometheus.cardinality import NO_ROLES, Inventory, take_inventory
from clusterload.telemetry.sources.prometheus.promql import any_of, milliseconds, named, quoted, selector

# Brokers are known by what only they show, and targets by a metric that each has a single series of.
ONCE_A_BROKER: Final = ("partitions", "leaders")
"""Series of one metric each, without labels, that only brokers have."""

# What an exporter that runs next to the broker says of itself (prometheus/jmx_exporter).
_BUILD: Final = "jmx_exporter_build_info"
_OF_PROGRAMS: Final = 'name=~"jmx_prometheus_(httpserver|standalone)"'


@dataclass(slots=True)
class Naming:
    """By which names one server is read.

    Attributes:
        asked: maps that a user named; empty to recognise them.
        series: the Series that are wanted; None for all.
        found: what was recognised.
    """

    asked: Sequence[Names] = ()
    series: Collection[str] | None = None
    found: Recognition | None = None
    _looked: bool = False
    _sidecar: bool = False

    def only(self, series: Collection[str]) -> Naming:
        """The same for these Series alone."""
        return replace(self, series={*series, *ONCE_A_BROKER})

    def names(self, client: PrometheusClient, select: str, start: int, end: int) -> Names:
        """The map by which metrics between two times (Unix nanoseconds) are read; recognised when first asked.

        Raises:
            SourceError: the server could not be asked.
        """
        if self.found is None or self.found.fits_nothing:
            self.found = self._recognised(client, select, start, end)
        names = self.found.names
        return names if self.series is None else names.only(self.series)

    def inventory(self, client: PrometheusClient, select: str, start: int, end: int) -> Inventory:
        """How many series there are between two times, by the names that were recognised.

        Raises:
            SourceError: the server could not be asked.
        """
        names = self.names(client, select, start, end)
        if not names.metrics:
            return Inventory(counts={})
        found = take_inventory(client, names, select, start, end, self.roles)
        if self._looked or not found.instances:
            return found
        self._looked = True
        if not _are_sidecars(client, found.instances, select, start, end):
            return found
        self._sidecar = True
        self.found = self._recognised(client, select, start, end)
        return self.inventory(client, select, start, end)

    @property
    def roles(self) -> Roles:
        """Of which metrics a target that shows them need not be a broker."""
        return self.found.roles if self.found is not None else NO_ROLES

    def said(self, inventory: Inventory) -> Iterator[tuple[str, str]]:
        """Kind and text of what a user should know of the names, and of where what they name was found."""
        yield from self.found.said() if self.found is not None else ()
        hosts = self.roles.hosts
        if hosts and hosts.isdisjoint(inventory.counts):
            words = f"{', '.join(sorted(hosts)[:2])} … are there, of no host that a broker is on by its instance"
            yield "hosts-unknown", f"{words}: nothing is known of the brokers' hosts"

    def again(self, client: PrometheusClient, select: str, start: int, end: int) -> bool:
        """Recognise again, since what was read is gone; whether the names are others now."""
        before, now = self.found, self._recognised(client, select, start, end)
        if now.fits_nothing or (before is not None and now.names == before.names):
            return False
        self.found = now
        return True

    def _recognised(self, client: PrometheusClient, select: str, start: int, end: int) -> Recognition:
        try:
            there = client.metric_names(select, start, end)
        except SourceError:
            # Not all that speak Prometheus' language tell labels; all answer queries.
            there = _of_maps(client, (*(self.asked or all_maps()), Names.named(PASTED)), select, start, end)
        # That some program of a server's many is not written in Java says nothing of the brokers.
        return recognised(there - NO_JVM, asked=self.asked, sidecar=self._sidecar)

    def missing(self, title: str) -> SourceError:
        """The error where there is no metric of a broker."""
        found = self.found
        if found is None or not found.metrics:
            return SourceError(f"{title} has no metric at all in that time: check prometheus.select")
        if found.is_of_brokers:
            known = " and ".join(repr(fit.names.name) for fit in found.fits)
            return SourceError(
                f"{title} has metrics of brokers, by the names of {known}, and no value of them in that time: give a "
                "time at which it scraped them, and that it still keeps"
            )
        by = f" by the names {found.asked}" if found.asked else ""
        more = " …" if found.metrics > len(found.examples) else ""
        there = f"it has {found.metrics:,} metrics ({', '.join(found.examples)}{more})"
        nearest = f", and {found.others[0].known:,} are known by {found.others[0].names.name!r}" if found.others else ""
        return SourceError(
            f"{title} has no metric of a broker{by} in that time: {there}{nearest}; check prometheus.select and "
            "prometheus.names"
        )


def _are_sidecars(client: PrometheusClient, instances: Collection[str], select: str, start: int, end: int) -> bool:
    """Whether what is scraped of brokers is shown by other programs, which say so."""
    places, look = f"instance=~{any_of(instances)}", milliseconds(end - start)
    java = selector(named([_BUILD]), _OF_PROGRAMS, places, select)
    others = selector(named(NO_JVM), places, select)
    return bool(client.instant(f"group (last_over_time({java}[{look}]) or last_over_time({others}[{look}]))", end))


def _of_maps(client: PrometheusClient, maps: Sequence[Names], select: str, start: int, end: int) -> set[str]:
    """The names that any of these maps reads."""
    pattern = "|".join(dict.fromkeys(names.pattern for names in maps))
    wanted = selector(f"__name__=~{quoted(pattern)}", select)
    found = client.instant(f"group by (__name__) (last_over_time({wanted}[{milliseconds(end - start)}]))", end)
    return {series.labels.get("__name__", "") for series in found}
