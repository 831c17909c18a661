"""On real brokers: what a load was made to be is what is found, against the rest before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterload import Cluster, Dials, Load, Plan, Run, assess, diagnose, measure, watch
from clusterload.analysis.finding import Finding

from .scenes import NO_LIMITS

SECONDS, ATTEMPTS, MADE = 12.0, 4, 0.8


@pytest.fixture(scope="module")
def rest(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The lab as it is without a load of this file."""
    return watch(cluster, seconds=8.0, path=tmp_path_factory.mktemp("rest") / "rest.run")


def found(cluster: Cluster, rest: Run, folder: Path, **dials: object) -> list[Finding] | None:
    """What is found of a load; made again a few times where the machine was too busy to make it.

    Where it never was, the verdict has to say so, and there is nothing to be found.
    """
    load = Load(name="suspect", topic="clusterload-causes", engine="wire", dials=Dials.parsed(dials))
    plan = Plan(name="causes", loads=(load,), duration=SECONDS)
    for attempt in range(ATTEMPTS):
        run = measure(plan, cluster, path=folder / f"{attempt}.run")
        if run.ledgers[0].acknowledged >= MADE * run.ledgers[0].scheduled:
            return list(diagnose(run, assess(run, NO_LIMITS), rest).findings)
    assert any("load 'suspect'" in line for line in diagnose(run, assess(run, NO_LIMITS), rest).missing)
    return None


def test_a_record_a_request_is_small_batches(cluster: Cluster, rest: Run, tmp_path: Path) -> None:
    findings = found(cluster, rest, tmp_path, record_rate="600/s", records_per_request=1, record_size="100 B")
    if findings is None:
        return
    assert [finding.cause for finding in findings][:1] == ["small-batches"]
    assert ("topic", "clusterload-causes") in {(culprit.kind, culprit.name) for culprit in findings[0].culprits}


@pytest.mark.long
def test_many_clients_that_each_send_a_little_are_many_connections(cluster: Cluster, rest: Run, tmp_path: Path) -> None:
    findings = found(
        cluster, rest, tmp_path,
        connections=150, request_rate="150/s", records_per_request=4, record_size="500 B",
    )  # fmt: skip
    assert findings is not None
    assert [finding.cause for finding in findings][:1] == ["connections"]
