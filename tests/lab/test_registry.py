"""Only living labs are believed; dead ones are cleaned away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from clusterload.cli.target import ANY_LAB, running_lab
from clusterload.lab import client_file, control, registry
from clusterload.lab.description import LabBroker, LabInfo
from clusterload.model.errors import LabError
from clusterload.model.paths import labs_dir


@pytest.fixture
def labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory of labs."""
    monkeypatch.setenv("CLUSTERLOAD_STATE", str(tmp_path))
    return labs_dir()


def record(labs: Path, name: str, *, pid: int, created: float, directory: Path | None = None) -> registry.Record:
    """A lab's record, written into its folder."""
    folder = labs / name
    (folder / "data").mkdir(parents=True)
    (folder / "logs").mkdir()
    broker = LabBroker(
        id=1, rack="rack-1", host="127.0.0.1", client_port=1, exporter_url="", pid=0, log=folder / "logs" / "1"
    )
    info = LabInfo(
        id=name,
        cluster_id=f"cluster-{name}",
        bootstrap_servers="127.0.0.1:1",
        brokers=(broker,),
        directory=directory,
        started="2026-01-01T00:00:00+00:00",
        supervisor_pid=pid,
        kafka="4.3.1",
    )
    made = registry.Record(info=info, ready=True, supervisor_created=created, socket=folder / "socket" / "control")
    registry.write(folder, made)
    return made


def test_a_record_survives_being_written_and_read(labs: Path, tmp_path: Path) -> None:
    written = record(labs, "a", pid=1, created=2.5, directory=tmp_path)
    assert registry.read(labs / "a") == written


def test_a_lab_lives_while_its_supervisor_does(labs: Path) -> None:
    me = psutil.Process()
    own = record(labs, "b", pid=me.pid, created=me.create_time())
    older = record(labs, "a", pid=me.pid, created=me.create_time())
    record(labs, "c", pid=me.pid, created=me.create_time() - 100)  # its number was given to another process
    record(labs, "d", pid=2**22 + 1, created=me.create_time())
    assert registry.running_labs() == [older.info, own.info]
    assert registry.find_lab() == own.info
    assert registry.find_lab("cluster-a") == older.info


def test_a_lab_that_still_starts_is_not_offered(labs: Path) -> None:
    me = psutil.Process()
    starting = record(labs, "a", pid=me.pid, created=me.create_time())
    registry.write(labs / "a", replace(starting, ready=False))
    assert registry.running_labs() == []
    assert len(registry.records()) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"info": 3}'])
def test_a_damaged_record_is_ignored(labs: Path, text: str) -> None:
    (labs / "a").mkdir()
    (labs / "a" / "lab.json").write_text(text)
    assert registry.records() == []


def test_a_sweep_removes_what_the_dead_left_and_spares_the_living(labs: Path, tmp_path: Path) -> None:
    me = psutil.Process()
    record(labs, "living", pid=me.pid, created=me.create_time())
    dead = record(labs, "dead", pid=2**22 + 1, created=0, directory=tmp_path)
    client_file.write(dead.info)
    registry.sweep()
    assert (labs / "living" / "data").exists()
    assert sorted(path.name for path in (labs / "dead").iterdir()) == ["logs"]
    assert not (tmp_path / "client.properties").exists()


def test_a_sweep_spares_a_lab_whose_tool_is_about_to_start_it(labs: Path) -> None:
    (labs / "a" / "data").mkdir(parents=True)
    (labs / "a" / "supervisor.json").write_text(json.dumps({"parent": os.getpid()}))
    (labs / "b" / "data").mkdir(parents=True)
    registry.sweep()
    assert (labs / "a" / "data").exists()
    assert (labs / "b" / "data").exists()


def test_a_sweep_cleans_up_after_a_tool_that_died_before_its_supervisor_began(labs: Path) -> None:
    early = record(labs, "a", pid=0, created=0)
    early.socket.parent.mkdir()
    (labs / "a" / "lab.json").unlink()
    (labs / "a" / "supervisor.json").write_text(json.dumps({"parent": 2**22 + 1, "record": early.as_dict()}))
    registry.sweep()
    assert sorted(path.name for path in (labs / "a").iterdir()) == ["logs"]


def test_the_logs_of_the_last_few_labs_are_kept(labs: Path) -> None:
    for number in range(8):
        record(labs, f"{number}", pid=2**22 + 1, created=0)
    registry.sweep()
    assert sorted(path.name for path in labs.iterdir()) == ["3", "4", "5", "6", "7"]


def test_brokers_whose_supervisor_is_gone_are_found_by_their_mark_and_killed(labs: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    with (
        subprocess.Popen([*sleep, f"{registry.MARKER}{labs}/dead"]) as ours,
        subprocess.Popen([*sleep, f"{registry.MARKER}/elsewhere/labs/dead"]) as foreign,
    ):
        assert control.down() == []
        assert ours.wait(5) == -9
        assert foreign.poll() is None
        foreign.kill()


def test_down_stops_the_only_lab_or_the_one_that_is_meant_and_never_one_that_was_not(
    labs: Path, tmp_path: Path
) -> None:
    me = psutil.Process()

    def standing(name: str, directory: Path | None) -> str:
        return record(labs, name, pid=me.pid, created=me.create_time(), directory=directory).info.id

    here, there = tmp_path / "here", tmp_path / "there"
    assert control.meant() == []
    standing("of-a-command", None)
    standing("a", here)
    assert [each.info.id for each in control.meant()] == ["a"]
    standing("b", there)
    with pytest.raises(LabError, match=r"2 labs run \(a, b\): say which one to stop, or --all"):
        control.meant()
    assert [each.info.id for each in control.meant("a")] == ["a"]
    assert [each.info.id for each in control.meant(directory=there)] == ["b"]
    assert [each.info.id for each in control.meant(every=True)] == ["a", "b", "of-a-command"]
    with pytest.raises(LabError, match=r"no lab with its client\.properties in .* runs"):
        control.meant(directory=tmp_path)


def test_a_command_takes_a_running_lab_of_as_many_brokers_as_it_asks_for_and_no_other(
    labs: Path, tmp_path: Path
) -> None:
    me = psutil.Process()
    made = record(labs, "a", pid=me.pid, created=me.create_time(), directory=tmp_path)
    three = replace(made, info=replace(made.info, brokers=made.info.brokers * 3))
    registry.write(labs / "a", three)
    assert running_lab(3) == running_lab(ANY_LAB) == three.info
    with pytest.raises(LabError, match=r"no lab of 1 broker runs \(a of 3\): leave the number out"):
        running_lab(1)
