"""A served API over a fake exporter, and a plain client that knows only the standard library."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clusterload.web.metrics_api import MetricsApi, Settings

from .asked import ID
from .exporter import Exporter


@pytest.fixture(scope="session", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder of the tests' own, so that they neither see nor stop anyone's labs."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("state")
        patch.setenv("CLUSTERLOAD_STATE", str(path))
        yield path


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


def wait_for(condition: Callable[[], object], *, timeout: float = 15.0) -> None:
    """Wait until `condition` holds; fail when it does not within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come to hold in time"
        time.sleep(0.02)
