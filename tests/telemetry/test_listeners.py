"""Which listeners clients use is known from the brokers' configuration, and else by what brokers' own are called."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from clusterload.kafka.cluster import Cluster
from clusterload.kafka.properties import Properties
from clusterload.model.limits.declared import client_listeners as listeners_in
from clusterload.telemetry.listeners import client_listeners, configured_listeners
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.translation import Translator

if TYPE_CHECKING:
    from clusterload.lab.lab import Lab


def test_brokers_tell_which_listeners_are_their_own(cluster: Cluster, secure_lab: Lab) -> None:
    """A lab's names are its own: CLIENT and BROKER, and by every protocol where it has them all."""
    secured = Cluster.connect(Properties(values={"bootstrap.servers": secure_lab.bootstrap_servers}, origin="the lab"))
    assert configured_listeners(cluster) == client_listeners(cluster) == {"CLIENT"}
    assert configured_listeners(secured) == secure_lab.info.client_listeners
    assert len(secure_lab.info.client_listeners) > 1


def test_of_a_cluster_that_cannot_be_asked_nothing_is_known(cluster: Cluster) -> None:
    assert client_listeners(replace(cluster, id="", answers=False)) == frozenset()


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {
                "listeners": "CLIENT_IAM://:9098,REPLICATION_SECURE://:9096,CONTROLLER://:9093",
                "inter.broker.listener.name": "REPLICATION_SECURE",
                "controller.listener.names": "CONTROLLER",
            },
            ("CLIENT_IAM",),
        ),
        ({"listeners": "SASL_SSL://:9093,SSL://:9094", "security.inter.broker.protocol": "SSL"}, ("SASL_SSL",)),
        # What clients and brokers share carries clients.
        ({"listeners": "PLAINTEXT://:9092"}, ("PLAINTEXT",)),
        (
            {
                "listeners": "A://:1,B://:2,C://:3",
                "control.plane.listener.name": "C",
                "inter.broker.listener.name": "B",
            },
            ("A",),
        ),
    ],
)
def test_a_configuration_says_which_listeners_are_clients(config: dict[str, str], expected: tuple[str, ...]) -> None:
    assert listeners_in(config) == expected


@pytest.mark.parametrize(
    "name",
    [
        "REPLICATION",
        "REPLICATION-9091",
        "REPLICATION_SECURE",
        "replication_sasl_scram",
        "CONTROLPLANE-9090",
        "INTER_BROKER",
    ],
)
def test_usual_names_of_brokers_own_listeners_are_known(name: str) -> None:
    translator = Translator(Names.named("jmx-exporter"))
    assert not translator.is_client(name)
    assert all(map(translator.is_client, ("CLIENT_SECURE", "PLAIN-9092", "EXTERNAL", "SASL_SSL")))
    assert Translator(Names.named("jmx-exporter"), frozenset({name})).is_client(name)
