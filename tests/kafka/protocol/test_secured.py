"""Login and TLS against a real broker, over plain blocking sockets."""

from __future__ import annotations

import io
import socket
import ssl
import struct
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_pem_x509_certificate
from kio.schema.alter_client_quotas.v1.request import AlterClientQuotasRequest, EntityData, EntryData, OpData
from kio.schema.alter_client_quotas.v1.response import AlterClientQuotasResponse
from kio.schema.errors import ErrorCode
from kio.schema.metadata.v12.request import MetadataRequest
from kio.schema.metadata.v12.response import MetadataResponse
from kio.serial import entity_reader, entity_writer
from kio.static.primitive import f64, i32

from clusterload import Lab, Properties
from clusterload.kafka.protocol import tls
from clusterload.kafka.protocol.login import Login
from clusterload.kafka.protocol.security import Security, security_of
from clusterload.model.errors import AuthenticationError, ClusterError, ConfigurationError
from tests.processes import wait_for

HOUR_MS = 3_600_000
SASL = [
    (name, mechanism)
    for name in ("SASL_SSL", "SASL_PLAINTEXT")
    for mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
]


def given(lab: Lab, name: str, **changed: str) -> Properties:
    """A listener's properties, some (`_` for a dot) changed."""
    more = {key.replace("_", "."): value for key, value in changed.items()}
    return Properties(values=lab.listeners[name] | more, origin="client.properties")


class Client:
    """A connection that sends a frame and waits for its answer."""

    def __init__(self, link: socket.socket, security: Security) -> None:
        self._link, self._login, self.name = link, Login(security), "tester"

    def log_in(self) -> int:
        """Log in; how long it lasts, in ms."""
        frames = self._login.frames(self.name)
        frame: bytes | None = frames.start()
        while frame is not None:
            frame = frames.answer(self.exchanged(frame))
        return frames.lifetime_ms

    def exchanged(self, frame: bytes) -> bytes:
        self._link.sendall(frame)
        return self._exactly(struct.unpack(">i", self._exactly(4))[0])

    def _exactly(self, count: int) -> bytes:
        content = b""
        while len(content) < count:
            more = self._link.recv(count - len(content))
            assert more, "the broker closed the connection"
            content += more
        return content

    def asked(self, request: Any, response: Any) -> Any:
        """A broker's answer to a request, by the independent kio."""
        buffer = io.BytesIO()
        header = type(request).__header_schema__
        entity_writer(header)(
            buffer,
            header(
                request_api_key=request.__api_key__,
                request_api_version=request.__version__,
                correlation_id=i32(7),
                client_id=self.name,
            ),
        )
        entity_writer(type(request))(buffer, request)
        frame = self.exchanged(struct.pack(">i", buffer.tell()) + buffer.getvalue())
        answered, used = entity_reader(response.__header_schema__)(memoryview(frame), 0)
        assert answered.correlation_id == 7
        return entity_reader(response)(memoryview(frame), used)[0]

    def brokers(self) -> list[int]:
        request = MetadataRequest(topics=(), allow_auto_topic_creation=False, include_topic_authorized_operations=False)
        return [broker.node_id for broker in self.asked(request, MetadataResponse).brokers]


@contextmanager
def connected(properties: Properties) -> Iterator[Client]:
    """A connection as the properties want it, TLS and all, but not logged in."""
    security = security_of(properties)
    host, port = properties.values["bootstrap.servers"].rsplit(":", 1)
    context = tls.context(security)
    with socket.create_connection((host, int(port)), timeout=60) as plain:
        if context is None:
            yield Client(plain, security)
        else:
            with context.wrap_socket(plain, server_hostname=host) as encrypted:
                yield Client(encrypted, security)


@pytest.mark.parametrize("name", ["SSL", "MTLS"])
def test_tls_with_or_without_a_client_s_certificate_reaches_the_broker(secure_lab: Lab, name: str) -> None:
    with connected(given(secure_lab, name)) as client:
        assert client.brokers() == [1]


