"""Start the brokers of one lab through a supervisor, and wait until they are ready.

A lab is ready when each broker, asked alone on its plain client listener, names all brokers of the cluster: a KRaft
broker names only those that are registered and unfenced. Its other listeners for clients must be open too, and its
Jolokia must answer, if it was asked for.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from clusterload.lab import control, own_processes, ports, prometheus, registry
from clusterload.lab.layout import lay_out
from clusterload.model.errors import LabError
from clusterload.model.paths import import_root, labs_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from clusterload.lab.description import LabBroker
    from clusterload.lab.layout import LabSpec, Runtime
    from clusterload.lab.registry import Record

_TRIES = 3
_TAIL = 15  # last log lines shown of a broker that died
_PAUSE = 0.05


class Running:
    """A lab that was launched: its folder, and its supervisor, a child of this process."""

    def __init__(self, record: Record) -> None:
        self.folder, self._record = labs_dir() / record.info.id, record
        with (self.folder / "logs" / "supervisor.log").open("ab") as log:
            self._supervisor = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "clusterload.lab.supervisor",
                    str(self.folder / registry.ORDERS),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tool alone, which then stops the lab in order
                env=_environment(),
            )

    @property
    def record(self) -> Record:
        """The record as the supervisor last wrote it."""
        return registry.read(self.folder) or self._record

    @property
    def ended(self) -> bool:
        """Whether the supervisor has ended."""
        return self._supervisor.poll() is not None

    def ask(self, do: str, broker: int | None = None, **more: object) -> dict[int, dict[str, Any]]:
        """Send the supervisor a command, see `control.ask`."""
        return control.ask(self._record.socket, do, broker, **more)

    def wait(self) -> int:
        """Block until the supervisor has ended, by a signal or by `lab down`; its exit code."""
        return self._supervisor.wait()

    def await_ready(self, timeout: float) -> None:
        """Wait until every broker answers and knows the others.

        Raises:
            LabError: a broker died, or `timeout` seconds passed.
        """
        deadline = time.monotonic() + timeout
        while self.record.info.supervisor_pid == 0:
            self._check_supervisor(deadline)
            time.sleep(0.02)
        nodes = self.record.info.brokers
        known = {node.id for node in nodes}
        _wait_until_ready(nodes, known, lambda: self._check_brokers(known, deadline), deadline)
        if self.record.info.prometheus_url:
            log = self.folder / "logs" / f"{prometheus.NAME}.log"
            check = partial(self._check_brokers, known, deadline)
            prometheus.wait_until_scraping(self.record.info, log, check, deadline)

    def restart(self, broker: int, timeout: float) -> None:
        """Start a broker that has ended, and wait until it answers."""
        self.ask("start", broker)
        deadline, node = time.monotonic() + timeout, self.record.info.brokers[broker - 1]
        _wait_until_ready([node], {broker}, lambda: self._check_brokers({broker}, deadline), deadline)

    def end_in_order(self, timeout: float) -> None:
        """Ask every broker to end by itself, and wait at most `timeout` seconds for that."""
        deadline = time.monotonic() + timeout
        for node in self.record.info.brokers:
            self.ask("terminate", node.id)
        while time.monotonic() < deadline:
            if all(state["state"] == "exited" for state in self.ask("status").values()):
                return
            time.sleep(0.05)

    def release(self) -> None:
        """Leave supervisor and brokers running when this process ends."""
        self.ask("detach")
        self._supervisor.returncode = 0  # not ours to wait for any more, and no cause for a warning

    def stop(self) -> None:
        """End brokers and supervisor, and remove all they left but their logs."""
        self._supervisor.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._supervisor.wait(control.PATIENCE)
        self._supervisor.kill()
        if self._supervisor.wait() != 0:
            control.kill_orphans()
            registry.clear(self.folder)

    def _check_supervisor(self, deadline: float) -> None:
        if self.ended or time.monotonic() > deadline:
            tail = _tail(self.folder / "logs" / "supervisor.log")
            raise LabError(f"the lab's supervisor is not running; start the lab again. Its log ends with:\n{tail}")

    def _check_brokers(self, brokers: set[int], deadline: float) -> None:
        self._check_supervisor(deadline)
        for broker, state in self.ask("status").items():
            if state["state"] == "exited" and broker in brokers:
                log = self.record.info.brokers[broker - 1].log
                raise LabError(
                    f"broker {broker} of the lab ended with code {state['code']} before it was ready; "
                    f"correct what its log {log} names, which ends with:\n{_tail(log)}"
                )


def launch(runtime: Runtime, spec: LabSpec) -> Running:
    """Start a lab and wait until it is ready; when another process steals a port, try again with others.

    Raises:
        LabError: a broker died or was not ready in time; nothing is left running.
    """
    for left in reversed(range(_TRIES)):
        running = Running(lay_out(runtime, spec, ports.choose(spec.brokers, spec.listeners, proxied=spec.proxied)))
        try:
            running.await_ready(spec.timeout)
        except BaseException as error:
            running.stop()
            if not (left and isinstance(error, LabError) and _port_was_taken(running)):
                raise
        else:
            break
    return running


def _wait_until_ready(nodes: Iterable[LabBroker], known: set[int], check: Callable[[], None], deadline: float) -> None:
    """Wait until each broker names all ids in `known`; `check` raises when one has died, this when one is late."""
    for node in nodes:
        while not (_listens(node) and _names(node) >= known):
            check()
            if time.monotonic() > deadline:
                raise LabError(
                    f"broker {node.id} of the lab was not ready in time; see its log {node.log}, "
                    "and whether the machine has a free core and memory"
                )
            time.sleep(_PAUSE)


def _listens(node: LabBroker) -> bool:
    ports = (node.client_port, *node.ports.values())
    return all(_open(node.host, port) for port in ports) and (not node.jolokia_url or _answers(node.jolokia_url))


def _open(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _answers(jolokia: str) -> bool:
    """Whether Jolokia is up; it starts in a thread of its own, which the broker does not wait for."""
    try:
        return bool(own_processes.get(f"{jolokia}/version", timeout=1))
    except OSError:
        return False


def _names(node: LabBroker) -> set[int]:
    """The brokers that this one names: a fresh client knows no other broker to ask."""
    address = f"{node.host}:{node.client_port}"
    client = AdminClient({"bootstrap.servers": address, "client.id": "clusterload-lab", "log_level": 0})
    try:
        return set(client.list_topics(timeout=2).brokers)
    except KafkaException:
        return set()


def _environment() -> dict[str, str]:
    """This process's environment, with the way to this very package, and no hidden options for Java."""
    hidden = ("JAVA_OPTIONS", "JAVA_TOOL_OPTIONS")
    kept = {key: value for key, value in os.environ.items() if not key.endswith(hidden)}
    package = str(import_root())
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, (package, kept.get("PYTHONPATH"))))}


def _tail(log: Path) -> str:
    """The last lines of a log, without the frames of stack traces."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return "(nothing)"
    return "\n".join([line for line in lines if not line.startswith("\tat ")][-_TAIL:]) or "(nothing)"


def _port_was_taken(running: Running) -> bool:
    logs = (running.folder / "logs").iterdir()
    return any("address already in use" in log.read_text(errors="replace").lower() for log in logs)
