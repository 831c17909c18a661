"""Run a program, and say what it cost: time, CPU and memory of it and of all that it started."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_TICK = 1.0  # looking costs CPU, which the contender shares
_PATIENCE = 60.0
_POLL = 0.05


class ProgramEndedError(RuntimeError):
    """A program ended before it did what was waited for."""


class Running:
    """A program that runs: it takes lines on its input, and can be waited for."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def say(self, line: str = "") -> None:
        """Write a line to its standard input."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def sizes(self) -> tuple[float, float] | None:
        """Bytes that it has in memory, and those of all that it started (its own when it started nothing)."""
        try:
            root = psutil.Process(self._process.pid)
            own = float(root.memory_info().rss)
            started = [float(each.memory_info().rss) for each in root.children(recursive=True)]
        except psutil.Error:
            return None
        return own, sum(started) if started else own

    def started(self) -> float:
        """Bytes of what it started (its own when it started nothing) now: at rest none of its forks is among them."""
        return (self.sizes() or (0.0, 0.0))[1]

    def unshared(self) -> float:
        """Bytes of the whole tree now, each page that processes share counted once. Takes a while."""
        root = psutil.Process(self._process.pid)
        sizes = (each.memory_full_info() for each in (root, *root.children(recursive=True)))
        return sum(float(getattr(size, "pss", size.rss)) for size in sizes)  # only Linux knows what is shared

    @property
    def ended(self) -> bool:
        """Whether it has ended; its exit code and account are left for the caller that waits for it."""
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition to hold while it runs.

        Raises:
            ProgramEndedError: it ended first.
            RuntimeError: it took longer than a minute.
        """
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            if self.ended:
                raise ProgramEndedError("it ended before it did what was waited for")
            if time.monotonic() > deadline:
                raise RuntimeError("what was waited for did not come in a minute")
            time.sleep(_POLL)


Meanwhile = Callable[[Running], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a program did.

    Attributes:
        output: its standard output; `errors` its standard error, `code` its exit code.
        wall: seconds from its start to its end; `cpu` seconds of CPU, user and system, of the whole tree.
        memory: peak bytes of the whole tree; pages that processes share count in each.
        workers: peak bytes of what it started, or of itself when it started nothing.
    """

    output: str
    errors: str
    code: int
    wall: float
    cpu: float
    memory: float
    workers: float


class _Watch(threading.Thread):
    """Looks at a tree of processes from time to time."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self._root, self._over = psutil.Process(root), threading.Event()
        self._spent: dict[int, float] = {}
        self.memory = self.workers = 0.0

    def run(self) -> None:
        while not self._over.wait(_TICK):
            with suppress(psutil.Error):
                self._look()

    def _look(self) -> None:
        sizes = []
        for each in (self._root, *self._root.children(recursive=True)):
            with suppress(psutil.Error):
                times = each.cpu_times()
                self._spent[each.pid] = times.user + times.system
                sizes.append(float(each.memory_info().rss))
        self.memory = max(self.memory, sum(sizes))
        self.workers = max(self.workers, sum(sizes[1:] or sizes))

    def end(self) -> float:
        """Stop looking; the seconds of CPU that were seen, which miss the last moments."""
        self._over.set()
        self.join()
        return sum(self._spent.values())


def run(argv: list[str], log: Path, *, meanwhile: Meanwhile, timeout: float) -> Outcome:
    """Run a program to its end; its words and all that it printed are kept in files that begin with `log`.

    Args:
        argv: its words.
        log: the path of the files, without a suffix.
        meanwhile: called once it runs; standard input is open for it.
        timeout: seconds after which it is killed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    out, err = log.with_suffix(".out"), log.with_suffix(".err")
    log.with_suffix(".command").write_text(shlex.join(argv) + "\n", encoding="utf-8")
    with out.open("w") as stdout, err.open("w") as stderr:
        begin = time.perf_counter()
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, text=True, start_new_session=True
        )
        watch, killer = _Watch(process.pid), threading.Timer(timeout, _kill, [process.pid])
        watch.start()
        killer.start()
        try:
            with suppress(ProgramEndedError):  # its exit code and its output say more
                meanwhile(Running(process))
            # Children that the program waited for are in its own account; others only in what the watch saw.
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        except BaseException:
            _kill(process.pid)
            process.wait()
            raise
        finally:
            killer.cancel()
            seen = watch.end()
            process.stdin.close()  # type: ignore[union-attr]
    return Outcome(
        output=out.read_text(encoding="utf-8", errors="replace"),
        errors=err.read_text(encoding="utf-8", errors="replace"),
        code=process.returncode,
        wall=time.perf_counter() - begin,
        cpu=max(usage.ru_utime + usage.ru_stime, seen),
        memory=watch.memory,
        workers=watch.workers,
    )


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
