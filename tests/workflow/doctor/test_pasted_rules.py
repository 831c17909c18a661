"""What the doctor prints for a JMX exporter, pasted on a real broker: what was missing is read, whosever rules it had.

The rules here are not those that people have, but give the same names for a few MBeans; the exporter reads its file
anew when that changes, so that a single broker plays all of them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from confluent_kafka import Consumer, Producer

from clusterload import Cluster, Lab, Properties
from clusterload.kafka.quotas import drop_quota, set_quota
from clusterload.telemetry.sources.exporter import ExporterSource
from clusterload.workflow.doctor.causes import Circumstances, judgeable
from clusterload.workflow.doctor.check import Judgeable
from clusterload.workflow.doctor.given import Given, given_by
from clusterload.workflow.doctor.remedies import RULES

_TOPICS: Final = "kafka.server<type=BrokerTopicMetrics, name=(\\w+)"
_REPLICAS: Final = "kafka.server<type=ReplicaManager, name=(\\w+)><>Value"
_SEEN: Final = ("kafka.server:type=BrokerTopicMetrics,name=BytesInPerSec", "kafka.server:type=ReplicaManager,*")
_ONLY: Final = "includeObjectNames:" + "".join(f"\n- '{name}'" for name in _SEEN)


def _rules(*rules: tuple[str, str], settings: str = "") -> str:
    """A configuration with these patterns and names; nothing but a few MBeans are looked at, which makes it quick."""
    listed = "".join(f"\n- pattern: '{pattern}'\n  name: {name}\n  type: UNTYPED" for pattern, name in rules)
    return f"{settings}\n{_ONLY}\nrules:{listed}\n"


_LOWER: Final = "lowercaseOutputName: true"
DIALECTS: Final = {
    "2_0_0": _rules(
        (f"{_TOPICS}PerSec><>Count", "kafka_server_brokertopicmetrics_$1_total"),
        (_REPLICAS, "kafka_server_replicamanager_$1"),
        settings=_LOWER,
    ),
    "confluent": _rules(
        (f"{_TOPICS}><>Count", "kafka_server_brokertopicmetrics_$1"),
        (_REPLICAS, "kafka_server_replicamanager_$1"),
        settings=_LOWER,
    ),
    "grafana": _rules(
        (f"{_TOPICS}><>Count", "kafka_server_brokertopicmetrics_$1"),
        (_REPLICAS, "kafka_server_replicamanager_$1"),
        settings=f"{_LOWER}\nlowercaseOutputLabelNames: true",
    ),
    "bitnami": _rules(
        (f"{_TOPICS}><>Count", "kafka_server_brokertopicmetrics_total_$1_count"),
        (_REPLICAS, "kafka_server_replicamanager_total_$1_value"),
        settings=_LOWER,
    ),
    # As the doctor says: where there were no rules, the list ends with one that shows everything else.
    "without rules": f"{_ONLY}\nrules:\n- pattern: '.*'\n",
}
# No consumer or producer of ours is so old that brokers have to convert for it.
_NEVER: Final = {"message_conversions_by_topic", "fetch_conversions_by_topic"}
# What is believed of a broker only once it is older than this test.
_LATER_ON: Final = {"coordinator_busy"}
_QUOTA: Final = {"producer_byte_rate": 1e12, "consumer_byte_rate": 1e12, "request_percentage": 1e6}
_AROUND: Final = Circumstances(has_exporter=True, asks_kafka=True, published=frozenset(_QUOTA), has_tls=True)
_LATER: Final = count(1)


class _Clients:
    """A producer and a consumer that stay connected with TLS, so that brokers have something to tell of each."""

    def __init__(self, lab: Lab) -> None:
        servers = lab.listeners["SSL"]
        self._producer = Producer({**servers, "client.id": "doctor-writes", "linger.ms": 0})
        reading = {"client.id": "doctor-reads", "group.id": "doctor-reads", "auto.offset.reset": "earliest"}
        self._consumer = Consumer({**servers, **reading})
        self._consumer.subscribe(["doctor"])

        self._over = threading.Event()
        self._working = threading.Thread(target=self._work, daemon=True)

    def begin(self) -> None:
        """Write and read now and then, once a record came through."""
        self._write()
        assert self._consumer.poll(30) is not None
        self._working.start()

    def end(self) -> None:
        """Hang up."""
        self._over.set()
        self._working.join()
        self._consumer.close()

    def _write(self) -> None:
        self._producer.produce("doctor", b"x" * 100)
        self._producer.flush(30)

    def _work(self) -> None:
        while not self._over.is_set():
            self._write()
            self._consumer.consume(1, timeout=0.05)


@pytest.fixture(scope="module")
def clients(secure_lab: Lab) -> Iterator[None]:
    """Clients of the shared broker, while a quota that binds nobody lets it tell of them."""
    properties = Properties(values={"bootstrap.servers": secure_lab.bootstrap_servers}, origin="the lab")
    cluster = Cluster.connect(properties)
    entity = {"client-id": "nobody-has-this-id"}
    set_quota(cluster, entity, _QUOTA)
    made = _Clients(secure_lab)
    made.begin()
    yield
    made.end()
    drop_quota(cluster, entity, _QUOTA)


@pytest.fixture
def rules(exporter_rules: Path) -> Iterator[Path]:
    """The rules of the shared broker's exporter, which are put back."""
    before = exporter_rules.read_text(encoding="utf-8")
    yield exporter_rules
    _write(exporter_rules, before)


def _write(rules: Path, text: str) -> None:
    rules.write_text(text, encoding="utf-8")
    # The exporter looks at the time of its file, and two changes may come within a tick of its clock.
    later = rules.stat().st_mtime + next(_LATER)
    os.utime(rules, (later, later))


def _read(lab: Lab) -> tuple[Given, Judgeable]:
    given = given_by(
        ExporterSource({"1": lab.exporters[1]}, interval=0.2, timeout=20, client_listeners=lab.info.client_listeners)
    )
    return given, judgeable(given.by_series, _AROUND, at_rest=given.at_rest)


def _pasted(text: str, paste: str) -> str:
    """Rules put before others, and MBeans added to those that are looked at, by the words of what is pasted."""
    head, _, rules = paste.partition("\nrules:\n")
    objects = "\n".join(f"- '{line.partition('- ')[2]}'" for line in head.splitlines() if line.startswith("#   - "))
    return text.replace("includeObjectNames:", f"includeObjectNames:\n{objects}").replace("rules:", f"rules:\n{rules}")


@pytest.mark.usefixtures("clients")
@pytest.mark.parametrize("dialect", DIALECTS)
def test_pasted_rules_give_what_was_missing_and_take_nothing_away(dialect: str, secure_lab: Lab, rules: Path) -> None:
    _write(rules, DIALECTS[dialect])
    before, found = _read(secure_lab)
    (paste,) = (paste for paste in found.pastes if paste.id == RULES)
    _write(rules, _pasted(DIALECTS[dialect], paste.text))
    after, then = _read(secure_lab)
    shown = after.by_series.keys() | after.at_rest
    assert set(paste.gives) - _NEVER - _LATER_ON <= shown
    assert before.by_series.keys() <= shown
    assert not [each for each in then.unjudged if RULES in each.remedies]
