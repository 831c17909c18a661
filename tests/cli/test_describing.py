"""What `describe` shows of groups, settings and quotas, held against what was set on a real cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from kio.schema.alter_client_quotas.v1 import AlterClientQuotasRequest, AlterClientQuotasResponse
from kio.schema.alter_client_quotas.v1.request import EntityData, EntryData, OpData
from kio.schema.errors import ErrorCode
from kio.static.primitive import f64

from clusterload import Cluster, Lab, Properties
from clusterload.kafka.configuration import read_declared
from clusterload.kafka.privileges import PRIVILEGES
from clusterload.kafka.protocol.address import Address
from clusterload.kafka.protocol.conversation import first_to_answer
from clusterload.kafka.protocol.security import Security
from clusterload.telemetry.runfile import Recorder, read_run
from clusterload.workflow.declared_limits import keep_declared
from tests.conftest import Tool
from tests.processes import wait_for
from tests.telemetry.sources.test_admin_on_lab import commit, new_topic, produced

NOBODY = (("user", "alice"), ("client-id", None))


def shown(tool: Tool, lab: Lab, *words: str) -> Any:
    done = tool("describe", *words, "--bootstrap-server", lab.bootstrap_servers, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_groups_are_shown_with_state_members_and_lag(tool: Tool, lab: Lab) -> None:
    new_topic(lab, "clusterload-described", partitions=2)
    produced(lab, "clusterload-described", 30)
    commit(lab, "clusterload-described-group", "clusterload-described", {0: 0, 1: 0})
    (group,) = shown(tool, lab, "groups", "clusterload-described-group")
    assert (group["state"], group["members"], group["lag"]) == ("empty", [], {"clusterload-described": 30})
    done = tool("describe", "groups", "--bootstrap-server", lab.bootstrap_servers)
    assert "clusterload-described-group" in done.stdout
    assert done.returncode == 0


def test_a_group_that_is_not_there_is_named(tool: Tool, lab: Lab) -> None:
    done = tool("describe", "groups", "nobody", "--bootstrap-server", lab.bootstrap_servers)
    assert done.returncode == 1
    assert "shows no group 'nobody'" in done.stderr


@pytest.fixture
def quota(lab: Lab) -> Iterator[None]:
    places = [Address.parsed(one) for one in lab.bootstrap_servers.split(",")]
    entity = tuple(EntityData(entity_type=kind, entity_name=name) for kind, name in NOBODY)
    for remove in (False, True):
        op = OpData(key="producer_byte_rate", value=f64(1_500_000.0), remove=remove)
        request = AlterClientQuotasRequest(entries=(EntryData(entity=entity, ops=(op,)),), validate_only=False)
        with first_to_answer(places, Security()) as broker:
            (entry,) = broker.ask(request, AlterClientQuotasResponse).entries
        assert entry.error_code is ErrorCode.none
        if not remove:
            yield


@pytest.mark.usefixtures("quota")
def test_quotas_are_shown_with_whose_they_are(tool: Tool, lab: Lab) -> None:
    wait_for(lambda: shown(tool, lab, "quotas"))
    (found,) = shown(tool, lab, "quotas")
    assert found == {"entity": {"user": "alice", "client-id": ""}, "values": {"producer_byte_rate": 1_500_000.0}}
    text = tool("describe", "quotas", "--bootstrap-server", lab.bootstrap_servers).stdout
    assert "user alice, any client id" in text
    assert "1.5 MB/s" in text
    cluster = Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers}))
    assert read_declared(cluster).quotas == {"user alice, any client id": {"producer_byte_rate": 1_500_000.0}}


def test_settings_that_differ_from_the_default_are_shown_with_where_they_were_set(
    tool: Tool, lab: Lab, tmp_path: Path
) -> None:
    admin = AdminClient({"bootstrap.servers": lab.bootstrap_servers})
    entry = ConfigEntry("max.connections", "4321", incremental_operation=AlterConfigOpType.SET)
    broker = ConfigResource(ResourceType.BROKER, "2", incremental_configs=[entry])
    admin.incremental_alter_configs([broker])[broker].result(60)

    def found() -> dict[str, dict[str, tuple[str, str]]]:
        return {
            one["of"]: {each["name"]: (each["value"], each["source"]) for each in one["settings"]}
            for one in shown(tool, lab, "configs")
        }

    wait_for(lambda: "max.connections" in found()["2"])
    settings = found()
    assert settings["2"]["max.connections"] == ("4321", "broker")
    assert "max.connections" not in settings["1"]
    assert settings["1"]["num.partitions"] == ("6", "file")
    assert "num.io.threads" not in settings["1"]
    (every, *_) = shown(tool, lab, "configs", "--all")
    assert {"num.io.threads", "max.connections"} <= {each["name"] for each in every["settings"]}
    cluster = Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers}))
    assert {one: config["max.connections"] for one, config in read_declared(cluster).brokers.items()}["2"] == "4321"
    # A run that is made then keeps what was declared, and is held against it for good.
    with Recorder(tmp_path / "a.run") as recorder:
        keep_declared(cluster, recorder)
    kept = read_run(tmp_path / "a.run").declared
    assert kept is not None
    assert [(limit.resource, limit.of, limit.value.value) for limit in kept.limits] == [
        ("connections", "broker 2", 4321)
    ]
    entry = ConfigEntry("max.connections", "", incremental_operation=AlterConfigOpType.DELETE)
    broker = ConfigResource(ResourceType.BROKER, "2", incremental_configs=[entry])
    admin.incremental_alter_configs([broker])[broker].result(60)


def test_what_may_hold_a_secret_is_never_shown(tool: Tool, secure_lab: Lab) -> None:
    password = secure_lab.listeners["SASL_SSL"]["sasl.password"]
    done = tool("describe", "configs", "--all", "--bootstrap-server", secure_lab.bootstrap_servers)
    assert done.returncode == 0, done.stderr
    assert password not in done.stdout
    assert "jaas" not in done.stdout
    assert "password" not in done.stdout


def test_settings_of_a_topic_are_shown(tool: Tool, lab: Lab) -> None:
    new_topic(lab, "clusterload-configured", partitions=1)
    (topic,) = shown(tool, lab, "configs", "--topic", "clusterload-configured", "--all")
    assert "retention.ms" in {one["name"] for one in topic["settings"]}


def test_privileges_are_shown_without_any_cluster(tool: Tool) -> None:
    done = tool("describe", "privileges", "--json")
    assert len(json.loads(done.stdout)) == len(PRIVILEGES)
