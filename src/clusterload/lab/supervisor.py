"""The small process that owns the brokers of one lab: `python -m clusterload.lab.supervisor ORDERS.json`.

It starts the brokers, answers commands on a Unix socket, and stops the brokers when it is told to, when it
gets a signal, or when the tool that started it is gone (unless the lab was detached). On Linux the kernel
kills the brokers when the supervisor itself is killed; so nothing stays behind, in whatever order they die.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from clusterload.lab import registry

_TICK = 0.1  # seconds between two looks at the brokers and at the tool
_SIGNALS = {
    "kill": signal.SIGKILL,
    "terminate": signal.SIGTERM,
    "pause": signal.SIGSTOP,
    "resume": signal.SIGCONT,
}
_DYING = 3.0  # seconds that a killed broker may take to be gone
_UNDONE_BY = {"kill": "start", "terminate": "start", "pause": "resume"}


def _die_with_parent() -> Any:
    """A function for the child between fork and exec: on Linux it asks to be killed with its parent."""
    if sys.platform != "linux":
        return None
    prctl, death_signal, parent = ctypes.CDLL(None, use_errno=True).prctl, 1, os.getpid()

    def ask() -> None:
        prctl(death_signal, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before it was asked
            os._exit(1)

    return ask


class Supervisor:
    """The brokers of one lab, and what may be done to them."""

    def __init__(self, folder: Path, orders: dict[str, Any]) -> None:
        self._folder = folder
        self._commands: dict[int, list[str]] = {int(key): argv for key, argv in orders["commands"].items()}
        self._companions: dict[str, list[str]] = orders["companions"]
        self._parent: int | None = int(orders["parent"])
        self._brokers: dict[int, subprocess.Popen[bytes]] = {}
        self._attached: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._paused: set[int] = set()
        self._undo_at: dict[int, tuple[float, str]] = {}
        self._stop = False
        self._die_with_parent = _die_with_parent()
        template = registry.parse(orders["record"])
        info = replace(template.info, supervisor_pid=os.getpid())
        self._record = replace(template, info=info, supervisor_created=psutil.Process().create_time())

    def run(self) -> None:
        """Start all brokers, serve until told to stop, then stop them and clean up."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            with self._listener() as listener:
                registry.write(self._folder, self._record)
                for name, argv in self._companions.items():  # before the brokers, which find each other by proxies
                    self._attach(name, argv)
                for broker in self._commands:
                    self._start(broker)
                self._serve(listener)
        finally:
            self._stop_all()
            registry.clear(self._folder)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._stop = True

    def _listener(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._record.socket))
        listener.listen()
        listener.setblocking(False)
        return listener

    def _serve(self, listener: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            while not self._stop and not self._orphaned():
                if selector.select(_TICK):
                    with contextlib.suppress(OSError, ValueError):
                        self._answer(listener.accept()[0])
                self._undo_due()

    def _orphaned(self) -> bool:
        """Whether the tool that owns this lab is gone; a process whose parent dies gets another one."""
        return self._parent is not None and os.getppid() != self._parent

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(1)
            with connection.makefile("rw", encoding="utf-8") as stream:
                answer = self._do(json.loads(stream.readline()))
                stream.write(json.dumps(answer) + "\n")

    def _do(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out one command; the answer tells the state of every broker, or an error."""
        what, broker = order.get("do"), order.get("broker")
        if what == "stop":
            self._stop = True
        elif what == "ready":
            self._update(replace(self._record, ready=True))
        elif what == "detach":
            self._parent = None
        elif what == "attach":
            self._attach(order["name"], order["argv"])
        elif what == "end":
            self._end(order["name"])
        elif what == "start" and broker in self._commands:
            self._start(broker)
        elif what in _SIGNALS and broker in self._brokers:
            self._signal(broker, what)
            self._lease(broker, what, order.get("seconds"))
        elif what != "status":
            return {"error": f"cannot {what} broker {broker}"}
        return {"brokers": {broker: self._state(broker) for broker in self._brokers}}

    def _start(self, broker: int) -> None:
        before = self._brokers.get(broker)
        if before is not None and before.poll() is None:
            return
        node = self._record.info.brokers[broker - 1]
        process = self._run(self._commands[broker], node.log)
        self._brokers[broker] = process
        self._paused.discard(broker)
        self._undo_at.pop(broker, None)
        nodes = tuple(replace(each, pid=process.pid) if each is node else each for each in self._record.info.brokers)
        self._update(replace(self._record, info=replace(self._record.info, brokers=nodes)))

    def _attach(self, name: str, argv: list[str]) -> None:
        """Run a process other than a broker, such as a server of metrics, for as long as the lab runs."""
        self._attached.append((name, self._run(argv, self._folder / "logs" / f"{name}.log")))

    def _end(self, name: str) -> None:
        """End the processes that were attached under a name; there may be none."""
        for attached, process in self._attached:
            if attached == name and process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._attached = [(attached, process) for attached, process in self._attached if process.poll() is None]

    def _run(self, argv: list[str], log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as file:
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd=self._folder,
                process_group=0,  # its children, such as the writer of the start-up cache, end with it
                preexec_fn=self._die_with_parent,  # noqa: PLW1509 - this process has one thread only
            )

    def _signal(self, broker: int, what: str) -> None:
        process = self._brokers[broker]
        if process.poll() is None:
            process.send_signal(_SIGNALS[what])
            (self._paused.add if what == "pause" else self._paused.discard)(broker)
            if what == "kill":
                # Gone when the answer says so: who starts it again at once must not meet its last moment.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_DYING)

    def _lease(self, broker: int, what: str, seconds: float | None) -> None:
        """Have what was just done to a broker undone after some seconds, even if the tool that asked is gone."""
        self._undo_at.pop(broker, None)
        if seconds is not None and what in _UNDONE_BY:
            self._undo_at[broker] = (time.monotonic() + seconds, _UNDONE_BY[what])

    def _undo_due(self) -> None:
        # A broker that is still ending cannot be started: it keeps its place here, and the next tick tries again.
        due = [(broker, what) for broker, (at, what) in self._undo_at.items() if time.monotonic() >= at]
        for broker, what in due:
            self._do({"do": what, "broker": broker})

    def _state(self, broker: int) -> dict[str, Any]:
        process = self._brokers[broker]
        code = process.poll()
        state = "exited" if code is not None else "paused" if broker in self._paused else "running"
        return {"pid": process.pid, "state": state, "code": code}

    def _update(self, record: registry.Record) -> None:
        self._record = record
        registry.write(self._folder, record)

    def _stop_all(self) -> None:
        """Kill every process: a lab's data go with it, so there is nothing to end in order."""
        running = [*self._brokers.values(), *(process for _, process in self._attached)]
        for process in running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        for process in running:
            process.wait()


def main(arguments: list[str]) -> None:
    """Run the supervisor of the lab whose orders are in the file named by the first argument."""
    path = Path(arguments[0])
    Supervisor(path.parent, json.loads(path.read_text(encoding="utf-8"))).run()


if __name__ == "__main__":
    main(sys.argv[1:])
