"""What a run comes to: of a short load that is read now and then, as much as was really made."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.effects.figures import LIMIT_LOAD, figures_of
from clusterload.model.resources import RESOURCES
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Kind, Point
from clusterload.telemetry.runfile import Recorder, read_run
from tests.stored_runs import START, limits

RATE = 1e6


def read_each_second(path: Path, seconds: int, after: float) -> Run:
    """A load of a constant rate and nothing around it, of which readings begin so many seconds after whole ones."""
    ingress = RESOURCES["ingress"]
    with Recorder(path) as recorder:
        recorder.document("window", {"start": START, "end": START + seconds * SECOND, "complete": True})
        for second in range(-2, seconds + 3):
            begin, end = second + after, second + 1 + after
            made = RATE * max(0.0, min(end, seconds) - max(begin, 0.0))
            recorder.record(
                Point("ingress", ingress.unit, Kind.DELTA, {"broker": "1"}, START + round(end * SECOND), made, 1.0)
            )
    return read_run(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("figures")


@given(after=st.floats(0.0, 0.99), settle=st.sampled_from([0.0, 1.0, 3.0]))
def test_a_reading_across_a_load_s_edge_makes_it_no_smaller(folder: Path, after: float, settle: float) -> None:
    path = folder / "edges.run"
    path.unlink(missing_ok=True)
    found = figures_of(read_each_second(path, 8, after), limits(ingress="2 MB/s"), settle=settle)
    assert found[LIMIT_LOAD] == pytest.approx(0.5, rel=1e-3)


def test_of_a_load_of_few_readings_none_is_given_away(tmp_path: Path) -> None:
    found = figures_of(read_each_second(tmp_path / "short.run", 3, 0.0), limits(ingress="2 MB/s"))
    assert found[LIMIT_LOAD] == pytest.approx(0.5, rel=1e-3)
