"""From readings to points: what a broker counted is told once, wholly, and never invented."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.series import SECOND
from clusterload.telemetry.sources.reading import Key, Reading
from clusterload.telemetry.sources.source import OTHERS
from tests.telemetry.sources.kept import grown

INGRESS: Key = ("ingress", ())


def by_topic(topic: str) -> Key:
    return "ingress_by_topic", (("topic", topic),)


def shown(counters: Mapping[Key, float], started: float | None = 1.0) -> Reading:
    return Reading(counters=counters, gauges={}, network={}, started=started)


def ingress(*values: float | None) -> list[Reading | None]:
    return [shown({} if value is None else {INGRESS: value}) for value in values]


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_what_is_told_adds_up_to_what_was_counted(steps: list[int]) -> None:
    counted = [sum(steps[: number + 1]) for number in range(len(steps))]
    assert sum(grown(ingress(*map(float, counted))).values("ingress")) == counted[-1] - counted[0]


@given(st.lists(st.tuples(st.integers(0, 10**9), st.booleans()), min_size=2, max_size=30))
def test_answers_that_lack_a_counter_lose_nothing_of_it_and_invent_nothing(steps: list[tuple[int, bool]]) -> None:
    counted, seen = 0, []
    for step, there in steps:
        counted += step
        seen.append(float(counted) if there else None)
    known = [value for value in seen if value is not None]
    told = grown(ingress(*seen))
    assert sum(told.values("ingress")) == (known[-1] - known[0] if known else 0)
    assert sum(point.span for point in told.of("ingress")) == pytest.approx(
        max((at for at, value in enumerate(seen) if value is not None), default=0)
        - min((at for at, value in enumerate(seen) if value is not None), default=0)
    )


def test_a_restart_resets_counters_and_is_said() -> None:
    told = grown([shown({INGRESS: 100.0}, 1.0), shown({INGRESS: 130.0}, 1.0), shown({INGRESS: 7.0}, 60.0)])
    assert (told.values("ingress"), told.kinds) == ([30, 7], ["broker-restarted"])


def test_a_time_that_was_read_while_it_grew_is_not_taken_for_a_restart() -> None:
    """Count and mean of a time are not read at one instant: their product may fall a little."""
    key: Key = ("request_local_time", (("request", "Produce"),))
    told = grown([shown({key: value}) for value in (1000.0, 1050.0, 1020.0, 1100.0)])
    assert told.values("request_local_time") == [50, 0, 50]


def test_a_restarted_broker_that_has_counted_more_than_before_is_still_seen_to_have_restarted() -> None:
    told = grown([shown({INGRESS: 10.0}, 1.0), shown({INGRESS: 50.0}, 60.0)])
    assert (told.values("ingress"), told.kinds) == ([50], ["broker-restarted"])


def test_where_nothing_tells_the_start_all_counters_falling_together_are_a_restart() -> None:
    both: Key = ("egress", ())
    first, second = {INGRESS: 100.0, both: 50.0}, {INGRESS: 3.0, both: 2.0}
    assert grown([shown(first, None), shown(second, None)]).kinds == ["broker-restarted"]
    assert grown([shown(first, None), shown({**first, both: 2.0}, None)]).kinds == []


def test_a_start_that_one_answer_lacks_is_no_restart() -> None:
    told = grown([shown({INGRESS: 10.0}, 1.0), shown({INGRESS: 20.0}, None), shown({INGRESS: 30.0}, 1.0)])
    assert (told.values("ingress"), told.kinds) == ([10, 10], [])


def test_a_topic_that_comes_up_begins_at_zero_but_what_all_topics_had_is_not_new() -> None:
    told = grown([shown({}), shown({INGRESS: 900.0, by_topic("new"): 40.0})])
    assert (told.values("ingress"), told.values("ingress_by_topic", topic="new")) == ([], [40])


def test_a_counter_without_a_figure_is_a_gap_that_the_next_figure_spans() -> None:
    told = grown(ingress(10.0, math.nan, 30.0))
    assert [point.span for point in told.of("ingress")] == [1, 2]
    assert math.isnan(told.values("ingress")[0])
    assert told.values("ingress")[1] == 20


@given(
    st.dictionaries(st.integers(0, 60), st.integers(0, 10**6), min_size=1, max_size=60),
    st.integers(1, 10),
)
def test_however_many_topics_there_are_few_series_tell_them_and_they_add_up(growth: dict[int, int], most: int) -> None:
    first = {by_topic(str(topic)): 1000.0 for topic in growth} | {INGRESS: 1000.0 * len(growth)}
    second = {by_topic(str(topic)): 1000.0 + grows for topic, grows in growth.items()}
    second[INGRESS] = first[INGRESS] + sum(growth.values())
    told = grown([shown(first), shown(second)], most=most)
    points = told.of("ingress_by_topic")
    assert len(points) <= most + 1
    assert sum(point.value for point in points) == pytest.approx(sum(growth.values()))
    assert (OTHERS in {point.labels["topic"] for point in points}) == (len(growth) > most)
    assert told.kinds == (["series-bounded"] if len(growth) > most else [])


def of_client(client: str, principal: str = "") -> Key:
    labels = (("client", client), ("principal", principal)) if principal else (("client", client),)
    return "thread_time_by_client", labels


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["", "x", "y"])),
        st.one_of(st.floats(0, 100), st.just(math.nan)),
        min_size=1,
    ),
    st.integers(1, 10),
)
def test_clients_that_are_too_many_become_one_whoever_they_log_in_as(
    clients: dict[tuple[str, str], float], most: int
) -> None:
    levels = {of_client(*name): value for name, value in clients.items()}
    told = grown([Reading(counters={}, gauges=levels, network={})], most=most)
    points = told.of("thread_time_by_client")
    assert len(points) == min(len(clients), most + 1)
    known = [point.value for point in points if not math.isnan(point.value)]
    assert sum(known) == pytest.approx(sum(value for value in clients.values() if not math.isnan(value)))
    rest = told.of("thread_time_by_client", client=OTHERS)
    assert len(rest) == (len(clients) > most)
    assert all(value == OTHERS for point in rest for name, value in point.labels.items() if name != "broker")


def test_of_too_many_clients_those_that_take_nothing_now_give_way_to_those_that_do() -> None:
    levels = {of_client("idle"): math.nan, of_client("low"): 0.1, of_client("high"): 0.9}
    told = grown([Reading(counters={}, gauges=levels, network={})], most=1)
    assert told.values("thread_time_by_client", client="high") == [0.9]
    assert told.values("thread_time_by_client", client=OTHERS) == [0.1]


def test_what_was_not_even_read_is_in_the_remainder() -> None:
    first, second = {INGRESS: 1000.0, by_topic("a"): 10.0}, {INGRESS: 1500.0, by_topic("a"): 110.0}
    told = grown([shown(first), shown(second)], left_out=400_000)
    assert told.values("ingress_by_topic", topic=OTHERS) == [400]
    assert told.kinds == ["series-bounded"]


def test_a_share_of_time_that_cannot_be_told_is_not_idleness() -> None:
    first = Reading(counters={}, gauges={}, handler_idle=1e9, network={"CLIENT": (1e9,)}, started=1.0)
    second = Reading(counters={}, gauges={}, handler_idle=math.nan, network={"CLIENT": (math.nan,)}, started=1.0)
    told = grown([first, second])
    assert math.isnan(told.values("request_handler_busy")[0])
    assert math.isnan(told.values("network_thread_busy")[0])


def test_a_moment_from_before_the_last_one_changes_nothing() -> None:
    from clusterload.telemetry.sources.deltas import Deltas, Scrape
    from clusterload.telemetry.sources.names import Names
    from tests.telemetry.sources.kept import Kept

    kept, deltas = Kept(), Deltas(broker="1", names=Names.named("jmx-exporter"))
    for time, value in ((0, 10.0), (5, 30.0), (3, 20.0), (6, 40.0)):
        deltas.take(Scrape(time=time, reading=shown({INGRESS: value})), kept)
    assert kept.values("ingress") == [20, 10]


def idle(*seconds: float, up: float) -> list[Reading | None]:
    """A broker whose handlers had idled so long at each second, the first of which is `up` seconds after its start."""
    return [Reading(counters={}, gauges={}, network={}, handler_idle=value * SECOND, started=-up) for value in seconds]


def test_what_the_handlers_did_not_idle_they_were_busy() -> None:
    assert grown(idle(90, 90.25, 91.25, up=100)).values("request_handler_busy") == [0.75, 0]


def test_of_two_pools_that_idle_into_one_counter_it_is_not_told_how_busy_one_is() -> None:
    assert grown(idle(190, 191.96, 193.9, up=100)).values("request_handler_busy") == []


def test_nor_is_it_when_the_one_pool_of_two_is_wholly_busy() -> None:
    assert grown(idle(190, 191, 192, up=100)).values("request_handler_busy") == []


def at_rate(*rates: float | None) -> list[Reading | None]:
    """A broker that shows so much a second instead of a counter; None is a scrape that failed."""
    return [
        None if rate is None else Reading(counters={}, gauges={}, network={}, rates={INGRESS: rate}) for rate in rates
    ]


def test_a_rate_is_an_amount_since_the_scrape_before_and_the_first_tells_none() -> None:
    told = grown(at_rate(5.0, 7.0, math.nan, 9.0))
    assert [point.span for point in told.of("ingress")] == [1, 1, 1]
    assert told.values("ingress")[::2] == [7, 9]
    assert math.isnan(told.values("ingress")[1])


def test_a_rate_after_a_long_gap_tells_the_last_minute_of_it_and_the_rest_stays_a_gap() -> None:
    told = grown([*at_rate(5.0), *[None] * 600, *at_rate(7.0)])
    assert [(point.span, point.value) for point in told.of("ingress")] == [(60, 420)]


HANDLERS: Key = ("request_handler_busy", ())


def busy(*shares: float, counter: float | None = None) -> list[Reading | None]:
    """A broker that shows such shares of busy handlers, and perhaps a counter of their idle time as well."""
    return [
        Reading(
            counters={},
            gauges={HANDLERS: share},
            network={},
            handler_idle=None if counter is None else counter + second * SECOND / 2,
        )
        for second, share in enumerate(shares)
    ]


def test_a_share_that_is_shown_stands_where_nothing_is_counted_and_a_counter_goes_before_it() -> None:
    assert grown(busy(0.6, 0.5)).values("request_handler_busy") == [0.6, 0.5]
    assert grown(busy(0.6, 0.5, 0.4, counter=9e9)).values("request_handler_busy") == [0.5, 0.5]


@pytest.mark.parametrize("impossible", [-41.0, 58.0, -0.98, math.inf])
def test_a_share_that_cannot_be_one_is_not_believed(impossible: float) -> None:
    assert math.isnan(grown(busy(impossible)).values("request_handler_busy")[0])


def test_a_share_a_little_beyond_its_range_is_at_its_end() -> None:
    assert grown(busy(-0.03, 1.04)).values("request_handler_busy") == [0, 1]


def test_idle_shares_of_two_pools_that_add_up_tell_nothing_even_when_they_look_like_one() -> None:
    assert all(map(math.isnan, grown(busy(-0.9, 0.1)).values("request_handler_busy")))


def test_a_host_s_load_that_java_does_not_know_is_no_load() -> None:
    told = grown([Reading(counters={}, gauges={("cpu_host", ()): -1.0}, network={})])
    assert math.isnan(told.values("cpu_host")[0])


def test_how_busy_a_coordinator_is_is_unknown_until_its_mean_covers_the_broker_s_life_alone() -> None:
    """Its mean of 30 s takes the time before the start for busy: an idle broker that just started reads 87 %."""
    read = [Reading(counters={}, gauges={("coordinator_busy", ()): 0.87}, network={}, started=0.0) for _ in range(60)]
    told = grown(read).of("coordinator_busy")
    assert [point.time // SECOND for point in told][:1] == [45]
    without = grown([Reading(counters={}, gauges={("coordinator_busy", ()): 0.87}, network={})])
    assert without.values("coordinator_busy") == [0.87]


def test_a_counter_that_is_read_as_a_share_too_is_believed_as_a_counter() -> None:
    """Some rules give both the same name, so that a rule for the share finds the counter."""
    told = grown(busy(1 - 9e9, 1 - 9.5e9, counter=9e9))
    assert told.values("request_handler_busy") == [0.5]
