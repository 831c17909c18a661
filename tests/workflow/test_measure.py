"""A measurement on a real cluster: what was asked, what was sent, what the brokers counted."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from clusterload import (
    Cluster,
    Consent,
    Dials,
    Lab,
    Limits,
    Load,
    Plan,
    Properties,
    Run,
    assess,
    diagnose,
    measure,
    read_run,
)
from clusterload.generator.progress import Progress
from clusterload.lab.lock import DEFAULT_KAFKA
from clusterload.model.errors import ClusterError, ConfigurationError, ConsentError, StoreError
from clusterload.model.ledger import Ledger
from clusterload.telemetry.sources.exporter import ExporterSource
from tests.processes import wait_for

RECORDS = 200
"""So few that brokers which get a thirtieth of a core acknowledge them all before anybody gives up."""

KEYS = {f"mt_key_{number}" for number in range(1, 7)}


def a_plan(topic: str, *, producers: int = 4, rate: float = 50, size: int = 1024, seconds: float = 4) -> Plan:
    dials = Dials(producers=producers, record_rate=rate, payload_size=size)
    return Plan(name="a load", loads=(Load(name="sales", topic=topic, dials=dials),), duration=seconds)


@pytest.fixture(scope="module")
def run(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One load that several tests look at, as long as a busy machine needs to scrape all brokers in its middle."""
    folder = tmp_path_factory.mktemp("runs")
    for seconds in (4, 10, 30):
        topic = f"clusterload-measured-{seconds}"
        plan = a_plan(topic, rate=RECORDS / seconds, seconds=seconds)
        run = measure(plan, cluster, path=folder / f"{seconds}.run", seed=7)
        if known_connections(run):
            break
    return run


