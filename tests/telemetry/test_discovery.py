"""Which sources a client configuration names, and the cluster that is known by them alone."""

from __future__ import annotations

import pytest

from clusterload.kafka.properties import Properties
from clusterload.model.errors import ConfigurationError
from clusterload.telemetry.discovery import cluster_of_metrics, endpoints_in, names_metrics, sources_of


def named(**values: str) -> Properties:
    return Properties(values={name.replace("_", "."): value for name, value in values.items()}, origin="a file")


@pytest.mark.parametrize("kind", ["exporter", "jolokia"])
def test_a_file_may_name_exporters_or_agents_by_broker_and_they_are_the_cluster(kind: str) -> None:
    given = named(**{f"{kind}_1": "http://east:7071/x", f"{kind}_12": "http://west:7071/x", "jolokia_username": ""})
    cluster = cluster_of_metrics(given)
    assert [(broker.id, broker.host) for broker in cluster.brokers] == [(1, "east"), (12, "west")]
    assert (cluster.answers, cluster.title) == (False, "2 brokers known by their metrics")
    assert [source.title.rpartition("brokers ")[2] for source in sources_of(cluster)] == ["1 and 12"]


def test_a_login_alone_names_no_source_of_metrics() -> None:
    assert not names_metrics(named(jolokia_username="reader", prometheus_tenant="a"))
    assert endpoints_in(named(jolokia_username="reader"), "jolokia") == {}


def test_what_has_to_ask_kafka_says_that_metrics_do_not_do() -> None:
    cluster = cluster_of_metrics(named(exporter_1="http://east:7071/x"))
    with pytest.raises(ConfigurationError, match=r"names no bootstrap\.servers, and metrics alone do not do here"):
        cluster.topics()


def test_a_broker_may_have_several_exporters_and_two_brokers_never_share_them() -> None:
    given = named(
        exporter_1="http://east:7071/metrics, http://east:9100/metrics", exporter_2="http://west:7071/metrics"
    )
    assert endpoints_in(given, "exporter") == {
        "1": ("http://east:7071/metrics", "http://east:9100/metrics"),
        "2": ("http://west:7071/metrics",),
    }
    with pytest.raises(ConfigurationError, match="is given for brokers 1 and 2: each has an address of its own"):
        endpoints_in(named(exporter_1="http://east:7071/x", exporter_2="http://east:7071/x"), "exporter")
    with pytest.raises(ConfigurationError, match="broker 1 has 2 addresses of its Jolokia agent"):
        sources_of(cluster_of_metrics(named(jolokia_1="http://east:7071/x,http://east:7072/x")))
