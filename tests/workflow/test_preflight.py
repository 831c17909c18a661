"""Each check of a plan against a cluster refuses one bad plan, in order, and before any connection of a load."""

from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from confluent_kafka import Producer

from clusterload import Cluster, Lab, Properties
from clusterload.kafka.cluster import Broker
from clusterload.kafka.privileges import PRIVILEGES
from clusterload.model.errors import (
    AuthorizationError,
    ClusterError,
    ClusterloadError,
    ConfigurationError,
    ConsentError,
)
from clusterload.model.limits import NO_LIMITS
from clusterload.model.thresholds import Threshold
from clusterload.model.workload import Dials, Fault, Load, Plan
from clusterload.telemetry.sources.confluent import Access, ConfluentSource
from clusterload.workflow.consent import Consent
from clusterload.workflow.measure import measure
from clusterload.workflow.preflight import check_machine, preflight, preflight_all
from tests.restricted import CONFIG, user_with

NOBODY = Cluster(
    id="lkc-elsewhere",
    brokers=(Broker(id=1, id_string="1", host="127.0.0.1", port=9, rack="", controller=True),),
    properties=Properties(values={"bootstrap.servers": "127.0.0.1:9"}, origin="nobody.properties"),
)
"""A cluster that is not a lab and does not answer: a check that asks it fails, with another error."""

YES = Consent(cluster_id=NOBODY.id)


def plan(*, topic: str = "clusterload-checked", kind: str = "produce", duration: float = 10.0, **dials: Any) -> Plan:
    made = Dials(**(dials or {"request_rate": 10}))
    return Plan(name="checked", loads=(Load(name="one", topic=topic, kind=kind, dials=made),), duration=duration)


def late() -> ConfluentSource:
    """Metrics that come once a minute."""
    access = Access(endpoint="http://127.0.0.1:9/query", token="azpz", cluster_id="lkc-elsewhere")
    return ConfluentSource(access=access, cluster_id=NOBODY.id)


FAULTY = replace(plan(), faults=(Fault(do="kill", broker=1, at=1),))
STOPPED = replace(plan(), abort_if=(Threshold.parsed("limit_load > 90 %"),))
FAILING = replace(plan(), thresholds=(Threshold.parsed("limit_load > 90 %"),))


@pytest.mark.parametrize(
    ("bad", "given", "kind", "words"),
    [
        (FAULTY, {}, ConfigurationError, "plan 'checked' has faults, and cluster lkc-elsewhere is not a lab"),
        (plan(), {"sources": [late()]}, ConfigurationError, "lasts 10 s, and the metrics come once in 60 s"),
        (STOPPED, {}, ConfigurationError, "cannot end a load: it needs the cluster's metrics"),
        (
            FAILING,
            {"consented": YES, "limits": NO_LIMITS},
            ConfigurationError,
            "'limit_load > 90 %' needs limits, and no limits of cluster lkc-elsewhere are known: name a table with",
        ),
        (plan(kind="connect", connections=10**9), {"workers": 1}, ConfigurationError, "open files, and the limit is"),
        (
            plan(request_rate=1, records_per_request=10_000, record_size="100KiB", connections=1000, in_flight=1000),
            {"workers": 1},
            ConfigurationError,
            r"GB of requests in flight, and this machine has .* GB of memory",
        ),
        (plan(), {}, ConsentError, "add --yes-cluster lkc-elsewhere to load it"),
        (
            plan(),
            {"consented": Consent(cluster_id="other")},
            ConsentError,
            "not a lab, and the id that was given is other",
        ),
        (plan(duration=901), {"consented": YES}, ConsentError, "asks for duration 901, above the cap of 900"),
    ],
)
def test_a_bad_plan_is_refused_without_asking_the_cluster(
    bad: Plan, given: dict[str, Any], kind: type[ClusterloadError], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (4096, 4096))
    monkeypatch.setattr(Cluster, "topics", lambda *_: pytest.fail("the cluster was asked"))
    with pytest.raises(kind, match=words):
        preflight(bad, NOBODY, **{"sources": (), **given})


def test_a_login_that_the_engine_does_not_have_is_refused_without_asking_the_cluster() -> None:
    values = {**NOBODY.properties.values, "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "GSSAPI"}
    kerberos = replace(NOBODY, properties=Properties(values=values))
    with pytest.raises(ConfigurationError, match="GSSAPI"):
        preflight(plan(), kerberos, sources=(), consented=YES)


def test_a_run_file_that_is_there_is_refused_without_asking_the_cluster(tmp_path: Path) -> None:
    (tmp_path / "r.run").write_text("mine", encoding="utf-8")
    with pytest.raises(ClusterloadError, match=r"r\.run"):
        preflight(plan(), NOBODY, sources=(), consented=YES, path=tmp_path / "r.run")


def test_what_is_wrong_with_the_plan_is_said_before_consent_is_asked_for() -> None:
    with pytest.raises(ConfigurationError, match="has faults"):
        preflight(FAULTY, NOBODY, sources=(), consented=Consent())


def test_only_a_plan_that_passed_is_held_against_the_cluster() -> None:
    with pytest.raises(ClusterError, match=r"127\.0\.0\.1:9"):
        preflight(plan(), NOBODY, sources=(), consented=YES)


def test_connections_that_fit_into_the_open_files_of_more_workers_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))
    many = plan(kind="connect", connections=1800)
    with pytest.raises(ConfigurationError, match=r"--workers 2$"):
        check_machine(many, workers=1)
    check_machine(many, workers=2)


