"""`clusterload lab up`, `status` and `down`."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from clusterload.cli.lab import lab as command
from clusterload.lab.registry import find_lab, running_labs
from clusterload.model.errors import LabError
from tests.processes import lives, wait_for

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

_MAIN = "from clusterload.cli.lab import lab; lab()"


def run(*arguments: str) -> str:
    """The standard output of a command that succeeds."""
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_a_detached_lab_outlives_its_tool_until_down(
    tmp_path: Path, started: Callable[..., subprocess.Popen[str]]
) -> None:
    up = started(_MAIN, "up", "--brokers", "1", "--detach", "--json", "--listener", "SASL_SSL", cwd=tmp_path)
    out, err = up.communicate(timeout=300)
    assert up.returncode == 0, err
    lab: dict[str, Any] = json.loads(out)
    assert lab["directory"] == str(tmp_path)
    files = [tmp_path / "client.properties", tmp_path / "client-sasl-ssl.properties"]
    assert all(file.exists() for file in files)

    shown = [each for each in json.loads(run("status", "--json")) if each["id"] == lab["id"]]
    assert [broker["state"] for broker in shown[0]["brokers"]] == ["running"]
    text = run("status")
    assert lab["cluster_id"] in text
    assert f"127.0.0.1:{lab['brokers'][0]['ports']['SASL_SSL']}" in text

    assert run("down", lab["id"]) == f"Stopped lab {lab['id']}.\n"
    assert not lives(lab["supervisor_pid"])
    assert not lives(lab["brokers"][0]["pid"])
    assert not any(file.exists() for file in files)
    assert find_lab(lab["cluster_id"]) is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_foreground_lab_ends_in_order_on_a_signal(
    tmp_path: Path, started: Callable[..., subprocess.Popen[str]], number: signal.Signals
) -> None:
    up = started(_MAIN, "up", "--brokers", "1", cwd=tmp_path)
    wait_for(lambda: any(lab.directory == tmp_path for lab in running_labs()) or up.poll() is not None)
    info = next(lab for lab in running_labs() if lab.directory == tmp_path)
    assert up.stderr is not None
    assert any("Ctrl-C stops it" in line for line in up.stderr)
    up.send_signal(number)
    assert up.wait(15) == 0
    assert not any(map(lives, [info.supervisor_pid, info.brokers[0].pid]))


def test_down_of_an_unknown_lab_is_an_error() -> None:
    with pytest.raises(LabError, match="no lab called 'x' runs"):
        run("down", "x")
