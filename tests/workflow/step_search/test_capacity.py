"""On a real cluster a search ends where arithmetic says, and what is predicted from its first step is as true."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from clusterload import Cluster
from clusterload.analysis.ceiling import Capacity, Prediction
from clusterload.model.errors import ConfigurationError, ConsentError, StoreError
from clusterload.model.workload import from_dials
from clusterload.workflow.consent import Consent
from clusterload.workflow.step_search import SearchOptions, StepProgress
from clusterload.workflow.step_search.capacity import find_capacity
from tests.stored_runs import limits

MOST = 60
TABLE = limits(connections=f"{MOST} connections")
UNTIL = "limit_load > 90 %"
PLAN = from_dials({"connections": "30"})


def options(longest: float = 400.0, step_time: float = 4.0) -> SearchOptions:
    return SearchOptions(repeats=1, step_time=step_time, precision=0.2, rest=1.0, longest=longest)


def found_on(cluster: Cluster, folder: Path, **more: object) -> Capacity:
    """How many connections there can be."""
    given: dict[str, object] = {"dial": "connections", "options": options(), **more}
    return find_capacity(cluster, PLAN, UNTIL, TABLE, folder=folder, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def found(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Capacity, Sequence[StepProgress], Sequence[Prediction], Path]:
    """Connections until nine tenths of a limit of 60 are used: some 54, whatever else the machine does."""
    folder = tmp_path_factory.mktemp("capacity") / "runs"
    progress: list[StepProgress] = []
    predictions: list[Prediction] = []
    capacity = found_on(cluster, folder, on_step=progress.append, on_prediction=predictions.append)
    return capacity, progress, predictions, folder


@pytest.mark.long
def test_a_search_ends_where_arithmetic_says(
    found: tuple[Capacity, Sequence[StepProgress], Sequence[Prediction], Path],
) -> None:
    capacity = found[0]
    assert capacity.ceiling.known, capacity.sentence
    others = 6  # of the test's own clients on the shared lab, at the most
    assert 0.9 * MOST / 1.2 - others <= capacity.ceiling.low <= 0.9 * MOST
    assert 0.9 * MOST - others < capacity.ceiling.high <= 0.9 * MOST * 1.2 + 1


@pytest.mark.long
def test_what_the_first_step_predicts_is_what_is_measured(
    found: tuple[Capacity, Sequence[StepProgress], Sequence[Prediction], Path],
) -> None:
    capacity, _, predictions, _ = found
    told = predictions[-1].first
    assert told is not None
    assert told.resource == "connections"
    assert abs(capacity.off) < 0.1, capacity.sentence
    assert capacity.prediction == predictions[-1]


@pytest.mark.long
def test_each_step_and_the_cluster_at_rest_leave_a_run_and_nothing_stays_on_the_cluster(
    found: tuple[Capacity, Sequence[StepProgress], Sequence[Prediction], Path], cluster: Cluster
) -> None:
    capacity, progress, _, folder = found
    steps = capacity.ceiling.searches[0].steps
    assert [progress.step is None for progress in progress] == [True, False] * len(steps)
    assert {path.name for path in folder.glob("*.run")} == {
        "rest.run",
        *(f"connections-1-{number + 1:02}.run" for number in range(len(steps))),
    }
    assert not [topic.name for topic in cluster.topics() if topic.name.startswith("clusterload-step")]


def test_time_that_is_over_ends_it_and_says_at_least(cluster: Cluster, tmp_path: Path) -> None:
    plan = from_dials({"request_rate": "20/s"})
    capacity = find_capacity(
        cluster, plan, [UNTIL], TABLE, options=options(longest=4.0, step_time=2.0), folder=str(tmp_path / "runs")
    )
    assert not capacity.ceiling.known
    assert "the 4 s that it may take at the longest were over" in capacity.measured_words


def test_a_cluster_that_is_no_lab_is_not_loaded_without_a_yes(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERLOAD_STATE", str(tmp_path / "nobody"))
    with pytest.raises(ConsentError, match=f"--yes-cluster {cluster.id} to find its capacity"):
        found_on(cluster, tmp_path / "runs")
    beyond = Consent(cluster_id=cluster.id, caps={"duration": 1.0})
    with pytest.raises(ConsentError, match="connections cannot be raised"):
        found_on(cluster, tmp_path / "runs", sources=(object(),), consented=beyond)


def test_a_limit_load_cannot_be_bounded_without_metrics(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="needs metrics"):
        found_on(cluster, tmp_path / "runs", sources=())


def test_a_folder_that_holds_runs_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "old.run").touch()
    with pytest.raises(StoreError, match="holds runs already"):
        found_on(cluster, tmp_path)