def test_what_may_be_in_flight_is_held_against_all_memory_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    load = plan(request_rate=1, record_size="1000", connections=100, in_flight=10)
    check_machine(load)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=1_000_000))
    with pytest.raises(ConfigurationError, match="lower connections, in_flight"):
        check_machine(load)


@pytest.mark.parametrize(
    ("bad", "kind", "words"),
    [
        (plan(topic="clusterload-few", request_rate=1, partitions=7), ConfigurationError, "touches 7 .* has 6"),
        (
            plan(topic="clusterload-few", request_rate=1, record_size="2MiB"),
            ConfigurationError,
            r"makes values of up to 2,097,152 B, and topic 'clusterload-few' takes messages up to 1,048,588 B",
        ),
        (plan(topic="clusterload-never-made", request_rate=1, partitions=7), ConfigurationError, "touches 7 .* has 6"),
        (
            plan(topic="clusterload-never-made", request_rate=1, record_size="2MiB"),
            ConfigurationError,
            "takes messages",
        ),
        (replace(plan(), faults=(Fault(do="kill", broker=9, at=1),)), ConfigurationError, "needs a broker of the lab"),
        (
            replace(plan(), faults=(Fault(do="pause", broker=1, at=1), Fault(do="kill", broker=1, at=2))),
            ConfigurationError,
            "let one end before the other begins",
        ),
        (
            replace(plan(), faults=(Fault(do="move-leader", topic="clusterload-none", partition=0, at=1),)),
            ConfigurationError,
            "no topic 'clusterload-none' exists, whose leader is to move",
        ),
    ],
)
def test_a_plan_that_a_real_cluster_cannot_take_is_refused_and_nothing_is_created(
    bad: Plan, kind: type[ClusterloadError], words: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.use_topic("clusterload-few")
    monkeypatch.setattr("clusterload.workflow.measure.drive", lambda *_, **__: pytest.fail("a load was made"))
    with pytest.raises(kind, match=words):
        measure(bad, cluster, sources=())
    assert "clusterload-never-made" not in {topic.name for topic in cluster.topics()}


def test_a_plan_that_passes_has_its_topics_and_groups_told_and_nothing_created(cluster: Cluster) -> None:
    cluster.use_topic("clusterload-few")
    group = Load(name="read", topic="clusterload-unmade", kind="group", dials=Dials(members=1))
    both = plan(topic="clusterload-few")
    cleared = preflight(replace(both, loads=(*both.loads, group)), cluster, sources=())
    assert cleared.lab is not None
    assert cleared.lab.cluster_id == cluster.id
    assert [(name, len(topic.partitions)) for name, topic in cleared.topics.items()] == [("clusterload-few", 6)]
    assert cleared.absent_groups == (group.group_id,)
    assert "clusterload-unmade" not in {topic.name for topic in cluster.topics()}


def test_a_missing_right_on_a_topic_is_named_before_any_load() -> None:
    with Lab(1, listeners=("SASL_PLAINTEXT",), config=CONFIG) as guarded:
        producer = Producer({"bootstrap.servers": guarded.bootstrap_servers})
        producer.produce("clusterload-guarded", b"x")
        assert producer.flush(60) == 0
        reading = [privilege for privilege in PRIVILEGES if privilege.command == "run (consumers, groups, commits)"]
        reader = Cluster.connect(user_with(guarded, reading))
        preflight(plan(topic="clusterload-guarded", kind="consume", fetch_from="latest"), reader, sources=())
        with pytest.raises(AuthorizationError, match="load 'one' needs Write on topic 'clusterload-guarded'"):
            preflight(plan(topic="clusterload-guarded"), reader, sources=())


def test_plans_that_run_one_after_the_other_stay_within_the_caps_together() -> None:
    each = plan(duration=400)
    with pytest.raises(ConsentError, match=r"all 3 runs together ask for duration 1,200, .*--cap duration=1200"):
        preflight_all([each, each, each], NOBODY, sources=(), consented=YES)


def test_of_several_plans_a_bad_one_is_refused_before_the_first_is_made(cluster: Cluster) -> None:
    cluster.use_topic("clusterload-few")
    good = plan(topic="clusterload-few", request_rate=1)
    bad = plan(topic="clusterload-few", request_rate=1, partitions=7)
    preflight_all([good, good], cluster, sources=())
    with pytest.raises(ConfigurationError, match=r"touches 7 .* has 6"):
        preflight_all([good, good, bad], cluster, sources=())
