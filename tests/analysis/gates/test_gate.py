"""Thresholds are held against stored runs: each quantity, its gaps, and stretches at their edges."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from clusterload.analysis.gates import STOPPED, ThresholdState
from clusterload.model.ledger import Ledger
from clusterload.model.run import Event, Run
from clusterload.model.series import SECOND
from clusterload.model.thresholds import Threshold
from clusterload.model.workload import Plan
from tests import wire_runs
from tests.analysis.gates.seen import held, recorded, said
from tests.stored_runs import START, limits, plan
from tests.wire_runs import Course, connect, produce

NAN = math.nan
UNTIMED = "was measured: only loads of engine wire tell theirs"
FLAT = [1e6] * 20


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of two brokers in which CPU and ingress rise for a while."""
    figures = {
        ("ingress", "broker=1"): [1e6] * 10 + [7e6] * 4 + [1e6] * 6,
        ("ingress", "broker=2"): [1e6] * 20,
        ("connections", "broker=1"): [20.0] * 20,
        ("connections", "broker=2"): [10.0] * 20,
        ("cpu_host", "broker=1"): [0.3] * 20,
        ("cpu_host", "broker=2"): [0.5] * 12 + [0.9] * 3 + [0.5] * 5,
        ("ingress_by_topic", "broker=1", "topic=a"): [4e5] * 20,
        ("ingress_by_topic", "broker=2", "topic=a"): [2e5] * 20,
        ("ingress_by_topic", "broker=1", "topic=b"): [3e5] * 20,
        ("consumer_lag", "group=g", "topic=a"): [float(n) for n in range(20)],
        ("under_replicated", "broker=1"): [0.0] * 20,
        ("under_replicated", "broker=2"): [0.0] * 15 + [3.0] * 5,
        ("round_trip_time", "broker=1"): [2.0] * 20,
        ("round_trip_time", "broker=2"): [5.0] * 20,
    }
    return recorded(tmp_path_factory.mktemp("runs") / "a.run", figures)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("limit_load > 39 %", "crossed: 40 %"),
        ("limit_load > 41 %", "passed: 40 %"),
        ("limit_load.max > 70 %", "crossed: 80 %, from 10 s on, for 4 s"),
        ("limit_load.max > 80 %", "passed: 80 %"),
        ("limit_load.max >= 80 %", "crossed: 80 %, from 10 s on, for 4 s"),
        ("limit_load.min < 31 %", "crossed: 30 %, from 0 s on, for 10 s"),
        ("limit_load{resource=ingress} > 30 %", "crossed: 32 %"),
        ("limit_load{resource=*} > 31 %", "crossed: 32 % of ingress"),
        ("limit_load{resource=connections} > 30 %", "passed: 30 %"),
        ("limit_load{resource=requests} > 30 %", "cannot be told: no limit of requests was measured"),
        ("limit_load{broker=1} > 1 %", "cannot be told: no resource with a limit was measured of broker 1"),
        ("saturation.cpu > 40 %", "crossed: 50 % of broker 2"),
        ("saturation.cpu.max > 80 %", "crossed: 90 % of broker 2, from 12 s on, for 3 s"),
        ("saturation.cpu{broker=1} > 40 %", "passed: 30 % of broker 1"),
        ("cpu_host.sustained > 80 %", "crossed: 90 % of broker 2"),
        ("saturation.cpu < 40 %", "crossed: 30 % of broker 1"),
        ("ingress > 3 MB/s", "crossed: 3.2 MB/s"),
        ("ingress.mean > 3.2 MB/s", "passed: 3.2 MB/s"),
        ("ingress{broker=1} > 2 MB/s", "crossed: 2.2 MB/s"),
        ("ingress{broker=*} > 2 MB/s", "crossed: 2.2 MB/s of broker 1"),
        ("ingress{topic=a} > 500 kB/s", "crossed: 600 kB/s"),
        ("ingress{topic=a, broker=2} > 500 kB/s", "passed: 200 kB/s"),
        ("ingress{topic=*} > 500 kB/s", "crossed: 600 kB/s of topic a"),
        ("ingress{topic=c} > 0", "cannot be told: no figures of ingress_by_topic of topic c"),
        ("consumer_lag.max{group=g} > 18", "crossed: 19 records, from 19 s on, for 1 s"),
        ("under_replicated.max > 0", "crossed: 3 partitions, from 15 s on, for 5 s"),
        ("under_replicated > 0 for 6 s", "passed: 0 partitions"),
        ("round_trip_time > 3 ms", "crossed: 5 ms of broker 2"),
        ("disk_writes > 0", "cannot be told: no figures of disk_writes"),
        ("lost > 0", "cannot be told: no load was accounted for"),
        ("achieved < 95 %", "cannot be told: no dial that asks for a figure was counted"),
        ("latency.p99 > 5 ms", f"cannot be told: no latency of any load {UNTIMED}"),
    ],
)  # fmt: skip
def test_each_quantity_of_a_cluster_is_judged_by_load_topic_or_broker(run: Run, text: str, answer: str) -> None:
    assert said(run, text) == answer


