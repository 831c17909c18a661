"""Java's client properties are taken in librdkafka's words, or refused with what to do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.kafka.java import IGNORED, translated
from clusterload.kafka.properties import known_properties
from clusterload.model.errors import ConfigurationError

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"


def own(given_values: dict[str, str]) -> dict[str, str]:
    return translated(given_values, "client.properties")


@pytest.mark.parametrize(
    ("java", "librdkafka"),
    [
        ({"max.request.size": "2097152"}, {"message.max.bytes": "2097152"}),
        ({"fetch.max.wait.ms": "500"}, {"fetch.wait.max.ms": "500"}),
        ({"receive.buffer.bytes": "65536"}, {"socket.receive.buffer.bytes": "65536"}),
        ({"send.buffer.bytes": "131072"}, {"socket.send.buffer.bytes": "131072"}),
        ({"buffer.memory": "33554432"}, {"queue.buffering.max.kbytes": "32768"}),
        ({"buffer.memory": "1"}, {"queue.buffering.max.kbytes": "1"}),
        ({"ssl.endpoint.identification.algorithm": ""}, {"ssl.endpoint.identification.algorithm": "none"}),
        ({"ssl.endpoint.identification.algorithm": "https"}, {"ssl.endpoint.identification.algorithm": "https"}),
        ({"ssl.truststore.type": "PEM", "ssl.truststore.location": "/ca.pem"}, {"ssl.ca.location": "/ca.pem"}),
        (
            {"ssl.truststore.type": "pem", "ssl.truststore.location": "/ca.pem", "ssl.truststore.password": "x"},
            {"ssl.ca.location": "/ca.pem"},
        ),
        ({"ssl.truststore.type": "PEM", "ssl.truststore.certificates": "-----BEGIN"}, {"ssl.ca.pem": "-----BEGIN"}),
        (
            {"ssl.keystore.type": "PEM", "ssl.keystore.location": "/me.pem", "ssl.key.password": "x"},
            {"ssl.certificate.location": "/me.pem", "ssl.key.location": "/me.pem", "ssl.key.password": "x"},
        ),
        (
            {"ssl.keystore.type": "PKCS12", "ssl.keystore.location": "/me.p12", "ssl.keystore.password": "x"},
            {"ssl.keystore.location": "/me.p12", "ssl.keystore.password": "x"},
        ),
        ({"acks": "all", "linger.ms": "5"}, {"acks": "all", "linger.ms": "5"}),
    ],
)
def test_java_s_words_become_librdkafka_s(java: dict[str, str], librdkafka: dict[str, str]) -> None:
    assert own(java) == librdkafka


@pytest.mark.parametrize("name", sorted(IGNORED))
def test_what_means_nothing_to_librdkafka_is_left_out(name: str) -> None:
    assert own({name: "anything", "acks": "all"}) == {"acks": "all"}


@pytest.mark.parametrize("size", ["32 MB", "", "1e6", "-5", "many"])
def test_a_buffer_that_is_no_number_of_bytes_is_refused(size: str) -> None:
    with pytest.raises(ConfigurationError, match=r"client\.properties: buffer\.memory must be a number of bytes"):
        own({"buffer.memory": size})


@pytest.mark.parametrize(
    ("options", "name", "password"),
    [
        ('username="alice" password="secret";', "alice", "secret"),
        ('password="secret" username="alice";', "alice", "secret"),
        ("username='alice' password='sec\"ret';", "alice", 'sec"ret'),
        ("username=alice password=secret;", "alice", "secret"),
        (r'username="alice" password="a\"b\\c";', "alice", r'a"b\c'),
        ('username = "alice"  password = "with space; and = sign";', "alice", "with space; and = sign"),
        ('username="alice" password="";', "alice", ""),
        ('username="alice" password="say username=\'bob\'";', "alice", "say username='bob'"),
        ('tokenauth="true" my_password="no" username="alice" password="secret";', "alice", "secret"),
        ('username="alice" password="secret" my_password="no";', "alice", "secret"),
        ('\tusername="alice"\tpassword="secret"\t;', "alice", "secret"),
    ],
)
def test_a_jaas_login_gives_its_user_and_password(options: str, name: str, password: str) -> None:
    assert own({"sasl.jaas.config": f"{PLAIN} {options}"}) == {"sasl.username": name, "sasl.password": password}


quotable = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=20)


@given(quotable, quotable)
def test_any_user_and_password_survive_their_quotes_and_escapes(name: str, password: str) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    jaas = f"{PLAIN} username={quoted(name)} password={quoted(password)};"
    assert own({"sasl.jaas.config": jaas}) == {"sasl.username": name, "sasl.password": password}


@pytest.mark.parametrize("options", ['username="alice";', 'password="hunter2";', 'keyTab="/x" principal="p";', ""])
def test_a_login_without_user_or_password_is_refused_without_repeating_it(options: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sasl\.jaas\.config names no username and password") as caught:
        own({"sasl.jaas.config": f"{PLAIN} {options}"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("java", "said"),
    [
        ({"ssl.truststore.location": "/trust.jks"}, "the truststore /trust.jks is not PEM"),
        ({"ssl.truststore.location": "/t.p12", "ssl.truststore.type": "PKCS12"}, "the truststore /t.p12 is not PEM"),
        ({"ssl.keystore.location": "/me.jks"}, "the keystore /me.jks is JKS: convert it to PKCS12 or PEM"),
        ({"ssl.keystore.location": "/me", "ssl.keystore.type": "JKS"}, "the keystore /me is JKS"),
    ],
)
def test_a_store_that_librdkafka_cannot_read_is_refused_with_what_to_do(java: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        own({**java, "ssl.keystore.password": "hunter2"})


def test_what_java_s_words_become_is_known_to_librdkafka() -> None:
    java = {
        "max.request.size": "1",
        "fetch.max.wait.ms": "1",
        "receive.buffer.bytes": "1",
        "send.buffer.bytes": "1",
        "buffer.memory": "4096",
        "sasl.jaas.config": f'{PLAIN} username="alice" password="x";',
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "/ca.pem",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": "/me.pem",
    }
    assert own(java).keys() <= known_properties().keys()
