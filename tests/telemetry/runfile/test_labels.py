"""Labels stand in the run file itself, and go with it wherever it goes."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterload.model.errors import StoreError, UsageError
from clusterload.model.series import Kind, Point
from clusterload.model.units import BYTES
from clusterload.telemetry.runfile import Recorder, parsed_label, read_run, read_summary, write_labels
from tests.stored_runs import START, stored


def test_a_label_is_read_back_and_a_copy_of_the_file_has_it_too(tmp_path: Path) -> None:
    path = tmp_path / "a.run"
    stored(path)
    assert write_labels(path, {"release": "4.3", "baseline": "yes"}) == {"release": "4.3", "baseline": "yes"}
    assert [file.name for file in tmp_path.iterdir()] == ["a.run"]
    copied = Path(shutil.copy(path, tmp_path / "b.run"))
    assert read_run(copied).labels == read_summary(copied).labels == {"release": "4.3", "baseline": "yes"}


def test_a_later_label_replaces_an_earlier_one_and_an_empty_one_takes_it_off(tmp_path: Path) -> None:
    stored(tmp_path / "a.run")
    write_labels(tmp_path / "a.run", {"release": "4.2", "by": "night"})
    assert write_labels(tmp_path / "a.run", {"release": "4.3", "by": ""}) == {"release": "4.3"}


def test_labels_change_nothing_else(tmp_path: Path) -> None:
    before = stored(tmp_path / "a.run")
    write_labels(tmp_path / "a.run", {"x": "<script>\x1b[31m'\"; DROP TABLE chunk;--"})
    after = read_run(tmp_path / "a.run")
    assert after.labels == {"x": "<script>\x1b[31m'\"; DROP TABLE chunk;--"}
    assert (after.id, after.plan, after.ledgers, after.environment) == (
        before.id,
        before.plan,
        before.ledgers,
        before.environment,
    )
    assert [series.values.tobytes() for series in after.series] == [series.values.tobytes() for series in before.series]


def test_a_run_can_be_labelled_while_it_is_written(tmp_path: Path) -> None:
    with Recorder(tmp_path / "a.run") as recorder:
        recorder.record(Point("seen", BYTES, Kind.GAUGE, {}, START, 1.0))
        recorder.flush()
        write_labels(recorder.path, {"under": "way"})
        recorder.record(Point("seen", BYTES, Kind.GAUGE, {}, START + 1, 2.0))
        recorder.document("window", {"start": START, "end": START + 1, "complete": True})
    run = read_run(tmp_path / "a.run")
    assert (run.labels, run.complete, len(run.series[0])) == ({"under": "way"}, True, 2)


def test_what_is_no_run_file_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "foreign.run"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE document (name TEXT PRIMARY KEY, json TEXT)")
    database.commit()
    database.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a run file of clusterload"):
        write_labels(path, {"x": "y"})
    assert path.read_bytes() == before


def test_a_file_that_is_locked_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **rest: connect(*args, **{**rest, "timeout": 0.01}))
    stored(tmp_path / "a.run")
    other = connect(tmp_path / "a.run", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"a\.run cannot be labelled: database is locked"):
        write_labels(tmp_path / "a.run", {"x": "y"})
    other.close()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("release=4.3", ("release", "4.3")),
        (" by = the night ", ("by", "the night")),
        ("query=a=b", ("query", "a=b")),
        ("gone=", ("gone", "")),
    ],
)
def test_a_label_is_written_as_name_and_value(text: str, label: tuple[str, str]) -> None:
    assert parsed_label(text) == label


@pytest.mark.parametrize("text", ["", "release", "=4.3", f"{'x' * 300}=1", f"x={'1' * 300}"])
def test_what_is_no_label_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="label"):
        parsed_label(text)


@settings(max_examples=30)
@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8)))
def test_any_text_can_be_a_label(labels: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with Recorder(Path(folder) / "a.run") as recorder:
            pass
        write_labels(recorder.path, labels)
        assert read_summary(recorder.path).labels == labels
