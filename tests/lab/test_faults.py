"""What is broken on purpose is really broken, at its time, and is mended again."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil
import pytest
from click.testing import CliRunner
from confluent_kafka import Producer

from clusterload import Cluster, Dials, Lab, Load, Plan, Properties, Run, measure, read_run
from clusterload.cli.lab import lab as lab_command
from clusterload.lab import breaking
from clusterload.lab.faults import check_faults, injected
from clusterload.lab.inter_broker import states
from clusterload.lab.partitions import (
    PartitionState,
    TopicPartition,
    all_partitions,
    brokers_known_to,
    partition_state,
    restore_leaders,
)
from clusterload.lab.registry import find_lab
from clusterload.model.errors import ConfigurationError, LabError
from clusterload.model.workload.faults import Fault
from tests.processes import lives, wait_for

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from clusterload.lab.description import LabInfo

TOPIC = "broken-on-purpose"
# The controller believes this long that a dead broker lives, and does not let it in again before.
QUICK = {"broker.session.timeout.ms": "3000"}

_PAUSES = """
import sys, time
from clusterload.lab import breaking
from clusterload.lab.registry import find_lab
from clusterload.lab.faults import injected
from clusterload.model.workload.faults import Fault
breaking.GRACE_SECONDS = 1.0
fault = Fault(do=sys.argv[2], at=0, lasts=2, broker=2)
with injected([fault], find_lab(sys.argv[1]), duration=60, on_event=lambda *_: print("done", flush=True)) as faults:
    faults.begin(time.time_ns())
    time.sleep(60)
"""

_LOADS = """
import sys
from clusterload import Cluster, Dials, Load, Plan, Properties, measure
from clusterload.model.workload.faults import Fault
load = Load(name="sales", topic="broken-by-ctrl-c", dials=Dials(producers=2, record_rate=50, payload_size=1024))
plan = Plan(name="a load", loads=(load,), duration=60, faults=(Fault(do="pause", at=1, broker=3),))
cluster = Cluster.connect(Properties(values={"bootstrap.servers": sys.argv[1]}))
measure(plan, cluster, sources=(), path=sys.argv[2])
"""


@dataclass
class Events:
    """What was told about faults."""

    told: list[tuple[int, str, str]] = field(default_factory=list)

    def __call__(self, when: int, kind: str, text: str) -> None:
        self.told.append((when, kind, text))

    @property
    def kinds(self) -> list[str]:
        return [kind for _, kind, _ in self.told]

    @property
    def texts(self) -> str:
        return "\n".join(text for _, _, text in self.told)

    def seconds(self, start: int) -> list[float]:
        return [(when - start) / 1e9 for when, _, _ in self.told]


@pytest.fixture(scope="module")
def victim(state: Path) -> Iterator[LabInfo]:
    """Three brokers of this module's own, with a topic that each of them leads a part of."""
    with Lab(3, config=QUICK) as lab:
        producer = Producer({"bootstrap.servers": lab.bootstrap_servers})
        producer.list_topics(TOPIC, timeout=60)
        wait_for(lambda: len(all_partitions(lab.info)) == 6)
        yield lab.info


@pytest.fixture
def whole(victim: LabInfo) -> Iterator[dict[TopicPartition, PartitionState]]:
    """Every partition as it is before a test, and must be after it."""
    wait_for(lambda: all(len(copies.isr) == len(copies.replicas) for copies in all_partitions(victim).values()))
    before = all_partitions(victim)
    yield before
    assert set(states(victim).values()) == {"running"}
    after = all_partitions(victim)
    assert {place: after[place] for place in before} == before


def broken(lab: LabInfo, faults: Sequence[Fault], *, seconds: float = 30.0) -> tuple[Events, int]:
    """Carry faults out until they are all undone; what was told, and when their clock began."""
    events, start = Events(), time.time_ns()
    with injected(faults, lab, duration=seconds, on_event=events) as injection:
        injection.begin(start)
        injection.wait()
    return events, start