def test_a_name_for_all_threads_and_cpu_tells_which_it_was(run: Run) -> None:
    assert said(run, "saturation > 40 %") == "crossed: 50 % of cpu_host of broker 2"
    assert said(run, "saturation > 60 %").startswith("cannot be told: no figures of request_handler_busy and network_")


@pytest.mark.parametrize(
    ("values", "lasts", "answer"),
    [
        ([1.0] * 5 + [9.0] * 10 + [1.0] * 5, "10 s", "crossed: 9 MB/s, from 5 s on, for 10 s"),
        ([1.0] * 5 + [9.0] * 9 + [1.0] * 6, "10 s", "passed: 1 MB/s"),
        ([1.0] * 5 + [9.0] * 10 + [1.0] * 5, "10.1 s", "passed: 1 MB/s"),
        ([9.0] * 20, "20 s", "crossed: 9 MB/s, from 0 s on, for 20 s"),
        ([9.0] * 20, "21 s", "cannot be told: only 20 s were judged, which is less than it must last"),
        ([9.0] * 9 + [1.0] + [9.0] * 10, "10 s", "crossed: 9 MB/s, from 10 s on, for 10 s"),
        ([9.0] * 4 + [1.0] + [7.0] * 15, "1 s", "crossed: 9 MB/s, from 0 s on, for 4 s"),
        ([5.0] * 20, "3 s", "passed: 5 MB/s"),
        # A gap that both sides of it could belong to is no break, one beside calm figures is.
        ([1.0] * 5 + [9.0] * 5 + [NAN] * 2 + [9.0] * 4 + [1.0] * 4, "10 s",
         "cannot be told: no figures for 2 s from 5 s on, in which it may have been so"),
        ([1.0] * 5 + [9.0] * 5 + [NAN] * 2 + [1.0] * 8, "10 s", "passed: 1 MB/s"),
        ([1.0] * 5 + [NAN] * 10 + [1.0] * 5, "10 s",
         "cannot be told: no figures for 10 s from 5 s on, in which it may have been so"),
        ([9.0] * 5 + [NAN] * 10 + [1.0] * 5, "5 s", "crossed: 9 MB/s, from 0 s on, for 5 s"),
        ([1.0, NAN] * 10, "2 s", "passed: never so for 2 s"),
        ([NAN] * 20, "5 s", "cannot be told: no figures of ingress"),
    ],
)  # fmt: skip
def test_a_stretch_counts_from_the_very_second_and_a_gap_is_neither_calm_nor_loud(
    tmp_path: Path, values: list[float], lasts: str, answer: str
) -> None:
    figures = {("ingress", "broker=1"): [value * 1e6 for value in values]}
    run = recorded(tmp_path / "a.run", figures, brokers=("1",))
    assert said(run, f"ingress > 5 MB/s for {lasts}") == answer


