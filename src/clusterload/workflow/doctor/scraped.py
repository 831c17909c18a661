"""Exporters, each scraped once: does it answer, how large and slow is that, whose metrics are these, which are read."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from clusterload.model import units
from clusterload.model.errors import ClusterloadError, SourceError
from clusterload.model.units import Quantity
from clusterload.telemetry.sources import line as lines_of_text
from clusterload.telemetry.sources.addresses import shown
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.names.recognition import Recognition, recognised
from clusterload.telemetry.sources.translation import Translator
from clusterload.workflow.doctor.check import Area, Check, State
from clusterload.workflow.doctor.together import together

if TYPE_CHECKING:
    import httpx

    from clusterload.telemetry.sources.exporter import ExporterSource

PATIENCE: Final = 6.0
"""Seconds that one exporter may take; the source itself gives up after four."""

NAMES: Final = "names"
"""The check of whose metrics these are, and which of them are read."""

MOST_SKEW: Final = 2.0
"""Seconds by which clocks may differ without a warning: a date of HTTP is a whole second."""

# What a scrape may take of the interval without brokers being scraped less often.
_SLOW: Final = 0.5
_LARGE: Final = 10e6
_MANY: Final = 6
_NOT_BROKERS: Final = {
    "kafka_topic_partition_current_offset": "kafka_exporter, which tells of offsets and groups",
    "kafka_consumergroup_lag": "kafka_exporter, which tells of offsets and groups",
    "kminion_kafka_topic_partition_high_water_mark": "kminion, which tells of offsets and groups",
    "node_cpu_seconds_total": "a node exporter, which tells of hosts",
    "kafka_producer_producer_metrics_record_send_total": "a client, which tells of itself",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scraped:
    """One scrape.

    Attributes:
        seconds: that it took.
        size: bytes.
        text: as it came.
        metrics: the names that are there.
        ahead: seconds that the exporter's clock is ahead of ours; None where it does not say its time.
    """

    seconds: float
    size: int
    text: str = field(repr=False)
    metrics: frozenset[str] = field(repr=False)
    ahead: float | None = None


def scraped(source: ExporterSource, broker: str, url: str) -> Scraped:
    """Scrape one address once.

    Raises:
        SourceError: it does not answer, or with something else than metrics.
    """
    dates: list[str] = []

    def keep(response: httpx.Response) -> None:
        dates.append(response.headers.get("Date", ""))

    http = source.client(broker, url, event_hooks={"response": [keep]})
    try:
        began, wall = time.perf_counter(), time.time()
        body = http.send("GET", url)
        seconds, now = time.perf_counter() - began, time.time()
    finally:
        http.close()
    text = body.decode(errors="replace").removeprefix("\ufeff")
    metrics = frozenset(lines_of_text.metric_names(text))
    if why := lines_of_text.why_not(text):
        raise SourceError(f"broker {broker}: {shown(url)} sent something else than Prometheus text: {why}")
    ahead = _ahead(dates[-1] if dates else "", wall, now)
    return Scraped(seconds=seconds, size=len(body), text=text, metrics=metrics, ahead=ahead)


def checked_exporters(source: ExporterSource) -> tuple[tuple[Check, ...], Recognition]:
    """A line for each exporter that does not do what it should, and a few for all that do; and what was recognised."""
    places = [(broker, url) for broker, urls in source.endpoints.items() for url in urls]
    asked = {place: partial(_tried, source, *place) for place in places}
    found = together(asked, PATIENCE, lambda _: SourceError(f"it did not answer within {PATIENCE:g} s"))
    good = {place: scrape for place, scrape in found.items() if isinstance(scrape, Scraped)}
    remedy = "check the address after --exporter, and that the broker runs with its exporter"
    failed = [
        _check(f"exporter of broker {broker}", State.FAILED, str(error), remedy)
        for (broker, _), error in found.items()
        if not isinstance(error, Scraped)
    ]
    metrics = frozenset[str]().union(*(scrape.metrics for scrape in good.values()))
    known = recognised(metrics, asked=source.names)
    return (*failed, *_checked(good, source, known, metrics)), known


def _tried(source: ExporterSource, broker: str, url: str) -> Scraped | ClusterloadError:
    try:
        return scraped(source, broker, url)
    except ClusterloadError as error:
        return error


def _checked(
    good: Mapping[tuple[str, str], Scraped], source: ExporterSource, known: Recognition, metrics: Collection[str]
) -> Iterable[Check]:
    if not good:
        return
    yield _pace(good, source.interval)
    yield dialect(known, metrics)
    yield from _clients(good.values(), known.names, source.client_listeners)
    yield _clock({broker: scrape for (broker, _), scrape in good.items()})


def _pace(good: Mapping[tuple[str, str], Scraped], interval: float) -> Check:
    took = max(scrape.seconds for scrape in good.values())
    largest = max(scrape.size for scrape in good.values())
    size = units.text(Quantity(largest, units.BYTES), 2)
    most = " at most" if len(good) > 1 else ""
    brokers = dict.fromkeys(broker for broker, _ in good)
    words = f"{_brokers(brokers)} answer{'s' if len(brokers) == 1 else ''} with {size} in {took:.2f} s{most}"
    if took > _SLOW * interval:
        seldom = f"scrape less often (--interval {max(2, round(4 * took))}s), or narrow the rules"
        slow = f"{words}: slow for a scrape each {interval:g} s, and it costs the broker CPU"
        return _check("exporters", State.WARNING, slow, seldom)
    if largest > _LARGE:
        return _check(
            "exporters", State.WARNING, f"{words}: very large", "narrow the rules: topics, clients, quantiles"
        )
    return _check("exporters", State.OK, words)


def dialect(known: Recognition, metrics: Collection[str] = ()) -> Check:
    """Whose metrics these are, as the tool itself will read them.

    Args:
        known: what was recognised.
        metrics: the names that are there, by which other programs' are told.
    """
    whose = next((words for metric, words in _NOT_BROKERS.items() if metric in metrics), "")
    by = " and ".join(f"'{fit.names.name}'" for fit in known.fits)
    words = f"of {known.metrics:,} metrics {known.known:,} are read, by the names of {by}"
    if not known.metrics:
        return _check(NAMES, State.FAILED, "the answer is empty: it has no metric at all", _NO_METRIC)
    if known.fits_nothing or not known.is_of_brokers:
        of = f"those of {whose}" if whose else f"{known.metrics:,}, such as {', '.join(known.examples[:3])}"
        finding = f"these metrics are {of}, and of no broker"
        return _check(NAMES, State.FAILED, finding, _OTHERS if whose else _OWN_MAP)
    if unfit := next((text for kind, text in known.said() if kind == "names-unfit"), ""):
        return _check(NAMES, State.WARNING, unfit)
    return _check(NAMES, State.OK, words)


_NO_METRIC: Final = "see the exporter's own log, and that its rules do not leave out everything"
_OTHERS: Final = "give the brokers' own exporters; this one may be given in addition, or stand in the same Prometheus"
_OWN_MAP: Final = "give the brokers' own exporters; if these are, write a map of their names (docs/resources.md)"


def _clients(scrapes: Iterable[Scraped], names: Names, client_listeners: frozenset[str]) -> Iterable[Check]:
    """Which listeners are counted as the clients', by the lines that name any."""
    translator = Translator(names, client_listeners)
    wanted = {rule.listener for rule in names.rules if rule.listener}
    found = {value for scrape in scrapes for value in _listeners(scrape.text, names, wanted)}
    if not found:
        return
    ours = sorted(name for name in found if translator.is_client(name))
    others = sorted(found.difference(ours))
    words = f"{', '.join(ours) or 'none'} counted as the clients'" + (f"; {', '.join(others)} not" if others else "")
    remedy = "connections and requests are then those of no client: see docs/prometheus.md"
    yield _check("listeners", State.OK if ours else State.WARNING, words, remedy)


