"""What the tests of commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clusterload import Cluster
from clusterload.cli import main
from clusterload.kafka.admin import remove_topic

Called = Callable[..., tuple[int, str, str]]


@pytest.fixture
def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Called:
    """Call `clusterload` within this process, in a folder of the test's own; its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["clusterload", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, printed.out, printed.err

    return call


@pytest.fixture(scope="module")
def tidy(cluster: Cluster) -> Iterator[None]:
    """Topics that tests make are gone after them: many partitions would bind where other tests look."""
    before = {topic.name for topic in cluster.topics()}
    yield
    for topic in cluster.topics():
        if topic.name not in before and not topic.name.startswith("__"):
            remove_topic(cluster, topic.name)
