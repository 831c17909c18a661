"""A run file gives back what was recorded, whatever happens to its writer; and nothing else passes for one."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterload.kafka.properties import Properties
from clusterload.model.errors import StoreError
from clusterload.model.ledger import Ledger
from clusterload.model.run import Event, Run
from clusterload.model.series import SECOND, Grid, Kind, Point
from clusterload.model.units import BYTES, CONNECTIONS
from clusterload.telemetry.runfile import Recorder, new_id, read_run
from clusterload.telemetry.runfile.format import VERSION, pack, pack_times, unpack, unpack_times
from tests.stored_runs import START, kept_ledger, plan, stored

times = st.lists(st.integers(0, 2**62), unique=True, max_size=50).map(sorted)
numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)


@dataclass(frozen=True, kw_only=True)
class Given:
    """Points of one Series, as they are given to a Recorder."""

    labels: dict[str, str]
    kind: Kind
    points: list[tuple[int, float, float]]


@st.composite
def series_given(draw: st.DrawFn) -> list[Given]:
    """Points of several Series, each with times that rise."""
    labels = draw(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=5)), max_size=3, unique_by=str))
    return [
        Given(
            labels=label,
            kind=draw(st.sampled_from(Kind)),
            points=[(at, draw(numbers), draw(numbers)) for at in draw(times)],
        )
        for label in labels
    ]


@given(st.lists(numbers, max_size=60), times)
def test_columns_are_unpacked_bit_by_bit_as_they_were_packed(values: list[float], when: list[int]) -> None:
    column, moments = np.array(values, dtype=np.float64), np.array(when, dtype=np.int64)
    assert unpack(pack(column)).tobytes() == column.tobytes()
    assert unpack_times(pack_times(moments)).tobytes() == moments.tobytes()


@settings(max_examples=25)
@given(series_given(), st.integers(1, 7))
def test_what_was_recorded_is_read_back_in_as_many_flushes_as_may_be(given_series: list[Given], every: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Recorder(Path(folder) / "one.run") as recorder:
        number = 0
        for series in given_series:
            unit = BYTES if series.kind is Kind.DELTA else CONNECTIONS
            for at, value, span in series.points:
                recorder.record(Point("seen", unit, series.kind, series.labels, at, value, span, 5.0))
                number += 1
                if number % every == 0:
                    recorder.flush()
        recorder.close()
        read = {series.key: series for series in read_run(recorder.path).series}
    wanted = [series for series in given_series if series.points]
    assert len(read) == len(wanted)
    for one in wanted:
        found = read["seen", tuple(sorted(one.labels.items()))]
        spans = [span for _, _, span in one.points] if one.kind is Kind.DELTA else []
        assert found.times.tobytes() == np.array([when for when, _, _ in one.points], dtype=np.int64).tobytes()
        assert found.values.tobytes() == np.array([value for _, value, _ in one.points], dtype=np.float64).tobytes()
        assert found.spans.tobytes() == np.array(spans, dtype=np.float64).tobytes()
        assert (found.kind, found.granularity, dict(found.labels)) == (one.kind, 5.0, one.labels)


def test_a_run_is_read_back_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    event = Event(time=START, kind="scrape-failed", text="broker 2 was not scraped")
    run = stored(tmp_path / "one.run", events=[event])
    assert (run.plan, run.ledgers, run.events) == (plan(), (kept_ledger(plan()),), (event,))
    assert (run.start, run.seconds, run.complete, run.path) == (START, 25, True, tmp_path / "one.run")
    assert run.environment["cluster"]["id"] == "test"


def test_a_closed_run_is_one_file(tmp_path: Path) -> None:
    stored(tmp_path / "one.run")
    assert [file.name for file in tmp_path.iterdir()] == ["one.run"]
    shutil.copy(tmp_path / "one.run", tmp_path / "copy.run")
    assert len(read_run(tmp_path / "copy.run").series) == len(read_run(tmp_path / "one.run").series)


def test_a_document_is_kept_as_it_was_when_it_was_given(tmp_path: Path) -> None:
    environment = {"cores": 2}
    with Recorder(tmp_path / "one.run") as recorder:
        recorder.document("environment", environment)
        environment["cores"] = 99
    assert read_run(recorder.path).environment == {"cores": 2}


def test_a_document_that_is_not_plain_fails_its_giver_and_loses_nothing(tmp_path: Path) -> None:
    with Recorder(tmp_path / "one.run") as recorder:
        recorder.record(Point("seen", BYTES, Kind.GAUGE, {}, START, 1.0))
        with pytest.raises(TypeError):
            recorder.document("environment", {"path": tmp_path})
    assert len(read_run(recorder.path).series) == 1


def test_a_later_document_replaces_an_earlier_one(tmp_path: Path) -> None:
    with Recorder(tmp_path / "one.run") as recorder:
        for scheduled in (1, 2, 3):
            recorder.ledgers([Ledger(load="sales", scheduled=scheduled)])
            recorder.flush()
    assert [ledger.scheduled for ledger in read_run(recorder.path).ledgers] == [3]


def test_threads_may_record_at_once_and_no_point_is_lost(tmp_path: Path) -> None:
    def work(broker: int) -> None:
        for second in range(500):
            recorder.record(Point("seen", BYTES, Kind.GAUGE, {"broker": str(broker)}, START + second, float(second)))
            if second % 100 == broker:
                recorder.flush()

    with Recorder(tmp_path / "one.run") as recorder:
        threads = [threading.Thread(target=work, args=(broker,)) for broker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    run = read_run(recorder.path)
    assert len(run.series) == 4
    for series in run.series:
        assert list(series.values) == list(range(500))


def test_a_run_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    with Recorder(tmp_path / "one.run") as recorder:
        recorder.record(Point("seen", BYTES, Kind.GAUGE, {}, START, 1.0))
        recorder.flush()
        run = read_run(recorder.path)
        assert (len(run.series[0]), run.complete) == (1, False)
        recorder.record(Point("seen", BYTES, Kind.GAUGE, {}, START + 1, 2.0))
    assert list(read_run(recorder.path).series[0].values) == [1.0, 2.0]


def test_no_run_file_is_ever_written_over(tmp_path: Path) -> None:
    path = tmp_path / "one.run"
    path.write_text("precious")
    with pytest.raises(StoreError, match="exists already"):
        Recorder(path)
    assert path.read_text() == "precious"


def test_a_folder_is_made_if_need_be_and_a_bad_one_is_told(tmp_path: Path) -> None:
    with Recorder(tmp_path / "new" / "folder" / "one.run") as recorder:
        pass
    assert recorder.path.is_file()
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        Recorder(tmp_path / "file" / "one.run")


def test_ids_sort_by_time_and_differ() -> None:
    assert new_id(1_767_225_600.0)[:16] == "20260101T000000Z"
    assert new_id(1_767_225_600.0) < new_id(1_767_225_601.0)
    assert len({new_id(0.0) for _ in range(100)}) == 100


_WRITE = """
import os, signal, sys, time
from pathlib import Path
from clusterload.model.series import Kind, Point
from clusterload.telemetry.runfile import Recorder
from clusterload.model.units import BYTES
recorder = Recorder(Path(sys.argv[1]))
recorder.document("window", {"start": 1, "end": None, "complete": False})
for second in range(1, 11):
    recorder.record(Point("seen", BYTES, Kind.DELTA, {"broker": "1"}, second, float(second), 1.0))
    recorder.flush()
