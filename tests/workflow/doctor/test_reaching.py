"""What the doctor says of brokers that are reached in the wrong way: each usual mistake by its name, with its cure."""

from __future__ import annotations

import pytest

from clusterload import Lab, Properties
from clusterload.workflow.doctor.brokers import reached
from clusterload.workflow.doctor.check import Check, State


def _of(lab: Lab, listener: str, **more: str) -> Properties:
    changed = {name.replace("_", "."): value for name, value in more.items()}
    return Properties(values={**lab.listeners[listener], **changed}, origin="client.properties")


def _failed(properties: Properties) -> Check:
    (check,) = (check for check in reached(properties).checks if check.state is State.FAILED)
    return check


def test_a_tls_port_without_tls_is_told_as_one(secure_lab: Lab) -> None:
    servers = secure_lab.listeners["SSL"]["bootstrap.servers"]
    check = _failed(Properties(values={"bootstrap.servers": servers}, origin="client.properties"))
    assert "TLS is spoken here" in check.finding
    assert "security.protocol=SSL" in check.remedy


def test_tls_at_a_port_without_it_is_told(secure_lab: Lab) -> None:
    check = _failed(_of(secure_lab, "SSL", bootstrap_servers=secure_lab.bootstrap_servers))
    assert "without TLS" in check.finding
    assert "PLAINTEXT" in check.remedy


def test_a_certificate_of_an_authority_that_is_not_trusted_is_told(secure_lab: Lab) -> None:
    servers = secure_lab.listeners["SSL"]["bootstrap.servers"]
    check = _failed(
        Properties(values={"bootstrap.servers": servers, "security.protocol": "SSL"}, origin="c.properties")
    )
    assert "not to be trusted" in check.finding
    assert "ssl.ca.location" in check.remedy


def test_a_wrong_password_is_told_and_not_shown(secure_lab: Lab) -> None:
    check = _failed(_of(secure_lab, "SASL_PLAINTEXT", sasl_password="hunter2"))
    assert "credentials" in f"{check.finding}{check.remedy}" or "login" in f"{check.finding}{check.remedy}"
    assert "hunter2" not in f"{check.finding}{check.remedy}"


def test_a_listener_that_wants_a_login_is_told_where_none_is_given(secure_lab: Lab) -> None:
    servers = secure_lab.listeners["SASL_PLAINTEXT"]["bootstrap.servers"]
    check = _failed(Properties(values={"bootstrap.servers": servers}, origin="client.properties"))
    assert "login" in check.remedy


@pytest.mark.parametrize("listener", ["SSL", "SASL_SSL"])
def test_tls_that_works_says_when_its_certificate_ends(listener: str, secure_lab: Lab) -> None:
    found = reached(_of(secure_lab, listener))
    (tls,) = (check for check in found.checks if check.name == "TLS")
    assert "ends on" in tls.finding
    assert found.cluster is not None


def test_an_address_that_leads_nowhere_beside_one_that_does_is_a_warning(secure_lab: Lab) -> None:
    servers = f"127.0.0.1:1,{secure_lab.bootstrap_servers}"
    found = reached(Properties(values={"bootstrap.servers": servers}, origin="client.properties"))
    assert found.cluster is not None
    (check,) = (check for check in found.checks if check.name == "127.0.0.1:1")
    assert check.state is State.WARNING
