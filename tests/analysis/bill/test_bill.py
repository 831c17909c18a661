"""A bill adds up, names what is left over, and puts first who rose most."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.analysis.bill import FIGURES, KINDS, UNATTRIBUTED, Bill, bill
from clusterload.model.run import Run
from clusterload.model.series import Series
from tests.analysis.bill.made import flat, run, series

AMOUNT = st.floats(0, 1e9, allow_nan=False)
NAMES = st.dictionaries(st.sampled_from(["a", "b", "c", "d", "(others)"]), st.tuples(AMOUNT, AMOUNT), max_size=5)


def shown(of_clients: dict[str, tuple[float, float]], of_topics: dict[str, tuple[float, float]], cpu: float) -> Run:
    """What two brokers show of clients (thread time, bytes in) and topics (bytes in, bytes out)."""
    found: list[Series] = []
    for broker in ("1", "2"):
        found += [flat("cpu_broker", cpu, broker=broker), flat("ingress", 1e6, broker=broker)]
        found += [flat("egress", 2e6, broker=broker), flat("replication_in", 2e6, broker=broker)]
        for client, (time, ingress) in of_clients.items():
            found.append(flat("thread_time_by_client", time, broker=broker, client=client, principal=f"user-{client}"))
            found.append(flat("ingress_by_client", ingress, broker=broker, client=client, principal=f"user-{client}"))
        for topic, (ingress, egress) in of_topics.items():
            found.append(flat("ingress_by_topic", ingress, broker=broker, topic=topic))
            found.append(flat("egress_by_topic", egress, broker=broker, topic=topic))
    return run(*found)


def adds_up(found: Bill) -> None:
    for kind in found.kinds:
        for figure, whole in found.wholes[kind].items():
            charges = [charge.figures.get(figure, 0.0) for charge in found.of(kind)]
            assert math.fsum(charges) == pytest.approx(whole, rel=1e-9, abs=1e-6)
            rises = [charge.rise.get(figure, 0.0) for charge in found.of(kind)]
            if any(map(math.isnan, rises)):
                continue  # the baseline lacks it
            assert math.fsum(rises) == pytest.approx(found.rises[kind][figure], rel=1e-6, abs=1e-3)


@given(NAMES, NAMES, NAMES, st.floats(0, 100))
def test_charges_and_the_remainder_add_up_to_the_whole(
    clients: dict[str, tuple[float, float]],
    before: dict[str, tuple[float, float]],
    topics: dict[str, tuple[float, float]],
    cpu: float,
) -> None:
    found = bill(shown(clients, topics, cpu), shown(before, {}, cpu / 2))
    adds_up(found)
    assert all(charge.kind in KINDS and charge.figures.keys() <= FIGURES.keys() for charge in found.charges)
    for kind in found.kinds:
        *_, last = found.of(kind)
        assert last.name == UNATTRIBUTED
        assert all(figure > -1e-3 for figure in last.figures.values())


def test_a_part_that_nobody_is_told_to_have_used_is_a_row_of_its_own() -> None:
    found = bill(shown({"shop": (0.1, 4e5)}, {}, cpu=0.5))
    shop, rest = found.of("client")
    assert (shop.name, rest.name) == ("shop", UNATTRIBUTED)
    assert shop.figures["thread_time"] == pytest.approx(0.2)
    assert rest.figures["thread_time"] == pytest.approx(0.8)
    assert [shop.share, rest.share] == pytest.approx([0.2, 0.8])
    assert shop.figures["ingress"] == pytest.approx(8e5)
    assert shop.figures["replication"] == pytest.approx(1.6e6)  # as all bytes, it is copied twice


def test_who_rose_most_comes_first_and_not_who_is_largest() -> None:
    before, now = {"old": (0.5, 1e5), "new": (0.01, 1e3)}, {"old": (0.52, 1e5), "new": (0.3, 1e3)}
    risen = bill(shown(now, {}, cpu=2), shown(before, {}, cpu=2))
    assert [charge.name for charge in risen.of("client")] == ["new", "old", UNATTRIBUTED]
    leader = risen.leader("client")
    assert leader is not None
    assert leader.rise["thread_time"] == pytest.approx(0.58)
    largest = bill(shown(now, {}, cpu=2))
    assert [charge.name for charge in largest.of("client")] == ["old", "new", UNATTRIBUTED]
    assert any("--baseline" in line for line in largest.missing)


def test_a_client_that_came_up_after_the_baseline_had_nothing_before() -> None:
    found = bill(shown({"old": (0.5, 0), "new": (0.2, 0)}, {}, cpu=2), shown({"old": (0.5, 0)}, {}, cpu=2))
    first = found.of("client")[0]
    assert first.name == "new"
    assert first.rise["thread_time"] == pytest.approx(0.4)


def test_a_client_that_worked_for_a_quarter_of_the_window_is_charged_a_quarter() -> None:
    burst = series("thread_time_by_client", [0.8] * 5 + [math.nan] * 15, broker="1", client="burst")
    found = bill(run(burst, flat("cpu_broker", 1.0, broker="1")))
    assert found.of("client")[0].figures["thread_time"] == pytest.approx(0.2)


def test_principals_are_billed_for_all_their_clients() -> None:
    lines = [
        flat("thread_time_by_client", 0.1, broker="1", client=client, principal="alice") for client in ("one", "two")
    ]
    found = bill(run(*lines, flat("cpu_broker", 1.0, broker="1")))
    assert found.of("principal")[0].figures["thread_time"] == pytest.approx(0.2)
    assert [charge.name for charge in found.of("client")] == ["one", "two", UNATTRIBUTED]


def test_the_longest_throttle_of_any_broker_is_the_clients() -> None:
    lines = [
        flat("produce_throttle_time", value, broker=broker, client="shop") for broker, value in (("1", 5), ("2", 40))
    ]
    lines += [flat("thread_time_by_client", 0.1, broker=broker, client="shop") for broker in ("1", "2")]
    found = bill(run(*lines))
    assert found.of("client")[0].figures["throttle"] == pytest.approx(40)
    assert "throttle" not in found.wholes["client"]


def test_of_topics_the_way_that_rose_more_ranks() -> None:
    now, before = {"read": (1e5, 9e6), "written": (2e5, 0.0)}, {"read": (1e5, 1e5), "written": (1e5, 0.0)}
    found = bill(shown({}, now, cpu=1), shown({}, before, cpu=1))
    assert found.leading["topic"] == "egress"
    assert found.of("topic")[0].name == "read"


def test_brokers_add_up_to_the_cluster_without_a_remainder() -> None:
    found = bill(shown({}, {}, cpu=0.4))
    first, second, rest = found.of("broker")
    assert {first.name, second.name} == {"1", "2"}
    assert rest.figures["thread_time"] == pytest.approx(0)
    assert first.share == pytest.approx(0.5)


def test_requests_are_billed_by_type_with_the_time_that_handlers_took() -> None:
    found = bill(
        run(
            flat("requests_by_type", 800, broker="1", request="Metadata"),
            flat("request_local_time", 400, broker="1", request="Metadata"),
            flat("requests_by_type", 900, broker="1", request="Produce"),
            flat("request_local_time", 90, broker="1", request="Produce"),
            flat("cpu_broker", 1.0, broker="1"),
        )
    )
    first, second, rest = found.of("request")
    assert (first.name, second.name) == ("Metadata", "Produce")
    assert first.figures == {"thread_time": pytest.approx(0.4), "requests": pytest.approx(800)}
    assert rest.figures["requests"] == pytest.approx(0)


def test_what_a_source_cannot_know_is_said_with_what_would_tell() -> None:
    locked = bill(run(flat("ingress", 1e6, broker="1"), flat("cpu_broker", 0.1, broker="1")))
    assert any(line.startswith("by client") and "--unlock-client-metrics" in line for line in locked.missing)
    cloud = bill(run(flat("requests_by_principal", 5, principal="u-1"), flat("ingress_by_topic", 1e3, topic="orders")))
    assert any(line.startswith("by client") and "knows no client ids" in line for line in cloud.missing)
    assert any("no metric joins a topic with a client or principal" in line for line in cloud.missing)
    assert cloud.of("principal")[0].figures == {"requests": pytest.approx(5)}


def test_of_an_empty_run_nothing_is_told() -> None:
    empty = bill(run())
    assert empty.charges == ()
    assert empty.leader("client") is None
    assert empty.missing


def crowd(
    times: dict[str, float], count: int = 40, brokers: tuple[str, ...] = ("1", "2", "3"), cores: float = 1.0
) -> Run:
    """Many clients that each take a little of their own broker; `times` says whose is more or less than usual."""
    found = [flat("cpu_broker", cores, broker=broker) for broker in brokers]
    for number in range(count):
        client, broker = f"c{number}", f"{number % 3 + 1}"
        if broker in brokers:
            value = 0.01 * times.get(client, 1 + 0.1 * math.sin(number + len(times)))
            found.append(flat("thread_time_by_client", value, broker=broker, client=client))
    return run(*found)


def test_who_fills_one_broker_of_many_is_named_however_little_it_is_of_the_whole() -> None:
    now, before = crowd({"c7": 8.0}, cores=0.5), crowd({}, cores=0.5)
    found = bill(now, before)
    leader = found.leader("client")
    assert leader is not None
    assert (leader.name, leader.broker) == ("c7", "2")
    assert leader.rise["thread_time"] < 0.05 * found.wholes["client"]["thread_time"]
    assert "by 14 % of what broker 2 uses" in found.sentence


def test_nobody_is_named_where_all_rise_and_fall_alike() -> None:
    noisy = {f"c{number}": 1 + 0.3 * math.sin(2.0 * number) for number in range(40)}
    assert bill(crowd(noisy, cores=0.05), crowd({}, cores=0.05)).leader("client") is None


def test_what_the_baseline_lacks_did_not_rise_from_nothing() -> None:
    locked = run(flat("cpu_broker", 1.0, broker="1"))
    unlocked = run(flat("cpu_broker", 1.0, broker="1"), flat("thread_time_by_client", 0.4, broker="1", client="old"))
    found = bill(unlocked, locked)
    assert found.leader("client") is None
    assert found.sentence == "who rose cannot be told: the baseline has no figures by client"
    assert found.of("client")[0].figures["thread_time"] == pytest.approx(0.4)
    assert any("--unlock-client-metrics from the baseline on" in line for line in found.missing)


def test_a_broker_that_one_stretch_lacks_is_left_out_and_that_is_said() -> None:
    found = bill(crowd({}), crowd({}, brokers=("1", "2")))
    assert found.leader("client") is None
    assert found.wholes["client"]["thread_time"] == pytest.approx(2.0)
    assert any(line.startswith("what rose on 1 of 3 brokers") for line in found.missing)


def test_that_most_of_a_rise_is_attributed_to_nobody_is_said() -> None:
    before = run(flat("cpu_broker", 1.0, broker="1"), flat("thread_time_by_client", 0.1, broker="1", client="shop"))
    now = run(flat("cpu_broker", 2.0, broker="1"), flat("thread_time_by_client", 0.3, broker="1", client="shop"))
    assert bill(now, before).sentence.endswith("; 80 % of the rise is attributed to nobody")
    assert "; 85 % of it is attributed to nobody; without a baseline" in bill(now).sentence
