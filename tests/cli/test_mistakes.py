"""A user's mistake is answered by one clear line and the right exit code, never by a traceback."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from clusterload import Lab
from tests.conftest import Tool

DIALS = ("--dial", "producers=2", "--dial", "record_rate=50/s", "--dial", "payload_size=1KiB")


def says(tool: Tool, code: int, *arguments: str) -> str:
    """The one line of complaint of a command that fails with this exit code."""
    done = tool(*arguments)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith(("clusterload:", "Error:"))]
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lba",), "did you mean 'lab'"),
        (("run", "--lba"), "--lab"),
        (("run", *DIALS), "no cluster was named"),
        (("run", "--lab", "--bootstrap-server", "x:1", *DIALS), "name two clusters"),
        (("run", "--lab", "--dial", "producer=2"), "did you mean 'producers'"),
        (("run", "--bootstrap-server", "x:1", "--command-property", "sasl.password=s", *DIALS), "is a secret"),
        (("run", "--lab", "--dial", "acks=1", "--dial", "acks=0"), "dial acks is given twice"),
        (("run", "plan.toml", "--lab", "--dial", "acks=1"), "give a plan or --dial, not both"),
        (("run", "--lab", *DIALS, "--arrivals", "odd"), "'odd' is not one of"),
        (("cleanup",), "no cluster was named"),
        (("run", "--bootstrap-server", "x:1", "--cap", "records=5", *DIALS), "no cap 'records'"),
        (("run", "--bootstrap-server", "x:1", "--cap", "duration=long", *DIALS), "takes a number"),
    ],
)
def test_a_command_line_that_makes_no_sense_exits_with_2(tool: Tool, arguments: tuple[str, ...], words: str) -> None:
    assert words in says(tool, 2, *arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--dial", "producers=0", "--dial", "record_rate=5", "--dial", "payload_size=64"), "must be above 0"),
        (("--dial", "producers=1", "--dial", "record_rate=-5/s", "--dial", "payload_size=64"), "must be above 0"),
        (("--dial", "producers=1", "--dial", "record_rate=0", "--dial", "payload_size=64"), "must be above 0"),
        (("--dial", "producers=1", "--dial", "record_rate=5", "--dial", "payload_size=many"), "is not a quantity"),
        (("--dial", "producers=1", "--dial", "record_rate=5", "--dial", "payload_size=5/s"), "payload_size"),
        (("--dial", "producers=1.5", "--dial", "record_rate=5", "--dial", "payload_size=64"), "whole number"),
        (("--dial", "producers=1"), "does not set record_rate, payload_size"),
        ((*DIALS, "--for", "0s"), "must be above 0"),
        ((*DIALS, "--for", "soon"), "is not a duration"),
        ((*DIALS, "--topic", "a b"), "topic name 'a b' is not allowed"),
        ((*DIALS, "--limits", "course-basik"), "did you mean 'course-basic'"),
        (("none.toml",), "none.toml cannot be read"),
        ((), "no dial is set"),
        (("--dial", "record_rate=500/s", "--dial", "request_rate=300/s"), "1.667 records a request"),
        (("--dial", "record_rate=max", "--dial", "byte_rate=1MB/s"), "byte_rate is set too"),
        (("--dial", "record_rate=ramp:0:5"), "ramp takes 3 parts"),
        (("--dial", "connections=ramp:0:5:1s", "--dial", "in_flight=step:1@0s"), "in_flight"),
        (("--dial", "producers=2", "--dial", "acks=1"), "acks is a dial of engine wire and producers one of"),
        ((*DIALS, "--fault", "kil broker=1"), "did you mean 'kill'"),
        ((*DIALS, "--fault", "kill broker=1 at=5m"), "let it come before the end"),
        ((*DIALS, "--warm-up", "30s"), "nothing is left"),
    ],
)
def test_a_bad_plan_exits_with_104_before_anything_is_touched(
    tool: Tool, arguments: tuple[str, ...], words: str
) -> None:
    assert words in says(tool, 104, "run", "--bootstrap-server", "127.0.0.1:9", *arguments)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("bootstrap.servers=x:1\nnonsense\n", "line 2: expected key=value"),
        ("bootstrap.servers=127.0.0.1:9\nlinger.mss=5\n", "did you mean 'linger.ms'"),
        ("bootstrap.servers=127.0.0.1:9\nsocket.timeout.ms=soon\n", "the value of socket.timeout.ms"),
        ("bootstrap.servers=127.0.0.1:9\nplugin.library.paths=evil.so\n", "would load code"),
        ("client.id=x\n", "names no bootstrap.servers"),
    ],
)
def test_a_bad_client_configuration_exits_with_104(tool: Tool, tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "client.properties").write_text(content)
    assert words in says(tool, 104, "describe", "brokers", "--cluster", "client.properties")


@pytest.mark.parametrize("option", ["--lab", "--web", "--expose"])
def test_a_plan_behind_an_option_whose_number_is_left_out_is_the_plan(tool: Tool, option: str) -> None:
    assert "plan nosuch.toml cannot be read" in says(tool, 104, "run", option, "nosuch.toml")


def test_a_missing_client_configuration_is_named(tool: Tool) -> None:
    assert "gone.properties cannot be read" in says(tool, 104, "describe", "brokers", "--cluster", "gone.properties")


def test_a_malformed_line_that_holds_a_secret_is_not_repeated(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "client.properties").write_text("sasl.password hunter2\n")
    assert "hunter2" not in says(tool, 104, "describe", "brokers", "--cluster", "client.properties")


def test_an_unreachable_cluster_is_named_and_not_waited_for(tool: Tool) -> None:
    began = time.monotonic()
    line = says(tool, 1, "describe", "brokers", "--bootstrap-server", "127.0.0.1:9")
    assert time.monotonic() - began < 60
    assert "no broker answered at 127.0.0.1:9" in line
    assert "Connection refused" in line


def test_a_login_that_is_refused_points_at_the_file_and_keeps_the_password(
    tool: Tool, tmp_path: Path, lab: Lab
) -> None:
    (tmp_path / "client.properties").write_text(
        f"bootstrap.servers={lab.bootstrap_servers}\nsecurity.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n"
        "sasl.username=me\nsasl.password=hunter2\n"
    )
    line = says(tool, 1, "describe", "brokers", "--cluster", "client.properties")
    assert "refused the login" in line
    assert "check the credentials in client.properties" in line
    assert "hunter2" not in line


def test_a_cluster_that_is_no_lab_is_not_loaded_without_a_yes(
    tool: Tool, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERLOAD_STATE", "elsewhere")
    line = says(tool, 104, "run", "--bootstrap-server", lab.bootstrap_servers, *DIALS)
    assert f"add --yes-cluster {lab.cluster_id}" in line


def test_a_run_file_that_is_none_is_named(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "letter.run").write_text("Dear Sir or Madam")
    assert "letter.run is damaged or no run file" in says(tool, 1, "report", "letter.run")
    assert "there is no run file gone.run" in says(tool, 1, "report", "gone.run")


def test_a_folder_that_holds_runs_is_refused_before_a_lab_is_started(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "1-baseline.run").touch()
    assert "old holds runs already" in says(tool, 1, "case", "cluster-load", "--out", "old")


def test_an_unknown_case_is_named_with_the_nearest(tool: Tool) -> None:
    assert "did you mean 'cluster-load'" in says(tool, 104, "case", "cluster-lode")
