"""The table of rights is true: with these rights each command does all that it does, and with one less it does not.

What is missing is told, and is never a zero.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from clusterload import Cluster, Lab, Properties
from clusterload.kafka.admin import remove_group, remove_topic
from clusterload.kafka.configuration import broker_settings, client_quotas, read_declared, topic_settings
from clusterload.kafka.groups import groups_of
from clusterload.kafka.privileges import PRIVILEGES, Privilege
from clusterload.model.errors import ClusterError
from clusterload.telemetry.runfile import Recorder, read_run
from clusterload.workflow.declared_limits import UNREAD, keep_declared
from clusterload.workflow.doctor.doctor import checkup
from clusterload.workflow.doctor.rights import ACL
from clusterload.workflow.temporary_quota import temporary_quota
from tests.conftest import PROGRAM
from tests.restricted import CONFIG, grant, user_with
from tests.telemetry.sources.test_admin_on_lab import commit, new_topic, observed, produced, until

TOPIC: Final = "clusterload-seen"
GROUP: Final = "clusterload-readers"
WATCHING: Final = [privilege for privilege in PRIVILEGES if privilege.command == "watch"]
OTHERS: Final = [privilege for privilege in PRIVILEGES if privilege.command != "watch"]
LAG: Final = {"group": GROUP, "topic": TOPIC}


@pytest.fixture(scope="module")
def guarded(state: Path) -> Iterator[Lab]:
    with Lab(1, listeners=("SASL_PLAINTEXT",), config=CONFIG) as lab:
        new_topic(lab, TOPIC, partitions=2)
        produced(lab, TOPIC, 10)
        commit(lab, GROUP, TOPIC, {0: 0, 1: 0})
        yield lab


def rights_of(command: str, without: Privilege | None = None) -> list[Privilege]:
    return [privilege for privilege in PRIVILEGES if privilege.command == command and privilege is not without]


def test_with_all_rights_of_the_table_every_series_is_there_and_nothing_is_told(guarded: Lab) -> None:
    with observed(user_with(guarded, WATCHING)) as kept:
        until(lambda: kept.last("consumer_lag", **LAG) == 10 and kept.last("partitions", broker="1"))
        until(lambda: {point.name for point in kept.points} >= {name for right in WATCHING for name in right.series})
        assert kept.events == []


@pytest.mark.parametrize("missing", WATCHING, ids=lambda privilege: privilege.acl)
def test_with_one_right_less_it_says_which_and_the_series_are_missing(guarded: Lab, missing: Privilege) -> None:
    others = {name for right in WATCHING for name in right.series} - {*missing.series}
    with observed(user_with(guarded, rights_of("watch", without=missing)), interval=0.3) as kept:
        until(lambda: "not-allowed" in kept.kinds and others <= {point.name for point in kept.points})
        rounds = kept.count("groups")
        until(lambda: kept.count("groups") >= rounds + 3)
        assert not {point.name for point in kept.points} & {*missing.series}
        told = [text for _, kind, text in kept.events if kind == "not-allowed"]
        assert len(told) == len(set(told)) == len(kept.events)
        right = f"{missing.operation} "
        assert all(right in text and missing.resource.lower() in text and "docs/privileges.md" in text for text in told)
        assert any(name in text for text in told for name in missing.series)


def test_a_right_that_is_given_later_is_used_without_a_new_start(guarded: Lab) -> None:
    properties = user_with(guarded, rights_of("watch", without=WATCHING[0]))
    with observed(properties) as kept:
        until(lambda: "not-allowed" in kept.kinds)
        grant(guarded, properties.values["sasl.username"], [WATCHING[0]])
        until(lambda: kept.last("log_bytes", broker="1") and kept.last("partitions", broker="1"))
        assert kept.kinds == ["not-allowed", "scrape-resumed"]


def loads(*dials: str) -> Callable[[Properties, Path], bool]:
    def run(properties: Properties, folder: Path) -> bool:
        text = "".join(f"{name}={value}\n" for name, value in properties.values.items())
        (folder / "client.properties").write_text(text)
        words = [word for dial in dials for word in (("--dial", dial) if "=" in dial else ("--topic", dial))]
        done = subprocess.run(
            [PROGRAM, "run", "--cluster", "client.properties", *words, "--for", "1s", "--no-metrics", "--json"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode in {0, 1}, done.stderr
        if done.returncode:
            return False
        ledger = json.loads(done.stdout)["ledger"]
        return all(entry["acknowledged"] == entry["scheduled"] > 0 for entry in ledger)

    return run


def knows_lag(properties: Properties, _: Path) -> bool:
    groups, _refused = groups_of(Cluster.connect(properties))
    return [(group.name, dict(group.lag)) for group in groups if group.name == GROUP] == [(GROUP, {TOPIC: 10})]


def asked(what: Callable[[Cluster], object]) -> Callable[[Properties, Path], bool]:
    return lambda properties, _: bool(what(Cluster.connect(properties)))


def sets_a_quota(cluster: Cluster) -> bool:
    with temporary_quota(
        cluster, {"client-id": "clusterload-tried"}, {"producer_byte_rate": 1e15}, why="a test", seconds=60
    ):
        there = bool(client_quotas(cluster))
    return there and not client_quotas(cluster)


DOES: Final[dict[str, Callable[[Properties, Path], bool]]] = {
    "limits": asked(lambda cluster: read_declared(cluster).brokers and not read_declared(cluster).missing),
    "describe topics": asked(lambda cluster: TOPIC in [topic.name for topic in cluster.topics()]),
    "describe groups": knows_lag,
    "describe configs": asked(broker_settings),
    "describe configs --topic": asked(lambda cluster: topic_settings(cluster, [TOPIC])),
    "describe quotas": asked(lambda cluster: client_quotas(cluster) is not None),
    "bill --unlock-client-metrics": asked(sets_a_quota),
    "run (producers)": loads("producers=1", "record_rate=20/s", "payload_size=64", "clusterload-made"),
    "run (consumers, groups, commits)": loads("members=1", TOPIC),
    "run (transactions)": loads("producers=1", "records_per_transaction=2", "transaction_rate=5/s", TOPIC),
}


@pytest.mark.parametrize("command", DOES)
def test_with_the_rights_of_the_table_a_command_does_all(guarded: Lab, command: str, tmp_path: Path) -> None:
    assert DOES[command](user_with(guarded, rights_of(command)), tmp_path)


def test_who_may_not_read_configs_has_a_run_all_the_same_whose_limits_are_unknown(guarded: Lab, tmp_path: Path) -> None:
    cluster = Cluster.connect(user_with(guarded, WATCHING[:0]))
    with Recorder(tmp_path / "a.run") as recorder:
        assert keep_declared(cluster, recorder) is None
    run = read_run(tmp_path / "a.run")
    assert run.declared is None
    assert {event.kind for event in run.events} == {UNREAD}
    assert any("DescribeConfigs" in event.text for event in run.events)


@pytest.mark.long
@pytest.mark.parametrize(
    "missing",
    [privilege for privilege in OTHERS if privilege.command in DOES],
    ids=lambda privilege: f"{privilege.command}: {privilege.acl}",
)
def test_with_one_right_less_it_does_not(guarded: Lab, missing: Privilege, tmp_path: Path) -> None:
    properties = user_with(guarded, rights_of(missing.command, without=missing))
    if missing.operation == "Create":
        remove_created(guarded)
    whole = False
    with suppress(ClusterError):
        whole = DOES[missing.command](properties, tmp_path)
    assert not whole


def remove_created(lab: Lab) -> None:
    cluster = Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers}))
    for topic in cluster.topics():
        if topic.name.startswith("clusterload-") and topic.name != TOPIC:
            remove_topic(cluster, topic.name)
    until(lambda: len([topic for topic in cluster.topics() if topic.name.startswith("clusterload-")]) == 1)


@pytest.mark.parametrize(
    "missing",
    [privilege for privilege in OTHERS if privilege.command == "cleanup"],
    ids=lambda privilege: privilege.acl,
)
def test_what_a_run_made_is_removed_with_the_rights_of_the_table_only(guarded: Lab, missing: Privilege) -> None:
    # A name of its own: a topic that is being removed is there for a while yet.
    made = f"clusterload-made-{missing.resource.lower()}"
    new_topic(guarded, made, partitions=1)
    commit(guarded, made, made, {0: 0})
    refused = Cluster.connect(user_with(guarded, rights_of("cleanup", without=missing)))
    allowed = Cluster.connect(user_with(guarded, rights_of("cleanup")))
    remove = remove_topic if missing.resource == "Topic" else remove_group
    with pytest.raises(ClusterError, match="refused"):
        remove(refused, made)
    remove_group(allowed, made)
    remove_topic(allowed, made)
    until(lambda: made not in [topic.name for topic in allowed.topics()])


def test_every_command_of_the_table_is_tried() -> None:
    assert {privilege.command for privilege in PRIVILEGES} == {"watch", "cleanup", *DOES}


def test_the_page_has_the_table_row_by_row() -> None:
    page = (Path(__file__).parents[2] / "docs" / "privileges.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `") and " on " in line]
    assert rows == [f"| `{privilege.command}` | {privilege.acl} | {privilege.without} |" for privilege in PRIVILEGES]


def missing_by_the_doctor(properties: Properties) -> dict[str, str]:
    found = checkup(properties, lambda _: ())
    assert found.is_usable
    (paste,) = (paste.text for paste in found.judgeable.pastes if paste.id == ACL) if found.judgeable else ("",)
    rights = {check.name: check.finding for check in found.checks if " on " in check.name and check.state == "missing"}
    return {**rights, "": paste}


def test_the_doctor_names_the_rights_that_are_missing_and_the_acls_that_grant_them(guarded: Lab) -> None:
    kept = [right for right in PRIVILEGES if right.command == "watch" and right.resource != "Group"]
    properties = user_with(guarded, kept)
    found = missing_by_the_doctor(properties)
    assert found.keys() == {
        "",
        "Describe on Group *",
        "DescribeConfigs on Cluster",
        "AlterConfigs on Cluster",
        "Create on Topic clusterload-*",
        "Write on Topic clusterload-*",
    }
    assert f"User:{properties.values['sasl.username']} \\\n  --operation AlterConfigs --cluster" in found[""]
    assert "--operation Write --topic clusterload- --resource-pattern-type prefixed" in found[""]
    assert "--operation Describe --group '*'" in found[""]


def test_the_doctor_tells_topics_that_are_hidden(guarded: Lab) -> None:
    kept = [right for right in PRIVILEGES if right.resource != "Topic"]
    assert "Describe on Topic *" in missing_by_the_doctor(user_with(guarded, kept))


def test_with_all_rights_the_doctor_misses_none(guarded: Lab) -> None:
    found = checkup(user_with(guarded, PRIVILEGES), lambda _: ())
    assert not [check for check in found.checks if " on " in check.name and check.state != "ok"]
