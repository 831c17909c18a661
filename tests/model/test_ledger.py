"""Every scheduled record has one fate, each counted at its own event."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.ledger import Book, Fate, Ledger

outcomes = st.lists(st.tuples(st.sampled_from(Fate), st.sampled_from(["_MSG_TIMED_OUT", "_QUEUE_FULL"]), st.booleans()))


def kept(what: list[tuple[Fate, str, bool]], load: str = "sales") -> Book:
    book = Book(load)
    for fate, error, late in what:
        book.schedule()
        if late:
            book.late()
        if fate is Fate.ACKNOWLEDGED:
            book.acknowledge(100)
        else:
            book.lose(fate, error)
    return book


@given(outcomes)
def test_a_ledger_balances_and_each_term_is_what_was_counted(what: list[tuple[Fate, str, bool]]) -> None:
    ledger = kept(what).ledger()
    fates = Counter(fate for fate, _, _ in what)
    assert ledger.balanced
    assert ledger.scheduled == ledger.settled == len(what)
    assert {fate: getattr(ledger, fate.value) for fate in Fate} == {fate: fates[fate] for fate in Fate}
    assert ledger.late == sum(late for _, _, late in what)
    assert ledger.acknowledged_bytes == 100 * fates[Fate.ACKNOWLEDGED]
    assert sum(ledger.errors.values()) == len(what) - fates[Fate.ACKNOWLEDGED]


@given(outcomes, st.sampled_from(["scheduled", "twice"]))
def test_a_record_lost_sight_of_or_counted_twice_shows(what: list[tuple[Fate, str, bool]], mistake: str) -> None:
    book = kept(what)
    if mistake == "scheduled":
        book.schedule()
    else:
        book.acknowledge(100)
    assert not book.ledger().balanced


@given(st.lists(outcomes, max_size=4))
def test_the_total_is_as_if_all_loads_were_one(loads: list[list[tuple[Fate, str, bool]]]) -> None:
    total = Ledger.total(kept(what, f"load-{number}").ledger() for number, what in enumerate(loads))
    together = kept([event for what in loads for event in what], "total").ledger()
    assert total == together


def test_a_ledger_is_the_account_so_far_and_does_not_change_later() -> None:
    book = Book("sales")
    book.schedule(3)
    book.lose(Fate.DROPPED, "_QUEUE_FULL", 2)
    earlier = book.ledger()
    book.lose(Fate.FAILED, "_QUEUE_FULL")
    assert (earlier.settled, dict(earlier.errors), earlier.balanced) == (2, {"_QUEUE_FULL": 2}, False)
    assert book.ledger().balanced


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 10**6)), max_size=10))
def test_what_is_counted_at_once_is_as_if_counted_one_by_one(batches: list[tuple[int, int]]) -> None:
    at_once, singly = Book("sales", "requests"), Book("sales", "requests")
    for count, size in batches:
        at_once.schedule(count)
        at_once.acknowledge(size, count)
        at_once.late(count)
        for number in range(count):
            singly.schedule()
            singly.acknowledge(0 if number else size)
            singly.late()
    assert at_once.ledger() == singly.ledger()
    assert at_once.ledger().balanced


def test_a_ledger_says_what_it_counts() -> None:
    assert Book("sales").ledger().unit == "records"
    assert Book("churn", "connections").ledger().unit == "connections"
    first, other = Ledger(load="a", unit="records"), Ledger(load="b", unit="requests")
    assert Ledger.total([first, first]).unit == "records"
    assert Ledger.total([first, other]).unit == "records and requests"
    assert Ledger.total([]).unit == "records"
