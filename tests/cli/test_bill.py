"""`clusterload bill` names who rose on real brokers, and leaves nothing behind."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from clusterload import Cluster, Lab, Properties, Run
from clusterload.analysis.bill import bill
from clusterload.analysis.own_quotas import own_quotas, unlocked_by_us
from clusterload.cli.root import root
from clusterload.kafka.configuration import Quota, client_quotas
from clusterload.model.errors import ConsentError, UsageError
from clusterload.workflow.consent import Consent
from clusterload.workflow.temporary_quota import outstanding, unlocked
from clusterload.workflow.temporary_quota.unlocking import LOCKED
from clusterload.workflow.watch import watch
from tests.conftest import Tool

SECONDS = 8.0
BUSY, QUIET = "wren", "finch"


@contextmanager
def producing(properties: dict[str, str], client: str, *, pause: float, size: int = 100) -> Iterator[None]:
    """A client of this id that sends a request for each record, with a pause between them, once the first is there."""
    over, there = threading.Event(), threading.Event()
    own: dict[str, Any] = {**properties, "client.id": client, "linger.ms": 0, "log_level": 0}

    def produce() -> None:
        producer = Producer(own)
        while not over.wait(pause):
            producer.produce("clusterload-billed", b"x" * size, on_delivery=lambda *_: there.set())
            producer.poll(0)
        producer.flush(10)

    thread = threading.Thread(target=produce)
    thread.start()
    try:
        assert there.wait(120), f"{client} got no answer"
        yield
    finally:
        over.set()
        thread.join()


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What was seen before and after a client became busy, and what was on the cluster meanwhile and afterwards."""

    before: Run
    now: Run
    said: list[str]
    meanwhile: tuple[Quota, ...]
    afterwards: tuple[Quota, ...]


@pytest.fixture(scope="module")
def watched(lab: Lab, cluster: Cluster, tidy: None, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    folder, said = tmp_path_factory.mktemp("billed"), list[str]()
    own = {"bootstrap.servers": lab.bootstrap_servers}
    with producing(own, QUIET, pause=0.05, size=2000), unlocked(cluster, consented=Consent(), say=said.append):
        meanwhile = client_quotas(cluster)
        before = watch(cluster, seconds=SECONDS, path=folder / "before.run")
        with producing(own, BUSY, pause=0.002):
            now = watch(cluster, seconds=SECONDS, path=folder / "now.run")
    return Watched(before=before, now=now, said=said, meanwhile=meanwhile, afterwards=client_quotas(cluster))


def test_a_quota_on_nobody_unlocks_what_every_client_costs_and_is_taken_away_again(
    watched: Watched, cluster: Cluster
) -> None:
    (unlocking,) = watched.meanwhile
    (client,) = unlocking.entity.values()
    assert client.startswith("clusterload-unlock-")
    assert watched.afterwards == ()
    assert outstanding(cluster) == ()
    assert {one.labels["client"] for one in watched.before.named("thread_time_by_client")} >= {QUIET}
    assert any("client ids (connections)" in line for line in watched.said)


def test_who_became_busy_is_named_though_another_one_sends_more_bytes(watched: Watched) -> None:
    found = bill(watched.now, watched.before)
    leader = found.leader("client")
    assert leader is not None
    assert leader.name == BUSY
    by_name = {one.name: one for one in found.of("client")}
    assert by_name[QUIET].figures["ingress"] > 5_000


def test_stored_runs_are_billed_at_80_columns_and_for_programs(tool: Tool, watched: Watched) -> None:
    stored = (str(watched.now.path), "--baseline", str(watched.before.path))
    shown = tool("bill", *stored).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.startswith(f"Client id {BUSY} rose most: by ")
    assert "(unattributed)" in shown
    document = json.loads(tool("bill", *stored, "--json").stdout)
    assert document["sentence"].startswith(f"client id {BUSY} rose most")
    for kind, wholes in document["wholes"].items():
        for figure, whole in wholes.items():
            charges = [one["figures"].get(figure, 0) for one in document["charges"] if one["kind"] == kind]
            assert sum(charges) == pytest.approx(whole, abs=1e-6)


def test_clients_that_log_in_are_told_with_their_principal(secure_lab: Lab, tmp_path: Path) -> None:
    own = secure_lab.listeners["SASL_PLAINTEXT"]
    cluster = Cluster.connect(Properties(values=dict(own)))
    with producing(own, QUIET, pause=0.02), unlocked(cluster, consented=Consent(), say=lambda _: None):
        (quota,) = client_quotas(cluster)
        seen = watch(cluster, seconds=4, path=tmp_path / "seen.run")
    assert quota.entity.keys() == {"user", "client-id"}
    assert client_quotas(cluster) == ()
    principals = {one.name: one for one in bill(seen).of("principal")}
    assert principals[own["sasl.username"]].figures["thread_time"] > 0


def test_somebodys_cluster_is_not_unlocked_without_a_yes_for_it(cluster: Cluster) -> None:
    theirs = replace(cluster, id="theirs")
    with pytest.raises(ConsentError, match="add --yes-cluster theirs to set a quota on a made-up client id"):
        unlocked(theirs, consented=Consent()).__enter__()


def test_too_many_clients_are_not_unlocked_since_each_takes_memory(lab: Lab, cluster: Cluster) -> None:
    own = {"bootstrap.servers": lab.bootstrap_servers}
    warned: list[str] = []
    with (
        producing(own, QUIET, pause=0.05),
        producing(own, BUSY, pause=0.05),
        unlocked(cluster, consented=Consent(), most_clients=1, say=lambda _: None, warn=warned.append) as state,
    ):
        assert client_quotas(cluster) == ()
    (line,) = warned
    assert re.search(r"each of which may be a client id .* allow it with --most-clients \d+; going on without", line)
    assert state.events == ((LOCKED, f"client metrics were not unlocked: {state.why_not}"),)


def test_an_unknown_number_of_clients_is_not_unlocked_without_a_yes(cluster: Cluster) -> None:
    with unlocked(cluster, consented=Consent(), sources=(), warn=lambda _: None) as state:
        assert client_quotas(cluster) == ()
    assert state.why_not.startswith("how many clients there are is not known")
    assert state.why_not.endswith("allow it with --most-clients N")


def test_a_run_keeps_which_quotas_of_ours_it_was_made_under(watched: Watched) -> None:
    assert unlocked_by_us(watched.before)
    assert unlocked_by_us(watched.now)
    (quota,) = (quota for quota in own_quotas(watched.now) if quota.end is None)
    assert quota.unlocks


def test_what_is_over_cannot_be_unlocked() -> None:
    with pytest.raises(UsageError, match="for a cluster that is watched"):
        root.main(["bill", "peak.run", "--unlock-client-metrics"], standalone_mode=False)
