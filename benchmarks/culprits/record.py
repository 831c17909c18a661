"""Recording: one lab, and run after run of baseline, onset and rest, each into a file that gives nothing away."""

from __future__ import annotations

import contextlib
import random
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.cimpl import NewTopic

from benchmarks.culprits import rest
from benchmarks.culprits.clients import Client, ClientFailedError, Engine, Tool
from benchmarks.culprits.deeds import DEEDS, Undo, drop_topics, make_topics, quota
from benchmarks.culprits.orders import Order, missing
from benchmarks.culprits.stage import PLAIN, Program, Stage
from benchmarks.culprits.stored import RUN, TRUTH, Truth
from benchmarks.culprits.words import Words
from benchmarks.peers import java
from clusterload.kafka.cluster import Cluster
from clusterload.kafka.properties import Properties
from clusterload.lab.lab import Lab
from clusterload.model.errors import AbortedError, ClusterloadError
from clusterload.model.workload import Dials, Load
from clusterload.telemetry.discovery import admin_source, source_of
from clusterload.telemetry.record import environment, recording
from clusterload.telemetry.sources.source import LiveSource, Source

BASELINE_SECONDS: Final = 15.0
LOAD_SECONDS: Final = 30.0
RUN_SECONDS: Final = 55.0
"""About what a run takes, its rest included."""

_LONGER: Final = 6.0  # what a load could go on beyond the window: it is ended in time
_START_SECONDS: Final = 300.0  # the machine may be busy
_HOURS: Final = 6 * 3600.0
_SETTLE_SECONDS: Final = 60.0
_WARM_SECONDS: Final = 12.0
_ADMIN_SECONDS: Final = 5.0
_EDGE_SECONDS: Final = 2.2
_TROUBLES: Final = (ClusterloadError, ClientFailedError, OSError, KafkaException)
_LISTENERS: Final = ("SSL", "SASL_PLAINTEXT")
_UNLOCKING: Final = {"producer_byte_rate": 1e12, "consumer_byte_rate": 1e12, "request_percentage": 1e6}


def record(wanted: Sequence[Order], folder: Path) -> list[str]:
    """Record what is missing; why runs failed, a line each. What is recorded stays when it is interrupted.

    A run that fails is tried once more, on a new lab: the old one may be in any state.
    """
    folder.mkdir(parents=True, exist_ok=True)
    work = _Work(left=missing(wanted, folder), folder=folder)
    while work.left:
        group = _alike(work.left)
        try:
            with _Site.open(group[0].scenario.proxied, group[0].seed) as site:
                for order in group:
                    if not work.do(order, site):
                        break
        except AbortedError:
            raise
        except _TROUBLES as error:
            work.fail(group[0], f"no lab for it: {error}")
    return work.failed


@dataclass(slots=True, kw_only=True)
class _Work:
    """What is still to be recorded, and how it goes."""

    left: list[Order]
    folder: Path
    failed: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    done: int = 0
    tried: set[str] = field(default_factory=set)

    def do(self, order: Order, site: _Site) -> bool:
        """Record one; whether the lab is fit for the next."""
        try:
            unrest = site.record(order, self.folder)
        except AbortedError:
            shutil.rmtree(self.folder / order.id, ignore_errors=True)
            raise
        except _TROUBLES as error:
            shutil.rmtree(self.folder / order.id, ignore_errors=True)
            self.fail(order, str(error))
            return False
        self.left.remove(order)
        self.done += 1
        pace = (time.monotonic() - self.began) / self.done
        words = f" (not at rest after it: {', '.join(unrest)})" if unrest else ""
        count = len(self.left)
        print(f"{order.id}: {pace:.0f} s a run, {count} left, {left_words(count, pace)}{words}", flush=True)
        return not unrest

    def fail(self, order: Order, why: str) -> None:
        """Put a run last, or give it up if it failed before."""
        again = order.id not in self.tried
        print(f"{order.id}: {'put last' if again else 'given up'}: {why}", flush=True)
        self.tried.add(order.id)
        self.left.remove(order)
        if again:
            self.left.append(order)
        else:
            self.failed.append(f"{order.id}: {why}")