recorder.record(Point("seen", BYTES, Kind.DELTA, {"broker": "1"}, 11, 11.0, 1.0))
print("written", flush=True)
if sys.argv[2] == "exit":
    os._exit(1)
signal.pause()
"""


def test_one_file_holds_all_that_is_written_so_that_a_copy_of_it_is_a_run(tmp_path: Path) -> None:
    path, copied = tmp_path / "one.run", tmp_path / "copied.run"
    with subprocess.Popen(
        [sys.executable, "-c", _WRITE, str(path), "kill"], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        writer.kill()
    copied.write_bytes(path.read_bytes())
    assert list(read_run(copied).series[0].values)[:10] == [float(second) for second in range(1, 11)]


@pytest.mark.parametrize("end", ["exit", "kill"])
def test_a_run_whose_writer_was_killed_is_read_but_for_the_last_seconds(tmp_path: Path, end: str) -> None:
    path = tmp_path / "one.run"
    with subprocess.Popen([sys.executable, "-c", _WRITE, str(path), end], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        if end == "kill":
            writer.kill()
    assert writer.returncode != 0
    run = read_run(path)
    assert not run.complete
    assert list(run.series[0].values)[:10] == [float(second) for second in range(1, 11)]
    assert len(run.series[0]) in {10, 11}
    assert (run.start, run.end) == (1, len(run.series[0]))


_FILL = """
import resource, sqlite3, sys
from pathlib import Path
from clusterload.model.series import Kind, Point
from clusterload.telemetry.runfile import Recorder
from clusterload.model.units import BYTES
recorder = Recorder(Path(sys.argv[1]))
# Somebody who reads keeps the log from being folded into the file, so that it grows with every flush.
reader = sqlite3.connect(sys.argv[1], isolation_level=None)
reader.execute("BEGIN")
reader.execute("SELECT count(*) FROM document").fetchone()
# From here on no file of this process grows beyond this, as on a full disk.
resource.setrlimit(resource.RLIMIT_FSIZE, (192 * 1024, resource.RLIM_INFINITY))
for second in range(200):
    recorder.record(Point("seen", BYTES, Kind.DELTA, {"broker": "1"}, second, float(second), 1.0))
    recorder.flush()