def known_connections(run: Run) -> float:
    """The most connections that were seen in the second half of a load, when all clients have theirs; 0 if unknown."""
    half = run.between((run.start + run.end) // 2, run.end)
    line = assess(half, Limits.named("course-basic")).line("connections")
    return line.peak if line is not None and line.known else 0.0


def only(run: Run) -> Ledger:
    (ledger,) = run.ledgers
    return ledger


def topic_of(run: Run) -> str:
    assert run.plan is not None
    (load,) = run.plan.loads
    return load.topic


@pytest.mark.long
def test_the_rate_is_kept_to_half_a_percent_over_the_run(cluster: Cluster, tmp_path: Path) -> None:
    """On a machine that has time for it; what is true of every machine is below."""
    run = measure(a_plan("clusterload-paced", rate=200, seconds=8), cluster, sources=(), path=tmp_path / "r.run")
    assert only(run).scheduled == only(run).acknowledged == 1600
    assert only(run).scheduled / run.seconds == pytest.approx(200, rel=0.005)


def test_each_record_is_sent_when_it_is_due_never_before_and_counted_where_it_was_late(run: Run, lab: Lab) -> None:
    assert run.plan is not None
    assert only(run).scheduled == RECORDS
    assert run.seconds >= run.plan.duration
    values = [json.loads(value) for _, value in everything(topic_of(run), RECORDS, lab.bootstrap_servers)]
    sent = sorted(datetime.fromisoformat(value["ts"]).timestamp() - run.start / 1e9 for value in values)
    behind = [when - number * run.plan.duration / RECORDS for number, when in enumerate(sent)]
    assert min(behind) > -1e-3
    assert sum(late > 0.251 for late in behind) <= only(run).late <= sum(late > 0.249 for late in behind)


def test_every_record_is_acknowledged_and_the_ledger_adds_up(run: Run) -> None:
    assert only(run).acknowledged == RECORDS
    assert only(run).balanced


def test_acknowledged_records_equal_the_growth_of_the_end_offsets(run: Run, cluster: Cluster) -> None:
    (topic,) = cluster.topics([topic_of(run)])
    assert sum(cluster.end_offsets(topic).values()) == only(run).acknowledged
    assert not [event for event in run.events if event.kind == "growth-differs"]


def test_the_brokers_count_as_many_records_as_the_ledger(run: Run) -> None:
    topic = [series for series in run.named("records_in_by_topic") if series.labels["topic"] == topic_of(run)]
    assert sum(series.total() for series in topic) == only(run).acknowledged


def test_the_brokers_count_the_batches_bytes_a_little_above_the_values(run: Run) -> None:
    total = sum(series.total() for series in run.named("ingress"))
    assert only(run).acknowledged_bytes < total < 1.25 * only(run).acknowledged_bytes


def test_the_connections_counted_are_those_predicted_from_metadata(run: Run) -> None:
    predicted = run.environment["predicted"]["connections"]
    assert abs(known_connections(run) - predicted["mean"]) <= 4 * predicted["deviation"] + 0.5


def test_a_run_on_a_lab_says_which_version_its_brokers_are_of(run: Run) -> None:
    assert run.environment["cluster"]["kafka"] == DEFAULT_KAFKA


def test_the_clients_own_statistics_are_series_of_the_run(run: Run) -> None:
    clients = {series.labels["client"] for series in run.named("client_requests")}
    assert clients == {f"clusterload-sales-{number}" for number in range(1, 5)}
    assert sum(series.total() for series in run.named("client_records_out")) > 0
    assert run.named("client_round_trip_time_p99")
    assert run.named("client_queueing_time_p50")
    assert run.named("client_batch_records_p50")


def test_the_generator_is_doubted_only_where_the_ledger_says_so(run: Run) -> None:
    verdict = diagnose(run, assess(run, Limits.named("course-basic")))
    behind = only(run).late + only(run).dropped
    doubts = [line for line in verdict.missing if "records of load" in line]
    assert bool(doubts) == (behind > 0.01 * only(run).scheduled)
    assert all(f"{behind:,} of {only(run).scheduled:,} records" in line for line in doubts)
    assert verdict.binding is not None
    assert verdict.binding.resource.name == "connections"


def test_a_run_file_read_again_is_the_run_that_was_measured(run: Run) -> None:
    assert run.path is not None
    again = read_run(run.path)
    assert again.ledgers == run.ledgers
    assert [len(series) for series in again.series] == [len(series) for series in run.series]


def test_another_client_reads_back_every_record_with_key_payload_and_time(run: Run, lab: Lab) -> None:
    records = everything(topic_of(run), RECORDS, lab.bootstrap_servers)
    assert {key.decode() for key, _ in records} == KEYS
    values = [json.loads(value) for _, value in records]
    assert {len(value["payload"]) for value in values} == {1024}
    assert {value["payload"][:64] for value in values} == {values[0]["payload"][64:128]}
    times = [datetime.fromisoformat(value["ts"]) for value in values]
    assert all(
        time.utcoffset() is not None and len(value["ts"]) == 32 for time, value in zip(times, values, strict=True)
    )
    assert {len(value) for _, value in records} == {run.environment["value_size"]["sales"]}


def everything(topic: str, count: int, servers: str) -> list[tuple[bytes, bytes]]:
    consumer = Consumer({"bootstrap.servers": servers, "group.id": f"read-{topic}"})
    partitions = consumer.list_topics(topic, timeout=60).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    found: list[tuple[bytes, bytes]] = []
    give_up = time.monotonic() + 120
    while len(found) < count and time.monotonic() < give_up:
        for message in consumer.consume(500, 0.5):
            assert message.error() is None
            found.append((message.key() or b"", message.value() or b""))
    consumer.close()
    assert len(found) == count
    return found


def test_a_payload_is_rounded_down_to_whole_sentences(cluster: Cluster, lab: Lab, tmp_path: Path) -> None:
    plan = a_plan("clusterload-rounded", producers=1, rate=20, size=200, seconds=1)
    measure(plan, cluster, sources=(), path=tmp_path / "r.run")
    records = everything("clusterload-rounded", 20, lab.bootstrap_servers)
    assert {len(json.loads(value)["payload"]) for _, value in records} == {192}


def test_a_load_without_metrics_says_when_it_began_and_ended(cluster: Cluster, tmp_path: Path) -> None:
    before = time.time_ns()
    made = measure(a_plan("clusterload-blind", seconds=1), cluster, sources=(), path=tmp_path / "r.run")
    assert before < made.start < made.end < time.time_ns()
    assert not made.named("ingress")


def test_metrics_that_cannot_be_read_cost_no_load(cluster: Cluster, tmp_path: Path) -> None:
    dead = ExporterSource({"1": "http://127.0.0.1:9/metrics"}, timeout=0.5)
    run = measure(a_plan("clusterload-unseen", seconds=1), cluster, sources=(dead,), path=tmp_path / "r.run")
    verdict = diagnose(run, assess(run, Limits.named("course-basic")))
    assert only(run).acknowledged == 50
    assert str(verdict.state) == "inconclusive"
    assert [event.kind for event in run.events] == ["scrape-failed"]


def test_two_runs_in_one_file_are_refused_before_any_load(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "r.run").write_text("mine")
    with pytest.raises(StoreError, match="exists already"):
        measure(a_plan("clusterload-second"), cluster, path=tmp_path / "r.run")
    assert (tmp_path / "r.run").read_text() == "mine"
    assert "clusterload-second" not in {topic.name for topic in cluster.topics()}


def test_a_message_that_the_topic_does_not_take_is_refused_before_any_load(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"takes messages up to 1,048,588 B: lower payload_size"):
        measure(a_plan("clusterload-large", size=2 * 1024 * 1024), cluster, path=tmp_path / "r.run")


def test_failures_are_counted_by_their_kafka_error_and_never_lost(cluster: Cluster, lab: Lab, tmp_path: Path) -> None:
    admin = AdminClient({"bootstrap.servers": lab.bootstrap_servers})
    narrowed = ConfigResource(ResourceType.TOPIC, "clusterload-narrow")
    narrowed.add_incremental_config(
        ConfigEntry("max.message.bytes", "500", incremental_operation=AlterConfigOpType.SET)
    )
    done: list[object] = []

    def narrow_in_the_middle(progress: Progress) -> None:
        # The load goes on when brokers have been told: what was due meanwhile is sent then.
        if progress.ledger.acknowledged and not done:
            done.extend(each.result(60) for each in admin.incremental_alter_configs([narrowed]).values())
            wait_for(lambda: cluster.largest_message("clusterload-narrow") == 500)

    run = measure(
        a_plan("clusterload-narrow", seconds=4),
        cluster,
        sources=(),
        path=tmp_path / "r.run",
        on_progress=narrow_in_the_middle,
    )
    assert only(run).balanced
    assert 0 < only(run).acknowledged < 200
    assert only(run).errors == {"MSG_SIZE_TOO_LARGE": only(run).failed}
    assert only(run).failed == 200 - only(run).acknowledged


def test_a_cluster_that_is_no_lab_is_not_loaded_without_a_yes_for_its_id(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERLOAD_STATE", str(tmp_path / "elsewhere"))
    with pytest.raises(ConsentError, match=f"--yes-cluster {cluster.id}"):
        measure(a_plan("clusterload-never"), cluster, path=tmp_path / "r.run")
    with pytest.raises(ConsentError, match="the id that was given is another"):
        measure(a_plan("clusterload-never"), cluster, consented=Consent(cluster_id="another"))
    assert "clusterload-never" not in {topic.name for topic in cluster.topics()}
    consented = Consent(cluster_id=cluster.id)
    run = measure(a_plan("clusterload-yes", seconds=1), cluster, consented=consented, path=tmp_path / "r.run")
    assert only(run).acknowledged == 50


def test_a_topic_that_the_cluster_does_not_create_is_named_before_any_load(tmp_path: Path) -> None:
    with Lab(1, auto_create_topics=False) as lab:
        cluster = Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers}))
        with pytest.raises(ClusterError, match=r"'clusterload-none' does not exist and .* create it first"):
            measure(a_plan("clusterload-none"), cluster, path=tmp_path / "r.run")


