"""A real cluster's ceiling is found where its brokers put it, and nothing of the search stays on the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from clusterload import Cluster, Lab, Limits, Properties, assess, read_run
from clusterload.analysis.ceiling import Bound, Calibration
from clusterload.model.errors import ConfigurationError, ConsentError, StoreError
from clusterload.model.limits import Force
from clusterload.report.calibration import calibration_document
from clusterload.telemetry.sources.exporter import ExporterSource
from clusterload.workflow.consent import Consent
from clusterload.workflow.step_search import SearchOptions, StepProgress
from clusterload.workflow.step_search.calibrate import CalibrationRequest, calibrate

ENFORCED, ATTEMPTS = 60, 3
# Wide, so that a busy machine is no ceiling.
WIDE = (Bound.parsed("latency.p99 > 30 s"), Bound.parsed("saturation > 200 %"))


@pytest.fixture(scope="module")
def bounded() -> Iterator[Lab]:
    """A broker that takes so many connections from one address."""
    with Lab(1, config={"max.connections.per.ip": str(ENFORCED)}) as lab:
        yield lab


def connected(lab: Lab) -> Cluster:
    return Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers}, origin="the lab"))


def topics(cluster: Cluster) -> set[str]:
    return {topic.name for topic in cluster.topics() if not topic.name.startswith("__")}


@pytest.fixture(scope="module")
def found(bounded: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[Calibration, Sequence[StepProgress], Path]:
    """One search for the connections that the broker takes; anew where a busy machine kept it from an answer."""
    request = CalibrationRequest(
        resources=("connections",), bounds=WIDE[:1], options=SearchOptions(repeats=1, step_time=1.5, rest=1.0)
    )
    for _ in range(ATTEMPTS):
        folder = tmp_path_factory.mktemp("calibration") / "runs"
        progress: list[StepProgress] = []
        calibration = calibrate(connected(bounded), request, folder=folder, sources=(), on_step=progress.append)
        if calibration.ceilings[0].known:
            break
    return calibration, progress, folder


def test_a_ceiling_that_brokers_enforce_is_found_to_the_precision(
    found: tuple[Calibration, Sequence[StepProgress], Path],
) -> None:
    (ceiling,) = found[0].ceilings
    assert ceiling.known
    # A connection of the load beside them, and one or two of ours between the steps, count too.
    assert ENFORCED / 1.1 - 3 <= ceiling.low <= ENFORCED
    assert ENFORCED - 3 < ceiling.high <= ENFORCED * 1.1 + 1
    assert "not acknowledged" in ceiling.reasons[0]


def test_what_is_found_is_a_table_of_measured_limits_that_reads_back(
    found: tuple[Calibration, Sequence[StepProgress], Path], tmp_path: Path
) -> None:
    limits = found[0].limits
    assert limits is not None
    path = tmp_path / "mine.toml"
    path.write_text(limits.as_toml(), encoding="utf-8")
    (limit,) = Limits.read(path).limits
    assert (limit.resource, limit.force) == ("connections", Force.MEASURED)
    assert limit.low is not None
    assert limit.high is not None
    assert limit.low <= limit.value.value < limit.high
    assert limit.source.startswith(f"clusterload limits calibrate on lab {found[0].cluster_id} of 1 broker, 1 repeat")
    assert "latency.p99 <= 30,000 ms" in limit.source
    assert limit.note.startswith("held connections")
    assert limit.as_of == found[0].day


def test_each_step_is_told_before_and_after_and_leaves_its_run(
    found: tuple[Calibration, Sequence[StepProgress], Path],
) -> None:
    calibration, progress, folder = found
    steps = calibration.ceilings[0].searches[0].steps
    assert [progress.step is None for progress in progress] == [True, False] * len(steps)
    runs = [read_run(path) for path in sorted(folder.glob("*.run"))]
    assert len(runs) == len(steps)
    assert all(run.plan is not None and run.plan.name.startswith("connections ") for run in runs)


def test_nothing_of_a_calibration_stays_on_the_cluster(
    found: tuple[Calibration, Sequence[StepProgress], Path], bounded: Lab
) -> None:
    assert not topics(connected(bounded))
    assert not found[0].doubts or all("removed" not in doubt for doubt in found[0].doubts)


def test_a_calibration_for_programs_has_every_step(found: tuple[Calibration, Sequence[StepProgress], Path]) -> None:
    document = calibration_document(found[0])["resources"]["connections"]
    assert document["known"]
    assert document["unit"] == "connections"
    outcomes = [step["outcome"] for step in document["searches"][0]["steps"]]
    assert {"held", "broke"} <= set(outcomes)


@pytest.mark.long
def test_time_that_is_over_ends_a_search_and_what_held_until_then_is_at_least_there_by_the_brokers_count(
    bounded: Lab, tmp_path: Path
) -> None:
    sources = (ExporterSource({str(one): url for one, url in bounded.exporters.items()}, interval=0.5),)
    request = CalibrationRequest(
        resources=("connections",),
        bounds=WIDE,
        options=SearchOptions(repeats=3, step_time=2.0, rest=1.0, longest=8.0),
    )
    calibration = calibrate(connected(bounded), request, folder=tmp_path / "runs", sources=sources)
    assert calibration.limits is None
    (ceiling,) = calibration.ceilings
    assert not ceiling.known
    assert ceiling.at_least > ceiling.searches[0].found.held  # with the connection of the load beside them
    assert ceiling.reasons == ("the 8 s that it may take at the longest were over",)
    run = read_run(next(iter(sorted((tmp_path / "runs").glob("*.run")))))
    assert assess(run, Limits.named("course-basic")).line("connections") is not None


def test_a_cluster_that_is_no_lab_is_not_calibrated_without_a_yes(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERLOAD_STATE", str(tmp_path / "nobody"))
    before = topics(cluster)
    with pytest.raises(ConsentError, match=f"--yes-cluster {cluster.id} to calibrate it"):
        calibrate(cluster, CalibrationRequest(), folder=tmp_path / "runs")
    with pytest.raises(ConsentError, match="lowest step goes beyond the cap duration"):
        calibrate(
            cluster,
            CalibrationRequest(),
            folder=tmp_path / "runs",
            sources=(),
            consented=Consent(cluster_id=cluster.id, caps={"duration": 1.0}),
        )
    assert topics(cluster) == before


def test_outside_a_lab_the_caps_end_a_search_and_the_topic_is_taken_away(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERLOAD_STATE", str(tmp_path / "nobody"))
    before = topics(cluster)
    calibration = calibrate(
        cluster,
        CalibrationRequest(
            resources=("requests",), bounds=WIDE[:1], options=SearchOptions(repeats=1, step_time=1.0, rest=1.0)
        ),
        folder=tmp_path / "runs",
        sources=(),
        consented=Consent(cluster_id=cluster.id, caps={"request_rate": 20.0}),
    )
    (ceiling,) = calibration.ceilings
    assert not calibration.lab
    assert not ceiling.known
    assert ceiling.at_least == pytest.approx(20.0, rel=0.05)
    assert ceiling.reasons == ("the cap request_rate 20 allows no more",)
    assert topics(cluster) == before


def test_a_bound_that_only_metrics_tell_of_is_refused_where_there_are_none(cluster: Cluster, tmp_path: Path) -> None:
    request = CalibrationRequest(bounds=(Bound.parsed("saturation > 90 %"),))
    with pytest.raises(ConfigurationError, match="needs metrics"):
        calibrate(cluster, request, folder=tmp_path / "runs", sources=())


def test_a_folder_that_holds_runs_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "old.run").touch()
    with pytest.raises(StoreError, match="holds runs already"):
        calibrate(cluster, CalibrationRequest(), folder=tmp_path, sources=())


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (CalibrationRequest, {"resources": ()}),
        (CalibrationRequest, {"resources": ("requests", "requests")}),
        (SearchOptions, {"repeats": 0}),
        (SearchOptions, {"step_time": 0.5}),
    ],
)
def test_a_request_that_measures_nothing_is_refused(kind: type, wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        kind(**wrong)


def test_it_says_about_how_long_it_takes_and_never_longer_than_allowed() -> None:
    few, many = CalibrationRequest(resources=("requests",), options=SearchOptions(repeats=1, step_time=5.0)).seconds
    assert (few, many) == (64.0, 160.0)
    assert CalibrationRequest(options=SearchOptions(longest=600.0)).seconds == (600.0, 600.0)