def test_a_stretch_of_too_little_is_found_as_well(tmp_path: Path) -> None:
    run = recorded(tmp_path / "a.run", {("ingress",): [9e6] * 8 + [2e6] * 5 + [9e6] * 7})
    assert said(run, "ingress < 3 MB/s for 5 s") == "crossed: 2 MB/s, from 8 s on, for 5 s"
    assert said(run, "ingress < 3 MB/s for 6 s") == "passed: 9 MB/s"


def test_where_a_tenth_was_not_seen_only_what_was_seen_to_be_crossed_is_told(tmp_path: Path) -> None:
    run = recorded(tmp_path / "a.run", {("ingress", "broker=1"): [2e6] * 15 + [NAN] * 5}, brokers=("1",))
    assert said(run, "ingress > 1 MB/s") == "cannot be told: figures for 75 % of the time only"
    assert said(run, "ingress.max > 5 MB/s") == "cannot be told: figures for 75 % of the time only"
    assert said(run, "ingress.max > 1 MB/s") == "crossed: 2 MB/s, from 0 s on, for 15 s"
    nearly = recorded(tmp_path / "b.run", {("ingress", "broker=1"): [2e6] * 19 + [NAN]}, brokers=("1",))
    assert said(nearly, "ingress.max > 5 MB/s") == "passed: 2 MB/s"


def test_a_broker_that_was_not_seen_makes_a_sum_a_floor_and_a_worst_one_unsure(tmp_path: Path) -> None:
    figures = {("ingress", "broker=1"): FLAT, ("cpu_host", "broker=1"): [0.5] * 20}
    run = recorded(tmp_path / "a.run", figures)
    gone = "cannot be told: broker 2 gave no figures of"
    assert said(run, "ingress > 500 kB/s") == "crossed: 1 MB/s"
    assert said(run, "ingress > 2 MB/s") == f"{gone} ingress"
    assert said(run, "ingress < 500 kB/s") == "passed: 1 MB/s"
    assert said(run, "ingress < 2 MB/s") == f"{gone} ingress"
    assert said(run, "ingress{broker=1} > 2 MB/s") == "passed: 1 MB/s"
    assert said(run, "saturation.cpu > 40 %") == "crossed: 50 % of broker 1"
    assert said(run, "saturation.cpu > 60 %") == f"{gone} cpu_host"
    assert said(run, "limit_load > 50 %", limits(ingress="10 MB/s")) == f"{gone} ingress"
    assert said(run, "limit_load{resource=ingress} < 50 %", limits(ingress="10 MB/s")) == f"{gone} ingress"
    assert said(run, "limit_load{resource=ingress} < 5 %", limits(ingress="10 MB/s")) == "passed: 10 %"
    assert said(run, "ingress{broker=*} > 2 MB/s") == f"{gone} ingress"
    assert said(run, "limit_load > 5 %", limits(ingress="10 MB/s")) == "crossed: 10 %"


def test_a_limit_whose_resource_was_not_measured_makes_the_limit_load_a_floor(tmp_path: Path) -> None:
    run = recorded(tmp_path / "a.run", {("ingress",): FLAT})
    assert said(run, "limit_load > 50 %") == "cannot be told: connections was not measured"
    assert said(run, "limit_load > 5 %") == "crossed: 10 %"
    assert said(run, "limit_load{resource=ingress} > 50 %") == "passed: 10 %"


def test_the_warm_up_is_not_judged(tmp_path: Path) -> None:
    made = Plan(name="load", loads=plan().loads, duration=20, warm_up=5)
    loud = {("ingress",): [9e6] * 5 + [1e6] * 15}
    run = recorded(tmp_path / "a.run", loud, plan=made)
    assert said(run, "ingress.max > 5 MB/s") == "passed: 1 MB/s"
    later = recorded(tmp_path / "b.run", {("ingress",): [9e6] * 5 + [1e6] * 10 + [9e6] * 5}, plan=made)
    assert said(later, "ingress.max > 5 MB/s") == "crossed: 9 MB/s, from 15 s on, for 5 s"


