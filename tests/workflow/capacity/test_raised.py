"""On a real cluster a search ends where arithmetic says, and what is predicted from its first step is as true."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from clusterload import Cluster
from clusterload.analysis.ceiling import Bound
from clusterload.model.errors import ConfigurationError, ConsentError, StoreError
from clusterload.model.workload import from_dials
from clusterload.workflow.capacity import Capacity, Orders, Prediction, raise_until
from clusterload.workflow.consent import Consent
from clusterload.workflow.step_search import Making
from tests.stored_runs import limits

MOST = 60
TABLE = limits(connections=f"{MOST} connections")
UNTIL = (Bound.parsed("limit_load > 90 %"),)


def orders(**changed: object) -> Orders:
    given: dict[str, object] = {
        "plan": from_dials({"connections": "30"}),
        "dial": "connections",
        "bounds": UNTIL,
        "limits": TABLE,
        "repeats": 1,
        "step_time": 4.0,
        "precision": 0.2,
        "rest": 1.0,
        "longest": 400.0,
    }
    return Orders(**{**given, **changed})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def found(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Capacity, Sequence[Making], Sequence[Prediction], Path]:
    """Connections until nine tenths of a limit of 60 are used: some 54, whatever else the machine does."""
    folder = tmp_path_factory.mktemp("capacity") / "runs"
    makings: list[Making] = []
    predictions: list[Prediction] = []
    capacity = raise_until(cluster, orders(), folder=folder, on_making=makings.append, on_prediction=predictions.append)
    return capacity, makings, predictions, folder


@pytest.mark.long
def test_a_search_ends_where_arithmetic_says(
    found: tuple[Capacity, Sequence[Making], Sequence[Prediction], Path],
) -> None:
    capacity = found[0]
    assert capacity.ceiling.known, capacity.sentence
    others = 6  # of the test's own clients on the shared lab, at the most
    assert 0.9 * MOST / 1.2 - others <= capacity.ceiling.low <= 0.9 * MOST
    assert 0.9 * MOST - others < capacity.ceiling.high <= 0.9 * MOST * 1.2 + 1


@pytest.mark.long
def test_what_the_first_step_predicts_is_what_is_measured(
    found: tuple[Capacity, Sequence[Making], Sequence[Prediction], Path],
) -> None:
    capacity, _, predictions, _ = found
    told = predictions[-1].first
    assert told is not None
    assert told.resource == "connections"
    assert abs(capacity.off) < 0.1, capacity.sentence
    assert capacity.prediction == predictions[-1]


@pytest.mark.long
def test_each_step_and_the_cluster_at_rest_leave_a_run_and_nothing_stays_on_the_cluster(
    found: tuple[Capacity, Sequence[Making], Sequence[Prediction], Path], cluster: Cluster
) -> None:
    capacity, makings, _, folder = found
    steps = capacity.ceiling.searches[0].steps
    assert [making.step is None for making in makings] == [True, False] * len(steps)
    assert {path.name for path in folder.glob("*.run")} == {
        "rest.run",
        *(f"connections-1-{number + 1:02}.run" for number in range(len(steps))),
    }
    assert not [topic.name for topic in cluster.topics() if topic.name.startswith("clusterload-step")]


def test_time_that_is_over_ends_it_and_says_at_least(cluster: Cluster, tmp_path: Path) -> None:
    plan = from_dials({"request_rate": "20/s"})
    capacity = raise_until(cluster, orders(plan=plan, dial="", longest=4.0, step_time=2.0), folder=tmp_path / "runs")
    assert not capacity.ceiling.known
    assert "the 4 s that it may take at the longest were over" in capacity.measured_words


def test_a_cluster_that_is_no_lab_is_not_loaded_without_a_yes(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERLOAD_STATE", str(tmp_path / "nobody"))
    with pytest.raises(ConsentError, match=f"--yes-cluster {cluster.id} to find its capacity"):
        raise_until(cluster, orders(), folder=tmp_path / "runs")
    beyond = Consent(cluster_id=cluster.id, caps={"duration": 1.0})
    with pytest.raises(ConsentError, match="connections cannot be driven up"):
        raise_until(cluster, orders(), folder=tmp_path / "runs", sources=(object(),), consented=beyond)  # type: ignore[arg-type]


def test_a_limit_load_cannot_be_bounded_without_metrics(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="needs metrics"):
        raise_until(cluster, orders(), folder=tmp_path / "runs", sources=())


def test_a_folder_that_holds_runs_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "old.run").touch()
    with pytest.raises(StoreError, match="holds runs already"):
        raise_until(cluster, orders(), folder=tmp_path)