recorder.document("window", {"start": 0, "end": 199, "complete": True})
assert "cannot be written" in recorder.trouble, "the disk did not fill up"
recorder.close()
print(recorder.path)
"""


def test_on_a_full_disk_the_run_goes_on_and_ends_whole_in_the_temporary_folder(tmp_path: Path) -> None:
    spare, path = tmp_path / "spare", tmp_path / "full" / "one.run"
    spare.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", _FILL, str(path)],
        env={"TMPDIR": str(spare), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rescued = Path(done.stdout.strip())
    assert rescued.parent == spare
    run = read_run(rescued)
    assert list(run.series[0].values) == [float(second) for second in range(200)]
    assert run.complete
    assert [event.kind for event in run.events] == ["disk-full", "rescued"]
    assert str(path) in run.events[0].text
    assert str(rescued) in run.events[1].text


def test_where_no_place_takes_a_run_it_is_told_in_one_line(tmp_path: Path) -> None:
    code = _FILL.replace("recorder.close()", "resource.setrlimit(resource.RLIMIT_FSIZE, (0, -1))\nrecorder.close()")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "one.run")],
        env={"TMPDIR": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "StoreError: the run file" in done.stderr.splitlines()[-1]
    assert "free some room and run again" in done.stderr.splitlines()[-1]


def test_a_missing_file_is_told() -> None:
    with pytest.raises(StoreError, match=r"run file /nowhere/one\.run does not exist"):
        read_run("/nowhere/one.run")


@pytest.mark.parametrize("content", [b"", b"name = 1", b"SQLite format 3\0", b"\0" * 5000])
def test_a_foreign_file_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=str(path)):
        read_run(path)
    assert path.read_bytes() == content


def test_a_foreign_database_is_refused_as_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "foreign.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE document (name TEXT, json TEXT)")
    database.commit()
    database.close()
    with pytest.raises(StoreError, match="is a database, but not a run file of clusterload"):
        read_run(path)


def changed(path: Path, statement: str) -> Path:
    """A run file after a change that clusterload would not make."""
    stored(path)
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()
    return path


def test_a_file_of_a_newer_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = changed(tmp_path / "one.run", f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(StoreError, match=f"has version {VERSION + 1}, this clusterload reads up to {VERSION}: update"):
        read_run(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE series SET unit = 'furlongs'",
        "UPDATE series SET kind = 'histogram'",
        "UPDATE chunk SET vals = x'00'",
        "UPDATE chunk SET spans = times WHERE series = 0",
        "DELETE FROM document WHERE name = 'id'",
        "UPDATE document SET json = '{' WHERE name = 'plan'",
        "UPDATE document SET json = '{\"lods\": []}' WHERE name = 'plan'",
        'UPDATE document SET json = \'[{"load": "a", "spilt": 3}]\' WHERE name = \'ledgers\'',
        "UPDATE document SET json = '5' WHERE name = 'window'",
        "DROP TABLE chunk",
    ],
)
def test_a_damaged_file_is_refused_with_its_name(tmp_path: Path, statement: str) -> None:
    path = changed(tmp_path / "one.run", statement)
    with pytest.raises(StoreError, match=f"{path} is damaged or not a run file"):
        read_run(path)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("runs") / "one.run"
    stored(path)
    return path.read_bytes()


@settings(max_examples=50)
@given(data=st.data())
def test_a_file_with_any_bytes_changed_or_cut_off_is_read_or_refused(sound: bytes, data: st.DataObject) -> None:
    content = bytearray(sound[: data.draw(st.integers(0, len(sound)) | st.just(len(sound)))])
    for place in data.draw(st.lists(st.integers(0, max(0, len(content) - 1)), max_size=5)):
        if content:
            content[place] ^= data.draw(st.integers(1, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.run"
        path.write_bytes(content)
        try:
            found = read_run(path)
        except StoreError as error:
            refusal = str(error)
        else:
            refusal = ""
            assert isinstance(found, Run)
        assert not refusal or str(path) in refusal


def test_no_secret_gets_into_a_run_file(tmp_path: Path) -> None:
    secret = "hunter2-hunter2"
    properties = Properties(
        values={
            "bootstrap.servers": "broker1:9092",
            "sasl.mechanism": "PLAIN",
            "sasl.username": secret,
            "sasl.password": secret,
            "sasl.jaas.config": f'PlainLoginModule required username="{secret}" password="{secret}";',
            "ssl.key.pem": secret,
            "ssl.keystore.key": secret,
            "made.up.by.somebody": secret,
        }
    )
    with Recorder(tmp_path / "one.run") as recorder:
        recorder.document("environment", {"client": properties.open_values, "shown": repr(properties)})
        recorder.flush()
        beside = [file.read_bytes() for file in tmp_path.iterdir()]
    assert not any(secret.encode() in content for content in [*beside, recorder.path.read_bytes()])
    assert json.dumps(read_run(recorder.path).environment["client"]) == (
        '{"bootstrap.servers": "broker1:9092", "sasl.mechanism": "PLAIN"}'
    )


def test_a_source_that_becomes_slower_leaves_no_gaps_for_it(tmp_path: Path) -> None:
    path = tmp_path / "slow.run"
    with Recorder(path) as recorder:
        recorder.document("window", {"start": 0, "end": 20 * SECOND, "complete": True})
        for second, span in [(1, 1.0), (2, 1.0), (6, 4.0), (10, 4.0)]:
            recorder.record(Point("ingress", BYTES, Kind.DELTA, {"broker": "1"}, second * SECOND, 10.0, span, span))
            recorder.flush()
    (series,) = read_run(path).named("ingress")
    assert series.granularity == 4
    assert not np.isnan(series.on(Grid(start=0, step=2 * SECOND, count=5))).any()
