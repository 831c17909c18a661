"""Foreign clients: processes that load the lab, each started before it is needed and ended in bounded time."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from clusterload.model.workload import Load, Plan

READY_SECONDS: Final = 60.0
"""How long a process may take to be ready; the machine may be busy."""

END_SECONDS: Final = 6.0
"""How long a process may take to end after its signal."""


class ClientFailedError(Exception):
    """A foreign client did not do its part."""


@dataclass(slots=True)
class _Told:
    """What a process has said, line by line, while somebody waits for it."""

    lines: list[str] = field(default_factory=list)
    more: threading.Condition = field(default_factory=threading.Condition)
    over: bool = False

    def follow(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with self.more:
                self.lines.append(line.strip())
                self.more.notify_all()
        with self.more:
            self.over = True
            self.more.notify_all()

    def wait(self, word: str) -> str:
        """The first line that begins with the word; empty if none came in time."""
        with self.more:
            self.more.wait_for(lambda: self.over or self._find(word), READY_SECONDS)
            return self._find(word)

    def _find(self, word: str) -> str:
        return next((line for line in self.lines if line.split(" ")[0] == word), "")


class Engine:
    """Loads by the tool's own engines, in a process of their own."""

    def __init__(
        self, loads: Sequence[Load], properties: Mapping[str, str], *, seconds: float, seed: int, scratch: Path
    ) -> None:
        """Start the process; it does nothing on the cluster yet."""
        plan = Plan(name="foreign", loads=tuple(loads), duration=seconds)
        self._names = ", ".join(load.client_id for load in loads)
        self._log = (scratch / "foreign.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.culprits.foreign"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,
        )
        self._told = _Told()
        threading.Thread(target=self._told.follow, args=(self._process,), daemon=True).start()
        given = {
            "plan": plan.as_document(),
            "properties": dict(properties),
            "seed": seed,
            "scratch": str(scratch),
        }
        self._say(json.dumps(given))

    def prepare(self) -> None:
        """Wait until it is ready to begin; ClientFailedError if it never is."""
        self._expect("ready")

    def begin(self) -> None:
        """Tell it to begin."""
        self._say("go")

    def began(self) -> int:
        """Wait until its first request was due: Unix nanoseconds; ClientFailedError if it does not come to that."""
        return int(self._expect("began").split()[1])

    def end(self) -> None:
        """End it, whatever it is doing."""
        _end(self._process, signal.SIGINT)
        self._log.close()

    @property
    def lives(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        except OSError as error:
            raise ClientFailedError(f"the foreign client {self._names} is gone: {error}; see foreign.log") from error

    def _expect(self, word: str) -> str:
        line = self._told.wait(word)
        if not line:
            raise ClientFailedError(
                f"the foreign client {self._names} did not say {word!r}: {self._told.lines}; see foreign.log"
            )
        return line


class Tool:
    """A program that is not ours, such as one of Kafka's own."""

    def __init__(self, argv: Sequence[str], scratch: Path) -> None:
        """Keep the words; nothing is started yet."""
        self._argv, self._scratch = list(argv), scratch
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Nothing is needed before."""

    def begin(self) -> None:
        """Start it."""
        with (self._scratch / "tools.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def began(self) -> int:
        """Not known."""
        return 0

    def end(self) -> None:
        """End it, whatever it is doing."""
        if self._process is not None:
            _end(self._process, signal.SIGTERM)

    @property
    def lives(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None


Client = Engine | Tool


def _end(process: subprocess.Popen[str] | subprocess.Popen[bytes], first: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(first)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
    # Its workers are of its session: none outlives it.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
