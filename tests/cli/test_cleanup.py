"""What a run made can be removed again, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from clusterload import Cluster, Lab, Recorder, read_run
from clusterload.kafka.admin import absent_groups, groups, remove_topic, topic_ids
from tests.conftest import Tool
from tests.processes import wait_for

pytestmark = pytest.mark.usefixtures("tidy")

DIALS = ("--dial", "producers=1", "--dial", "record_rate=20/s", "--dial", "payload_size=64", "--for", "1s")


def made(tool: Tool, lab: Lab, topic: str, out: str) -> None:
    done = tool(
        "run", "--bootstrap-server", lab.bootstrap_servers, *DIALS, "--topic", topic, "--no-metrics", "--out", out
    )
    assert done.returncode == 0, done.stderr


def exists(cluster: Cluster, topic: str) -> bool:
    return topic in {one.name for one in cluster.topics()}


def create(lab: Lab, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": lab.bootstrap_servers})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(60)


def test_a_topic_that_a_run_made_is_removed_with_dry_run_first(tool: Tool, lab: Lab, cluster: Cluster) -> None:
    made(tool, lab, "clusterload-swept", "swept.run")
    said = tool("cleanup", "swept.run", "--bootstrap-server", lab.bootstrap_servers, "--dry-run")
    assert said.stdout == "topic clusterload-swept: would be removed\n"
    assert exists(cluster, "clusterload-swept")
    done = tool("cleanup", "swept.run", "--bootstrap-server", lab.bootstrap_servers)
    assert (done.returncode, done.stdout) == (0, "topic clusterload-swept: removed\n")
    wait_for(lambda: not exists(cluster, "clusterload-swept"))
    again = tool("cleanup", "swept.run", "--bootstrap-server", lab.bootstrap_servers)
    assert (again.returncode, again.stdout) == (0, "topic clusterload-swept: gone already\n")


def test_a_run_is_named_by_its_id_too(tool: Tool, lab: Lab, tmp_path: Path) -> None:
    servers = ("--bootstrap-server", lab.bootstrap_servers)
    tool("run", *servers, *DIALS, "--topic", "clusterload-by-id", "--no-metrics")
    (run,) = (tmp_path / "runs").glob("*.run")
    assert tool("cleanup", read_run(run).id, *servers).stdout == "topic clusterload-by-id: removed\n"


def test_a_topic_that_was_there_before_is_left_alone(tool: Tool, lab: Lab, cluster: Cluster) -> None:
    create(lab, "orders-before")
    made(tool, lab, "orders-before", "before.run")
    done = tool("cleanup", "before.run", "--bootstrap-server", lab.bootstrap_servers)
    assert done.returncode == 0
    assert "there is nothing to remove" in done.stderr
    assert exists(cluster, "orders-before")


def test_a_topic_that_somebody_made_anew_is_left_alone(tool: Tool, lab: Lab, cluster: Cluster) -> None:
    made(tool, lab, "clusterload-anew", "anew.run")
    remove_topic(cluster, "clusterload-anew")
    wait_for(lambda: not exists(cluster, "clusterload-anew"))
    create(lab, "clusterload-anew")
    wait_for(lambda: exists(cluster, "clusterload-anew"))
    done = tool("cleanup", "anew.run", "--bootstrap-server", lab.bootstrap_servers)
    assert done.stdout == "topic clusterload-anew: recreated by somebody else since: left alone\n"
    assert exists(cluster, "clusterload-anew")


def committed(lab: Lab, group: str) -> Consumer:
    """A consumer that has joined a group and committed to it."""
    create(lab, f"{group}-topic")
    consumer = Consumer({"bootstrap.servers": lab.bootstrap_servers, "group.id": group})
    consumer.subscribe([f"{group}-topic"])
    wait_for(lambda: consumer.poll(0.1) is None and consumer.assignment())
    consumer.commit(offsets=[TopicPartition(f"{group}-topic", 0, 0)], asynchronous=False)
    return consumer


def of_group(path: Path, cluster: Cluster, group: str) -> None:
    """A run file that says that its run made a group."""
    with Recorder(path) as recorder:
        recorder.document("environment", {"cluster": {"id": cluster.id}, "created_groups": [group]})


def test_a_group_that_a_run_made_is_removed_once_it_is_empty(
    tool: Tool, lab: Lab, cluster: Cluster, tmp_path: Path
) -> None:
    assert absent_groups(cluster, ["clusterload-g-group"]) == ["clusterload-g-group"]
    consumer = committed(lab, "clusterload-g-group")
    assert absent_groups(cluster, ["clusterload-g-group"]) == []
    of_group(tmp_path / "group.run", cluster, "clusterload-g-group")
    busy = tool("cleanup", "group.run", "--bootstrap-server", lab.bootstrap_servers)
    assert busy.returncode == 1
    assert busy.stdout.startswith("group clusterload-g-group: not removed: cluster at ")
    consumer.close()
    done = tool("cleanup", "group.run", "--bootstrap-server", lab.bootstrap_servers)
    assert (done.returncode, done.stdout) == (0, "group clusterload-g-group: removed\n")
    assert "clusterload-g-group" not in groups(cluster)


def test_a_run_of_another_cluster_removes_nothing_here(tool: Tool, lab: Lab, cluster: Cluster, tmp_path: Path) -> None:
    create(lab, "clusterload-else")
    wait_for(lambda: exists(cluster, "clusterload-else"))
    topics = topic_ids(cluster, ["clusterload-else", "clusterload-none"])
    assert topics.keys() == {"clusterload-else"}
    with Recorder(tmp_path / "else.run") as recorder:
        recorder.document("environment", {"cluster": {"id": "another"}, "created_topics": topics})
    done = tool("cleanup", "else.run", "--bootstrap-server", lab.bootstrap_servers)
    assert done.returncode == 104
    assert f"was made on cluster another, and this is {cluster.id}" in done.stderr
    assert exists(cluster, "clusterload-else")


def test_cleaning_somebodys_cluster_needs_a_yes_for_it(
    tool: Tool, lab: Lab, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tool, lab, "clusterload-theirs", "theirs.run")
    monkeypatch.setenv("CLUSTERLOAD_STATE", "elsewhere")
    refused = tool("cleanup", "theirs.run", "--bootstrap-server", lab.bootstrap_servers)
    assert refused.returncode == 104
    assert "to be removed: topic clusterload-theirs" in refused.stderr
    assert f"add --yes-cluster {cluster.id} to remove this from it" in refused.stderr
    assert exists(cluster, "clusterload-theirs")
    done = tool("cleanup", "theirs.run", "--bootstrap-server", lab.bootstrap_servers, "--yes-cluster", cluster.id)
    assert done.stdout == "topic clusterload-theirs: removed\n"


def test_a_run_that_there_is_not_is_named(tool: Tool, lab: Lab) -> None:
    done = tool("cleanup", "gone", "--bootstrap-server", lab.bootstrap_servers)
    assert done.returncode == 104
    assert "run 'gone' was not found, neither as a file nor as an id in runs/" in done.stderr


def test_a_run_touches_only_the_topics_that_its_plan_names(
    tool: Tool, lab: Lab, cluster: Cluster, tmp_path: Path
) -> None:
    before = {one.name: cluster.end_offsets(one) for one in cluster.topics()}
    (tmp_path / "plan.toml").write_text(
        'duration = "1s"\n[[loads]]\ntopic = "orders-named"\n'
        '[loads.dials]\nproducers = 1\nrecord_rate = "20/s"\npayload_size = 64\n'
    )
    servers = ("--bootstrap-server", lab.bootstrap_servers)
    done = tool("run", "plan.toml", *servers, "--no-metrics", "--out", "named.run", "--json")
    assert json.loads(done.stdout)["ledger"][0]["acknowledged"] == 20
    tool("run", *servers, *DIALS, "--no-metrics", "--out", "unnamed.run")
    after = {one.name: cluster.end_offsets(one) for one in cluster.topics()}
    touched = {name for name, ends in after.items() if before.get(name) != ends}
    assert touched == {"orders-named", "clusterload-load"}
