"""A user's mistake is answered by one clear line and the right exit code, never by a traceback."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from clusterload import Lab
from tests.cli.conftest import Called
from tests.conftest import Tool

DIALS = ("--dial", "producers=2", "--dial", "record_rate=50/s", "--dial", "payload_size=1KiB")


def says(tool: Tool, code: int, *arguments: str) -> str:
    """The one line of complaint of a command that fails with this exit code."""
    done = tool(*arguments)
    return complaint((done.returncode, done.stdout, done.stderr), code)


def complaint(done: tuple[int, str, str], code: int) -> str:
    """The one line that a command printed as it failed."""
    left, out, err = done
    assert (left, out) == (code, ""), err
    assert "Traceback" not in err
    (line,) = (line for line in err.splitlines() if line.startswith("clusterload:"))
    return line


RUN = ("run", "--bootstrap-server", "127.0.0.1:9")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lba",), "did you mean 'lab'?; see 'clusterload --help'"),
        (("describe", "topcis"), "'topcis'"),
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
        ((*RUN, "--dial", "producers=0", "--dial", "record_rate=5", "--dial", "payload_size=64"), "must be above 0"),
        ((*RUN, "--dial", "producers=1", "--dial", "record_rate=-5/s", "--dial", "payload_size=64"), "must be above 0"),
        ((*RUN, "--dial", "producers=1", "--dial", "record_rate=0", "--dial", "payload_size=64"), "must be above 0"),
        ((*RUN, "--dial", "producers=1", "--dial", "record_rate=5", "--dial", "payload_size=many"), "not a quantity"),
        ((*RUN, "--dial", "producers=1", "--dial", "record_rate=5", "--dial", "payload_size=5/s"), "payload_size"),
        ((*RUN, "--dial", "producers=1.5", "--dial", "record_rate=5", "--dial", "payload_size=64"), "whole number"),
        ((*RUN, "--dial", "producers=1"), "does not set record_rate, payload_size"),
        ((*RUN, *DIALS, "--for", "0s"), "must be above 0"),
        ((*RUN, *DIALS, "--for", "soon"), "'--for': 'soon' is not a duration"),
        ((*RUN, *DIALS, "--topic", "a b"), "topic name 'a b' is not allowed"),
        (RUN, "no dial is set"),
        ((*RUN, "--dial", "record_rate=500/s", "--dial", "request_rate=300/s"), "1.667 records a request"),
        ((*RUN, "--dial", "record_rate=max", "--dial", "byte_rate=1MB/s"), "byte_rate is set too"),
        ((*RUN, "--dial", "record_rate=ramp:0:5"), "ramp takes 3 parts"),
        ((*RUN, "--dial", "connections=ramp:0:5:1s", "--dial", "in_flight=step:1@0s"), "in_flight"),
        ((*RUN, "--dial", "producers=2", "--dial", "acks=1"), "acks is a dial of engine wire and producers one of"),
        ((*RUN, *DIALS, "--fault", "kil broker=1"), "did you mean 'kill'"),
        ((*RUN, *DIALS, "--fault", "kill broker=1 at=5m"), "let it come before the end"),
        ((*RUN, *DIALS, "--warm-up", "30s"), "nothing is left"),
        ((*RUN, *DIALS, "--fail-if", "lots > 0"), "did you mean 'lost'"),
        (("watch", "--lab", "--exporter", "1:http://b:1"), "'--exporter': '1:http://b:1' is not ID=URL"),
        (("watch", "--lab", "--exporter", "1=http://b:1", "--source", "admin"), "two sources of the same figures"),
        (("watch", "--exporter", "1=http://b:1/m", "--exporter", "2=http://b:1/m"), "is given for brokers 1 and 2"),
        (("watch", "--exporter", "1=http://b:1/m", "--exporter", "1=http://b:1/m"), "is given for broker 1, twice"),
        (("watch", "--exporter", "1=http://me:s3@b:1/m"), "its URL holds a login"),
        (("watch", "--jolokia", "1=http://b:1", "--jolokia", "1=http://b:2"), "2 addresses of its Jolokia agent"),
        (("watch", "--prometheus", "http://p", "--prometheus", "http://q"), "--prometheus is given twice"),
        (("watch", "--cluster", "a", "--command-config", "b"), "--cluster is given twice"),
        (("run", "--bootstrap-server", "x:1", "--cap", "duration=1", "--cap", "duration=2", *DIALS), "given twice"),
        (("lab", "down", "x", "--all"), "give one of them"),
        (("watch", "--prometheus", "http://p", "--from", "yesterday"), "yesterday"),
        (("watch", "--lab", "--interval", "often"), "'often' is not a duration"),
        (("diagnose", "--lab", "--for", "0s"), "--for takes more than 0 s"),
        (("changed", "--before", "x", "--after", "y"), "neither a run file nor a stretch of time"),
        (("capacity", "--lab", *DIALS, "--mix", "--until", "speed > 1"), "'--until'"),
        (("experiment", "--lab", *DIALS), "nothing is varied"),
        (("serve", "--lab", "--cluster-id", "a b"), "is not a cluster id"),
        (("serve", "--lab", "--lateness", "90s"), "not a whole number of minutes"),
        (("lab", "up", "--lateness", "3m"), "add --metrics-api"),
        (("lab", "fault", "pause broker=1"), "add for=TIME"),
        (("runs", "label", "a.run", "release"), "release"),
        (("runs", "--since", "ever"), "ever"),
    ],
)
def test_a_malformed_command_line_exits_with_2(called: Called, arguments: tuple[str, ...], words: str) -> None:
    assert words in complaint(called(*arguments), 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*RUN, "none.toml"), "none.toml cannot be read"),
        ((*RUN, *DIALS, "--limits", "course-basik"), "did you mean 'course-basic'"),
        ((*RUN, *DIALS, "--limits", "gone.toml"), "gone.toml"),
        (("report", "gone.run"), "run file gone.run does not exist"),
        (("report", "letter.run"), "letter.run is damaged or not a run file"),
        (("diagnose", "gone.run"), "run file gone.run does not exist"),
        (("bill", "gone.run"), "run file gone.run does not exist"),
        (("changed", "--before", "gone.run", "--after", "gone.run"), "run file gone.run does not exist"),
        (("compare", "gone.run", "letter.run"), "gone.run"),
        (("export", "gone.run", "--to", "a.csv"), "run file gone.run does not exist"),
        (("runs", "label", "gone.run", "a=b"), "gone.run"),
        (("runs", "nowhere"), "folder nowhere does not exist"),
        (("cleanup", "gone", "--lab"), "run 'gone' was not found"),
        (("case", "cluster-lode"), "did you mean 'cluster-load'"),
        (("describe", "brokers", "--cluster", "gone.properties"), "gone.properties cannot be read"),
    ],
)
def test_a_file_or_table_that_is_missing_or_bad_exits_with_104(
    called: Called, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    (tmp_path / "letter.run").write_text("Dear Sir or Madam")
    assert words in complaint(called(*arguments), 104)


@pytest.mark.parametrize(
    "arguments",
    [
        ("describe", "topics", "--lab"),
        ("bill", "--lab", "3"),
        ("cleanup", "--lab"),
        ("experiment", "--lab", "--remove", "client=etl-7"),
    ],
)
def test_a_command_that_reads_what_is_there_starts_no_lab(
    called: Called, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr("clusterload.lab.registry.running_labs", tuple)
    assert complaint(called(*arguments), 1).endswith("no lab is running: start one with 'clusterload lab up --detach'")


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
def test_a_bad_client_configuration_exits_with_104(called: Called, tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "client.properties").write_text(content)
    assert words in complaint(called("describe", "brokers", "--cluster", "client.properties"), 104)


@pytest.mark.parametrize("option", ["--lab", "--web", "--expose"])
def test_a_plan_behind_an_option_whose_number_is_left_out_is_the_plan(called: Called, option: str) -> None:
    assert "plan nosuch.toml cannot be read" in complaint(called("run", option, "nosuch.toml"), 104)


def test_a_malformed_line_that_holds_a_secret_is_not_repeated(called: Called, tmp_path: Path) -> None:
    (tmp_path / "client.properties").write_text("sasl.password hunter2\n")
    assert "hunter2" not in complaint(called("describe", "brokers", "--cluster", "client.properties"), 104)


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


def test_a_folder_that_holds_runs_is_refused_before_a_lab_is_started(called: Called, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "1-baseline.run").touch()
    assert "old holds runs already" in complaint(called("case", "cluster-load", "--out", "old"), 104)
