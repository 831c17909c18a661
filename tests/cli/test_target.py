"""Which sources a command line names, and what is wrong with them."""

from __future__ import annotations

import pytest

from clusterload.cli.target import Target, sources_for
from clusterload.kafka.cluster import Broker, Cluster
from clusterload.kafka.properties import Properties
from clusterload.model.errors import ConfigurationError

CLUSTER = Cluster(
    id="ours",
    brokers=tuple(
        Broker(id=number, id_string=str(number), host="h", port=9092, rack="", controller=False) for number in (1, 2)
    ),
    properties=Properties(),
)


def test_an_exporter_of_a_broker_that_the_cluster_does_not_have_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """It is read all the same: a broker that is down now may be back soon."""
    target = Target(exporter=(("1", "http://h:7071/metrics"), ("7", "http://h:7072/metrics")))
    (source,) = sources_for(target, CLUSTER)
    assert source.title == "exporters of brokers 1 and 7"
    assert "cluster ours has no broker 7 now (it has 1, 2): check the ids of --exporter" in capsys.readouterr().err


def test_exporters_of_a_broker_are_read_together(capsys: pytest.CaptureFixture[str]) -> None:
    target = Target(exporter=(("1", "http://h:7071/metrics"), ("1", "http://h:9100/metrics")))
    assert target.endpoints == {"1": ("http://h:7071/metrics", "http://h:9100/metrics")}
    (source,) = sources_for(target, CLUSTER)
    assert source.title == "exporters of broker 1"
    assert capsys.readouterr().err == ""


def test_several_maps_may_be_named_and_one_that_does_not_exist_is_refused() -> None:
    exporter = (("1", "http://h:7071/metrics"),)
    assert sources_for(Target(exporter=exporter, names="strimzi,node-exporter"), CLUSTER)
    with pytest.raises(ConfigurationError, match="no metric names 'strimzy'; did you mean 'strimzi'"):
        sources_for(Target(exporter=exporter, names="strimzy"), CLUSTER)
