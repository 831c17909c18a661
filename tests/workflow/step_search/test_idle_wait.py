"""Between steps a cluster is waited for until it answers as at rest, and not for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from clusterload import Cluster
from clusterload.model.errors import ClusterError
from clusterload.workflow.step_search.idle_wait import IdleWait

REST = 0.001


def answers(*after: float) -> Callable[[], float]:
    """A cluster that answers in REST while its baseline is taken, then in these seconds, the last one for good."""
    told: Iterator[float] = iter([REST] * 7 + list(after[:-1]))
    return lambda: next(told, after[-1])


def test_a_cluster_that_answers_as_at_rest_is_not_waited_for() -> None:
    assert IdleWait(ask=answers(REST)).wait(5.0)


def test_queues_that_empty_are_waited_for() -> None:
    settling = IdleWait(ask=answers(0.5, 0.4, 0.2, REST))
    assert settling.baseline == REST
    assert settling.wait(5.0)


def test_one_quick_answer_among_slow_ones_is_no_rest() -> None:
    quick_and_slow = answers(*[REST, 0.5] * 500)
    assert not IdleWait(ask=quick_and_slow).wait(0.5)


def test_a_host_that_something_else_keeps_busy_is_waited_for() -> None:
    busy = iter([100.0, 90.0])
    assert IdleWait(ask=answers(REST), busy=lambda: next(busy, 5.0)).wait(5.0)
    assert not IdleWait(ask=answers(REST), busy=lambda: 100.0).wait(0.3)


def test_waiting_for_a_cluster_that_stays_slow_has_an_end() -> None:
    assert not IdleWait(ask=answers(0.5)).wait(0.3)


def test_a_cluster_that_gives_no_answer_at_all_is_an_error() -> None:
    calls = 0

    def dying() -> float:
        nonlocal calls
        calls += 1
        if calls > 7:
            raise ClusterError("broker 1 did not answer")
        return REST

    with pytest.raises(ClusterError, match="did not answer"):
        IdleWait(ask=dying).wait(0.3)


def test_a_real_cluster_at_rest_answers_within_its_own_bound(cluster: Cluster) -> None:
    settling = IdleWait.of(cluster)
    assert 0 < settling.baseline < 5.0
    assert IdleWait(ask=settling.ask).wait(30.0)
