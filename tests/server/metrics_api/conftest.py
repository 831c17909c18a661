"""A served API over a fake exporter, and a plain client that knows only the standard library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterload.server.metrics_api import MetricsApi, Settings
from tests.scripted_exporter import Exporter

from .asked import ID


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    """One broker's exporter."""
    with Exporter() as started:
        yield started


@pytest.fixture
def api(exporter: Exporter, tmp_path: Path) -> Iterator[MetricsApi]:
    """A served API that scrapes that exporter all the time."""
    settings = Settings(cluster_id=ID, exporters={"1": exporter.url}, history=tmp_path / "h", interval=0.05)
    with MetricsApi(settings) as served:
        yield served
