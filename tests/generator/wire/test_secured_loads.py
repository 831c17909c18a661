"""Loads over TLS and with logins, on a real broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterload import Cluster, Lab, Properties
from clusterload.model.errors import ClusterError
from tests.generator.wire.driving import drive, wire_load

COLD = {"in_flight": "1000"}


def _topic(lab: Lab, name: str) -> str:
    Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers})).use_topic(name)
    return name


@pytest.mark.parametrize("listener", ["SSL", "MTLS", "SASL_SSL", "SASL_PLAINTEXT"])
def test_a_load_is_made_by_every_listener(secure_lab: Lab, tmp_path: Path, listener: str) -> None:
    properties = Properties(values=secure_lab.listeners[listener])
    load = wire_load(_topic(secure_lab, "clusterload-secured"), connections="4", request_rate="50/s", **COLD)
    driven = drive(properties, tmp_path, load, seconds=2)
    assert driven.ledger.acknowledged == 100, driven.ledger
    assert driven.wire["made"] == 4


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER"])
def test_connections_that_log_in_come_and_go(secure_lab: Lab, tmp_path: Path, mechanism: str) -> None:
    properties = Properties(values=secure_lab.listeners["SASL_SSL"] | {"sasl.mechanism": mechanism})
    load = wire_load("clusterload-secured", "connect", connection_rate="10/s")
    driven = drive(properties, tmp_path, load, seconds=2)
    assert driven.ledger.acknowledged == 20, driven.ledger


def test_a_refused_login_ends_the_load_before_it_begins_in_the_brokers_words(secure_lab: Lab, tmp_path: Path) -> None:
    properties = Properties(values=secure_lab.listeners["SASL_SSL"] | {"sasl.password": "wrong"})
    with pytest.raises(ClusterError, match="refused the login"):
        drive(properties, tmp_path, wire_load("clusterload-secured", request_rate="10/s"), seconds=1)


def test_sessions_that_end_in_the_middle_of_a_load_are_renewed(state: Path, tmp_path: Path) -> None:
    """With sessions of 2 s the broker would close each connection twice in this load."""
    with Lab(1, listeners=("SASL_PLAINTEXT",), config={"connections.max.reauth.ms": "2000"}) as lab:
        properties = Properties(values=lab.listeners["SASL_PLAINTEXT"])
        load = wire_load(_topic(lab, "clusterload-renewed"), connections="3", request_rate="30/s", **COLD)
        driven = drive(properties, tmp_path, load, seconds=6)
    assert driven.ledger.balanced
    # Who or what stands still for longer than the rest of a session finds it over.
    if driven.slowest < 0.2:
        assert driven.ledger.acknowledged == 180, driven.ledger
        assert (driven.wire["made"], driven.wire["lost"]) == (3, {})
    assert driven.ledger.acknowledged > 60, "more than a session's"