@pytest.mark.parametrize(("name", "mechanism"), SASL)
def test_a_login_by_every_mechanism_is_let_in_and_told_how_long(secure_lab: Lab, name: str, mechanism: str) -> None:
    with connected(given(secure_lab, name, sasl_mechanism=mechanism)) as client:
        lasts = client.log_in()
        # A token ends by itself after an hour, and has run for a moment.
        assert HOUR_MS - 60_000 <= lasts <= HOUR_MS
        assert client.brokers() == [1]


@pytest.fixture
def quota(secure_lab: Lab) -> Iterator[None]:
    """A quota of nobody's, which has the broker count each client by user and name."""
    entity = tuple(EntityData(entity_type=kind, entity_name="nobody") for kind in ("user", "client-id"))
    plain = Properties(values={"bootstrap.servers": secure_lab.bootstrap_servers})
    with connected(plain) as client:
        for remove in (False, True):
            op = OpData(key="request_percentage", value=f64(100.0), remove=remove)
            request = AlterClientQuotasRequest(entries=(EntryData(entity=entity, ops=(op,)),), validate_only=False)
            answer = client.asked(request, AlterClientQuotasResponse)
            assert [entry.error_code for entry in answer.entries] == [ErrorCode.none]
            if not remove:
                yield


@pytest.mark.usefixtures("quota")
@pytest.mark.parametrize(("name", "user"), [("MTLS", "lab"), ("SASL_SSL", "lab"), ("SSL", "ANONYMOUS")])
def test_who_shows_who_it_is_is_the_user_lab(secure_lab: Lab, name: str, user: str) -> None:
    def is_counted() -> bool:
        client.brokers()
        with urllib.request.urlopen(secure_lab.exporters[1], timeout=120) as answer:
            lines = answer.read().decode().splitlines()
        counted = [line for line in lines if line.startswith("kafka_server_request_") and f"who-{name}" in line]
        assert all(f'user="{user}"' in line for line in counted)
        return bool(counted)

    with connected(given(secure_lab, name)) as client:
        client.name = f"who-{name}"
        if name == "SASL_SSL":
            client.log_in()
        wait_for(is_counted)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512", "OAUTHBEARER"])
def test_a_connection_in_use_logs_in_again(secure_lab: Lab, mechanism: str) -> None:
    with connected(given(secure_lab, "SASL_SSL", sasl_mechanism=mechanism)) as client:
        for _ in range(2):
            assert client.log_in() > 0
            assert client.brokers() == [1]


@pytest.mark.parametrize(
    ("mechanism", "words"),
    [
        ("PLAIN", "Authentication failed: Invalid username or password"),
        ("SCRAM-SHA-256", "Authentication failed during authentication due to invalid credentials"),
        ("SCRAM-SHA-512", "Authentication failed during authentication due to invalid credentials"),
    ],
)
def test_a_wrong_password_gives_the_broker_s_words_in_one_line(secure_lab: Lab, mechanism: str, words: str) -> None:
    wrong = given(secure_lab, "SASL_SSL", sasl_mechanism=mechanism, sasl_password="hunter2")
    with connected(wrong) as client, pytest.raises(AuthenticationError) as caught:
        client.log_in()
    assert str(caught.value).startswith(f"the broker refused the login ({words}")
    assert str(caught.value).endswith("): check the credentials in client.properties")
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_token_of_nobody_gives_the_broker_s_words(secure_lab: Lab) -> None:
    config = {"sasl.mechanism": "OAUTHBEARER", "sasl.oauthbearer.config": "principal=lab principalClaimName=who"}
    values = secure_lab.listeners["SASL_PLAINTEXT"] | config
    with connected(Properties(values=values)) as client, pytest.raises(AuthenticationError, match="refused the login"):
        client.log_in()