def left_words(runs: int, pace: float = RUN_SECONDS) -> str:
    """How long so many runs take, in words."""
    minutes = runs * pace / 60
    return f"about {minutes / 60:.1f} h" if minutes > 90 else f"about {minutes:.0f} min"


def _alike(left: Sequence[Order]) -> list[Order]:
    """The first runs of those that are left which need the same lab and background."""
    first = left[0]
    return [order for order in left if (order.scenario.proxied, order.seed) == (first.scenario.proxied, first.seed)]


def _filled(argument: str, servers: Mapping[str, str]) -> str:
    for placeholder, address in servers.items():
        argument = argument.replace(placeholder, address)
    return argument


class _Site:
    """A lab with its background, at rest before each run."""

    def __init__(self, lab: Lab, seed: int, scratch: Path) -> None:
        self._lab, self._scratch, self._seed = lab, scratch, seed
        words = Words(f"{seed} background")
        self._topic = words.word()
        self._names = tuple(words.word() for _ in range(3))
        servers = {"bootstrap.servers": lab.bootstrap_servers}
        self._properties: dict[str, Mapping[str, str]] = {PLAIN: servers, **lab.listeners}
        self._cluster = Cluster.connect(Properties(values=servers, origin="the lab"))
        self._background: Engine | None = None

    @classmethod
    @contextlib.contextmanager
    def open(cls, proxied: bool, seed: int) -> Iterator[_Site]:
        """A lab of three brokers for so long; with the background that belongs to a seed."""
        more = {"proxied": True} if proxied else {}
        config = {"log.segment.delete.delay.ms": "1000", "num.partitions": "6"}
        with (
            TemporaryDirectory(prefix="clusterload-culprits-") as name,
            Lab(3, listeners=_LISTENERS, config=config, timeout=_START_SECONDS, **more) as lab,  # type: ignore[arg-type]
        ):
            site = cls(lab, seed, Path(name))
            try:
                site._begin()
                yield site
            finally:
                if site._background is not None:
                    site._background.end()

    def _begin(self) -> None:
        make_topics(self._lab, [NewTopic(self._topic, 6)])
        quota(self._lab, Words(f"{self._seed} nobody").word(), _UNLOCKING)
        self._background = Engine(
            self._background_loads(),
            {**self._properties[PLAIN], "linger.ms": "100"},
            seconds=_HOURS,
            seed=self._seed,
            scratch=self._scratch,
        )
        self._background.prepare()
        self._background.begin()
        self._background.began()
        time.sleep(_WARM_SECONDS)  # the group has joined, the brokers' classes are loaded
        self._usual = rest.look(self._lab, 4.0)

    def _background_loads(self) -> list[Load]:
        """Two producers and a group of one member; how much they send varies with the seed."""
        chance = random.Random(f"{self._seed} background")
        first, second, group = self._names
        loads = []
        for name, base in ((first, 200), (second, 100)):
            rate = round(base * chance.uniform(0.8, 1.2))
            dials = {"producers": 1, "record_rate": f"{rate}/s", "payload_size": chance.choice((800, 1500))}
            loads.append(Load(name=name, client_id=name, topic=self._topic, dials=Dials.parsed(dials)))
        members = Dials.parsed({"members": 1})
        loads.append(Load(name=group, client_id=group, topic=self._topic, kind="group", dials=members))
        return loads

    def record(self, order: Order, folder: Path) -> tuple[str, ...]:
        """Record one run; what did not come to rest after it, so that a new lab is better for the next."""
        stage = Stage.of(order.id, self._topic)
        order.scenario.setup(stage, order.intensity)
        with contextlib.ExitStack() as stack:
            make_topics(
                self._lab, [NewTopic(topic.name, topic.partitions, config=dict(topic.config)) for topic in stage.topics]
            )
            stack.callback(drop_topics, self._lab, [topic.name for topic in stage.topics])
            self._do(stage, "before", stack)
            clients = self._clients(stage, order.seed)
            for client in clients:
                stack.callback(client.end)
                client.prepare()
            unrest = rest.settle(self._lab, self._usual, within=_SETTLE_SECONDS)
            path = folder / order.id
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir()
            onset, began = self._recorded(path / RUN, stage, clients, stack)
        assert self._background is not None
        if not self._background.lives:
            raise ClientFailedError("the background ended")
        self._truth(order, stage, onset, began, unrest).write(path / TRUTH)
        return rest.settle(self._lab, self._usual, within=_SETTLE_SECONDS)

    def _recorded(
        self, path: Path, stage: Stage, clients: Sequence[Client], stack: contextlib.ExitStack
    ) -> tuple[int, int]:
        """Watch baseline and load into a file; when the load was to begin, and when it did."""
        sources: list[Source] = [source_of(self._cluster, "exporter")]
        sources.append(admin := admin_source(self._cluster, sources))
        admin.interval = _ADMIN_SECONDS
        with recording(path) as recorder, contextlib.ExitStack() as running:
            recorder.document("environment", environment(self._cluster, sources))
            for source in sources:
                assert isinstance(source, LiveSource)
                source.start(recorder)
                running.callback(source.stop)
            time.sleep(1.0)
            start = time.time_ns()
            time.sleep(BASELINE_SECONDS)
            onset = time.time_ns()
            until = time.monotonic() + LOAD_SECONDS
            for client in clients:
                client.begin()
            self._do(stage, "onset", stack)
            began = max([onset, *(client.began() for client in clients)])
            time.sleep(max(0.0, until - time.monotonic()))
            end = time.time_ns()
            if silent := [client for client in clients if not client.lives]:
                raise ClientFailedError(f"{len(silent)} of {len(clients)} foreign clients ended before their time")
            recorder.document("window", {"start": start, "end": end, "complete": True})
            time.sleep(_EDGE_SECONDS)
        return onset, began

    def _do(self, stage: Stage, when: str, stack: contextlib.ExitStack) -> None:
        for deed in stage.deeds:
            if deed.when == when:
                undo: Undo = DEEDS[deed.do](self._lab, **deed.given)
                stack.callback(undo)

    def _clients(self, stage: Stage, seed: int) -> list[Client]:
        found: list[Client] = [
            Engine(
                [load],
                {**self._properties[listener], **more},
                seconds=LOAD_SECONDS + _LONGER,
                seed=seed,
                scratch=self._scratch,
            )
            for load, listener, more in stage.loads
        ]
        return [*found, *(Tool(self._argv(program), self._scratch) for program in stage.programs)]

    def _argv(self, program: Program) -> list[str]:
        servers = {"{servers}": self._lab.bootstrap_servers}
        for name, given in self._lab.listeners.items():
            servers[f"{{servers {name}}}"] = given["bootstrap.servers"]
        arguments = [_filled(argument, servers) for argument in program.arguments]
        if program.java:
            return java.command(program.main, *arguments)
        return [sys.executable, "-m", program.main, *arguments]

    def _truth(self, order: Order, stage: Stage, onset: int, began: int, unrest: tuple[str, ...]) -> Truth:
        scenario = order.scenario
        return Truth(
            id=order.id,
            scenario=scenario.id,
            kind=scenario.kind,
            causes=scenario.causes,
            culprits=tuple({"kind": kind, "name": name} for kind, name in stage.culprits),
            named=stage.named and bool(stage.culprits),
            onset=onset,
            began=began,
            intensity=order.intensity,
            seed=order.seed,
            pair=scenario.pair,
            unrest=unrest,
            known=(self._topic, *self._names),
        )