def test_a_part_of_a_run_is_judged_by_itself_with_times_into_the_part(run: Run) -> None:
    part = run.between(run.start + 11 * SECOND, run.end)
    assert said(part, "limit_load.max > 70 %") == "crossed: 80 %, from 0 s on, for 3 s"
    assert said(run.between(run.start, run.start + 10 * SECOND), "limit_load.max > 70 %") == "passed: 30 %"


WIRE = wire_runs.plan(produce(connections="5", request_rate="100/s"), produce("b", request_rate="50/s"), duration=20)
SLOW = [1000] * 8 + [90_000] * 5 + [1000] * 7


def wired(path: Path, **us: list[int]) -> Run:
    """A run of two Loads with latencies second by second."""
    ledgers = (
        Ledger(load="produce", scheduled=2000, acknowledged=1990, failed=10),
        Ledger(load="b", scheduled=1000, acknowledged=1000, late=7),
    )
    latencies = {(load, "due"): each for load, each in us.items()}
    return recorded(path, {}, plan=WIRE, ledgers=ledgers, latencies=latencies)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("latency.p99 > 50 ms", "crossed: 90 ms of load produce"),
        ("latency.p50 > 50 ms", "passed: 2 ms of load b"),
        ("latency.mean > 10 ms", "crossed: 23.3 ms of load produce"),
        ("latency.p99{load=b} > 50 ms", "passed: 2 ms of load b"),
        ("latency.p99{load=*} < 5 ms", "crossed: 2 ms of load b"),
        ("latency.p99 > 50 ms for 5 s", "crossed: 90 ms of load produce, from 8 s on, for 5 s"),
        ("latency.p99 > 50 ms for 6 s", "passed: 2 ms of load b"),
        ("latency.p99{of=sent} > 50 ms", f"cannot be told: no latency of any load {UNTIMED}"),
        ("ledger.failed > 0", "crossed: 10"),
        ("ledger.failed > 10", "passed: 10"),
        ("ledger.failed{load=b} > 0", "passed: 0 of load b"),
        ("ledger.late{load=*} > 5", "crossed: 7 of load b"),
        ("ledger.acknowledged < 3000", "crossed: 2,990"),
        ("lost > 0.3 %", "crossed: 0.333 %"),
        ("lost{load=produce} > 0.5 %", "passed: 0.5 % of load produce"),
    ],
)  # fmt: skip
def test_what_the_generator_counts_is_judged_by_load(tmp_path: Path, text: str, answer: str) -> None:
    run = wired(tmp_path / "a.run", produce=SLOW, b=[2000] * 20)
    assert said(run, text) == answer


def test_a_load_that_was_never_answered_is_not_passed_and_an_empty_second_is_no_gap(tmp_path: Path) -> None:
    silent = wired(tmp_path / "a.run", produce=[1000] * 20)
    assert said(silent, "latency.p99 > 50 ms") == "cannot be told: load b had no answer"
    assert said(silent, "latency.p99 > 0.5 ms") == "crossed: 1 ms of load produce"
    seldom = wired(tmp_path / "b.run", produce=[1000, 0, 0, 0] * 5, b=[1000] * 20)
    assert said(seldom, "latency.p99 > 50 ms") == "passed: 1 ms of load produce"
    assert said(seldom, "latency.p99 > 50 ms for 4 s").startswith("passed")
    assert said(seldom, "latency.p99 > 50 ms for 3 s").startswith("cannot be told: load produce: no figures for 3 s")


def test_dials_are_judged_by_what_was_made_of_what_was_asked_for(tmp_path: Path) -> None:
    made = wire_runs.plan(produce(connections="50", request_rate="100/s"))
    run = wire_runs.stored(tmp_path / "a.run", made, Course(kept=0.9))
    assert said(run, "achieved < 95 %") == "crossed: 90 % of request_rate of load produce"
    assert said(run, "achieved{dial=connections} < 95 %") == "passed: 100 % of connections of load produce"
    assert said(run, "lost > 5 %") == "crossed: 10 %"