def process_of(lab: LabInfo, broker: int) -> psutil.Process:
    found = find_lab(lab.cluster_id)
    assert found is not None
    return psutil.Process(found.brokers[broker - 1].pid)


def is_there(lab: LabInfo, broker: int) -> bool:
    try:
        return broker in brokers_known_to(lab, broker)
    except LabError:
        return False


def test_a_paused_broker_stands_still_for_its_time_and_runs_on(
    victim: LabInfo, whole: dict[TopicPartition, PartitionState]
) -> None:
    events, start = Events(), time.time_ns()
    process = process_of(victim, 1)
    with injected([Fault(do="pause", at=0.5, lasts=1.5, broker=1)], victim, duration=30, on_event=events) as injection:
        injection.begin(start)
        wait_for(lambda: process.status() == psutil.STATUS_STOPPED)
        injection.wait()
        assert process.status() != psutil.STATUS_STOPPED
    assert events.kinds == ["fault", "fault-undone"]
    assert "broker 1 paused (SIGSTOP)\nbroker 1 resumed (SIGCONT), ready after" in events.texts
    paused, resumed = events.seconds(start)
    assert paused >= 0.5
    assert resumed > paused + 1.4


def test_a_killed_broker_is_gone_at_once_and_leads_again_what_it_led(
    victim: LabInfo, whole: dict[TopicPartition, PartitionState]
) -> None:
    before = process_of(victim, 2).pid
    events, _ = broken(victim, [Fault(do="kill", at=0, lasts=5, broker=2)])
    assert events.kinds == ["fault", "fault-undone"]
    assert "broker 2 killed (SIGKILL)\nbroker 2 started again, ready after" in events.texts
    assert not lives(before)
    assert process_of(victim, 2).pid != before


@pytest.mark.chaos
@pytest.mark.parametrize("do", ["stop", "restart"])
def test_a_broker_is_stopped_in_good_order_and_comes_back(
    victim: LabInfo, whole: dict[TopicPartition, PartitionState], do: str
) -> None:
    log = victim.brokers[2].log
    begins = log.stat().st_size
    events, _ = broken(victim, [Fault(do=do, at=0, lasts=None if do == "restart" else 4, broker=3)])
    assert events.kinds == ["fault", "fault-undone"]
    assert "broker 3 told to stop (SIGTERM)" in events.texts
    assert "controlled shutdown" in log.read_bytes()[begins:].decode().lower()


@pytest.mark.chaos
def test_a_broker_that_does_not_end_in_order_is_killed_and_started_again(
    victim: LabInfo, whole: dict[TopicPartition, PartitionState], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaking, "_ENDED_SECONDS", 0.4)
    events, _ = broken(victim, [Fault(do="stop", at=0, lasts=0.1, broker=2)])
    assert events.kinds == ["fault", "fault-undone"]
    assert "broker 2 killed, since it did not end in 0.4 s, and started again, ready after" in events.texts


def test_a_leader_moves_to_the_broker_that_was_named_and_back(
    victim: LabInfo, whole: dict[TopicPartition, PartitionState]
) -> None:
    place = (TOPIC, 4)
    copies = whole[place]
    other = copies.replicas[2]
    events = Events()
    fault = Fault(do="move-leader", at=0, lasts=2, topic=TOPIC, partition=4, to=other)
    with injected([fault], victim, duration=30, on_event=events) as injection:
        injection.begin(time.time_ns())
        wait_for(lambda: partition_state(victim, place).leader == other)
        injection.wait()
        assert partition_state(victim, place) == copies
    assert events.texts == (
        f"leader of partition 4 of {TOPIC} moved from broker {copies.leader} to broker {other}\n"
        f"leader of partition 4 of {TOPIC} moved back to broker {copies.leader}"
    )


@pytest.mark.chaos
def test_a_fault_without_an_end_is_undone_at_the_end_of_the_load(
    victim: LabInfo, whole: dict[TopicPartition, PartitionState]
) -> None:
    faults = [
        Fault(do="pause", at=0.2, broker=1),
        Fault(do="move-leader", at=0, topic=TOPIC, partition=0),
    ]
    events, start = broken(victim, faults, seconds=2)
    assert sorted(events.kinds) == ["fault", "fault", "fault-undone", "fault-undone"]
    assert min(events.seconds(start)[2:]) >= 2


