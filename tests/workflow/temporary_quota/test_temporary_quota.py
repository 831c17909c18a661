"""A temporary quota on real brokers is restored exactly as it was, whatever becomes of the process that set it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from clusterload import Cluster, Lab, Properties
from clusterload.kafka.configuration import Quota, client_quotas
from clusterload.kafka.quotas import drop_quota, quota_of, set_quota
from clusterload.model.errors import ConfigurationError
from clusterload.workflow.temporary_quota import Lease, outstanding, own_quotas, restore_abandoned, temporary_quota
from clusterload.workflow.temporary_quota.quota import QuotaNotRestoredError
from tests.conftest import Tool
from tests.processes import wait_for

OWNER = """
import sys
from clusterload import Cluster, Properties
from clusterload.workflow.temporary_quota import temporary_quota

cluster = Cluster.connect(Properties(values={"bootstrap.servers": sys.argv[1]}))
quota = {"producer_byte_rate": 1e12}
with temporary_quota(cluster, {"client-id": sys.argv[2]}, quota, why="a test", seconds=float(sys.argv[3])):
    print("set", flush=True)
    sys.stdin.read()
"""
FIGURES = {"producer_byte_rate": 1e6, "request_percentage": 50.0}


@contextmanager
def owning(cluster: Cluster, client: str, seconds: float = 60) -> Iterator[subprocess.Popen[str]]:
    """Another process that has set a temporary quota."""
    words = [sys.executable, "-c", OWNER, cluster.servers, client, str(seconds)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "set\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_quota_is_there_for_a_while_and_gone_afterwards(cluster: Cluster) -> None:
    before = client_quotas(cluster)
    with temporary_quota(cluster, {"client-id": "quota-once"}, FIGURES, why="a test", seconds=60) as lease:
        assert quota_of(cluster, {"client-id": "quota-once"}) == FIGURES
        assert outstanding(cluster) == (lease,)
        assert restore_abandoned(cluster) == ()  # of a living process nothing is taken
        (told,) = own_quotas(cluster)["own_quotas"][-1:]
        assert (told["entity"], told["values"], told["end"]) == ({"client-id": "quota-once"}, FIGURES, None)
    assert client_quotas(cluster) == before
    assert outstanding(cluster) == ()
    # What it left behind is still known to be ours: brokers tell of it for a while.
    (told,) = (quota for quota in own_quotas(cluster)["own_quotas"] if quota["entity"] == {"client-id": "quota-once"})
    assert told["start"] < told["end"] <= time.time_ns()


@pytest.mark.parametrize(
    "entity",
    [{"user": "quota-alice"}, {"user": "quota-alice", "client-id": ""}, {"user": "quota-a", "client-id": "quota-b"}],
)
def test_it_is_set_for_users_and_for_any_client_of_theirs(cluster: Cluster, entity: dict[str, str]) -> None:
    with temporary_quota(cluster, entity, FIGURES, why="a test", seconds=60):
        assert Quota(entity=entity, values=FIGURES) in client_quotas(cluster)
    assert quota_of(cluster, entity) == {}


def test_it_is_removed_when_what_it_was_for_fails(cluster: Cluster) -> None:
    def failing() -> None:
        with temporary_quota(cluster, {"client-id": "quota-fails"}, FIGURES, why="a test", seconds=60):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert quota_of(cluster, {"client-id": "quota-fails"}) == {}


def test_it_is_removed_within_seconds_after_a_kill(cluster: Cluster) -> None:
    with owning(cluster, "quota-killed") as process:
        assert quota_of(cluster, {"client-id": "quota-killed"})
        process.kill()
        wait_for(lambda: not quota_of(cluster, {"client-id": "quota-killed"}))
        wait_for(lambda: not outstanding(cluster))


def test_it_is_removed_when_its_lease_expires_though_its_owner_goes_on(cluster: Cluster) -> None:
    with owning(cluster, "quota-long", seconds=3) as process:
        wait_for(lambda: not quota_of(cluster, {"client-id": "quota-long"}))
        wait_for(lambda: not outstanding(cluster))
        assert process.poll() is None


def test_a_quota_that_exists_is_never_overwritten(cluster: Cluster) -> None:
    entity = {"client-id": "quota-theirs"}
    set_quota(cluster, entity, {"consumer_byte_rate": 5e5})
    wait_for(lambda: quota_of(cluster, entity))
    try:
        with pytest.raises(ConfigurationError, match=r"has a quota .* \(consumer_byte_rate=500000\)"):
            temporary_quota(cluster, entity, FIGURES, why="a test", seconds=60).__enter__()
        assert quota_of(cluster, entity) == {"consumer_byte_rate": 5e5}
        assert outstanding(cluster) == ()
    finally:
        drop_quota(cluster, entity, ["consumer_byte_rate"])


def test_what_somebody_else_set_meanwhile_is_left_to_them(cluster: Cluster) -> None:
    entity = {"client-id": "quota-both"}
    with temporary_quota(cluster, entity, FIGURES, why="a test", seconds=60):
        set_quota(cluster, entity, {"request_percentage": 20.0, "consumer_byte_rate": 7.0})
        wait_for(lambda: quota_of(cluster, entity).get("consumer_byte_rate"))
    assert quota_of(cluster, entity) == {"request_percentage": 20.0, "consumer_byte_rate": 7.0}
    drop_quota(cluster, entity, ["request_percentage", "consumer_byte_rate"])


def test_what_even_the_watchdog_could_not_remove_cleanup_removes(tool: Tool, cluster: Cluster) -> None:
    servers = ("--bootstrap-server", cluster.servers)
    with owning(cluster, "quota-lost") as process:
        held = tool("cleanup", *servers)
        assert held.stdout == "quota of client id quota-lost: still in use: left alone\n"
        (watchdog,) = psutil.Process(process.pid).children()
        watchdog.kill()
        process.kill()
        process.wait()
    assert quota_of(cluster, {"client-id": "quota-lost"})
    with pytest.raises(ConfigurationError, match="clusterload set it: run 'clusterload cleanup'"):
        temporary_quota(cluster, {"client-id": "quota-lost"}, FIGURES, why="a test", seconds=60).__enter__()
    said = tool("cleanup", *servers, "--dry-run")
    assert said.stdout == "quota of client id quota-lost: would be removed\n"
    done = tool("cleanup", *servers)
    assert (done.returncode, done.stdout) == (0, "quota of client id quota-lost: removed\n")
    assert quota_of(cluster, {"client-id": "quota-lost"}) == {}
    assert "there is nothing to remove" in tool("cleanup", *servers).stderr


def test_what_an_earlier_version_left_is_found_under_its_old_names_and_removed(cluster: Cluster, state: Path) -> None:
    with owning(cluster, "quota-older") as process:
        (lease,) = outstanding(cluster)
        (watchdog,) = psutil.Process(process.pid).children()
        watchdog.kill()
        process.kill()
        process.wait()
    plain = json.loads(lease.note.read_text(encoding="utf-8"))
    plain["lender"], plain["lender_began"] = plain.pop("owner"), plain.pop("owner_started")
    (state / "lent" / f"{lease.id}.json").write_text(json.dumps(plain), encoding="utf-8")
    assert Lease.parsed(plain) == lease
    assert [restored.trouble for restored in restore_abandoned(cluster)] == [""]
    assert quota_of(cluster, {"client-id": "quota-older"}) == {}
    assert outstanding(cluster) == ()


def test_a_failure_to_remove_it_is_a_warning_with_the_command_and_it_is_tried_again(
    state: Path,
) -> None:
    said: list[str] = []
    with Lab(1) as lab:
        properties = Properties(values={"bootstrap.servers": lab.bootstrap_servers})
        cluster = Cluster.connect(properties)

        def cut_off() -> None:
            with temporary_quota(cluster, {"client-id": "it's"}, FIGURES, why="a test", seconds=60, warn=said.append):
                lab.pause(1)

        with pytest.raises(QuotaNotRestoredError, match="IS STILL THERE"):
            cut_off()
        (line,) = said
        assert "clusterload cleanup" in line
        assert line.endswith(
            f"kafka-configs.sh --bootstrap-server {lab.bootstrap_servers} --alter "
            "--delete-config producer_byte_rate,request_percentage --entity-type clients --entity-name 'it'\"'\"'s'"
        )
        assert len(outstanding(cluster)) == 1
        lab.resume(1)
        wait_for(lambda: not outstanding(cluster), timeout=60)
        assert client_quotas(cluster) == ()
