"""A lab leaves nothing behind, whoever dies first, and touches nothing that is not its own."""

from __future__ import annotations

import os
import signal
import socket
import sys
import urllib.request
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from clusterload.lab import control, ports, registry
from clusterload.lab.lab import Lab
from clusterload.lab.properties import Ports
from clusterload.lab.registry import running_labs
from clusterload.model.errors import ConfigurationError, LabError
from clusterload.model.paths import labs_dir
from tests.lab.test_observed import servers
from tests.processes import lives, wait_for

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from clusterload.lab.description import LabInfo

_TOOL = """
import json, sys, time
from clusterload.lab.lab import Lab
lab = Lab(1, prometheus=True, directory=sys.argv[1]).start()
print(lab.info.id, flush=True)
time.sleep(600)
"""


def pids(info: LabInfo) -> list[int]:
    """The processes of a lab."""
    return [info.supervisor_pid, *(each.pid for each in info.brokers), *(servers(info) if info.prometheus_url else ())]


def gone(info: LabInfo, state: Path) -> bool:
    """Whether no process, no record and no data of a lab are left."""
    folder = state / "labs" / info.id
    left = [name for name in ("lab.json", "supervisor.json", "data", "config") if (folder / name).exists()]
    return not left and not any(map(lives, pids(info)))


def test_stop_ends_every_process_and_keeps_nothing_but_the_logs(state: Path, tmp_path: Path) -> None:
    with Lab(1, directory=tmp_path) as lab:
        info = lab.info
        assert all(map(lives, pids(info)))
    assert gone(info, state)
    assert not (tmp_path / "client.properties").exists()
    assert "Kafka Server started" in info.brokers[0].log.read_text()


def test_a_killed_tool_leaves_nothing(
    state: Path, tmp_path: Path, started: Callable[..., subprocess.Popen[str]]
) -> None:
    process = started(_TOOL, str(tmp_path))
    assert process.stdout is not None
    lab_id = process.stdout.readline().strip()
    info = next(lab for lab in running_labs() if lab.id == lab_id)
    assert len(servers(info)) == 1
    process.kill()
    wait_for(lambda: gone(info, state))
    assert not (tmp_path / "client.properties").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can bind a process to the life of its parent")
def test_a_killed_supervisor_takes_its_brokers_along(state: Path) -> None:
    lab = Lab(1, prometheus=True).start()
    info, running = lab.info, pids(lab.info)
    assert len(running) == 3
    os.kill(info.supervisor_pid, signal.SIGKILL)
    wait_for(lambda: not any(map(lives, running)))
    assert info not in running_labs()
    lab.stop()
    assert gone(info, state)


def test_a_broker_can_be_paused_killed_and_started_again() -> None:
    quick = {"broker.session.timeout.ms": "1000"}  # the controller believes this long that a dead broker lives
    with Lab(1, config=quick) as lab:
        record = next(each for each in registry.records() if each.info.id == lab.info.id)
        lab.pause(1)
        assert control.ask(record.socket, "status")[1]["state"] == "paused"
        lab.resume(1)
        lab.kill(1)
        wait_for(lambda: control.ask(record.socket, "status")[1]["state"] == "exited")
        before = lab.info.brokers[0].pid
        lab.restart(1)
        assert lab.info.brokers[0].pid != before
        with urllib.request.urlopen(lab.exporters[1], timeout=120) as answer:
            assert answer.status == 200


def test_a_broker_that_does_not_come_up_shows_why_and_what_its_log_says_last(state: Path) -> None:
    with pytest.raises(LabError) as caught:
        Lab(1, config={"min.insync.replicas": "none"}).start()
    first, *rest = str(caught.value).splitlines()
    assert "broker 1 of the lab ended with code 1 before it was ready" in first
    assert "broker-1.log" in first
    assert any("Invalid value none for configuration min.insync.replicas" in line for line in rest)
    assert not [record for record in registry.records() if not record.ready]


def test_settings_of_the_user_win() -> None:
    with Lab(1, config={"num.partitions": "2"}, auto_create_topics=False) as lab:
        text = (labs_dir() / lab.info.id / "config" / "broker-1.properties").read_text()
    assert "num.partitions=2\n" in text
    assert "auto.create.topics.enable=false\n" in text


def test_a_stolen_port_is_replaced_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as thief:
        stolen, choose, asked = thief.getsockname()[1], ports.choose, []

        def choose_stolen_first(brokers: int, listeners: Sequence[str] = (), *, proxied: bool = False) -> list[Ports]:
            chosen = choose(brokers, listeners, proxied=proxied)
            asked.append(chosen)
            if len(asked) > 1:
                return chosen
            first = chosen[0]
            return [Ports(client=stolen, broker=first.broker, controller=first.controller, exporter=first.exporter)]

        monkeypatch.setattr(ports, "choose", choose_stolen_first)
        with Lab(1) as lab:
            assert lab.info.brokers[0].client_port != stolen
    assert len(asked) == 2


def test_a_foreign_client_file_is_kept_and_no_broker_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        pytest.fail("a broker was started")

    monkeypatch.setattr("clusterload.lab.lab.launch", never)
    foreign = tmp_path / "client.properties"
    foreign.write_text("bootstrap.servers=production:9092\n")
    with pytest.raises(ConfigurationError, match="was not written by clusterload; move it away"):
        Lab(1, directory=tmp_path).start()
    assert foreign.read_text() == "bootstrap.servers=production:9092\n"


def test_a_client_file_that_was_changed_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "client.properties"
    with Lab(1, directory=tmp_path):
        path.write_text(path.read_text() + "client.id=mine\n")
    assert "client.id=mine" in path.read_text()
