"""What a client's properties say about TLS and login, with librdkafka's or Java's names."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.kafka.properties import Properties
from clusterload.kafka.protocol.security import ClientCredentials, Security, Tls, Unsecured, security_of
from clusterload.model.errors import ConfigurationError

SECRET = "hunter2-hunter2"


def security(**values: str) -> Security:
    """Security of properties, `_` standing for a dot."""
    return of({name.replace("_", "."): value for name, value in values.items()})


def of(values: dict[str, str]) -> Security:
    return security_of(Properties(values=values, origin="client.properties"))


def test_without_a_word_about_it_nothing_is_secured() -> None:
    assert security(bootstrap_servers="b:9092") == Security(origin="client.properties")


def test_tls_is_verified_unless_it_is_turned_off() -> None:
    assert security(security_protocol="ssl").tls == Tls()
    off = of(
        {
            "security.protocol": "SSL",
            "enable.ssl.certificate.verification": "false",
            "ssl.endpoint.identification.algorithm": "",
        }
    )
    assert off.tls == Tls(verify=False, check_host=False)


@pytest.mark.parametrize("name", ["sasl.mechanism", "sasl.mechanisms"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "scram-sha-512"])
def test_a_password_login_is_read_by_librdkafka_s_names(name: str, mechanism: str) -> None:
    read = of({"security.protocol": "sasl_ssl", name: mechanism, "sasl.username": "a", "sasl.password": SECRET})
    assert (read.protocol, read.mechanism, read.user, read.password) == ("SASL_SSL", mechanism.upper(), "a", SECRET)
    assert read.tls == Tls()


def test_a_login_and_certificates_are_read_by_java_s_names() -> None:
    read = of(
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.jaas.config": 'org.apache.kafka.common.security.scram.ScramLoginModule required username="a" '
            f'password="{SECRET}";',
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": "/ca.pem",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.key": "KEY",
            "ssl.keystore.certificate.chain": "CHAIN",
        }
    )
    assert (read.user, read.password) == ("a", SECRET)
    assert read.tls == Tls(ca_location="/ca.pem", key_pem="KEY", certificate_pem="CHAIN")


def test_a_token_of_our_own_is_read_as_librdkafka_reads_it() -> None:
    read = of(
        {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "OAUTHBEARER",
            "enable.sasl.oauthbearer.unsecure.jwt": "true",
            "sasl.oauthbearer.config": "principalClaimName=azp principal=admin scopeClaimName=roles scope=r1,,r2 "
            "lifeSeconds=600 extension_traceId=1=23",
        }
    )
    assert read.token == Unsecured(
        principal="admin",
        principal_claim="azp",
        scope=("r1", "r2"),
        scope_claim="roles",
        life_seconds=600,
        extensions={"traceId": "1=23"},
    )


OIDC = {
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "OAUTHBEARER",
    "sasl.oauthbearer.method": "oidc",
    "sasl.oauthbearer.client.id": "me",
    "sasl.oauthbearer.client.secret": SECRET,
    "sasl.oauthbearer.token.endpoint.url": "https://idp/token",
    "sasl.oauthbearer.extensions": "logicalCluster=lkc-1,identityPoolId=pool-2",
}


def test_a_token_endpoint_is_read_as_librdkafka_reads_it() -> None:
    assert of(OIDC).token == ClientCredentials(
        url="https://idp/token",
        client_id="me",
        client_secret=SECRET,
        extensions={"logicalCluster": "lkc-1", "identityPoolId": "pool-2"},
    )


OAUTH = {"security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER"}
UNSECURED = OAUTH | {"enable.sasl.oauthbearer.unsecure.jwt": "true"}
PASSWORD = {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"security.protocol": "TLS"}, "security.protocol must be one of PLAINTEXT, SSL"),
        ({"security.protocol": "SASL_SSL"}, "cannot log in by GSSAPI: set sasl.mechanism to one of PLAIN"),
        (PASSWORD | {"sasl.password": SECRET}, "sasl.username is missing"),
        (PASSWORD | {"sasl.username": "a"}, "sasl.password is missing"),
        (PASSWORD | {"sasl.username": "a", "sasl.password": f"{SECRET}\0"}, "cannot contain a NUL"),
        (OAUTH, "OAUTHBEARER needs sasl.oauthbearer.method=oidc"),
        (UNSECURED, "principal is missing"),
        (UNSECURED | {"sasl.oauthbearer.config": f"principle={SECRET}"}, "takes principal=, principalClaimName="),
        (UNSECURED | {"sasl.oauthbearer.config": "principal=a lifeSeconds=-1"}, "lifeSeconds of .* whole seconds"),
        (UNSECURED | {"sasl.oauthbearer.config": "principal=a lifeSeconds=9999999999"}, "lifeSeconds"),
        (UNSECURED | {"sasl.oauthbearer.config": "principal=a extension_auth=x"}, "an extension in"),
        (OIDC | {"sasl.oauthbearer.token.endpoint.url": "file:///etc/passwd"}, "must begin with https"),
        (OIDC | {"sasl.oauthbearer.extensions": "a-b=1"}, "an extension in sasl.oauthbearer.extensions"),
        (OIDC | {"sasl.oauthbearer.client.secret": ""}, "sasl.oauthbearer.client.secret is missing"),
        (OIDC | {"sasl.oauthbearer.grant.type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}, "client_credentials"),
        ({"security.protocol": "SSL", "ssl.curves.list": "P-256"}, "cannot set ssl.curves.list"),
        ({"security.protocol": "SSL", "enable.ssl.certificate.verification": "yes"}, "must be true or false"),
        ({"security.protocol": "SSL", "ssl.engine.location": "/evil.so"}, "would load code"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do_and_no_secret(values: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        of(values)
    assert str(caught.value).startswith("client.properties")
    assert SECRET not in str(caught.value)


@given(st.sampled_from([OIDC, PASSWORD | {"sasl.username": SECRET, "sasl.password": SECRET}]))
def test_no_representation_shows_a_secret_and_a_worker_can_be_sent_it(values: dict[str, str]) -> None:
    read = of(values)
    assert SECRET not in f"{read!r} {read.token!r} {read.tls!r} {[read]}"
    assert pickle.loads(pickle.dumps(read)) == read
