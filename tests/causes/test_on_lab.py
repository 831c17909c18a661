"""On real brokers: what a load was made to be is what is found, against the rest before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterload import Cluster, Dials, Load, Plan, Run, assess, diagnose, measure, watch
from clusterload.finding import Finding

from .scenes import NO_LIMITS

SECONDS = 12.0


@pytest.fixture(scope="module")
def rest(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The lab as it is without a load of this file."""
    return watch(cluster, seconds=8.0, path=tmp_path_factory.mktemp("rest") / "rest.run")


def found(cluster: Cluster, rest: Run, path: Path, **dials: object) -> list[Finding]:
    load = Load(name="suspect", topic="clusterload-causes", engine="wire", dials=Dials.parsed(dials))
    run = measure(Plan(name="causes", loads=(load,), duration=SECONDS), cluster, path=path)
    # However busy the machine is: what was made of the load is what brokers were asked for.
    return list(diagnose(run, assess(run, NO_LIMITS), rest).findings)


def test_a_record_a_request_is_small_batches(cluster: Cluster, rest: Run, tmp_path: Path) -> None:
    findings = found(cluster, rest, tmp_path / "a.run", record_rate="600/s", records_per_request=1, record_size="100 B")
    assert [one.cause for one in findings][:1] == ["small-batches"]
    assert ("topic", "clusterload-causes") in {(one.kind, one.name) for one in findings[0].culprits}


def test_many_clients_that_each_send_a_little_are_many_connections(cluster: Cluster, rest: Run, tmp_path: Path) -> None:
    findings = found(
        cluster, rest, tmp_path / "b.run",
        connections=150, request_rate="150/s", records_per_request=4, record_size="500 B",
    )  # fmt: skip
    assert [one.cause for one in findings][:1] == ["connections"]
