"""What the tests of commands share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clusterload import Cluster
from clusterload.kafka.admin import remove_topic


@pytest.fixture(scope="module")
def tidy(cluster: Cluster) -> Iterator[None]:
    """Topics that tests make are gone after them: many partitions would bind where other tests look."""
    before = {topic.name for topic in cluster.topics()}
    yield
    for topic in cluster.topics():
        if topic.name not in before and not topic.name.startswith("__"):
            remove_topic(cluster, topic.name)
