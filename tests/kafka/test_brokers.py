"""Brokers that are asked by the protocol itself: who is silent holds up nobody for longer than once."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from clusterload import Lab, Properties
from clusterload.errors import ClusterError, ConfigurationError, Unreachable
from clusterload.kafka.brokers import Brokers
from clusterload.kafka.log_dirs import logs_of
from clusterload.protocol.address import Address
from clusterload.protocol.conversation import Conversation

PATIENCE = 2.0


def asked(servers: str) -> Brokers:
    return Brokers(Properties(values={"bootstrap.servers": servers}), patience=PATIENCE)


@pytest.fixture
def silent() -> Iterator[Address]:
    """Somebody who takes connections and never says anything, as a broker that is paused."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Address(*server.getsockname())


def test_who_is_silent_costs_a_round_the_patience_of_one_answer(lab: Lab, silent: Address) -> None:
    with asked(lab.bootstrap_servers) as brokers:
        brokers.topics()
        brokers.addresses[9] = silent
        for _ in range(2):
            brokers.begin_round()
            begun = time.monotonic()
            for _ in range(5):
                told, failed = brokers.ask_each(logs_of)
                assert (sorted(told), sorted(failed)) == ([1, 2, 3], [9])
                assert isinstance(failed[9], Unreachable)
            assert PATIENCE <= time.monotonic() - begun < 2 * PATIENCE


def test_another_broker_is_asked_where_the_first_is_silent(lab: Lab, silent: Address) -> None:
    with asked(f"{silent},{lab.bootstrap_servers}") as brokers:
        begun = time.monotonic()
        brokers.topics()
        assert PATIENCE <= time.monotonic() - begun < 2 * PATIENCE
        assert sorted(brokers.addresses) == [1, 2, 3]
        brokers.begin_round()
        begun = time.monotonic()
        brokers.topics()
        assert time.monotonic() - begun < PATIENCE


def test_a_cluster_that_is_all_silent_is_given_up_soon(silent: Address) -> None:
    with socket.create_server(("127.0.0.1", 0)) as second, socket.create_server(("127.0.0.1", 0)) as third:
        others = (Address(*one.getsockname()) for one in (second, third))
        with asked(",".join(map(str, (silent, *others)))) as brokers:
            begun = time.monotonic()
            with pytest.raises(Unreachable, match="check the address"):
                brokers.topics()
            assert time.monotonic() - begun < 2.5 * PATIENCE


def test_a_conversation_that_broke_is_opened_anew_in_the_next_round(lab: Lab) -> None:
    def breaking(broker: Conversation) -> None:
        broker.close()
        raise Unreachable("it broke")

    with asked(lab.bootstrap_servers) as brokers:
        brokers.topics()
        assert sorted(brokers.ask({2: breaking})[1]) == [2]
        assert sorted(brokers.ask_each(logs_of)[0]) == [1, 3]
        brokers.begin_round()
        assert sorted(brokers.ask_each(logs_of)[0]) == [1, 2, 3]


def test_a_refusal_breaks_nothing(lab: Lab) -> None:
    def refusing(_: Conversation) -> None:
        raise ClusterError("refused")

    with asked(lab.bootstrap_servers) as brokers:
        brokers.topics()
        assert sorted(brokers.ask_each(refusing)[1]) == [1, 2, 3]
        assert sorted(brokers.ask_each(logs_of)[0]) == [1, 2, 3]
        assert "broker 7 is not up" in str(brokers.ask({7: refusing})[1][7])


def test_without_a_server_it_says_what_to_add() -> None:
    with pytest.raises(ConfigurationError, match=r"bootstrap\.servers: add it"):
        asked("")
