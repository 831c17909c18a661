"""Watching a cluster: what is seen live is what the run file holds, and no load of ours is in it."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from clusterload import Cluster, Lab, Limits, Run, assess, read_run, watch
from clusterload.errors import ConfigurationError
from clusterload.series import SECOND
from clusterload.sources.exporter import ExporterSource
from tests.engines.wire.driving import wire_load


def test_metrics_of_a_past_stretch_can_be_read_without_a_load(cluster: Cluster, tmp_path: Path) -> None:
    recorded = watch(cluster, seconds=4, path=tmp_path / "watched.run")
    middle = recorded.between(recorded.start + 1_000_000_000, recorded.end - 1_000_000_000)
    line = assess(middle, Limits.named("course-basic")).line("connections")
    assert recorded.plan is None
    assert line is not None
    assert line.known == 1


def test_one_broker_that_cannot_be_scraped_does_not_hide_the_others(cluster: Cluster, lab: Lab, tmp_path: Path) -> None:
    endpoints = {str(broker): url for broker, url in lab.exporters.items()} | {"3": "http://127.0.0.1:9/metrics"}
    run = watch(cluster, seconds=3, sources=(ExporterSource(endpoints),), path=tmp_path / "r.run")
    assert {one.labels["broker"] for one in run.named("connections")} == {"1", "2"}


