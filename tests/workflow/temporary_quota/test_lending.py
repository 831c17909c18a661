"""What is lent on real brokers is given back exactly as it was, whatever becomes of who lent it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from clusterload import Cluster, Lab, Properties
from clusterload.kafka.configuration import Quota, client_quotas
from clusterload.kafka.quotas import drop_quota, quota_of, set_quota
from clusterload.model.errors import ConfigurationError
from clusterload.workflow.temporary_quota import give_back, lent, outstanding
from clusterload.workflow.temporary_quota.lending import QuotaNotRestoredError
from tests.conftest import Tool
from tests.processes import wait_for

LENDER = """
import sys
from clusterload import Cluster, Properties
from clusterload.workflow.temporary_quota import lent

cluster = Cluster.connect(Properties(values={"bootstrap.servers": sys.argv[1]}))
with lent(cluster, {"client-id": sys.argv[2]}, {"producer_byte_rate": 1e12}, why="a test", seconds=float(sys.argv[3])):
    print("lent", flush=True)
    sys.stdin.read()
"""
FIGURES = {"producer_byte_rate": 1e6, "request_percentage": 50.0}


@contextmanager
def lending(cluster: Cluster, client: str, seconds: float = 60) -> Iterator[subprocess.Popen[str]]:
    """Another process that has lent."""
    words = [sys.executable, "-c", LENDER, cluster.servers, client, str(seconds)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "lent\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_quota_is_there_while_it_is_lent_and_gone_afterwards(cluster: Cluster) -> None:
    before = client_quotas(cluster)
    with lent(cluster, {"client-id": "lent-once"}, FIGURES, why="a test", seconds=60) as loan:
        assert quota_of(cluster, {"client-id": "lent-once"}) == FIGURES
        assert outstanding(cluster) == (loan,)
        assert give_back(cluster) == ()  # of a living process nothing is taken
    assert client_quotas(cluster) == before
    assert outstanding(cluster) == ()


@pytest.mark.parametrize(
    "entity",
    [{"user": "lent-alice"}, {"user": "lent-alice", "client-id": ""}, {"user": "lent-a", "client-id": "lent-b"}],
)
def test_it_is_lent_to_users_and_to_any_client_of_theirs(cluster: Cluster, entity: dict[str, str]) -> None:
    with lent(cluster, entity, FIGURES, why="a test", seconds=60):
        assert Quota(entity=entity, values=FIGURES) in client_quotas(cluster)
    assert quota_of(cluster, entity) == {}


def test_it_is_given_back_when_what_it_was_for_fails(cluster: Cluster) -> None:
    def failing() -> None:
        with lent(cluster, {"client-id": "lent-fails"}, FIGURES, why="a test", seconds=60):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert quota_of(cluster, {"client-id": "lent-fails"}) == {}


def test_it_is_given_back_within_seconds_after_a_kill(cluster: Cluster) -> None:
    with lending(cluster, "lent-killed") as process:
        assert quota_of(cluster, {"client-id": "lent-killed"})
        process.kill()
        wait_for(lambda: not quota_of(cluster, {"client-id": "lent-killed"}))
        wait_for(lambda: not outstanding(cluster))


def test_it_is_given_back_when_its_time_is_over_though_its_lender_goes_on(cluster: Cluster) -> None:
    with lending(cluster, "lent-long", seconds=3) as process:
        wait_for(lambda: not quota_of(cluster, {"client-id": "lent-long"}))
        wait_for(lambda: not outstanding(cluster))
        assert process.poll() is None


def test_a_quota_that_exists_is_never_overwritten(cluster: Cluster) -> None:
    entity = {"client-id": "lent-theirs"}
    set_quota(cluster, entity, {"consumer_byte_rate": 5e5})
    wait_for(lambda: quota_of(cluster, entity))
    try:
        with pytest.raises(ConfigurationError, match=r"has a quota .* \(consumer_byte_rate=500000\)"):
            lent(cluster, entity, FIGURES, why="a test", seconds=60).__enter__()
        assert quota_of(cluster, entity) == {"consumer_byte_rate": 5e5}
        assert outstanding(cluster) == ()
    finally:
        drop_quota(cluster, entity, ["consumer_byte_rate"])


def test_what_somebody_else_set_meanwhile_is_left_to_them(cluster: Cluster) -> None:
    entity = {"client-id": "lent-both"}
    with lent(cluster, entity, FIGURES, why="a test", seconds=60):
        set_quota(cluster, entity, {"request_percentage": 20.0, "consumer_byte_rate": 7.0})
        wait_for(lambda: quota_of(cluster, entity).get("consumer_byte_rate"))
    assert quota_of(cluster, entity) == {"request_percentage": 20.0, "consumer_byte_rate": 7.0}
    drop_quota(cluster, entity, ["request_percentage", "consumer_byte_rate"])


def test_what_even_the_watching_process_could_not_give_back_cleanup_gives_back(tool: Tool, cluster: Cluster) -> None:
    servers = ("--bootstrap-server", cluster.servers)
    with lending(cluster, "lent-lost") as process:
        held = tool("cleanup", *servers)
        assert held.stdout == "quota of client id lent-lost: still in use: left alone\n"
        (keeper,) = psutil.Process(process.pid).children()
        keeper.kill()
        process.kill()
        process.wait()
    assert quota_of(cluster, {"client-id": "lent-lost"})
    with pytest.raises(ConfigurationError, match="clusterload set it: run 'clusterload cleanup'"):
        lent(cluster, {"client-id": "lent-lost"}, FIGURES, why="a test", seconds=60).__enter__()
    said = tool("cleanup", *servers, "--dry-run")
    assert said.stdout == "quota of client id lent-lost: would be removed\n"
    done = tool("cleanup", *servers)
    assert (done.returncode, done.stdout) == (0, "quota of client id lent-lost: removed\n")
    assert quota_of(cluster, {"client-id": "lent-lost"}) == {}
    assert "there is nothing to remove" in tool("cleanup", *servers).stderr


def test_a_failure_to_give_back_is_shouted_with_the_command_and_it_is_tried_again(
    state: Path,
) -> None:
    said: list[str] = []
    with Lab(1) as lab:
        properties = Properties(values={"bootstrap.servers": lab.bootstrap_servers})
        cluster = Cluster.connect(properties)

        def cut_off() -> None:
            with lent(cluster, {"client-id": "it's"}, FIGURES, why="a test", seconds=60, shout=said.append):
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
