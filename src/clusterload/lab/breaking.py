"""One fault each: how it is done to a lab and how it is undone, with words for what was really done."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from clusterload.lab import control, noisy_neighbour
from clusterload.lab.impairment import Impairment, ask
from clusterload.lab.inter_broker import LabGoneError, record_of, states
from clusterload.lab.partitions import PartitionState, brokers_known_to, move_leader, named, partition_state, wait_until
from clusterload.model import units
from clusterload.model.errors import LabError

if TYPE_CHECKING:
    from clusterload.lab.description import LabInfo
    from clusterload.lab.partitions import TopicPartition
    from clusterload.model.workload.faults import Fault

GRACE_SECONDS = 15.0
"""The supervisor itself undoes what is this long overdue: the tool that should have done it is gone."""

# A broker that was killed is let in again when the controller has given the old one up, after 9 s by default.
_READY_SECONDS = 60.0
_ENDED_SECONDS = 30.0
_LONGEST_SECONDS = 86_400.0
_LEADER_SECONDS = 20.0
_ORDERS = {
    "kill": ("kill", "killed (SIGKILL)"),
    "stop": ("terminate", "told to stop (SIGTERM)"),
    "pause": ("pause", "paused (SIGSTOP)"),
    "restart": ("terminate", "told to stop (SIGTERM), and to start again"),
}


class Break(Protocol):
    """A fault on a lab. Both may raise LabError, and give the words for what was done."""

    def do(self, lasts: float) -> str:
        """Break it; `lasts` is the number of seconds after which it will be undone."""

    def undo(self) -> str:
        """Mend it, and wait within a bound until all is as it was."""


def break_of(fault: Fault, lab: LabInfo) -> Break:
    """How a fault is done to this lab; the fault has been checked."""
    if fault.do == "move-leader":
        return LeaderFault(lab=lab, place=partition_of(fault), to=fault.to)
    if fault.do == "neighbour":
        return NoisyNeighbour(lab=lab, processes=fault.processes or 1)
    assert fault.broker is not None
    if fault.do in {"delay", "cut"}:
        impairment = Impairment(delay=fault.by or 0.0, cut=fault.do == "cut")
        return NetworkFault(lab=lab, broker=fault.broker, between=fault.between or "clients", impairment=impairment)
    return BrokerFault(lab=lab, broker=fault.broker, how=fault.do)


def partition_of(fault: Fault) -> TopicPartition:
    """The partition whose leader a fault moves."""
    assert fault.topic is not None
    assert fault.partition is not None
    return fault.topic, fault.partition


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFault:
    """The network path between a broker and its clients, or other brokers, impaired by the proxy on it."""

    lab: LabInfo
    broker: int
    between: str
    impairment: Impairment

    def do(self, lasts: float) -> str:
        """Tell the proxy, with a term after which it undoes it by itself."""
        seconds = min(lasts + GRACE_SECONDS, _LONGEST_SECONDS)
        self._ask("impair", impairment=self.impairment.as_document(), seconds=seconds)
        done = "cut" if self.impairment.cut else f"slower by {units.duration(self.impairment.delay)} a round trip"
        return f"the network path between broker {self.broker} and {self.between} is {done}"

    def undo(self) -> str:
        """Let all pass again."""
        self._ask("heal")
        return f"the network path between broker {self.broker} and {self.between} is free again"

    def _ask(self, do: str, **more: object) -> None:
        listener = {"clients": "CLIENT", "brokers": "BROKER"}[self.between]
        ask(record_of(self.lab).proxy_socket, do, listener=listener, broker=self.broker, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyNeighbour:
    """Processes that take CPU time from the brokers."""

    lab: LabInfo
    processes: int

    def do(self, lasts: float) -> str:
        """Start the processes, which end by themselves."""
        words = noisy_neighbour.command(self.processes, min(lasts + GRACE_SECONDS, _LONGEST_SECONDS))
        control.ask(record_of(self.lab).socket, "attach", name=noisy_neighbour.NAME, argv=words)
        return f"{self.processes} other processes take the machine's CPU"

    def undo(self) -> str:
        """End them."""
        control.ask(record_of(self.lab).socket, "end", name=noisy_neighbour.NAME)
        return f"the {self.processes} other processes have ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerFault:
    """A broker that is killed, stopped, paused or restarted."""

    lab: LabInfo
    broker: int
    how: str

    def do(self, lasts: float) -> str:
        """Give the supervisor its order, with a term after which it undoes it by itself."""
        if (state := self._state()) != "running":
            raise LabError(f"broker {self.broker} is {state} already; leave more time between faults")
        order, words = _ORDERS[self.how]
        control.ask(record_of(self.lab).socket, order, self.broker, seconds=lasts + GRACE_SECONDS)
        return f"broker {self.broker} {words}"

    def undo(self) -> str:
        """Resume or start the broker, and wait until it and all others know that it is there."""
        order, words = ("resume", "resumed (SIGCONT)") if self.how == "pause" else ("start", self._ended())
        control.ask(record_of(self.lab).socket, order, self.broker)
        began = time.monotonic()
        wait_until(self._ready_or_ended, _until(_READY_SECONDS), f"broker {self.broker} was {words}, but is not ready")
        if self._state() == "exited":
            log = next(node.log for node in self.lab.brokers if node.id == self.broker)
            raise LabError(f"broker {self.broker} was {words}, but ended; see its log {log}")
        return f"broker {self.broker} {words}, ready after {time.monotonic() - began:.1f} s"

    def _state(self) -> str:
        try:
            return states(self.lab)[self.broker]
        except KeyError:
            raise LabError(f"the lab has no broker {self.broker}; see 'clusterload lab status'") from None

    def _ended(self) -> str:
        """Wait until the broker has ended, so that it can be started; the words for starting it."""
        late = f"broker {self.broker} does not end"
        try:
            wait_until(lambda: self._state() == "exited", _until(_ENDED_SECONDS), late)
        except LabGoneError:
            raise
        except LabError:  # without a quorum of controllers a broker that stops in order may wait for long
            control.ask(record_of(self.lab).socket, "kill", self.broker, seconds=GRACE_SECONDS)
            wait_until(lambda: self._state() == "exited", _until(_ENDED_SECONDS), late)
            return f"killed, since it did not end in {_ENDED_SECONDS:g} s, and started again"
        return "started again"

    def _ready_or_ended(self) -> bool:
        now = states(self.lab)
        if now[self.broker] == "exited":
            return True
        # A broker is named once it is unfenced, which it is after all its listeners are open.
        if self.broker not in brokers_known_to(self.lab, self.broker):
            return False
        # A broker that was paused for long does not know at once that the others have given it up meanwhile.
        others = [broker for broker, state in now.items() if state == "running" and broker != self.broker]
        return all(self._is_known_to(other) for other in others)

    def _is_known_to(self, other: int) -> bool:
        try:
            return self.broker in brokers_known_to(self.lab, other)
        except LabError:
            return True  # it may just be starting, and cannot tell


@dataclass(slots=True, kw_only=True)
class LeaderFault:
    """A partition that is led by another broker; its replicas stay where they are."""

    lab: LabInfo
    place: TopicPartition
    to: int | None
    _before: PartitionState = field(init=False)

    def do(self, lasts: float) -> str:  # noqa: ARG002 - the cluster keeps no term for a leader
        """Make the new leader the preferred one, and elect it."""
        self._before = partition_state(self.lab, self.place)
        target = self._target()
        others = (broker for broker in self._before.replicas if broker != target)
        try:
            move_leader(self.lab, self.place, target, (target, *others), deadline=_until(_LEADER_SECONDS))
        except LabError:
            with contextlib.suppress(LabError):
                self._move_back()
            raise
        return f"leader of {named(self.place)} moved from broker {self._before.leader} to broker {target}"

    def undo(self) -> str:
        """Elect the old leader again, and put the replicas into their old order."""
        self._move_back()
        return f"leader of {named(self.place)} moved back to broker {self._before.leader}"

    def _move_back(self) -> None:
        move_leader(self.lab, self.place, self._before.leader, self._before.replicas, deadline=_until(_LEADER_SECONDS))

    def _target(self) -> int:
        """The broker that is to lead: the one that was named, or the first other one that is in sync."""
        before = self._before
        fit = [broker for broker in before.replicas if broker in before.isr and broker != before.leader]
        if before.leader < 0 or not fit or self.to not in {None, *fit}:
            raise LabError(
                f"the leader of {named(self.place)} is broker {before.leader}, and cannot move to "
                f"{'another' if self.to is None else f'broker {self.to}'}: other in-sync replicas are {fit or 'none'}"
            )
        return fit[0] if self.to is None else self.to


def _until(seconds: float) -> float:
    return time.monotonic() + seconds