def _listeners(text: str, names: Names, wanted: Collection[str]) -> Iterable[str]:
    for line in text.splitlines():
        if "listener" not in line.lower() or line.startswith("#"):
            continue
        try:
            read = lines_of_text.parsed(line)
        except ValueError:
            continue
        labels = {**read.labels, **names.plain(read.name)[1]}
        yield from (labels[label] for label in wanted if labels.get(label))


def _clock(good: Mapping[str, Scraped]) -> Check:
    known = {broker: scrape.ahead for broker, scrape in good.items() if scrape.ahead is not None}
    if not known:
        return _check("clock", State.OK, "exporters do not say their time; ours is used for theirs")
    worst = max(known, key=lambda broker: abs(known[broker]))
    if abs(known[worst]) > MOST_SKEW:
        remedy = "set both by NTP: times of logs and of plans would not match"
        return _check("clock", State.WARNING, f"broker {worst}'s {said(known[worst])}", remedy)
    return _check("clock", State.OK, f"exporters agree with this machine within {MOST_SKEW:g} s")


def said(ahead: float) -> str:
    """How a clock differs, in words."""
    return f"clock is {abs(ahead):,.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"


def _ahead(date: str, before: float, after: float) -> float | None:
    """Seconds that a clock is ahead, as far as whole seconds and the round trip let that be known."""
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return None
    return theirs - after if theirs > after else min(0.0, theirs + 1 - before)


def _brokers(names: Iterable[str]) -> str:
    found: Sequence[str] = list(names)
    if len(found) == 1:
        return f"broker {found[0]}'s"
    return f"those of brokers {', '.join(found)}" if len(found) <= _MANY else f"those of {len(found)} brokers"


def _check(name: str, state: State, finding: str, remedy: str = "") -> Check:
    return Check(area=Area.METRICS, name=name, state=state, finding=finding, remedy="" if state is State.OK else remedy)