def test_a_cluster_that_dies_under_load_leaves_a_balanced_ledger_and_a_run(tmp_path: Path) -> None:
    lab = Lab(1)
    lab.start()
    try:
        properties = Properties(values={"bootstrap.servers": lab.bootstrap_servers, "message.timeout.ms": "2000"})
        cluster = Cluster.connect(properties)
        stopped: list[float] = []

        def stop_in_the_middle(progress: Progress) -> None:
            if progress.ledger.acknowledged and not stopped:
                stopped.append(progress.elapsed)
                lab.stop()

        run = measure(
            a_plan("clusterload-doomed", seconds=3),
            cluster,
            sources=(),
            path=tmp_path / "r.run",
            on_progress=stop_in_the_middle,
        )
    finally:
        lab.stop()
    assert 0 < only(run).acknowledged < 150
    assert only(run).scheduled == 150
    assert only(run).balanced
    assert str(diagnose(run, assess(run, Limits.named("course-basic"))).state) == "inconclusive"


def test_a_run_of_groups_and_transactions_adds_up_and_predicts_no_connections(cluster: Cluster, tmp_path: Path) -> None:
    topic = "clusterload-together"
    paying = Dials(producers=3, transaction_rate=3, records_per_transaction=4)
    loads = (
        *a_plan(topic, producers=2, rate=50).loads,
        Load(name="pay", topic=topic, kind="transact", dials=paying),
        Load(name="read", topic=topic, kind="group", dials=Dials(members=2)),
    )
    plan = Plan(name="together", loads=loads, duration=4)
    run = measure(plan, cluster, sources=(), path=tmp_path / "r.run")
    sales, pay, read = run.ledgers
    assert (sales.acknowledged, read.acknowledged) == (200, 2)
    # A transaction that waits for the one before for two seconds is dropped.
    assert pay.acknowledged + pay.dropped == pay.scheduled == 48
    assert pay.acknowledged > 0
    assert not [event for event in run.events if event.kind in {"growth-differs", "others-wrote"}]
    assert run.environment["predicted"] == {}
    moved = {str(series): series.total() for series in run.series if series.name.startswith("load_")}
    assert moved["load_records{load=pay}"] == pay.acknowledged
    assert moved["load_records{load=read}"] == 200 + pay.acknowledged
    assert moved["load_rebalances{load=read}"] >= 2
    verdict = diagnose(run, assess(run, Limits.named("course-basic")))
    doubts = [line for line in verdict.missing if "asked for" in line or "not acknowledged" in line]
    in_time = run.seconds < 4.01 and not sales.late + pay.late + pay.dropped
    assert not (doubts and in_time), doubts


def test_a_group_of_librdkafka_consumes_what_the_wire_engine_produces_on_the_same_clock(
    cluster: Cluster, tmp_path: Path
) -> None:
    topic = "clusterload-engines"
    loads = (
        Load(name="read", topic=topic, kind="group", dials=Dials(members=2)),
        Load(name="write", topic=topic, dials=Dials(request_rate=40, records_per_request=5)),
    )
    plan = Plan(name="engines", loads=loads, duration=4)
    run = measure(plan, cluster, sources=(), path=tmp_path / "r.run")
    read, write = run.ledgers
    assert (read.acknowledged, read.balanced, write.balanced, write.unknown) == (2, True, True, 0), write
    moved = {str(series): series for series in run.series if series.name.startswith("load_")}
    assert moved["load_records{load=read}"].total() == write.acknowledged > 0
    first = moved["load_records{load=read}"]
    assert first.times[0] - first.spans[0] * 1e9 == pytest.approx(run.start, abs=1e3)
