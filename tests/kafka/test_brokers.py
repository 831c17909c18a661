"""Brokers that are asked by the protocol itself: who is silent holds up nobody for longer than once."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import pytest

from clusterload import Lab, Properties
from clusterload.kafka.brokers import Brokers, logs_of
from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.conversation import Conversation
from clusterload.model.errors import ClusterError, ConfigurationError, UnreachableError

PATIENCE = 3.0


def asked(servers: str) -> Brokers:
    return Brokers(Properties(values={"bootstrap.servers": servers}), patience=PATIENCE)


@dataclass
class Silent:
    """Somebody who takes connections and never says anything, as a broker that is paused."""

    address: Address
    visits: int = 0


@contextmanager
def silence() -> Iterator[Silent]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer, taken = Silent(Address(*server.getsockname())), []

        def take() -> None:
            with suppress(OSError):
                while True:
                    taken.append(server.accept())
                    peer.visits += 1

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield peer
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for stream, _ in taken:
                stream.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    with silence() as peer:
        yield peer


def test_who_is_silent_costs_a_round_the_patience_of_one_answer(lab: Lab, silent: Silent) -> None:
    with asked(lab.bootstrap_servers) as brokers:
        brokers.topics()
        brokers.addresses[9] = silent.address
        for rounds in (1, 2):
            brokers.begin_round()
            for _ in range(5):
                told, failed = brokers.ask_each(logs_of)
                assert (sorted(told), sorted(failed)) == ([1, 2, 3], [9])
                assert isinstance(failed[9], UnreachableError)
            assert silent.visits == rounds, "one patience a round, however many questions there are"


def test_another_broker_is_asked_where_the_first_is_silent(lab: Lab, silent: Silent) -> None:
    with asked(f"{silent.address},{lab.bootstrap_servers}") as brokers:
        brokers.topics()
        assert silent.visits == 1
        assert sorted(brokers.addresses) == [1, 2, 3]
        brokers.begin_round()
        brokers.topics()
        assert silent.visits == 1, "who did not answer is asked last"


def test_a_cluster_that_is_all_silent_is_given_up_soon() -> None:
    with ExitStack() as stack:
        every = [stack.enter_context(silence()) for _ in range(4)]
        with asked(",".join(str(peer.address) for peer in every)) as brokers:
            with pytest.raises(UnreachableError, match="check the address"):
                brokers.topics()
            assert 1 <= sum(peer.visits for peer in every) <= 2, "not each of them is waited for"


def test_a_conversation_that_broke_is_opened_anew_in_the_next_round(lab: Lab) -> None:
    def breaking(broker: Conversation) -> None:
        broker.close()
        raise UnreachableError("it broke")

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
