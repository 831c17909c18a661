"""At a terminal, a yes can be typed: the id of the very cluster."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from clusterload import Lab
from tests.conftest import PROGRAM
from tests.processes import wait_for

pytestmark = pytest.mark.usefixtures("tidy")

DIALS = ("--dial", "producers=1", "--dial", "record_rate=20/s", "--dial", "payload_size=64", "--for", "1s")


class Terminal:
    """The program with a terminal as stdin and stderr; its stdout is a file."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self.shown = ""
        with (folder / "out.txt").open("w") as out:
            self._process = subprocess.Popen(
                [PROGRAM, *arguments], stdin=theirs, stdout=out, stderr=theirs, cwd=folder, env=os.environ
            )
        os.close(theirs)

    def read_until(self, words: str) -> None:
        """Read what is shown until these words come."""
        wait_for(lambda: self._more() and words in self.shown)

    def _more(self) -> bytes:
        try:
            found = os.read(self._ours, 4096)
        except OSError:  # what Linux says when the other side of a terminal is closed
            return b""
        self.shown += found.decode(errors="replace")
        return found

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._ours, f"{line}\n".encode())

    def end(self) -> int:
        """Read on to the end; the exit code."""
        while self._more():
            pass
        os.close(self._ours)
        return self._process.wait(60)


@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        ("{id}", 0, ""),
        ("  {id} ", 0, ""),
        ("yes", 104, "is not a lab, and the id that was given is yes"),
        ("", 104, "is not a lab: add --yes-cluster {id}"),
    ],
)
def test_only_the_clusters_own_id_is_a_yes(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, words: str
) -> None:
    monkeypatch.setenv("CLUSTERLOAD_STATE", str(tmp_path / "elsewhere"))
    servers = ("--bootstrap-server", lab.bootstrap_servers)
    terminal = Terminal(tmp_path, "run", *servers, *DIALS, "--topic", "clusterload-asked", "--no-metrics", "--json")
    terminal.read_until("Type its id to load it")
    assert lab.cluster_id in terminal.shown
    terminal.type(typed.format(id=lab.cluster_id))
    assert terminal.end() == code
    assert words.format(id=lab.cluster_id) in " ".join(terminal.shown.split())
    made = '"acknowledged": 20' in (tmp_path / "out.txt").read_text()
    assert made == (code == 0)


def test_a_lab_is_loaded_without_a_question(lab: Lab, tmp_path: Path) -> None:
    servers = ("--bootstrap-server", lab.bootstrap_servers)
    terminal = Terminal(tmp_path, "run", *servers, *DIALS, "--no-metrics")
    assert terminal.end() == 0
    assert "Type its id" not in terminal.shown
