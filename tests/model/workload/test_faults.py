"""A fault is written in a line or a table, and a mistake in it is named before anything breaks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError
from clusterload.model.workload import ACTIONS, Fault

from .plans import faults


@given(faults)
def test_a_fault_comes_back_from_its_line_and_its_table(fault: Fault) -> None:
    assert Fault.read(fault.as_text()) == fault
    assert Fault.parsed(fault.as_document()) == fault


def test_a_fault_is_written_in_a_line() -> None:
    assert Fault.read("kill broker=1 at=5s for=1m30s") == Fault(do="kill", at=5.0, lasts=90.0, broker=1)
    moved = Fault.read("move-leader topic=orders partition=0 at=500ms to=2")
    assert moved == Fault(do="move-leader", at=0.5, topic="orders", partition=0, to=2)
    assert moved.as_text() == "move-leader topic=orders partition=0 to=2 at=0.5s"
    slow = Fault.read("delay broker=2 by=50ms between=brokers at=1s")
    assert slow == Fault(do="delay", at=1.0, broker=2, by=0.05, between="brokers")
    assert slow.as_text() == "delay broker=2 by=0.05s between=brokers at=1s"
    assert Fault.read("neighbour processes=3 for=5s") == Fault(do="neighbour", lasts=5.0, processes=3)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "no fault ''; known: kill, stop"),
        ("kil broker=1", "no fault 'kil'; did you mean 'kill'?"),
        ("kill broker", "write it as in 'kill broker=1 at=5s for=3s'"),
        ("kill broker=1 broker=2", "write it as in 'kill broker=1 at=5s for=3s'"),
        ("kill brokr=1", "a fault has no key 'brokr'; did you mean 'broker'?"),
        ("kill at=5s", "fault kill does not say which broker: add broker="),
        ("kill broker=one", "broker of a fault is 'one': it must be a whole number"),
        ("kill broker=-1", "broker of a fault is '-1': it must be a whole number"),
        ("kill broker=1 at=soon", "at of a fault: 'soon' is not a duration"),
        ("kill broker=1 for=0s", "fault kill lasts 0 s: it must be above 0"),
        ("kill broker=1 to=2", "fault kill has no to: leave it out"),
        ("restart broker=1 for=3s", "leave out for, or use stop"),
        ("move-leader topic=a", "fault move-leader does not say which partition"),
        ("move-leader topic=a partition=0 broker=1", "fault move-leader has no broker"),
        ("delay broker=1", "fault delay does not say which by: add by="),
        ("delay broker=1 by=0s", "fault delay delays by 0 s: it must be above 0"),
        ("cut broker=1 by=3s", "fault cut has no by"),
        ("cut broker=1 between=us", "fault cut is between a broker and us: use clients or brokers"),
        ("neighbour processes=0", "processes of fault neighbour are 0: it must be 1 or more"),
        ("neighbour processes=1 broker=1", "fault neighbour has no broker"),
        ("move-leader topic=a/b partition=0", "topic name 'a/b' is not allowed"),
    ],
)
def test_a_mistake_in_a_fault_is_named(line: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Fault.read(line)
    assert said in str(caught.value)


@pytest.mark.parametrize("at", [-1.0, float("nan"), float("inf")])
def test_a_fault_comes_at_a_moment_of_the_load(at: float) -> None:
    with pytest.raises(ConfigurationError, match="it must be 0 or above"):
        Fault(do="kill", broker=1, at=at)


values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from([*ACTIONS])


@given(
    st.dictionaries(
        st.sampled_from(["do", "at", "for", "broker", "topic", "partition", "to", "by", "between", "processes"]), values
    )
)
def test_any_table_is_a_fault_or_a_clear_refusal(table: dict[str, Any]) -> None:
    try:
        fault = Fault.parsed(table)
    except ConfigurationError:
        return
    assert Fault.parsed(fault.as_document()) == fault
