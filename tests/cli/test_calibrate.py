"""`clusterload limits calibrate` writes what it finds, also when it is interrupted, and says what it cannot do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from clusterload import Cluster, Lab, Limits, Properties, read_run
from tests.conftest import PROGRAM, Tool
from tests.processes import wait_for

# Wide bounds, so that a busy machine is no ceiling; and no longer than needed to see how it goes.
QUICK = (
    "--until", "latency.p99 > 30 s", "--until", "saturation > 200 %", "--step-time", "1s", "--rest", "1s",
    "--precision", "60 %",
)  # fmt: skip


@pytest.mark.long
def test_what_is_complete_is_kept_when_it_is_interrupted_and_no_topic_stays(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    folder.mkdir()
    with Lab(1, config={"max.connections.per.ip": "60"}, directory=folder) as lab:
        process = subprocess.Popen(
            [PROGRAM, "limits", "calibrate", "--cluster", str(folder / "client.properties"), "--out", "mine.toml",
             "--resource", "connections", "--repeats", "2", *QUICK],
            cwd=tmp_path, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        table = tmp_path / "mine.toml"
        # The table is there after the first search; then the second one has a step under way.
        wait_for(lambda: table.exists() or process.poll() is not None, timeout=400)
        wait_for(lambda: any(tmp_path.glob("runs/*/connections-2-*.run")) or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=300)
        assert process.returncode == 105, complaint
        assert "interrupted: what is complete is in mine.toml" in complaint
        assert "Traceback" not in complaint
        (limit,) = Limits.read(table).limits
        assert limit.resource == "connections"
        assert 30 <= limit.value.value <= 62
        assert "1 of 2 repeats" in limit.source
        cluster = Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers}))
        assert not [topic for topic in cluster.topics() if topic.name.startswith("clusterload")]
    assert all(read_run(path).complete for path in tmp_path.glob("runs/*/connections-1-*.run"))


def test_a_calibration_that_finds_nothing_in_its_time_says_so_and_writes_no_table(lab: Lab, tool: Tool) -> None:
    done = tool(
        "limits", "calibrate", "--bootstrap-server", lab.bootstrap_servers, "--resource", "requests", "--json",
        "--longest", "4s", "--repeats", "1", "--out", "mine.toml", *QUICK,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["resources"]["requests"]
    assert not found["known"]
    assert found["why"] == ["the 4 s that it may take at the longest were over"]
    assert "limits: " not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--until", "saturation"], 2, "bound 'saturation', at character 11: here comes >, >=, < or <="),
        (["--until", "saturaton > 3 %"], 2, "did you mean 'saturation'"),
        (["--resource", "partitions"], 2, "partitions cannot be calibrated"),
        (["--resource", "ingres"], 2, "did you mean 'ingress'"),
        (["--step-time", "0.1s"], 2, "are too little to measure"),
        (["--out", "there.toml", "--lab"], 104, "there.toml is there already"),
        ([], 2, "no cluster was named"),
    ],
)
def test_a_mistake_is_one_line_with_its_exit_code(
    tool: Tool, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    (tmp_path / "there.toml").touch()
    done = tool("limits", "calibrate", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