@pytest.mark.chaos
def test_what_is_in_force_is_undone_when_the_load_fails_and_what_has_not_begun_never_begins(
    victim: LabInfo, whole: dict[TopicPartition, PartitionState]
) -> None:
    events = Events()
    faults = [Fault(do="pause", at=0, broker=1), Fault(do="kill", at=20, broker=2)]

    def load() -> None:
        with injected(faults, victim, duration=30, on_event=events) as injection:
            injection.begin(time.time_ns())
            wait_for(lambda: states(victim)[1] == "paused")
            raise LabError("the load failed")

    with pytest.raises(LabError, match="the load failed"):
        load()
    assert events.kinds == ["fault", "fault-undone"]
    assert states(victim)[1] == "running"


@pytest.mark.chaos
def test_a_fault_that_fails_is_an_event_and_no_error(
    victim: LabInfo, whole: dict[TopicPartition, PartitionState]
) -> None:
    faults = [
        Fault(do="pause", at=0, lasts=1, broker=1),
        Fault(do="kill", at=0.5, lasts=1, broker=1),
        Fault(do="kill", at=0, lasts=1, broker=9),
        Fault(do="move-leader", at=0, lasts=1, topic="no-such-topic", partition=0),
    ]
    events, _ = broken(victim, faults)
    assert sorted(events.kinds) == ["fault", "fault-failed", "fault-failed", "fault-failed", "fault-undone"]
    assert "kill of broker 1 failed: broker 1 is paused already" in events.texts
    assert "kill of broker 9 failed: the lab has no broker 9" in events.texts
    assert "move-leader of partition 0 of no-such-topic failed" in events.texts


@pytest.mark.chaos
@pytest.mark.parametrize("do", ["pause", "kill"])
def test_a_killed_tool_leaves_no_broker_paused_or_down(
    victim: LabInfo, whole: dict[TopicPartition, PartitionState], started: Callable[..., subprocess.Popen[str]], do: str
) -> None:
    tool = started(_PAUSES, victim.cluster_id, do)
    assert tool.stdout is not None
    assert tool.stdout.readline() == "done\n"
    tool.kill()
    wait_for(lambda: states(victim)[2] != "running")
    wait_for(lambda: states(victim)[2] == "running")
    wait_for(lambda: is_there(victim, 2))
    restore_leaders(victim, whole, deadline=time.monotonic() + 60)


@pytest.mark.chaos
def test_ctrl_c_in_the_middle_of_a_fault_undoes_it_and_keeps_the_run(
    victim: LabInfo,
    whole: dict[TopicPartition, PartitionState],
    started: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
) -> None:
    tool = started(_LOADS, victim.bootstrap_servers, str(tmp_path / "one.run"))
    wait_for(lambda: states(victim)[3] == "paused" or tool.poll() is not None)
    tool.send_signal(signal.SIGINT)
    _, complaint = tool.communicate(timeout=300)
    assert "Aborted: interrupted" in complaint
    assert states(victim)[3] == "running"
    kinds = [event.kind for event in read_run(tmp_path / "one.run").events]
    assert kinds == ["fault", "fault-undone", "aborted"]


