"""Older brokers are as real as the newest: loads are exact on them, and what they cannot tell is missing, not zero."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient
from prometheus_client.parser import text_string_to_metric_families

from clusterload import Cluster, Dials, Lab, Limits, Load, Plan, Properties, Run, assess, measure
from clusterload.kafka.groups import groups_of
from clusterload.lab import own_processes
from clusterload.model.ledger import Ledger
from tests.lab.older import OLDER
from tests.lab.test_exporter import AT_TIMES, documented
from tests.telemetry.sources.test_admin_on_lab import commit, new_topic, produced

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = Path(__file__).parents[2] / "docs" / "lab.md"


@pytest.fixture(scope="module", params=OLDER)
def older(request: pytest.FixtureRequest, state: Path) -> Iterator[Lab]:
    """One broker of an older version; stop nothing."""
    with Lab(1, kafka=request.param, listeners=("SASL_SSL",)) as lab:
        yield lab


def connected(lab: Lab) -> Cluster:
    """The lab as its clients see it."""
    return Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers}))


def ledger_of(run: Run, load: str) -> Ledger:
    """What became of what this Load did."""
    return next(ledger for ledger in run.ledgers if ledger.load == load)


@pytest.fixture(scope="module")
def run(older: Lab, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A short load of both engines at once on the older broker."""
    loads = (
        Load(
            name="wire",
            engine="wire",
            topic="clusterload-wire",
            dials=Dials.parsed({"record_rate": "300/s", "records_per_request": "3"}),
        ),
        Load(name="readers", kind="consume", engine="wire", topic="clusterload-wire", dials=Dials.parsed({})),
        Load(name="clients", topic="clusterload-clients", dials=Dials(producers=2, record_rate=100, payload_size=512)),
        Load(name="members", kind="group", topic="clusterload-clients", dials=Dials.parsed({"members": "2"})),
    )
    return measure(
        Plan(name="on an older broker", loads=loads, duration=4),
        connected(older),
        path=tmp_path_factory.mktemp("older") / "one.run",
        seed=7,
    )


@pytest.mark.parametrize("load", ["wire", "clients"])
def test_every_record_of_either_engine_is_acknowledged_and_stored_once(run: Run, older: Lab, load: str) -> None:
    ledger = ledger_of(run, load)
    assert ledger.balanced
    assert (ledger.failed, ledger.unknown) == (0, 0), ledger
    assert ledger.acknowledged > 0
    (topic,) = connected(older).topics([f"clusterload-{load}"])
    assert sum(connected(older).end_offsets(topic).values()) == ledger.acknowledged


def test_what_was_written_is_read(run: Run) -> None:
    read = sum(series.total() for series in run.named("load_records") if series.labels["load"] == "readers")
    assert read == ledger_of(run, "wire").acknowledged
    assert (ledger_of(run, "readers").failed, ledger_of(run, "members").acknowledged) == (0, 2)


@pytest.mark.parametrize("load", ["wire", "clients"])
def test_the_broker_counts_as_many_records_as_the_ledger(run: Run, load: str) -> None:
    topic = [series for series in run.named("records_in_by_topic") if series.labels["topic"] == f"clusterload-{load}"]
    assert sum(series.total() for series in topic) == ledger_of(run, load).acknowledged


def test_what_limits_are_about_is_measured(run: Run) -> None:
    lines = {line.resource.name for line in assess(run, Limits.named("course-basic")).lines}
    known = lines & {series.name for series in run.series if len(series) and max(series.values) > 0}
    assert known >= {"ingress", "egress", "requests", "connections", "partitions"}
    assert run.named("network_thread_busy")
    assert run.named("cpu_broker")


def test_how_busy_the_handlers_of_an_older_broker_are_is_not_known_rather_than_none(run: Run) -> None:
    assert run.named("request_handler_busy") == []


def test_an_older_broker_lacks_what_the_page_says_and_nothing_else(older: Lab, run: Run) -> None:
    text = own_processes.get(older.exporters[1], timeout=120).decode()
    shown = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
    assert set(documented()) - shown == lacking()
    assert {name for name in shown if name.startswith(("kafka_", "java_lang_"))} <= {*documented(), *AT_TIMES}


def lacking() -> set[str]:
    """The metrics that older brokers do not have, as the page says."""
    section = _PAGE.read_text(encoding="utf-8").partition("### What older brokers lack")[2].partition("\n#")[0]
    return set(re.findall(r"`(kafka_\w+)`", section))


def test_groups_of_an_older_broker_are_told_with_their_lag(older: Lab) -> None:
    new_topic(older, "clusterload-older", partitions=2)
    produced(older, "clusterload-older", 30)
    commit(older, "clusterload-older-group", "clusterload-older", {0: 0, 1: 0})
    ((group,), refused) = groups_of(connected(older), ["clusterload-older-group"])
    assert (group.state, group.members, group.lag) == ("empty", (), {"clusterload-older": 30})
    assert refused == ()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"])
def test_users_are_in_an_older_cluster_from_its_first_moment(older: Lab, mechanism: str) -> None:
    properties = older.listeners["SASL_SSL"] | {"sasl.mechanism": mechanism}
    assert AdminClient(dict(properties)).list_topics(timeout=60).cluster_id == older.cluster_id