def test_a_login_where_none_is_taken_is_told(secure_lab: Lab) -> None:
    plain = given(secure_lab, "SASL_PLAINTEXT", bootstrap_servers=secure_lab.bootstrap_servers)
    with connected(plain) as client, pytest.raises(AuthenticationError, match="takes no login at this address"):
        client.log_in()


def refusal(properties: Properties) -> str:
    """What a user is told of a connection whose TLS fails; a refusal by TLS 1.3 comes with the first answer."""
    servers = properties.values["bootstrap.servers"]
    with pytest.raises(OSError, match=r".") as caught, connected(properties) as client:
        client.brokers()
    told = tls.failed(caught.value, servers, security_of(properties))
    assert isinstance(told, ClusterError)
    assert "\n" not in str(told)
    return str(told)


def authority(tmp_path: Path) -> trustme.CA:
    """Somebody else's authority, its certificate in `ca.pem`."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    return made


def test_a_broker_of_another_authority_is_not_trusted(secure_lab: Lab, tmp_path: Path) -> None:
    authority(tmp_path)
    told = refusal(given(secure_lab, "SSL", ssl_ca_location=str(tmp_path / "ca.pem")))
    assert "its certificate is not to be trusted: unable to get local issuer" in told
    assert told.endswith("check ssl.ca.location in client.properties")


def test_a_broker_of_another_name_is_not_trusted_unless_names_do_not_matter(secure_lab: Lab) -> None:
    properties = given(secure_lab, "SSL")
    lax = given(secure_lab, "SSL", ssl_endpoint_identification_algorithm="none")
    port = secure_lab.info.brokers[0].ports["SSL"]
    for each, trusted in ((properties, False), (lax, True)):
        context = tls.context(security_of(each))
        assert context is not None
        with socket.create_connection(("127.0.0.1", port), timeout=60) as plain:
            if trusted:
                context.wrap_socket(plain, server_hostname="elsewhere").close()
            else:
                with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
                    context.wrap_socket(plain, server_hostname="elsewhere")


def test_any_broker_is_believed_only_when_that_was_asked_for(secure_lab: Lab, tmp_path: Path) -> None:
    authority(tmp_path)
    values = given(secure_lab, "SSL", ssl_ca_location=str(tmp_path / "ca.pem")).values
    with connected(Properties(values={**values, "enable.ssl.certificate.verification": "false"})) as client:
        assert client.brokers() == [1]


def test_mtls_without_a_certificate_is_refused_by_the_broker(secure_lab: Lab) -> None:
    told = refusal(given(secure_lab, "SSL", bootstrap_servers=secure_lab.listeners["MTLS"]["bootstrap.servers"]))
    assert "certificate required" in told or "bad certificate" in told
    assert "the client's certificate" in told


def test_mtls_with_somebody_else_s_certificate_is_refused_by_the_broker(secure_lab: Lab, tmp_path: Path) -> None:
    authority(tmp_path).issue_cert("lab", common_name="lab").private_key_and_cert_chain_pem.write_to_path(
        tmp_path / "me.pem"
    )
    place = str(tmp_path / "me.pem")
    told = refusal(given(secure_lab, "MTLS", ssl_certificate_location=place, ssl_key_location=place))
    assert "TLS with 127.0.0.1" in told


def test_plain_text_to_a_tls_listener_and_tls_to_a_plain_one_are_told_as_such(secure_lab: Lab) -> None:
    told = refusal(given(secure_lab, "SSL", bootstrap_servers=secure_lab.bootstrap_servers))
    assert "check security.protocol" in told or "no broker answered" in told


def in_one_line(path: str) -> str:
    """A PEM file as a value of a Java properties file."""
    return " ".join(Path(path).read_text().split("\n")).strip()


def test_certificates_and_key_may_stand_in_the_properties_themselves(secure_lab: Lab) -> None:
    values = secure_lab.listeners["MTLS"]
    ca, me = in_one_line(values["ssl.ca.location"]), in_one_line(values["ssl.key.location"])
    own = {"bootstrap.servers": values["bootstrap.servers"], "security.protocol": "SSL"}
    librdkafka = {"ssl.ca.pem": ca, "ssl.certificate.pem": me, "ssl.key.pem": me}
    java = {
        "ssl.truststore.type": "PEM",
        "ssl.truststore.certificates": ca,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.certificate.chain": me,
        "ssl.keystore.key": me,
    }
    for given_values in (librdkafka, java):
        with connected(Properties(values=own | given_values)) as client:
            assert client.brokers() == [1]


@pytest.fixture
def packed(secure_lab: Lab, tmp_path: Path) -> Path:
    """The client's certificate and key as PKCS12, and the key alone as encrypted PEM; the password is `secret`."""
    pem = Path(secure_lab.listeners["MTLS"]["ssl.key.location"]).read_bytes()
    key = serialization.load_pem_private_key(pem, None)
    locked = serialization.BestAvailableEncryption(b"secret")
    certificate = load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERT") :])
    assert not isinstance(key, str)
    (tmp_path / "me.p12").write_bytes(
        pkcs12.serialize_key_and_certificates(b"me", key, certificate, None, locked)  # type: ignore[arg-type]
    )
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    )
    return tmp_path


