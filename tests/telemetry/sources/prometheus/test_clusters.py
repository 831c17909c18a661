"""A Prometheus that has the brokers of several clusters is noticed, and how to pick one is said."""

from __future__ import annotations

import pytest

from clusterload.model.errors import ConfigurationError
from clusterload.telemetry.sources.prometheus import Access
from clusterload.telemetry.sources.prometheus.clusters import check_single
from clusterload.telemetry.sources.prometheus.scrapes import Identity

ACCESS = Access(url="http://localhost:9090")


def target(instance: str, **labels: str) -> Identity:
    return tuple(sorted({"instance": instance, "job": "kafka", **labels}.items()))


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        # By name, though no two brokers have the same id.
        ([target("a:1", broker="1", cluster="prod"), target("b:1", broker="2", cluster="test")], "cluster: prod, test"),
        # By the same ids, which some label tells apart.
        ([target("a:1", broker="1", env="p"), target("b:1", broker="1", env="t")], "env: p, t"),
        ([target("a:1", broker="1", job="x"), target("b:1", broker="1", job="y")], "job: x, y"),
    ],
)
def test_brokers_of_several_clusters_are_refused(targets: list[Identity], said: str) -> None:
    with pytest.raises(ConfigurationError, match="has the brokers of 2 clusters") as refused:
        check_single(targets, ACCESS)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "targets",
    [
        [],
        [target("a:1", broker="1", rack="x"), target("b:1", broker="2", rack="y")],
        # Two Prometheus servers that scrape the same, and two exporters of a broker.
        [target("a:1", broker="1", replica="0"), target("a:1", broker="1", replica="1")],
        [target("a:1", broker="1"), target("a:2", broker="1")],
    ],
)
def test_brokers_of_one_cluster_pass(targets: list[Identity]) -> None:
    check_single(targets, ACCESS)


def test_who_selected_by_a_label_of_clusters_knows_what_there_is() -> None:
    targets = [target("a:1", broker="1", cluster="east"), target("b:1", broker="2", cluster="west")]
    check_single(targets, Access(url="http://localhost:9090", select='cluster=~"east|west"'))
