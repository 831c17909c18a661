"""Contenders take turns against one broker, each on a fresh topic; what they did is measured the same way for all."""

from __future__ import annotations

import shutil
import signal
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers.places import ROOT
from benchmarks.rig.broker import PARTITIONS, Broker
from benchmarks.rig.options import Options
from benchmarks.rig.processes import Outcome, Running, run

Figures = dict[str, float]
Medians = dict[str, Figures]
RAW = ROOT / "benchmarks" / "raw"
OURS = "clusterload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where one turn takes place: the broker, the topic, and the path of files that belong to the turn."""

    broker: Broker
    topic: str
    log: Path

    @property
    def servers(self) -> str:
        """Where the broker listens for clients."""
        return self.broker.servers


Meanwhile = Callable[[Scene, Running], Figures]
Afterwards = Callable[[Scene], Figures]


def undisturbed(_scene: Scene, _process: Running) -> Figures:
    """Let a contender run by itself."""
    return {}


def no_more(_scene: Scene) -> Figures:
    """Look at nothing afterwards."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One tool with one setting.

    Attributes:
        name: what the tables call it.
        argv: the words that run it.
        figures: what it says of itself.
        meanwhile: called once it runs; its standard input is open. What it finds is among the figures.
    """

    name: str
    argv: Callable[[Scene], list[str]]
    figures: Callable[[Scene, Outcome], Figures]
    meanwhile: Meanwhile = undisturbed


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """What all contenders go through.

    Attributes:
        name: of the folder with raw outputs.
        after: what is measured on its topic afterwards.
        partitions: of the topic, and `config` its settings.
        timeout: seconds after which a contender is killed.
        warm_up: turns of the first contender that do not count, so that the broker's Java has compiled what all
            need before the first turn that does.
    """

    name: str
    contenders: Sequence[Contender]
    after: Afterwards = no_more
    partitions: int = PARTITIONS
    config: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 300.0
    warm_up: int = 0


def hold(contest: Contest, broker: Broker, options: Options) -> Medians:
    """Let each contender have its turns; the medians of its figures, by name.

    Those common to all are `stored` (records, by the growth of end offsets), `wall`, `cpu` and `broker_cpu` (seconds),
    `memory` and `workers` (bytes), and `failed` (turns).
    """
    signal.signal(signal.SIGTERM, _leave)
    shutil.rmtree(RAW / contest.name, ignore_errors=True)
    chosen = [each for each in contest.contenders if not options.only or each.name in options.only]
    turns: dict[str, list[Figures]] = {each.name: [] for each in chosen}
    failed = dict.fromkeys(turns, 0)
    for turn in range(0 if options.quick else contest.warm_up):
        print(f"  {contest.name}, warming the broker up, {turn + 1} of {contest.warm_up}", flush=True)
        _turn(contest, contest.contenders[0], broker, 0)
    for repeat in range(1, options.repeats + 1):
        for each in chosen:
            print(f"  {contest.name}, turn {repeat} of {options.repeats}: {each.name}", flush=True)
            try:
                turns[each.name].append(_turn(contest, each, broker, repeat))
            except Exception as error:  # whatever befell one contender, the others have their turns
                failed[each.name] += 1
                print(f"  {each.name} failed: {type(error).__name__}: {error}", flush=True)
    return {name: _medians(each) | {"failed": failed[name]} for name, each in turns.items()}


def _leave(number: int, _frame: object) -> None:
    """End as after an error, so that the contender that runs is ended too."""
    sys.exit(128 + number)


def _turn(contest: Contest, contender: Contender, broker: Broker, repeat: int) -> Figures:
    log = RAW / contest.name / f"{contender.name.replace(' ', '-')}-{repeat}"
    with broker.topic(contest.name, partitions=contest.partitions, config=contest.config) as topic:
        scene = Scene(broker=broker, topic=topic, log=log)
        argv, found = contender.argv(scene), Figures()

        def meanwhile(process: Running) -> None:
            found.update(contender.meanwhile(scene, process))

        before = broker.cpu()
        outcome = run(argv, log, meanwhile=meanwhile, timeout=contest.timeout)
        common = found | {
            "broker_cpu": broker.cpu() - before,
            "stored": float(sum(broker.ends(topic))),
            "wall": outcome.wall,
            "cpu": outcome.cpu,
            "memory": outcome.memory,
            "workers": outcome.workers,
        }
        if outcome.code:
            raise RuntimeError(f"exit code {outcome.code}: {(outcome.errors or outcome.output).strip()[-500:]}")
        return common | contender.figures(scene, outcome) | contest.after(scene)


def _medians(turns: list[Figures]) -> Figures:
    if not turns:
        return {}
    return {name: statistics.median(each[name] for each in turns if name in each) for name in turns[-1]}