def test_where_nobody_is_asked_for_an_answer_none_is_lost_and_none_is_timed(tmp_path: Path) -> None:
    made = wire_runs.plan(produce(request_rate="100/s", acks="0"), connect(connections="5"))
    run = wire_runs.stored(tmp_path / "a.run", made, Course())
    assert said(run, "lost > 0").startswith("passed")
    assert said(run, "ledger.unknown > 0") == "crossed: 1,000"
    assert said(run, "latency.p99 > 1 ms").startswith("cannot be told: no latency of any load")


def gated(*thresholds: str, abort_if: tuple[str, ...] = ()) -> Plan:
    parsed = tuple(map(Threshold.parsed, thresholds))
    return Plan(
        name="gated", loads=WIRE.loads, duration=20, thresholds=parsed, abort_if=tuple(map(Threshold.parsed, abort_if))
    )


def test_a_gate_holds_the_plans_thresholds_and_more_each_once(tmp_path: Path) -> None:
    run = recorded(tmp_path / "a.run", {("ingress",): FLAT}, plan=gated("ingress > 5 MB/s", "ingress>500kB/s"))
    gate = held(run, "ingress > 5000 kB/s", "disk_writes > 0")
    assert [one.threshold.text for one in gate.judged] == ["ingress > 5 MB/s", "ingress>500kB/s", "disk_writes > 0"]
    assert [one.answer for one in gate.judged] == [
        ThresholdState.PASSED,
        ThresholdState.CROSSED,
        ThresholdState.UNKNOWN,
    ]
    assert [one.sentence for one in gate.failed] == [
        "crossed: ingress>500kB/s: 1 MB/s",
        "cannot be told: disk_writes > 0: no figures of disk_writes",
    ]
    assert gate.sentence == "2 of 3 thresholds were not passed"
    assert not gate.passed
    assert held(run.between(run.start, run.end), "ingress > 5 MB/s").judged[0].passed


def test_a_run_without_thresholds_passes_them_all(tmp_path: Path) -> None:
    assert held(recorded(tmp_path / "a.run", {("ingress",): FLAT})).passed


def test_a_threshold_that_ends_the_load_is_crossed_at_any_moment(tmp_path: Path) -> None:
    figures = {("ingress",): [1e6] * 10 + [9e6] + [1e6] * 9}
    run = recorded(tmp_path / "a.run", figures, plan=gated("ingress > 5 MB/s", abort_if=("ingress > 5 MB/s",)))
    failing, ending = held(run).judged
    assert (failing.answer, ending.answer) == (ThresholdState.PASSED, ThresholdState.CROSSED)
    assert ending.words == "9 MB/s, from 10 s on, for 1 s"
    assert (failing.aborts, ending.aborts) == (False, True)


def test_a_threshold_that_ended_the_load_was_crossed_whatever_is_seen_afterwards(tmp_path: Path) -> None:
    event = Event(time=START + 12 * SECOND, kind=STOPPED, text="ingress > 5 MB/s: 6 MB/s; the load was ended")
    other = Event(time=START + 12 * SECOND, kind="fault", text="disk_writes > 0: 6 MB/s")
    thresholds = ("ingress > 5 MB/s", "disk_writes > 0")
    run = recorded(tmp_path / "a.run", {("ingress",): FLAT}, plan=gated(abort_if=thresholds), events=[event, other])
    ended, unknown = held(run).judged
    assert ended.sentence == "crossed: ingress > 5 MB/s: 6 MB/s; the load was ended"
    assert ended.since == 12.0
    assert unknown.answer is ThresholdState.UNKNOWN


def test_hostile_names_are_told_as_text(tmp_path: Path) -> None:
    name = "\x1b[31m<script>"
    ledger = Ledger(load=name, scheduled=5, failed=5)
    run = recorded(tmp_path / "a.run", {("ingress", f"topic={name}"): FLAT}, ledgers=[ledger])
    (one,) = held(run, "ledger.failed{load=*} > 0").judged
    assert one.sentence == r'crossed: ledger.failed{load=*} > 0: 5 of load "\u001b[31m<script>"'
    assert one.sentence.isprintable()
