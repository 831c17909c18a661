"""A Load belongs to an engine, and takes the dials of its kind only."""

from __future__ import annotations

from typing import Any

import pytest

from clusterload.model.errors import ConfigurationError
from clusterload.model.workload import USES, Dials, Load


def of(kind: str, engine: str = "", **dials: Any) -> Load:
    return Load(name="one", topic="t", kind=kind, engine=engine, dials=Dials(**dials))


@pytest.mark.parametrize(
    ("load", "engine"),
    [
        (of("produce", record_rate=5), "wire"),
        (of("produce", record_rate=5, producers=2, payload_size=64), "client"),
        (of("consume"), "wire"),
        (of("connect", connections=5), "wire"),
        (of("admin", metadata_rate=5), "wire"),
        (of("group", members=5), "client"),
        (of("transact", producers=1, transaction_rate=5), "client"),
    ],
)
def test_the_engine_follows_from_the_dials_and_the_kind(load: Load, engine: str) -> None:
    assert load.engine == engine
    assert load.use in USES


@pytest.mark.parametrize(
    ("kind", "engine", "dials", "said"),
    [
        ("consume", "", {"record_rate": 5}, "consume of engine wire has no dial record_rate; it has partitions,"),
        ("connect", "", {}, "sets none of connections, connection_rate: add one"),
        ("admin", "", {"connections": 5}, "sets none of commit_rate, metadata_rate, producer_id_rate"),
        ("group", "", {}, "does not set members: add it"),
        ("transact", "", {"producers": 1}, "does not set transaction_rate"),
        ("group", "wire", {"members": 1}, "unknown kind of engine wire 'group'"),
        ("produce", "", {"producers": 1, "record_rate": "max", "payload_size": 64}, "record_rate is max, which engine"),
    ],
)
def test_a_load_that_lacks_a_dial_or_has_a_foreign_one_is_refused(
    kind: str, engine: str, dials: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        of(kind, engine, **dials)
    assert said in str(caught.value)


def test_a_load_says_whether_it_needs_its_topic_and_a_group() -> None:
    assert not of("connect", connections=5).has_topic
    assert of("connect", connections=5, connection_asks="metadata").has_topic
    assert of("consume").has_topic
    assert not of("consume").has_group
    assert of("group", members=5).has_group
    assert of("admin", commit_rate=5).has_group
    assert of("group", members=5).group_id == "clusterload-one-group"
