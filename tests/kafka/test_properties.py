"""A client's configuration is read as people have it, and its secrets stay in it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.kafka.properties import Properties, for_kafka, is_secret, known_properties
from clusterload.model.errors import ClusterloadError, ConfigurationError, UsageError

SECRET = "hunter2-hunter2"

FILE = """\
# the course's cluster
! and a comment in Java's way

bootstrap.servers = broker1:9092,broker2:9092
security.protocol=SASL_SSL
sasl.mechanisms=PLAIN
sasl.username=course
   sasl.password  =   a=b==c
schema.registry.url=https://registry
basic.auth.credentials.source=USER_INFO
basic.auth.user.info=course:registry
confluent.monitoring.interceptor.topic=x
"""

keys = st.from_regex(r"[a-z][a-z0-9._-]{0,20}", fullmatch=True)
# A value may hold anything but a line's end, and blanks around it do not count. A backslash at its end after a blank
# would continue the line.
characters = st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"])
values = st.text(characters, max_size=20).map(lambda text: text.strip().rstrip("\\").strip())


def parsed(text: str) -> Properties:
    return Properties.parsed(text, "client.properties")


def test_a_file_as_people_have_it_is_read() -> None:
    read = parsed(FILE)
    assert read.values["bootstrap.servers"] == "broker1:9092,broker2:9092"
    assert read.values["sasl.password"] == "a=b==c"
    assert len(read.values) == 9
    assert read.warnings == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_a_byte_order_mark_make_no_difference(tmp_path: Path, encoding: str, end: str) -> None:
    path = tmp_path / "client.properties"
    path.write_bytes(FILE.replace("\n", end).encode(encoding))
    assert Properties.read(path).values == parsed(FILE).values


@given(st.dictionaries(keys, values), st.sampled_from(["", " ", "  "]), st.sampled_from(["\n", "\r\n", "\n\n# note\n"]))
def test_what_was_written_is_read_back(given_values: dict[str, str], blank: str, end: str) -> None:
    text = end.join(f"{blank}{key}{blank}={blank}{value}{blank}" for key, value in given_values.items())
    assert parsed(text).values == given_values


def test_a_login_over_several_lines_is_read_as_kafka_s_own_pages_write_it() -> None:
    read = parsed(
        "# login \\\n"
        "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\\n"
        '    username="alice" \\\r\n'
        '    password="a=b";\n'
        "acks=all\n"
    )
    assert read.client("P") == {"sasl.username": "alice", "sasl.password": "a=b", "acks": "all"}


def test_a_password_that_ends_in_a_backslash_does_not_swallow_the_next_line() -> None:
    assert parsed("sasl.password=secret\\\nacks=all\n").values == {"sasl.password": "secret\\", "acks": "all"}


def test_a_malformed_line_that_goes_on_is_told_by_its_first_number() -> None:
    with pytest.raises(ConfigurationError, match=r"client\.properties, line 2: expected key=value"):
        parsed("acks=all\nbroken \\\n and more \\\n")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_its_line(text: str) -> None:
    try:
        parsed(text)
    except ConfigurationError as error:
        refusal = str(error)
    else:
        refusal = "client.properties, line 1: expected key=value"
    assert re.fullmatch(r"client\.properties, line \d+: expected key=value", refusal)


@pytest.mark.parametrize(
    "line", [SECRET, f"sasl.password {SECRET}", f"= {SECRET}", f"sasl password={SECRET}", f"a\tb={SECRET}"]
)
def test_a_malformed_line_is_told_with_file_and_number_and_never_its_content(tmp_path: Path, line: str) -> None:
    path = tmp_path / "client.properties"
    path.write_text(f"acks=all\n\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        Properties.read(path)
    assert str(caught.value) == f"{path}, line 3: expected key=value"
    assert SECRET not in repr(caught.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        Properties.read(tmp_path / "client.properties")
    path = tmp_path / "latin"
    path.write_bytes(b"sasl.username=J\xf6rg\n")
    with pytest.raises(ConfigurationError, match="is not text: save it as UTF-8"):
        Properties.read(path)


def test_the_later_of_two_holds_and_both_are_told_without_values() -> None:
    read = parsed(f"acks=1\nsasl.password=first\nacks=all\nsasl.password={SECRET}\n")
    assert (read.values["acks"], read.values["sasl.password"]) == ("all", SECRET)
    assert read.warnings == (
        "client.properties, line 3: acks is given twice; the later one holds",
        "client.properties, line 4: sasl.password is given twice; the later one holds",
    )


def test_the_command_line_wins_over_the_file_and_says_so() -> None:
    changed = parsed(FILE).with_given(("sasl.mechanisms=SCRAM-SHA-256", "client.rack = a=b", "client.rack=c"))
    assert (changed.values["sasl.mechanisms"], changed.values["client.rack"]) == ("SCRAM-SHA-256", "c")
    assert changed.warnings == (
        "sasl.mechanisms is given twice; the later one holds",
        "client.rack is given twice; the later one holds",
    )
    assert parsed(FILE).values["sasl.mechanisms"] == "PLAIN"


SECRETS = [
    "sasl.password",
    "SASL.PASSWORD",
    "ssl.key.password",
    "ssl.keystore.password",
    "ssl.truststore.password",
    "ssl.key.pem",
    "ssl.keystore.key",
    "sasl.jaas.config",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "basic.auth.user.info",
    "schema.registry.basic.auth.user.info",
    "my.api.token",
]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_on_the_command_line_is_refused_without_being_repeated(name: str) -> None:
    assert is_secret(name)
    with pytest.raises(UsageError) as caught:
        Properties().with_given((f"{name}={SECRET}",))
    assert str(caught.value).startswith(f"{name} is a secret: put it into the file")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", ["acks", "linger.ms", "bootstrap.servers", "ssl.ca.location", "sasl.mechanism"])
def test_what_is_no_secret_may_be_given_on_the_command_line(name: str) -> None:
    assert Properties().with_given((f"{name}=1",)).values == {name: "1"}


@pytest.mark.parametrize("pair", ["acks", "=1", "", f"{SECRET}"])
def test_a_pair_without_a_key_or_a_value_is_refused(pair: str) -> None:
    with pytest.raises(UsageError) as caught:
        Properties().with_given((pair,))
    assert str(caught.value) == "--command-property takes key=value"


part = st.sampled_from(["ssl", "sasl", "my", "key", "acks", "linger.ms", "client", "x1", "bootstrap.servers"])
secretish = st.builds(
    lambda before, word, after, upper: (
        (".".join([*before, word, *after])).upper() if upper else ".".join([*before, word, *after])
    ),
    st.lists(part, max_size=2),
    st.sampled_from(
        ["password", "secret", "token", "jaas", "user.info", "key.pem", "private", "credential", "passphrase"]
    ),
    st.lists(part, max_size=2),
    st.booleans(),
)


@given(st.dictionaries(secretish | keys, st.just(SECRET)))
def test_nothing_but_what_is_known_to_be_open_may_be_written_down(given_values: dict[str, str]) -> None:
    open_values = Properties(values=given_values).open_values
    assert not any(is_secret(name) for name in open_values)
    assert open_values.keys() <= known_properties().keys() | {"client.dns.lookup"}


@given(secretish)
def test_every_secret_ish_name_is_refused_on_the_command_line_and_kept_out_of_what_is_written(name: str) -> None:
    assert Properties(values={name: SECRET}).open_values == {}
    with pytest.raises(UsageError):
        Properties().with_given((f"{name}={SECRET}",))


def test_a_representation_shows_names_only() -> None:
    read = parsed(f"bootstrap.servers=broker1:9092\nsasl.password={SECRET}\n")
    shown = f"{read!r} {read} {[read]} {dataclasses.replace(read)}"
    assert "sasl.password" in shown
    assert SECRET not in shown
    assert "broker1" not in shown


def test_what_is_not_for_the_kafka_client_is_left_out() -> None:
    read = parsed(FILE)
    for kind in ("P", "C", "*"):
        assert read.client(kind).keys() == {
            "bootstrap.servers",
            "security.protocol",
            "sasl.mechanisms",
            "sasl.username",
            "sasl.password",
        }


@pytest.mark.parametrize(
    "name",
    [
        "schema.registry.url",
        "basic.auth.credentials.source",
        "basic.auth.user.info",
        "confluent.license",
        "confluent.metrics.reporter.bootstrap.servers",
    ],
)
def test_names_that_are_not_for_the_kafka_client(name: str) -> None:
    assert not for_kafka(name)


def test_each_client_gets_its_own_properties_only() -> None:
    read = parsed("acks=all\ngroup.id=readers\nsocket.keepalive.enable=true\n")
    assert read.client("P").keys() == {"acks", "socket.keepalive.enable"}
    assert read.client("C").keys() == {"group.id", "socket.keepalive.enable"}
    assert read.client("*").keys() == {"socket.keepalive.enable"}


def test_a_name_that_nobody_knows_reaches_the_client_which_refuses_it() -> None:
    assert parsed("akcs=all\n").client("P") == {"akcs": "all"}


CODE = [
    "plugin.library.paths",
    "ssl.engine.location",
    "sasl.kerberos.kinit.cmd",
    "sasl.login.callback.handler.class",
    "sasl.client.callback.handler.class",
    "ssl.providers",
    "ssl.engine.id",
]


@pytest.mark.parametrize("name", CODE)
@pytest.mark.parametrize("kind", ["P", "C", "*"])
def test_a_property_that_loads_code_is_refused(name: str, kind: str) -> None:
    with pytest.raises(ConfigurationError, match=f"client.properties: {name} would load code and is refused"):
        parsed(f"{name}=/tmp/evil.so\n").client(kind)


@pytest.mark.parametrize(
    ("text", "unverified"),
    [
        ("security.protocol=SSL", False),
        ("security.protocol=SASL_SSL\nenable.ssl.certificate.verification=false", True),
        ("security.protocol=sasl_ssl\nenable.ssl.certificate.verification=False", True),
        ("security.protocol=SSL\nssl.endpoint.identification.algorithm=", True),
        ("security.protocol=SSL\nssl.endpoint.identification.algorithm=none", True),
        ("security.protocol=SSL\nssl.endpoint.identification.algorithm=https", False),
        ("security.protocol=PLAINTEXT\nenable.ssl.certificate.verification=false", False),
    ],
)
def test_tls_that_believes_anybody_is_noticed(text: str, unverified: bool) -> None:
    assert parsed(text).unverified_tls is unverified


@given(
    st.dictionaries(
        st.sampled_from([*sorted(known_properties()), *SECRETS, "buffer.memory", "max.request.size"]), values
    )
)
def test_no_configuration_makes_an_error_that_repeats_a_secret(given_values: dict[str, str]) -> None:
    marked = {name: f"{SECRET}{value}" if is_secret(name) else value for name, value in given_values.items()}
    try:
        shown = repr(Properties(values=marked).client("P").keys())
    except ClusterloadError as error:
        shown = str(error)
    assert SECRET not in shown
