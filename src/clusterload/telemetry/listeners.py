"""Which listeners clients use: by the lab's record, by the brokers' own configuration, else unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from clusterload.kafka.configuration import broker_settings
from clusterload.lab.registry import find_lab
from clusterload.model.errors import ClusterloadError
from clusterload.model.limits.declared import client_listeners as listeners_in

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Cluster

# Brokers of one cluster name their listeners alike, as they have to reach each other; some may be down.
_ASKED: Final = 3


def client_listeners(cluster: Cluster) -> frozenset[str]:
    """The listeners that clients use; empty where that is not known, so that only usual names tell."""
    lab = find_lab(cluster.id) if cluster.id else None
    return lab.client_listeners if lab else configured_listeners(cluster)


def configured_listeners(cluster: Cluster) -> frozenset[str]:
    """The listeners that are, by the brokers' configuration, neither their own nor the controllers'.

    Empty where no Kafka answers, or where it may not be asked (DescribeConfigs on the cluster).
    """
    if not cluster.answers:
        return frozenset()
    try:
        settings = broker_settings(replace(cluster, brokers=cluster.brokers[:_ASKED]))
    except ClusterloadError:
        return frozenset()
    configs = [{setting.name: setting.value for setting in found} for found in settings.values()]
    return frozenset(name for config in configs for name in listeners_in(config))
