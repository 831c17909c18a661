"""What passes a lab's proxies is made worse as asked, for as long as asked, and is whole all the same."""

from __future__ import annotations

import json
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil
import pytest
from confluent_kafka import Producer

from clusterload import Lab
from clusterload.lab.faults import check_faults, injected
from clusterload.lab.impairment import Impairment, ProxyStatus, ask
from clusterload.lab.ports import choose_one
from clusterload.lab.proxy import client_id_of
from clusterload.model.errors import LabError, UsageError
from clusterload.model.workload.faults import Fault
from tests.processes import lives, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "127.0.0.1"
PATIENCE = 30.0
LONG = 600.0


@dataclass
class Target:
    """A server that sends back what it gets, and remembers it."""

    port: int
    got: bytearray = field(default_factory=bytearray)
    server: socket.socket = field(init=False)

    def begin(self) -> None:
        self.server = socket.create_server((HOST, self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        try:
            while True:
                connection, _ = self.server.accept()
                threading.Thread(target=self._echo, args=(connection,), daemon=True).start()
        except OSError:  # closed: the test is over
            return

    def _echo(self, connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(65_536):
                    self.got += data
                    connection.sendall(data)
            except OSError:
                return


@dataclass
class Proxies:
    """A process of proxies before one target."""

    port: int
    target: Target
    control: Path
    process: subprocess.Popen[bytes]

    def impair(self, seconds: float = LONG, **what: object) -> None:
        wanted = Impairment(**what)  # type: ignore[arg-type]
        ask(self.control, "impair", impairment=wanted.as_document(), seconds=seconds)

    def heal(self) -> None:
        ask(self.control, "heal")

    @property
    def status(self) -> ProxyStatus:
        (status,) = ask(self.control, "status")
        return status

    def connect(self) -> socket.socket:
        return socket.create_connection((HOST, self.port), timeout=PATIENCE)


@pytest.fixture
def proxies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxies]:
    folder = tmp_path_factory.mktemp("p")
    target = Target(choose_one())
    port, control = choose_one(), folder / "proxy"
    orders = folder / "orders.json"
    ways = [{"listener": "CLIENT", "broker": 1, "port": port, "target": target.port}]
    orders.write_text(json.dumps({"socket": str(control), "ways": ways}))
    process = subprocess.Popen([sys.executable, "-m", "clusterload.lab.proxy", str(orders)])
    target.begin()
    try:
        wait_for(control.exists, timeout=PATIENCE)
        yield Proxies(port=port, target=target, control=control, process=process)
    finally:
        process.kill()
        process.wait()
        target.server.close()


def read(connection: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size and (data := connection.recv(size - len(found))):
        found += data
    return bytes(found)


def silent(connection: socket.socket, seconds: float) -> bool:
    """Whether nothing comes for so long."""
    connection.settimeout(seconds)
    try:
        connection.recv(1)
    except TimeoutError:
        connection.settimeout(PATIENCE)
        return True
    return False


def request_of(client_id: str) -> bytes:
    body = struct.pack(">hhih", 18, 3, 1, len(client_id)) + client_id.encode()
    return struct.pack(">i", len(body)) + body


def test_what_passes_untouched_is_whole(proxies: Proxies) -> None:
    content = random.Random(1).randbytes(5_000_000)
    with proxies.connect() as connection:
        threading.Thread(target=connection.sendall, args=(content,), daemon=True).start()
        assert read(connection, len(content)) == content
    assert proxies.status.moved == 2 * len(content)


def test_a_delay_is_added_to_each_round_trip_also_of_connections_that_stand(proxies: Proxies) -> None:
    with proxies.connect() as connection:
        connection.sendall(b"before")
        assert read(connection, 6) == b"before"
        proxies.impair(delay=0.3)
        for _ in range(2):
            began = time.monotonic()
            connection.sendall(b"x")
            assert read(connection, 1) == b"x"
            assert time.monotonic() - began >= 0.29


def test_jitter_lets_nothing_overtake(proxies: Proxies) -> None:
    content = random.Random(2).randbytes(20_000)
    proxies.impair(delay=0.002, jitter=0.02)
    with proxies.connect() as connection:
        for at in range(0, len(content), 100):
            connection.sendall(content[at : at + 100])
        assert read(connection, len(content)) == content


def test_a_bandwidth_holds_for_all_connections_together(proxies: Proxies) -> None:
    proxies.impair(bandwidth=1_000_000)
    connections = [proxies.connect() for _ in range(3)]
    began = time.monotonic()
    for connection in connections:
        connection.sendall(bytes(200_000))
    for connection in connections:
        assert len(read(connection, 200_000)) == 200_000
        connection.close()
    assert time.monotonic() - began >= 0.55


def test_a_cut_lets_nothing_pass_and_what_was_sent_comes_when_it_is_mended(proxies: Proxies) -> None:
    with proxies.connect() as before:
        before.sendall(b"before")
        assert read(before, 6) == b"before"
        proxies.impair(cut=True)
        with proxies.connect() as within:
            before.sendall(b"one")
            within.sendall(b"two")
            assert silent(before, 0.3)
            assert silent(within, 0.3)
            proxies.heal()
            assert read(before, 3) == b"one"
            assert read(within, 3) == b"two"
            assert not proxies.status.impaired


def test_an_impairment_is_undone_after_its_term_by_itself(proxies: Proxies) -> None:
    proxies.impair(seconds=0.8, cut=True)
    with proxies.connect() as connection:
        connection.sendall(b"x")
        assert read(connection, 1) == b"x"
    assert not proxies.status.impaired


def test_a_new_impairment_has_a_term_of_its_own(proxies: Proxies) -> None:
    proxies.impair(seconds=0.5, cut=True)
    proxies.impair(seconds=LONG, cut=True)
    with proxies.connect() as connection:
        connection.sendall(b"x")
        assert silent(connection, 1.0)


def test_only_those_are_touched_who_are_meant(proxies: Proxies) -> None:
    proxies.impair(cut=True, who="broker-2-fetcher")
    meant, other = request_of("broker-2-fetcher-0"), request_of("broker-3-fetcher-0")
    with proxies.connect() as first, proxies.connect() as two:
        first.sendall(meant)
        two.sendall(other)
        assert read(two, len(other)) == other
        assert silent(first, 0.3)


@pytest.mark.parametrize("data", [b"", b"\0", b"GET / HTTP/1.0", struct.pack(">ihhih", 10, 18, 3, 1, -1)])
def test_who_does_not_say_who_it_is_has_no_name(data: bytes) -> None:
    assert client_id_of(data[:13]) == ""
    assert client_id_of(request_of("kafka")) == "kafka"


def test_what_was_sent_before_a_close_still_arrives(proxies: Proxies) -> None:
    proxies.impair(delay=0.4)
    with proxies.connect() as connection:
        connection.sendall(b"last words")
    wait_for(lambda: bytes(proxies.target.got) == b"last words", timeout=PATIENCE)
    wait_for(lambda: proxies.status.connections == 0, timeout=PATIENCE)


def test_where_nobody_listens_a_connection_ends(proxies: Proxies) -> None:
    proxies.target.server.close()
    wait_for(lambda: _refuses(proxies.target.port), timeout=PATIENCE)
    with proxies.connect() as connection:
        assert _ended(connection)


def _ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def _refuses(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return True
    return False


def test_what_is_not_understood_is_refused(proxies: Proxies) -> None:
    with pytest.raises(LabError, match="cannot burn"):
        ask(proxies.control, "burn")
    with pytest.raises(LabError, match="no proxy before CLIENT of broker 9"):
        ask(proxies.control, "heal", listener="CLIENT", broker=9)
    with pytest.raises(UsageError, match="bandwidth"):
        Impairment(bandwidth=0)
    with pytest.raises(UsageError, match="delay"):
        Impairment(delay=-1)


@pytest.fixture(scope="module")
def proxied_lab(state: Path) -> Iterator[Lab]:
    """One broker behind proxies, which end with it."""
    with Lab(1, proxied=True) as lab:
        (proxy,) = [process for process in psutil.process_iter() if _is_proxy_of(process, lab)]
        yield lab
    wait_for(lambda: not lives(proxy.pid))


def test_clients_of_a_lab_come_by_its_proxies(proxied_lab: Lab) -> None:
    assert _latency(proxied_lab) < PATIENCE
    assert any(status.listener == "CLIENT" and status.moved for status in proxied_lab.proxies)
    proxied_lab.impair(listener="CLIENT", broker=1, delay=0.5, seconds=LONG)
    assert _latency(proxied_lab) >= 0.49
    proxied_lab.heal()
    assert not any(status.impaired for status in proxied_lab.proxies)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            Fault(do="delay", broker=1, by=0.25),
            "the network path between broker 1 and clients is slower by 0.25 s a round trip",
        ),
        (Fault(do="cut", broker=1, between="brokers"), "the network path between broker 1 and brokers is cut"),
    ],
)
def test_a_plan_impairs_a_network_path_and_restores_it_again(proxied_lab: Lab, fault: Fault, words: str) -> None:
    told: list[tuple[str, str]] = []
    check_faults([fault], proxied_lab.info)
    with injected(
        [fault], proxied_lab.info, duration=LONG, on_event=lambda _, kind, text: told.append((kind, text))
    ) as injection:
        injection.begin(time.time_ns())
        wait_for(lambda: told, timeout=PATIENCE)
        assert [status.listener for status in proxied_lab.proxies if status.impaired] == [
            "BROKER" if fault.between == "brokers" else "CLIENT"
        ]
    assert told[0] == ("fault", words)
    assert told[1][0] == "fault-undone"
    assert not any(status.impaired for status in proxied_lab.proxies)


def _is_proxy_of(process: psutil.Process, lab: Lab) -> bool:
    try:
        return "clusterload.lab.proxy" in process.cmdline() and any(lab.info.id in word for word in process.cmdline())
    except psutil.Error:
        return False


def _latency(lab: Lab) -> float:
    """Seconds until a record is acknowledged, on a connection that stands."""
    producer = Producer({"bootstrap.servers": lab.bootstrap_servers, "linger.ms": 0})
    took = 0.0
    for _ in range(2):
        began = time.monotonic()
        producer.produce("passes", b"x")
        assert producer.flush(PATIENCE) == 0
        took = time.monotonic() - began
    return took


def test_a_lab_without_proxies_says_how_to_have_them(lab: Lab) -> None:
    with pytest.raises(LabError, match="proxied=True"):
        lab.impair(listener="CLIENT", delay=1, seconds=1)


def test_a_noisy_neighbour_is_there_until_it_is_ended(proxied_lab: Lab) -> None:
    fault = Fault(do="neighbour", processes=2)
    supervisor = psutil.Process(proxied_lab.info.supervisor_pid)

    def burning() -> list[int]:
        found = []
        for process in supervisor.children(recursive=True):
            try:
                if "clusterload.lab.noisy_neighbour" in process.cmdline() and lives(process.pid):
                    found.append(process.pid)
            except psutil.Error:
                continue
        return found

    with injected([fault], proxied_lab.info, duration=LONG, on_event=lambda *_: None) as injection:
        injection.begin(time.time_ns())
        wait_for(lambda: len(burning()) == 2, timeout=PATIENCE)
    wait_for(lambda: not burning(), timeout=PATIENCE)
    proxied_lab.disturb(1, seconds=LONG)
    wait_for(lambda: len(burning()) == 1, timeout=PATIENCE)
    proxied_lab.quieten()
    wait_for(lambda: not burning(), timeout=PATIENCE)


def test_a_noisy_neighbour_ends_by_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clusterload.lab.noisy_neighbour", "2", "0.2"], timeout=PATIENCE, check=False
    )
    assert done.returncode == 0
