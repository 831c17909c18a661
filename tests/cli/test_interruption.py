"""Ctrl-C or a kill during a load leaves no process behind, and a run file that can be read."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from clusterload import read_run
from tests.conftest import PROGRAM
from tests.processes import wait_for


def brokers_of(state: Path) -> list[psutil.Process]:
    """The Java processes whose command lines or environment point into this state folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if "java" in process.name() and str(state) in " ".join([*process.cmdline(), process.cwd()]):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize(
    ("sign", "code"), [(signal.SIGINT, 105), pytest.param(signal.SIGKILL, -9, marks=pytest.mark.long)]
)
def test_an_interrupted_case_leaves_no_broker_and_a_readable_run(tmp_path: Path, sign: int, code: int) -> None:
    state = tmp_path / "state"
    process = subprocess.Popen(
        [PROGRAM, "case", "cluster-load", "--out", "out", "--for", "60s"],
        cwd=tmp_path,
        env=os.environ | {"CLUSTERLOAD_STATE": str(state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    run = tmp_path / "out" / "1-baseline.run"
    wait_for(lambda: run.exists() and any(ledger.acknowledged > 100 for ledger in read_run(run).ledgers))
    assert brokers_of(state)
    process.send_signal(sign)
    _, complaint = process.communicate(timeout=300)
    assert process.returncode == code
    wait_for(lambda: not brokers_of(state))
    kept = read_run(run)
    assert not kept.complete
    assert kept.ledgers[0].acknowledged > 100
    assert kept.series
    if sign == signal.SIGINT:
        assert "Traceback" not in complaint
        assert "interrupted: what was measured until then is in out/1-baseline.run" in complaint
