"""Loads of the wire engine driven by themselves, without sources or a judgement."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from clusterload.generator.progress import GeneratedLoad
from clusterload.generator.wire.engine import prepared_loads
from clusterload.kafka.properties import Properties
from clusterload.model.histogram import Histogram
from clusterload.model.ledger import Ledger
from clusterload.model.workload import Dials, Load
from clusterload.telemetry.runfile import Recorder, new_id, read_run


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """A load that was made, with what was kept of it."""

    path: Path
    made: GeneratedLoad
    documents: dict[str, Any]
    latency: Callable[[str, str], Histogram]

    @property
    def ledger(self) -> Ledger:
        """The only Load's account."""
        (ledger,) = self.made.ledgers
        return ledger

    @property
    def slowest(self) -> float:
        """Seconds that the generator's event loop was late at most, or that an answer took."""
        lag = [float(max(series.values)) for series in read_run(self.path).series if series.name == "generator_lag"]
        answers = [self.latency(load, "sent") for load in self.documents["wire"]]
        return max(max(lag) / 1e3, *(histogram.quantile(1.0) / 1e6 for histogram in answers if histogram.count), 0.0)

    @property
    def wire(self) -> dict[str, Any]:
        """What the engine says of the only Load."""
        (traffic,) = self.documents["wire"].values()
        return dict(traffic)


WAITED: Final = 1_900_000
"""Microseconds of latency that show that something had to wait for as long as the engine waits for its turn."""


def all_but_dropped(driven: Driven) -> int:
    """How much of what fell due was acknowledged: all, on a machine that has time for it.

    Dropped is what waited two seconds for its turn. Then what was before it took as long, which its latency shows.
    """
    ledger = driven.ledger
    assert ledger.balanced, ledger
    assert ledger.acknowledged + ledger.dropped == ledger.scheduled, ledger
    assert not ledger.dropped or driven.latency(ledger.load, "due").quantile(1.0) > WAITED, ledger
    assert ledger.acknowledged > 0, ledger
    return ledger.acknowledged


def wire_load(topic: str, kind: str = "produce", **dials: str) -> Load:
    """A Load of the wire engine."""
    return Load(name=kind, kind=kind, engine="wire", topic=topic, dials=Dials.parsed(dials))


def drive(
    servers: str | Properties,
    folder: Path,
    *loads: Load,
    seconds: float = 3.0,
    meanwhile: Callable[[], None] | None = None,
    workers: int | None = None,
    seed: int = 7,
    executor: Executor | None = None,
) -> Driven:
    """Make a load on these servers, or by these properties; `meanwhile` runs in a thread from its beginning on."""
    properties = Properties(values={"bootstrap.servers": servers}) if isinstance(servers, str) else servers
    path = folder / f"{new_id()}.run"
    with (
        Recorder(path) as recorder,
        prepared_loads(loads, seconds, properties, recorder, seed=seed, workers=workers, executor=executor) as ready,
    ):
        ready.begin()
        thread = threading.Thread(target=meanwhile or (lambda: None))
        thread.start()
        made = ready.join()
        thread.join()
    return Driven(path=path, made=made, documents=ready.account.documents(), latency=ready.account.latency)