def test_a_pkcs12_keystore_and_an_encrypted_key_are_opened_with_their_password(secure_lab: Lab, packed: Path) -> None:
    values = secure_lab.listeners["MTLS"]
    certificate = values.pop("ssl.certificate.location")
    del values["ssl.key.location"]
    store = {"ssl.keystore.location": str(packed / "me.p12"), "ssl.keystore.password": "secret"}
    files = {"ssl.certificate.location": certificate, "ssl.key.location": str(packed / "key.pem")}
    for more in (store, files | {"ssl.key.password": "secret"}):
        with connected(Properties(values=values | more)) as client:
            assert client.brokers() == [1]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ssl.ca.location": "/nowhere/ca.pem"}, r"ssl\.ca\.location or ssl\.ca\.pem cannot be used \(no such file"),
        ({"ssl.ca.pem": "-----BEGIN CERTIFICATE----- AAAA -----END CERTIFICATE-----"}, r"ssl\.ca\.pem cannot be used"),
        ({"ssl.ca.pem": "nonsense"}, r"ssl\.ca\.pem cannot be used"),
        ({"ssl.certificate.location": "/nowhere"}, "the client's certificate or key cannot be used"),
        ({"ssl.key.location": "key.pem"}, "the client's certificate or key cannot be used"),
        ({"ssl.key.location": "key.pem", "ssl.key.password": "wrong-hunter2"}, "certificate or key cannot be used"),
        ({"ssl.keystore.location": "me.p12", "ssl.keystore.password": "wrong-hunter2"}, r"check ssl\.keystore\.pass"),
        ({"ssl.keystore.location": "/nowhere"}, "the client's certificate or key cannot be used"),
        ({"ssl.crl.location": "/nowhere"}, r"ssl\.crl\.location cannot be used"),
        ({"ssl.cipher.suites": "NO-SUCH-CIPHER"}, r"ssl\.cipher\.suites cannot be used"),
    ],
)
def test_what_cannot_be_used_is_told_by_its_name_and_without_its_password(
    secure_lab: Lab, packed: Path, changed: dict[str, str], said: str
) -> None:
    here = {name: str(packed / value) if value in {"key.pem", "me.p12"} else value for name, value in changed.items()}
    values = secure_lab.listeners["MTLS"] | here
    with pytest.raises(ConfigurationError, match=said) as caught:
        tls.context(security_of(Properties(values=values, origin="client.properties")))
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_tls_there_is_no_context(secure_lab: Lab) -> None:
    assert tls.context(security_of(given(secure_lab, "SASL_PLAINTEXT"))) is None
