"""The Metrics API of a lab: a process that the lab's supervisor owns, and that ends with it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clusterload.lab import registry
from clusterload.lab.client_file import ADDED, write
from clusterload.model.errors import ClusterloadError, LabError
from clusterload.model.paths import write_private
from clusterload.server.metrics_api.service import MetricsApi, Settings

if TYPE_CHECKING:
    from clusterload.lab.lab import Lab

LOG: Final = "metrics-api"
_FAILED: Final = "clusterload: "
_ORDERS: Final = "metrics-api.json"
_PATIENCE_SECONDS: Final = 20.0
_TICK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Orders:
    cluster_id: str
    lateness: int
    port: int


def serve_for_lab(lab: Lab, *, cluster_id: str | None = None, lateness: int = 0, port: int = 0) -> None:
    """Have a running lab serve its Metrics API too, and say so in its `client.properties`.

    Args:
        lab: which.
        cluster_id: the id that the API answers to; by default the cluster's own.
        lateness: minutes; data younger than that is not answered.
        port: to listen on; 0 for any free one.

    Raises:
        LabError: the API did not start.
    """
    orders = _Orders(cluster_id=cluster_id or lab.cluster_id, lateness=lateness, port=port)
    config = lab.folder / "config"
    write_private(config / _ORDERS, json.dumps(asdict(orders)))
    # The mark makes it one of the lab's processes, which `lab down` finds and ends even without a supervisor.
    lab.attach(LOG, [sys.executable, "-P", "-m", __package__, f"{registry.MARKER}{lab.folder}"])
    _await(config / ADDED, lab.folder / "logs" / f"{LOG}.log")
    write(lab.info)


def _await(ready: Path, log: Path) -> None:
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while not ready.exists():
        text = log.read_text(encoding="utf-8", errors="replace").strip() if log.exists() else ""
        if _FAILED in text or time.monotonic() > give_up:
            reason = text.partition(_FAILED)[2] or f"its log is {log}; start the lab again"
            raise LabError(f"the lab's Metrics API did not start: {reason}")
        time.sleep(0.05)


def main(words: list[str]) -> int:
    """Serve the lab whose folder the first word names, until the supervisor ends or says so; the exit code."""
    folder = Path(words[0].removeprefix(registry.MARKER))
    supervisor, told = os.getppid(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    try:
        with MetricsApi(_settings(folder)) as api:
            write_private(folder / "config" / ADDED, api.properties)
            while not told.wait(_TICK_SECONDS) and os.getppid() == supervisor:
                pass
    except ClusterloadError as error:
        sys.stderr.write(f"{_FAILED}{error}\n")
        return error.exit_code
    return 0


def _settings(folder: Path) -> Settings:
    record = registry.read(folder)
    if record is None:
        raise LabError(f"{folder} is not the folder of a running lab")
    orders = _Orders(**json.loads((folder / "config" / _ORDERS).read_text(encoding="utf-8")))
    return Settings(
        cluster_id=orders.cluster_id,
        exporters={str(broker.id): broker.exporter_url for broker in record.info.brokers},
        history=folder / "data" / "metrics.history",
        client_listeners=record.info.client_listeners,
        lateness=orders.lateness,
        port=orders.port,
    )
