"""A run's live figures for Prometheus to scrape on this machine's own address, in base units that their names say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from clusterload.model.ledger import Fate
from clusterload.server.local_only import LOOPBACK, Nearby, Serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client.metrics_core import Metric
    from starlette.requests import Request

    from clusterload.model.units import Unit
    from clusterload.workflow.live import Snapshot
    from clusterload.workflow.live.snapshot import LoadNow, Metrics


_BASES: Final = {"time": "seconds", "ratio": "ratio", "bytes": "bytes"}
"""What Prometheus calls the base units; other things are counted, and called by their name."""


class Collected(Collector):
    """Gives the newest snapshot to a registry."""

    def __init__(self, newest: Callable[[], Snapshot | None]) -> None:
        """Collect from what this tells, which is None before there is any."""
        self._newest = newest

    def collect(self) -> Iterator[Metric]:
        """The families of the newest snapshot; a figure that is not known is left out."""
        snapshot = self._newest()
        if snapshot is not None:
            yield from exposed(snapshot)


def exposed(snapshot: Snapshot) -> Iterator[Metric]:
    """A snapshot as families of metrics."""
    yield _gauge("run_info", "What is run or watched.", {"title": snapshot.title}, 1.0)
    yield _gauge("run_ended", "1 when it is over.", {}, float(bool(snapshot.ended)))
    yield _gauge("run_elapsed_seconds", "For how long it has gone on.", {}, snapshot.elapsed)
    yield _gauge("run_left_seconds", "How long it will still go on, if that is known.", {}, snapshot.left)
    yield from _load_families(snapshot.loads)
    if snapshot.metrics is not None:
        yield from _cluster_families(snapshot.metrics)
    yield _gauges(
        "finding_confidence_ratio", "How likely a cause that holds is right.", ("cause", "firm"),
        (((finding.cause, str(finding.firm).lower()), finding.confidence) for finding in snapshot.judgement.findings),
    )  # fmt: skip


def _load_families(loads: Iterable[LoadNow]) -> Iterator[Metric]:
    every = tuple(loads)
    records = CounterMetricFamily(
        "clusterload_ledger", "What became of what was scheduled.", labels=("load", "unit", "fate")
    )
    scheduled = CounterMetricFamily("clusterload_scheduled", "What fell due.", labels=("load", "unit"))
    late = CounterMetricFamily("clusterload_late", "What was sent after its bound.", labels=("load", "unit"))
    for load in every:
        key = (load.name, load.ledger.unit)
        scheduled.add_metric(key, load.ledger.scheduled)
        late.add_metric(key, load.ledger.late)
        for fate in Fate:
            records.add_metric((*key, fate.value), getattr(load.ledger, fate.value))
    yield from (records, scheduled, late)
    yield _gauges(
        "latency_seconds", "Latency of the last second, from when it was due.", ("load", "quantile"),
        (((load.name, at), value) for load in every for at, value in (("0.5", load.p50), ("0.99", load.p99))),
    )  # fmt: skip
    yield from _dials(every)


def _dials(loads: Iterable[LoadNow]) -> Iterator[Metric]:
    """What dials ask for and came to: a family for each unit, for a family has one."""
    found: dict[str, list[tuple[tuple[str, str], float]]] = {}
    for load in loads:
        for dial in load.dials:
            for word, value in (("asked", dial.asked), ("achieved", dial.achieved)):
                name = f"dial_{word}_{_thing(dial.unit)}"
                found.setdefault(name, []).append(((load.name, dial.dial), value * dial.unit.factor))
    for name, samples in sorted(found.items()):
        yield _gauges(name, "What a dial asks for, or what it came to in the last second.", ("load", "dial"), samples)


def _cluster_families(metrics: Metrics) -> Iterator[Metric]:
    yield _gauge("metrics_timestamp_seconds", "When the cluster's newest figures are of.", {}, metrics.time / 1e9)
    named = {"limits": metrics.limits}
    yield _gauge("limit_load_ratio", "The largest share of a limit, of which 1 is it.", named, metrics.limit_load)
    yield _gauges(
        "limit_share_ratio", "A resource as a share of a limit.", ("resource", "broker", "part", "limit", "source"),
        (
            (
                (
                    held.resource.name, held.broker, held.part, f"{held.limit.words} of {held.limit.of}",
                    held.limit.source,
                ),
                held.now,
            )
            for held in metrics.shares
        ),
    )  # fmt: skip
    yield _gauges(
        "busy_ratio", "How busy a part of a broker is.", ("resource", "broker"),
        (((level.resource.name, level.broker), level.now) for level in metrics.busy),
    )  # fmt: skip
    for level in (*metrics.lines, *metrics.alarms):
        name = level.resource.name
        of = _thing(level.unit)
        # `connections` of connections need not be said twice.
        plain = of.removesuffix("_per_second")
        suffix = of if plain in _BASES.values() else of.removeprefix(plain).strip("_")
        yield _gauge(
            "_".join(filter(None, ("cluster", name, suffix))), level.resource.title, {}, level.now * level.unit.factor
        )


def _thing(unit: Unit) -> str:
    return f"{_BASES.get(unit.thing, unit.thing)}{'_per_second' if unit.per_second else ''}"


def _gauge(name: str, words: str, labels: Mapping[str, str], value: float) -> GaugeMetricFamily:
    return _gauges(name, words, tuple(labels), ((tuple(labels.values()), value),))


def _gauges(
    name: str, words: str, labels: tuple[str, ...], samples: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    made = GaugeMetricFamily(f"clusterload_{name}", words, labels=labels)
    # Two limits in the same words are one Series: a page that has one twice cannot be read at all.
    for key, value in dict(samples).items():
        if not math.isnan(value):
            made.add_metric(key, value)
    return made


PATH: Final = "/metrics"


class Exposition:
    """A served application; a context manager that gives what takes each snapshot."""

    def __init__(self, port: int = 0) -> None:
        """Take a port, any free one if it is 0; ConfigurationError if it is taken."""
        self._serving = Serving(port, "--expose")
        self._newest: Snapshot | None = None

    @property
    def url(self) -> str:
        """What Prometheus is to scrape."""
        return f"http://{LOOPBACK}:{self._serving.port}{PATH}"

    def __enter__(self) -> Callable[[Snapshot], None]:
        self._serving.start(application(lambda: self._newest, self._serving.port), "application")
        return self.take

    def __exit__(self, *_: object) -> None:
        self._serving.stop()

    def take(self, snapshot: Snapshot) -> None:
        """Expose this from now on."""
        self._newest = snapshot


def application(newest: Callable[[], Snapshot | None], port: int) -> Starlette:
    """The application that exposes what `newest` tells, for a port of this machine."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collected(newest))

    async def scraped(request: Request) -> Response:
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        # Not as `media_type`, to which Starlette would add a charset that the format has already.
        return Response(encode(registry), headers={"content-type": kind})

    return Starlette(routes=[Route(PATH, scraped)], middleware=[Middleware(Nearby, port=port)])
