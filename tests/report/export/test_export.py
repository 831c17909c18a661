"""An export goes where it is told to, whole or not at all, and never over the run itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from clusterload.cli.root import root
from clusterload.model.errors import ClusterloadError, UsageError
from clusterload.report.export import FORMATS, export, frame
from clusterload.report.export.csv import as_text
from tests.report.export.made import exported


@pytest.mark.parametrize(("name", "suffix"), [(name, one.suffixes[0]) for name, one in FORMATS.items()])
def test_the_format_is_that_of_the_name_or_the_one_that_is_asked_for(tmp_path: Path, name: str, suffix: str) -> None:
    run = exported(tmp_path)
    by_name, asked = export(run, tmp_path / f"a{suffix.upper()}"), export(run, tmp_path / "a.txt", format=name)
    if name != "parquet":
        assert by_name.read_bytes() == asked.read_bytes()
    assert asked.stat().st_size > 100


def test_the_command_writes_a_file_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exported(tmp_path)
    target = tmp_path / "new" / "latencies.csv"
    words = ["export", str(tmp_path / "a.run"), "--to", str(target), "--table", "latencies"]
    root.main(words, standalone_mode=False)
    assert target.read_text(encoding="utf-8").startswith("time,load,of,second,count")
    told = capsys.readouterr()
    assert told.out == ""
    assert "latencies.csv" in "".join(told.err.split())


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("a.xlsx", {}, "let it end in one of .csv, .json"),
        ("a.csv", {"format": "parket"}, "did you mean 'parquet'"),
        ("a.csv", {"table": "pints"}, "did you mean 'points'"),
        ("a.json", {"table": "points"}, "this format has all of a run"),
        ("a.run", {"format": "csv"}, "is the run file itself"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_the_run_alone(
    tmp_path: Path, name: str, options: dict[str, str], words: str
) -> None:
    run = exported(tmp_path)
    before = (tmp_path / "a.run").read_bytes()
    with pytest.raises(UsageError, match=words):
        export(run, tmp_path / name, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["a.run"]
    assert (tmp_path / "a.run").read_bytes() == before


def test_a_file_that_was_there_stays_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = exported(tmp_path)
    (tmp_path / "a.parquet").write_text("precious")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ClusterloadError, match=r"pip install 'clusterload\[export\]'"):
        export(run, tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "a.run"]


def test_a_place_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    run = exported(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ClusterloadError, match=r"a\.csv cannot be written"):
        export(run, tmp_path / "file" / "a.csv")


@pytest.mark.parametrize("library", ["polars", "pandas"])
def test_a_run_is_a_frame_of_either_library(tmp_path: Path, library: str) -> None:
    run = exported(tmp_path)
    made = frame(run, library=library)
    assert type(made).__module__.startswith(library)
    assert len(made) == sum(map(len, run.series))
    [series] = run.named("ingress_by_topic")
    own = made.filter(made["name"] == series.name) if library == "polars" else made[made["name"] == series.name]
    assert list(own["value"]) == series.values.tolist()
    assert list(own["topic"]) == ["t"] * len(series)
    times = own["time"].dt.epoch("ns") if library == "polars" else own["time"].astype("int64")
    assert list(times) == series.times.tolist()
    assert len(frame(run, "ledgers", library=library)) == len(run.ledgers)
    assert len(frame(run, "events", library=library)) == 0
    assert "p99_ms" in frame(run, "latencies", library=library).columns


def test_frames_are_of_polars_where_it_is_there_else_of_pandas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = exported(tmp_path)
    assert type(frame(run)).__module__.startswith("polars")
    monkeypatch.setitem(sys.modules, "polars", None)
    assert type(frame(run)).__module__.startswith("pandas")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ClusterloadError, match="pip install polars"):
        frame(run)
    with pytest.raises(UsageError, match="did you mean 'pandas'"):
        frame(run, library="panda")
    with pytest.raises(UsageError, match="no table 'seris'"):
        frame(run, "seris")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_what_a_spreadsheet_would_run_begins_with_an_apostrophe(text: str) -> None:
    assert as_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "1-2", " =1", "'x"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert as_text(text) == text
