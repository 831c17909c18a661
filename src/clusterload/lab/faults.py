"""Faults of a plan, carried out on a lab while a load runs: each on its own clock, each undone, each an event."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

from clusterload.model.errors import ConfigurationError, LabError

if TYPE_CHECKING:
    from clusterload.lab.breaking import Break
    from clusterload.lab.description import LabInfo
    from clusterload.lab.partitions import PartitionState, TopicPartition
    from clusterload.model.workload.faults import Fault

    OnEvent = Callable[[int, str, str], None]
    """Called with Unix nanoseconds, a kind (`fault`, `fault-undone`, `fault-failed`) and a line for people."""

_BACK_SECONDS = 60.0  # a broker that was away has to fetch what was written meanwhile
_NANOSECONDS = 1e9
_ON_THE_WAY = ("delay", "cut")


def check_faults(
    faults: Sequence[Fault], lab: LabInfo | None, *, duration: float = math.inf, made: Collection[str] = ()
) -> None:
    """See that faults can be carried out on this lab, before anything is touched.

    Args:
        faults: what is to be broken.
        lab: where; None if the cluster is not a lab.
        duration: of the load, in seconds.
        made: topics that the load itself makes when they are missing.

    Raises:
        ConfigurationError: one of them cannot be.
    """
    if not faults:
        return
    if lab is None:
        raise ConfigurationError("only a lab is broken on purpose, and this cluster is not one: leave the faults out")
    if not lab.proxied and (first := next((fault for fault in faults if fault.do in _ON_THE_WAY), None)):
        raise ConfigurationError(
            f"{_what(first)} needs a lab with proxies: start it with 'clusterload lab up --proxied'"
        )
    from clusterload.lab.partitions import all_partitions  # noqa: PLC0415 (what breaks a lab needs kio, half a second that most loads can do without)

    known = {node.id for node in lab.brokers}
    for fault in faults:
        if not 0 <= fault.at < duration:
            raise ConfigurationError(f"{_what(fault)} is to come {fault.at:g} s into a load of {duration:g} s")
        _check_brokers(fault, known)
    _check_turns(faults, duration)
    if moves := [fault for fault in faults if fault.do == "move-leader"]:
        _check_places(moves, set(all_partitions(lab)), made)


def _check_brokers(fault: Fault, known: set[int]) -> None:
    if fault.do == "neighbour":
        return
    wanted = fault.to if fault.do == "move-leader" else fault.broker
    if wanted not in known and not (fault.do == "move-leader" and wanted is None):
        brokers = ", ".join(map(str, sorted(known)))
        raise ConfigurationError(f"{_what(fault)} needs a broker of the lab, not {wanted}: it has {brokers}")


def _check_turns(faults: Sequence[Fault], duration: float) -> None:
    """One broker can be broken in one way at a time, and there is one noisy neighbour."""
    ours = [fault for fault in faults if fault.do != "move-leader"]
    for broker in {fault.broker for fault in ours}:
        turns = sorted((fault for fault in ours if fault.broker == broker), key=lambda fault: fault.at)
        for first, second in pairwise(turns):
            if second.at < (until := first.at + _lasts(first, duration - first.at)) or second.at == first.at:
                raise ConfigurationError(
                    f"{_what(first)} lasts until {until:g} s, and {_what(second)} comes at {second.at:g} s: "
                    "let one end before the other begins"
                )


def _check_places(moves: Sequence[Fault], known: set[TopicPartition], made: Collection[str]) -> None:
    from clusterload.lab.breaking import partition_of  # noqa: PLC0415
    from clusterload.lab.partitions import named  # noqa: PLC0415

    topics = {topic for topic, _ in known}
    for fault in moves:
        topic, _ = place = partition_of(fault)
        to_be_made = topic not in topics and topic in made
        if place not in known and not to_be_made:
            missing = f"{named(place)} does not exist" if topic in topics else f"no topic {topic!r} exists"
            raise ConfigurationError(f"{missing}, whose leader is to move: see 'clusterload describe topics'")


def _lasts(fault: Fault, left: float) -> float:
    """For how many seconds a fault is in force when so many are left of the load."""
    if fault.do == "restart":
        return 0.0
    return left if fault.lasts is None else min(fault.lasts, left)


def _what(fault: Fault) -> str:
    if fault.do == "move-leader":
        return f"move-leader of partition {fault.partition} of {fault.topic}"
    return fault.do if fault.broker is None else f"{fault.do} of broker {fault.broker}"


class Injection:
    """Faults that wait for their time, or are in force."""

    def __init__(self, faults: Sequence[tuple[Fault, Break]], *, duration: float, on_event: OnEvent) -> None:
        self._duration, self._tell = duration, on_event
        self._over = threading.Event()
        self._origin = 0.0
        self._threads = [
            threading.Thread(target=self._carry_out, args=(fault, broken), name="fault", daemon=True)
            for fault, broken in faults
        ]

    def begin(self, start: int) -> None:
        """Let the time of the faults run from `start`, in Unix nanoseconds: when the load begins."""
        self._origin = time.monotonic() + (start - time.time_ns()) / _NANOSECONDS
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Wait until every fault has been done and undone."""
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def end(self) -> None:
        """Undo what is in force now, and let nothing more begin."""
        self._over.set()
        self.wait()

    def _carry_out(self, fault: Fault, broken: Break) -> None:
        if self._over.wait(self._until(fault.at)):
            return
        lasts = _lasts(fault, self._duration - fault.at)
        if self._told("fault", fault, lambda: broken.do(lasts)):
            self._over.wait(self._until(fault.at + lasts))
            self._told("fault-undone", fault, broken.undo)

    def _until(self, elapsed: float) -> float | None:
        left = self._origin + elapsed - time.monotonic()
        return max(0.0, left) if math.isfinite(left) else None

    def _told(self, kind: str, fault: Fault, act: Callable[[], str]) -> bool:
        """Act, and make an event of it; a load is never hurt by a fault that fails. Whether it succeeded."""
        try:
            words = act()
        except LabError as error:
            undoing = " could not be undone" if kind == "fault-undone" else " failed"
            self._tell(time.time_ns(), "fault-failed", f"{_what(fault)}{undoing}: {error}")
            return False
        self._tell(time.time_ns(), kind, words)
        return True


