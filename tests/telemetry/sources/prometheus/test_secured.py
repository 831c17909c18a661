"""A real Prometheus behind TLS and a login."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from trustme import CA

from clusterload.model.errors import SourceError
from clusterload.telemetry.sources.prometheus import Access, PrometheusClient

from .server import PATIENT, server

SECRET = "s3cr3t-of-nobody"
# Of that password; it costs a server seconds to make one that costs no more than this to check.
HASHED = "$2b$04$abcdefghijklmnopqrstuu9mg2nlFtOANbZ2tlPT5IsQJfVjEhvIG"


@dataclass(frozen=True, kw_only=True)
class Secured:
    """How it is reached, and the files of two authorities: its own and another."""

    access: Access
    other: str


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder: Path = tmp_path_factory.mktemp("secured")
    authority, other = CA(), CA()
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    other.cert_pem.write_to_path(folder / "other.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    web = {
        "tls_server_config": {"cert_file": str(folder / "cert.pem"), "key_file": str(folder / "key.pem")},
        "basic_auth_users": {"reader": HASHED},
    }
    with server(folder, web=web) as secured_server:
        access = Access(url=secured_server.url, username="reader", password=SECRET, ca=str(folder / "ca.pem"))
        yield Secured(access=access, other=str(folder / "other.pem"))


def ask(access: Access) -> float:
    with PrometheusClient(access, retry=PATIENT) as client:
        return client.call("query", {"query": "1 + 1"}).series[0].values[0]


def refused(access: Access) -> str:
    with pytest.raises(SourceError) as caught:
        ask(access)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_login_and_authority_of_the_properties_let_us_in(secured: Secured) -> None:
    assert ask(secured.access) == 2.0


def test_another_login_is_refused_with_what_to_set(secured: Secured) -> None:
    line = refused(replace(secured.access, password="wrong"))
    assert "requires another login (401): set prometheus.username and prometheus.password" in line
    assert "requires another login" in refused(replace(secured.access, username="", password=""))


@pytest.mark.parametrize("ca", ["", "other"])
def test_a_certificate_of_an_unknown_authority_is_not_believed(secured: Secured, ca: str) -> None:
    assert "CERTIFICATE_VERIFY_FAILED" in refused(replace(secured.access, ca=ca and secured.other))


def test_plain_http_to_a_server_with_tls_is_told(secured: Secured) -> None:
    said = refused(Access(url=secured.access.url.replace("https", "http"), username="reader", password=SECRET))
    # Its 400 gets through, or the connection is gone before it could be read.
    assert "rejects the query (400" in said or "cannot be reached: [Errno 104]" in said
