"""A conversation with one broker: by every login, within its time, and clear about what was wrong."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from kio.schema.describe_cluster.v0.request import DescribeClusterRequest
from kio.schema.describe_cluster.v0.response import DescribeClusterResponse
from kio.schema.fetch.v10.request import FetchRequest as FetchRequest10
from kio.schema.fetch.v16.request import FetchRequest as FetchRequest16
from kio.schema.metadata.v7.request import MetadataRequest
from kio.schema.metadata.v7.response import MetadataResponse

from clusterload import Lab, Properties
from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.conversation import Conversation, first_to_answer
from clusterload.kafka.protocol.framing import frame, response
from clusterload.kafka.protocol.security import Security, security_of
from clusterload.model.errors import AuthenticationError, ClusterError, UnreachableError

QUESTION = DescribeClusterRequest(include_cluster_authorized_operations=False)
_TRIES = 5
WAYS = [
    ("SSL", ""),
    ("MTLS", ""),
    *(("SASL_SSL", mechanism) for mechanism in ("PLAIN", "SCRAM-SHA-512", "OAUTHBEARER")),
]


def begun(properties: Properties, patience: float = 8.0) -> Conversation:
    address = Address.parsed(properties.values["bootstrap.servers"])
    return Conversation(address, security_of(properties), patience=patience)


@pytest.mark.parametrize(("listener", "mechanism"), WAYS)
def test_a_broker_answers_by_every_listener_and_login(secure_lab: Lab, listener: str, mechanism: str) -> None:
    more = {"sasl.mechanism": mechanism} if mechanism else {}
    with begun(Properties(values=secure_lab.listeners[listener] | more)) as broker:
        assert broker.ask(QUESTION, DescribeClusterResponse).cluster_id == secure_lab.cluster_id


def test_many_questions_go_over_one_conversation(secure_lab: Lab) -> None:
    with begun(Properties(values={"bootstrap.servers": secure_lab.bootstrap_servers})) as broker:
        for _ in range(20):
            assert broker.ask(QUESTION, DescribeClusterResponse).cluster_id == secure_lab.cluster_id


def test_the_first_version_that_the_broker_speaks_is_chosen(secure_lab: Lab) -> None:
    with begun(Properties(values={"bootstrap.servers": secure_lab.bootstrap_servers})) as broker:
        assert broker.spoken(FetchRequest16, FetchRequest10) is FetchRequest16
        broker.versions[FetchRequest10.__api_key__] = (4, 12)
        assert broker.spoken(FetchRequest16, FetchRequest10) is FetchRequest10


def test_a_version_that_the_broker_does_not_speak_is_named_and_never_sent(secure_lab: Lab) -> None:
    with begun(Properties(values={"bootstrap.servers": secure_lab.bootstrap_servers})) as broker:
        broker.versions[QUESTION.__api_key__] = (7, 9)
        with pytest.raises(ClusterError, match="speaks versions 7 to 9 of DescribeClusterRequest, and this needs v"):
            broker.ask(QUESTION, DescribeClusterResponse)
        del broker.versions[QUESTION.__api_key__]
        with pytest.raises(ClusterError, match="speaks no version of DescribeClusterRequest"):
            broker.spoken(DescribeClusterRequest)
        assert not broker.closed


def test_a_refused_login_names_the_broker_and_says_why(secure_lab: Lab) -> None:
    properties = Properties(values=secure_lab.listeners["SASL_PLAINTEXT"] | {"sasl.password": "hunter2"})
    with pytest.raises(AuthenticationError) as caught:
        begun(properties)
    servers = properties.values["bootstrap.servers"]
    assert str(caught.value).startswith(f"broker {servers}: the broker refused the login")
    assert "hunter2" not in str(caught.value)


def test_a_certificate_that_is_not_trusted_names_the_broker(secure_lab: Lab) -> None:
    values = {name: value for name, value in secure_lab.listeners["SSL"].items() if name != "ssl.ca.location"}
    with pytest.raises(ClusterError, match=f"TLS with {values['bootstrap.servers']} failed .*not to be trusted"):
        begun(Properties(values=values))


def test_a_conversation_goes_on_when_its_login_has_run_out(state: object) -> None:
    """Sessions of 2.5 s: without a renewal the broker would hang up."""
    config = {"connections.max.reauth.ms": "2500"}
    with Lab(1, listeners=("SASL_PLAINTEXT",), config=config) as lab:
        properties = Properties(values=lab.listeners["SASL_PLAINTEXT"])
        # Where the machine stands still for longer than is left of a session when it is renewed: once more.
        assert any(outlives(properties, lab.cluster_id, 6.0) for _ in range(_TRIES)), (
            "the machine stood still too often"
        )


def outlives(properties: Properties, cluster_id: str, seconds: float) -> bool:
    """Whether a conversation lasts so long; false only where the machine is to blame that it does not."""
    with begun(properties) as broker:
        last = time.monotonic()
        end, slowest = last + seconds, 0.0
        while last < end:
            try:
                assert broker.ask(QUESTION, DescribeClusterResponse).cluster_id == cluster_id
            except UnreachableError:
                slowest = max(slowest, time.monotonic() - last)
                assert slowest > 0.4, "it was asked all the time, and broke"
                return False
            time.sleep(0.1)
            now = time.monotonic()
            slowest, last = max(slowest, now - last), now
    return True


Answering = Callable[[socket.socket], None]


@contextmanager
def peer(answering: Answering) -> Iterator[Address]:
    """Something that listens and does as it likes with each connection."""

    def serve() -> None:
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            with stream:
                stream.settimeout(5)
                with suppress(OSError):
                    answering(stream)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Address("127.0.0.1", listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_one_that_is_silent_is_given_up_in_time() -> None:
    def silent(stream: socket.socket) -> None:
        while stream.recv(1 << 16):
            pass

    # It is silent for ever: that there is an end at all is ours.
    with (
        peer(silent) as address,
        pytest.raises(UnreachableError, match=f"broker {address} did not answer ApiVersionsReq"),
    ):
        Conversation(address, Security(), patience=0.3)


def test_one_that_answers_a_byte_now_and_then_is_given_up_in_time() -> None:
    def drip(stream: socket.socket) -> None:
        # Longer than anybody waits for: only who looks at the whole time comes to an end.
        stream.sendall(struct.pack(">i", 100_000))
        for _ in range(4000):
            stream.sendall(b"\0")
            time.sleep(0.05)

    with peer(drip) as address, pytest.raises(UnreachableError, match=r"it took over 0\.5 s"):
        Conversation(address, Security(), patience=0.5)


def test_one_that_hangs_up_is_named() -> None:
    with peer(lambda _: None) as address, pytest.raises(UnreachableError, match=str(address)):
        Conversation(address, Security())


def test_a_web_server_is_told_from_a_broker() -> None:
    def web(stream: socket.socket) -> None:
        stream.recv(1 << 16)
        stream.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with (
        peer(web) as address,
        pytest.raises(ClusterError, match=r"malformed ApiVersions response .*check that a Kafka broker listens"),
    ):
        Conversation(address, Security())


def test_an_answer_to_another_request_is_not_taken_for_ours() -> None:
    data = frame(QUESTION, "me", correlation=3)
    assert data[8:12] == struct.pack(">i", 3)
    answer = struct.pack(">i", 4) + b"\0" * 12
    with pytest.raises(ValueError, match="correlation id 4, expected 3"):
        response(MetadataResponse, answer + b"\0" * 20, correlation=3)


@settings(max_examples=100)
@given(some.binary(max_size=300))
def test_no_malformed_response_breaks_the_reading(content: bytes) -> None:
    with suppress(ValueError):
        response(MetadataResponse, content)


def test_the_first_broker_that_answers_is_asked(secure_lab: Lab, unused_port: int) -> None:
    places = [Address("127.0.0.1", unused_port), Address.parsed(secure_lab.bootstrap_servers)]
    with first_to_answer(places, Security()) as broker:
        asked = MetadataRequest(topics=(), allow_auto_topic_creation=False)
        assert [one.node_id for one in broker.ask(asked, MetadataResponse).brokers] == [1]


def test_those_that_do_not_answer_are_named(unused_port: int) -> None:
    with pytest.raises(UnreachableError, match=f"127.0.0.1:{unused_port} .Connection refused.*check the address"):
        first_to_answer([Address("127.0.0.1", unused_port)], Security())


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
