"""Exporters, each scraped once: does it answer, how large and slow is that, whose metrics are these, which are read."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from clusterload.model import units
from clusterload.model.errors import ClusterloadError, SourceError
from clusterload.model.units import Quantity
from clusterload.telemetry.sources.exposition import sample
from clusterload.telemetry.sources.names import Names, table_names
from clusterload.telemetry.sources.translation import Translator
from clusterload.telemetry.sources.transport import HttpClient, RetryPolicy, Server
from clusterload.workflow.doctor.check import Area, Check, State
from clusterload.workflow.doctor.together import together

if TYPE_CHECKING:
    import httpx

PATIENCE: Final = 4.0
"""Seconds that one exporter may take."""

NAMES: Final = "names"
"""The check of whose metrics these are, and which of them are read."""

MOST_SKEW: Final = 2.0
"""Seconds by which clocks may differ without a warning: a date of HTTP is a whole second."""

# What a scrape may take of the interval without brokers being scraped less often.
_SLOW: Final = 0.5
_LARGE: Final = 10e6
_FEW_READ: Final = 3
_MANY: Final = 6
_NOT_BROKERS: Final = {
    "kafka_topic_partition_current_offset": "kafka_exporter, which tells of offsets and groups",
    "kafka_consumergroup_lag": "kafka_exporter, which tells of offsets and groups",
    "kminion_kafka_topic_partition_high_water_mark": "kminion, which tells of offsets and groups",
    "node_cpu_seconds_total": "a node exporter, which tells of hosts",
    "kafka_producer_producer_metrics_record_send_total": "a client's, which tells of that client",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scraped:
    """One scrape.

    Attributes:
        seconds: that it took.
        size: bytes.
        lines: of values.
        metrics: how many lines each metric name has.
        listeners: that occur in labels, and whether they are taken for the clients'.
        ahead: seconds that the exporter's clock is ahead of ours; None where it does not say its time.
    """

    seconds: float
    size: int
    lines: int
    metrics: Mapping[str, int]
    listeners: Mapping[str, bool] = field(default_factory=dict)
    ahead: float | None = None


def scraped(broker: str, url: str, names: Names, client_listeners: frozenset[str]) -> Scraped:
    """Scrape an exporter once.

    Raises:
        SourceError: it does not answer, or with something else than metrics.
    """
    about = f"broker {broker}: {shown(url)}"
    dates: list[str] = []

    def keep(response: httpx.Response) -> None:
        dates.append(response.headers.get("Date", ""))

    server = Server(
        name=about,
        refusal=lambda _, said: SourceError(f"{about} rejects the scrape ({said})"),
        smaller="it has too many topics or clients to be read this way; narrow its rules",
    )
    policy = RetryPolicy(timeout=PATIENCE, deadline=PATIENCE, attempts=1)
    with HttpClient(server, policy, trust_env=False, event_hooks={"response": [keep]}) as http:
        began, wall = time.perf_counter(), time.time()
        body = http.send("GET", url)
        seconds, now = time.perf_counter() - began, time.time()
    text = body.decode(errors="replace")
    found = _metrics(text, about)
    return Scraped(
        seconds=seconds,
        size=len(body),
        lines=sum(found.values()),
        metrics=found,
        listeners=_listeners(text, names, client_listeners),
        ahead=_ahead(dates[-1] if dates else "", wall, now),
    )


def checked_exporters(
    endpoints: Mapping[str, str], names: Names, client_listeners: frozenset[str], interval: float
) -> tuple[Check, ...]:
    """A line for each exporter that does not do what it should, and one for all that do."""
    asked = {
        broker: lambda broker=broker, url=url: _tried(broker, url, names, client_listeners)
        for broker, url in endpoints.items()
    }
    late = SourceError(f"it did not answer within {PATIENCE:g} s")
    found = together(asked, PATIENCE + 2, lambda _: late)
    good = {broker: scrape for broker, scrape in found.items() if isinstance(scrape, Scraped)}
    failed = [
        _check(
            f"exporter of broker {broker}",
            State.FAILED,
            str(error),
            "check the address after --exporter, and that it is up",
        )
        for broker, error in found.items()
        if not isinstance(error, Scraped)
    ]
    return (*failed, *_checked(good, names, interval))


def _tried(broker: str, url: str, names: Names, client_listeners: frozenset[str]) -> Scraped | ClusterloadError:
    try:
        return scraped(broker, url, names, client_listeners)
    except ClusterloadError as error:
        return error


def _checked(good: Mapping[str, Scraped], names: Names, interval: float) -> Iterable[Check]:
    if not good:
        return
    slowest = max(good, key=lambda broker: good[broker].seconds)
    largest = max(scrape.size for scrape in good.values())
    yield _pace(good, slowest, largest, interval)
    yield _dialect(good, names)
    yield from _clients(good)
    yield _clock(good)


def _pace(good: Mapping[str, Scraped], slowest: str, largest: int, interval: float) -> Check:
    took = good[slowest].seconds
    size = units.text(Quantity(largest, units.BYTES), 2)
    lines = max(scrape.lines for scrape in good.values())
    words = f"{_brokers(good)}: {lines:,} lines, {size}, in {took:.2f} s" + (" at most" if len(good) > 1 else "")
    if took > _SLOW * interval:
        remedy = (
            f"scrape less often (--interval {max(2, round(4 * took))}s), or narrow the rules; it costs the broker CPU"
        )
        return _check("exporters", State.WARNING, f"{words}: slow for a scrape each {interval:g} s", remedy)
    if largest > _LARGE:
        return _check(
            "exporters", State.WARNING, f"{words}: very large", "narrow the rules: topics, clients, quantiles"
        )
    return _check("exporters", State.OK, words)


def _dialect(good: Mapping[str, Scraped], names: Names) -> Check:
    metrics = Counter[str]()
    for scrape in good.values():
        metrics.update(dict.fromkeys(scrape.metrics, 1))
    read = _read_by(names, metrics)
    if whose := next((words for metric, words in _NOT_BROKERS.items() if metric in metrics and read < _FEW_READ), ""):
        return _check(
            NAMES,
            State.FAILED,
            f"these metrics are those of {whose}, and of no broker",
            "give the brokers' own exporters; this one may stand beside them in a Prometheus",
        )
    best = max(table_names(), key=lambda table: _read_by(Names.named(table), metrics))
    most = _read_by(Names.named(best), metrics)
    words = f"of {len(metrics):,} metrics {read:,} are read by the names of {names.name}"
    if read < _FEW_READ and most < _FEW_READ:
        first = ", ".join(sorted(metrics)[:3])
        return _check(NAMES, State.FAILED, f"{words}, and no map reads more (it has {first}, …)", _OWN_MAP)
    if most > read:
        return _check(NAMES, State.WARNING, f"{words}, {most:,} by those of {best}", f"read it with --names {best}")
    return _check(NAMES, State.OK, words)


_OWN_MAP: Final = "is it a broker's exporter? If so, write a map of names (docs/resources.md), or paste the rules below"


def _read_by(names: Names, metrics: Iterable[str]) -> int:
    """How many of these metrics a map reads; those that every process has do not count."""
    return sum(names.reads(metric) for metric in metrics if not metric.startswith(("process_", "jvm_")))


def _clients(good: Mapping[str, Scraped]) -> Iterable[Check]:
    listeners = {name: client for scrape in good.values() for name, client in scrape.listeners.items()}
    if not listeners:
        return
    ours, others = ([name for name, client in listeners.items() if client is wanted] for wanted in (True, False))
    words = f"{', '.join(sorted(ours)) or 'none'} counted as the clients'"
    words += f"; {', '.join(sorted(others))} not" if others else ""
    state = State.OK if ours else State.WARNING
    yield _check("listeners", state, words, "connections and requests are those of no client: see docs/prometheus.md")


def _clock(good: Mapping[str, Scraped]) -> Check:
    known = {broker: scrape.ahead for broker, scrape in good.items() if scrape.ahead is not None}
    if not known:
        return _check("clock", State.OK, "exporters do not say their time; ours is used for theirs")
    worst = max(known, key=lambda broker: abs(known[broker]))
    if abs(known[worst]) > MOST_SKEW:
        return _check(
            "clock",
            State.WARNING,
            f"broker {worst}'s {said(known[worst])}",
            "set both by NTP: times of logs would not match",
        )
    return _check("clock", State.OK, f"exporters agree with this machine within {MOST_SKEW:g} s")


def said(ahead: float) -> str:
    """How a clock differs, in words."""
    return f"clock is {abs(ahead):,.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"


def shown(url: str) -> str:
    """A URL without a login or a query that it may hold."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _metrics(text: str, about: str) -> Counter[str]:
    found = Counter[str]()
    for line in text.splitlines():
        name = line.partition("{")[0].partition(" ")[0].strip()
        if name and not name.startswith("#"):
            found[name] += 1
    looks_like_html = text.lstrip()[:1] == "<"
    if not found or looks_like_html:
        what = "a web page (is a login asked for?)" if looks_like_html else "nothing"
        raise SourceError(f"{about} answers with {what} instead of metrics")
    return found


def _listeners(text: str, names: Names, client_listeners: frozenset[str]) -> dict[str, bool]:
    translator, found = Translator(names, client_listeners), dict[str, bool]()
    wanted = {rule.listener for rule in names.rules if rule.listener}
    for line in text.splitlines():
        if "listener" not in line.lower() or line.startswith("#"):
            continue
        try:
            read = sample(line)
        except ValueError:
            continue
        labels = {**read.labels, **names.plain(read.name)[1]}
        for label in wanted:
            if value := labels.get(label):
                found[value] = translator.is_client(value)
    return found


def _ahead(date: str, before: float, after: float) -> float | None:
    """Seconds that a clock is ahead, as far as whole seconds and the round trip let that be known."""
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return None
    return theirs - after if theirs > after else min(0.0, theirs + 1 - before)


def _brokers(of: Iterable[str]) -> str:
    names = list(of)
    return (
        f"broker {names[0]}"
        if len(names) == 1
        else f"brokers {', '.join(names)}"
        if len(names) <= _MANY
        else f"{len(names)} brokers"
    )


def _check(name: str, state: State, finding: str, remedy: str = "") -> Check:
    return Check(area=Area.METRICS, name=name, state=state, finding=finding, remedy="" if state is State.OK else remedy)
