"""Transactions on a real cluster: what is committed is there once, what is aborted is not seen."""

from __future__ import annotations

from collections import Counter

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from clusterload import Cluster, Properties
from clusterload.generator.progress import Progress
from clusterload.model.errors import ClusterError
from tests.generator.librdkafka.driven import Told, a_load, committed, make, new_name
from tests.processes import wait_for


def grown(cluster: Cluster, topic: str) -> int:
    return sum(cluster.end_offsets(cluster.topics([topic])[0]).values())


def test_committed_records_are_read_exactly_and_each_transaction_leaves_its_markers(cluster: Cluster) -> None:
    topic = new_name("paid")
    cluster.use_topic(topic)
    load = a_load("transact", topic, producers=4, transaction_rate=5, records_per_transaction=4, record_size=200)
    told = make(cluster, load, seconds=4)
    ledger = told.ledger(load)
    sent = ledger.acknowledged
    assert (ledger.scheduled, ledger.unit) == (80, "records")
    # One that waits for the transaction before for two seconds is dropped.
    assert sent == 80 - ledger.dropped > 0
    assert ledger.acknowledged_bytes == sent * 200
    values = [value for _, value in committed(cluster, topic)]
    assert Counter(map(len, values)) == {200: sent}
    assert len(set(values)) == sent
    extra = told.ends[-1].extra_offsets[load.name]
    assert sent / 4 <= extra <= sent
    wait_for(lambda: grown(cluster, topic) == sent + extra)
    assert told.totals[load.name] == {"load_records": sent, "load_bytes": 200 * sent}


@pytest.mark.long
def test_the_transaction_rate_is_kept_to_a_few_percent(cluster: Cluster) -> None:
    topic = new_name("paced")
    cluster.use_topic(topic)
    load = a_load("transact", topic, producers=4, transaction_rate=4, records_per_transaction=1)
    told = make(cluster, load, seconds=6)
    assert told.ledger(load).acknowledged / 6 == pytest.approx(4, rel=0.05)
    assert told.ledger(load).acknowledged_bytes == 24 * 100


def test_an_interrupted_load_aborts_what_it_does_not_commit(cluster: Cluster) -> None:
    topic = new_name("aborted")
    cluster.use_topic(topic)
    load = a_load("transact", topic, producers=2, transaction_rate=50, records_per_transaction=50)
    told = Told()

    def interrupt(progress: Progress) -> None:
        if progress.ledger.acknowledged:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(cluster, load, seconds=240, on_progress=interrupt, told=told)
    ledger = told.ledger(load)
    assert ledger.balanced
    seen = len(committed(cluster, topic))
    assert 0 < ledger.acknowledged <= seen <= ledger.acknowledged + ledger.unknown


def test_a_record_that_the_topic_refuses_aborts_its_transaction(cluster: Cluster) -> None:
    topic = new_name("narrow")
    cluster.use_topic(topic)
    narrowed = ConfigResource(ResourceType.TOPIC, topic)
    narrowed.add_incremental_config(
        ConfigEntry("max.message.bytes", "500", incremental_operation=AlterConfigOpType.SET)
    )
    admin = AdminClient({"bootstrap.servers": cluster.servers})
    (asked,) = admin.incremental_alter_configs([narrowed]).values()
    asked.result(60)
    wait_for(lambda: cluster.largest_message(topic) == 500)
    load = a_load("transact", topic, producers=1, transaction_rate=2, records_per_transaction=2, record_size=1000)
    ledger = make(cluster, load, seconds=2).ledger(load)
    assert ledger.scheduled == 8
    assert ledger.balanced
    assert not ledger.acknowledged
    assert not ledger.unknown
    assert ledger.errors
    assert not committed(cluster, topic)


def test_transactions_on_a_cluster_that_does_not_answer_are_refused_before_the_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("clusterload.generator.librdkafka.transact.READY_SECONDS", 1.0)
    properties = Properties(values={"bootstrap.servers": "127.0.0.1:9"})
    gone = Cluster(id="gone", brokers=(), properties=properties)
    load = a_load("transact", "clusterload-none", producers=1, transaction_rate=1)
    with pytest.raises(ClusterError, match="may not begin transactions"):
        make(gone, load, seconds=1)
