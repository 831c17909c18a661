"""What all tests share: a state folder of their own, and one lab of three brokers for the session."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from clusterload import Cluster, Lab, Properties
from clusterload.lab import broker
from clusterload.lab.listeners import PROTOCOLS

Tool = Callable[..., "subprocess.CompletedProcess[str]"]
PROGRAM = str(Path(sys.executable).parent / "clusterload")

# A failing random case is printed with what repeats it; the machine may be busy, so time is no failure.
settings.register_profile("clusterload", print_blob=True, deadline=None)
settings.load_profile("clusterload")


@pytest.fixture(scope="session", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder of the tests' own, so that they neither see nor stop anyone's labs."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("state")
        patch.setenv("CLUSTERLOAD_STATE", str(path))
        yield path


@pytest.fixture(scope="session")
def lab(state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Three brokers, shared: produce and read as you like, but stop nothing."""
    with Lab(3, directory=tmp_path_factory.mktemp("lab")) as started:
        yield started


@pytest.fixture(scope="session")
def exporter_rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the exporter of `secure_lab` reads its rules from, and again when it changes: put back what was there."""
    rules = tmp_path_factory.mktemp("rules") / "exporter.yml"
    rules.write_text(broker.RULES.read_text(encoding="utf-8"), encoding="utf-8")
    return rules


@pytest.fixture(scope="session")
def secure_lab(state: Path, exporter_rules: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One broker with every listener, shared: its logins last an hour; stop nothing."""
    config = {"connections.max.reauth.ms": "3600000"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(broker, "RULES", exporter_rules)
        with Lab(1, listeners=tuple(PROTOCOLS), config=config, directory=tmp_path_factory.mktemp("secure")) as started:
            yield started


@pytest.fixture(scope="session")
def observed_lab(state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Three brokers that Jolokia and a Prometheus server show too, scraped each second, shared: stop nothing."""
    with Lab(3, jolokia=True, prometheus=True, directory=tmp_path_factory.mktemp("observed")) as started:
        yield started


@pytest.fixture(scope="session")
def cluster(lab: Lab) -> Cluster:
    """The shared lab as its clients see it."""
    return Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers}, origin="the lab"))


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    """Run `clusterload` with arguments in an empty folder, and give back what it printed and its exit code."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *arguments], capture_output=True, text=True, cwd=tmp_path, timeout=600, check=False
        )

    return run