@contextmanager
def injected(
    faults: Sequence[Fault], lab: LabInfo | None, *, duration: float, on_event: OnEvent
) -> Iterator[Injection]:
    """Carry out faults on a lab from `begin` of what this gives, and leave the lab as it was.

    Each fault is undone when its time is over or the load's, whichever is first, and in any case when the block is
    left, also by an error or by Ctrl-C. Then brokers are waited for until they are ready, in sync, and lead what they
    led before, within a bound. A fault that fails is an event and no more.

    Args:
        faults: what is broken, checked by `check_faults`.
        lab: where, also one that another process started; None will do if nothing is to be broken.
        duration: of the load, in seconds.
        on_event: gets every act when it is done.

    Raises:
        LabError: the lab does not answer before anything was broken.
    """
    if lab is None or not faults:
        yield Injection((), duration=duration, on_event=on_event)
        return
    from clusterload.lab.breaking import break_of  # noqa: PLC0415
    from clusterload.lab.partitions import all_partitions  # noqa: PLC0415

    before = all_partitions(lab)
    injection = Injection([(fault, break_of(fault, lab)) for fault in faults], duration=duration, on_event=on_event)
    try:
        yield injection
    finally:
        injection.end()
        _bring_back(lab, before, on_event)


def _bring_back(lab: LabInfo, before: Mapping[TopicPartition, PartitionState], on_event: OnEvent) -> None:
    from clusterload.lab.partitions import restore_leaders  # noqa: PLC0415

    try:
        restore_leaders(lab, before, deadline=time.monotonic() + _BACK_SECONDS)
    except LabError as error:
        on_event(time.time_ns(), "fault-failed", f"after the faults {error}")