@pytest.fixture(scope="module")
def survived(victim: LabInfo, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A load during which a broker was killed and came back."""
    values = {"bootstrap.servers": victim.bootstrap_servers, "acks": "all", "enable.idempotence": "true"}
    dials = Dials(producers=2, record_rate=200, payload_size=256)
    plan = Plan(
        name="a load",
        loads=(Load(name="sales", topic=TOPIC, dials=dials),),
        duration=12,
        faults=(Fault(do="kill", at=2, lasts=3, broker=1),),
    )
    path = tmp_path_factory.mktemp("runs") / "one.run"
    return measure(plan, Cluster.connect(Properties(values=values)), sources=(), path=path)


@pytest.mark.chaos
def test_no_acknowledged_record_is_lost_with_a_broker_and_none_is_stored_twice(survived: Run) -> None:
    assert survived.path is not None
    (ledger,) = survived.ledgers
    events = {event.kind for event in survived.events}
    assert ledger.balanced
    assert ledger.acknowledged > 0
    assert not events & {"growth-differs", "others-wrote", "growth-unknown"}  # acknowledged <= growth <= with unknown


@pytest.mark.chaos
def test_a_run_tells_each_fault_with_the_time_it_was_really_done(survived: Run) -> None:
    kill, start = (event for event in survived.events if event.kind.startswith("fault"))
    assert (kill.kind, kill.text) == ("fault", "broker 1 killed (SIGKILL)")
    assert 2 <= (kill.time - survived.start) / 1e9 < 12
    assert start.kind == "fault-undone"
    assert start.time > kill.time + 3e9


A_KILL = Fault(do="kill", at=1, lasts=5, broker=1)


@pytest.mark.parametrize(
    ("faults", "complaint"),
    [
        ([Fault(do="kill", at=1, broker=4)], "kill of broker 4 needs a broker of the lab, not 4: it has 1, 2, 3"),
        ([Fault(do="kill", at=10, broker=1)], "to come 10 s into a load of 10 s"),
        ([A_KILL, Fault(do="pause", at=3, broker=1)], "lasts until 6 s, and pause of broker 1 comes at 3 s"),
        (
            [Fault(do="cut", at=1, broker=1)],
            "cut of broker 1 needs a lab with proxies: start it with 'clusterload lab up",
        ),
        ([Fault(do="neighbour", at=1, processes=1), Fault(do="neighbour", at=2, processes=2)], "neighbour lasts until"),
        ([Fault(do="move-leader", at=1, topic="none", partition=0)], "no topic 'none' exists"),
        ([Fault(do="move-leader", at=1, topic=TOPIC, partition=6)], f"partition 6 of {TOPIC} does not exist"),
        ([Fault(do="move-leader", at=1, topic=TOPIC, partition=1, to=7)], "needs a broker of the lab, not 7"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_before_anything_is_touched(
    victim: LabInfo, faults: list[Fault], complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        check_faults(faults, victim, duration=10)


def test_a_cluster_that_is_no_lab_is_never_broken() -> None:
    with pytest.raises(ConfigurationError, match="only a lab is broken on purpose"):
        check_faults([A_KILL], None, duration=10)


def test_a_topic_that_the_load_makes_need_not_exist_before(victim: LabInfo) -> None:
    fault = Fault(do="move-leader", at=1, topic="made-by-the-load", partition=2)
    check_faults([A_KILL, fault, Fault(do="pause", at=6, broker=1)], victim, duration=10, made={"made-by-the-load"})


@pytest.mark.chaos
def test_a_lab_that_is_stopped_under_a_fault_is_not_waited_for() -> None:
    events = Events()
    with Lab(1) as lab:
        began = time.monotonic()
        with injected([Fault(do="pause", at=0, broker=1)], lab.info, duration=60, on_event=events) as injection:
            injection.begin(time.time_ns())
            wait_for(lambda: states(lab.info)[1] == "paused")
            lab.stop()
    assert time.monotonic() - began < 50, "the fault would have lasted 60 s"
    assert set(events.kinds[1:]) == {"fault-failed"}
    assert "does not run any more" in events.texts


@pytest.mark.chaos
def test_the_command_breaks_a_lab_and_says_what_was_done(
    victim: LabInfo, whole: dict[TopicPartition, PartitionState]
) -> None:
    result = CliRunner().invoke(
        lab_command, ["fault", "pause broker=2 for=1s", "--lab", victim.id], catch_exceptions=False
    )
    assert result.exit_code == 0, result.stderr
    done, undone = result.stdout.splitlines()
    assert done.endswith("Z  broker 2 paused (SIGSTOP)")
    assert "Z  broker 2 resumed (SIGCONT), ready after" in undone
    assert states(victim)[2] == "running"
