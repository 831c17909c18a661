"""Cleanup: what runs created on a cluster and left there is removed, on that cluster and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from clusterload.kafka.admin import groups, remove_group, remove_topic, topic_ids
from clusterload.kafka.cluster import Cluster
from clusterload.lab.registry import find_lab
from clusterload.model.errors import ClusterError, ConfigurationError, StoreError
from clusterload.model.run import Run
from clusterload.telemetry.record import FOLDER
from clusterload.telemetry.runfile import SUFFIX, read_run
from clusterload.workflow.consent import Consent
from clusterload.workflow.temporary_quota import outstanding, restore_abandoned


class Outcome(StrEnum):
    """What became of something that a run left."""

    REMOVED = "removed"
    WOULD_BE = "would be removed"
    GONE = "gone already"
    REPLACED = "recreated by somebody else since: left alone"
    REFUSED = "not removed"
    HELD = "still in use: left alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A topic or a consumer group that came into being by a run.

    Attributes:
        kind: `topic` or `group`.
        id: the topic's id, by which it is told from a later one of its name; empty for a group.
    """

    kind: str
    name: str
    id: str = ""


def cleanup(
    cluster: Cluster, runs: Iterable[Run] = (), *, consented: Consent | None = None, dry_run: bool = False
) -> tuple[tuple[str, str], ...]:
    """Remove what runs created on their cluster, and temporary quotas that were left set on it.

    A topic that was there before is never touched, nor one that was recreated under its name since.

    Args:
        cluster: on which the runs were made.
        runs: whose topics and consumer groups are removed; quotas are removed in any case.
        consented: what is needed where the cluster is not a lab.
        dry_run: remove nothing, and only say what would be.

    Returns:
        Each thing in words, with what became of it; an outcome that begins with `Outcome.REFUSED` went wrong.

    Raises:
        ConfigurationError: a run was made on another cluster.
        ConsentError: there is something to remove, and no consent for this cluster.
        ClusterError: the cluster does not answer.
    """
    runs = tuple(runs)
    check_cluster(runs, cluster)
    left = leftovers(runs)
    if not dry_run and (left or outstanding(cluster)) and find_lab(cluster.id) is None:
        (consented or Consent()).require_for(cluster.id, "remove this from it")
    made = ((f"{leftover.kind} {leftover.name}", state) for leftover, state in removed(left, cluster, only_say=dry_run))
    return (*made, *restored_quotas(cluster, only_say=dry_run))


def found_run(given: str) -> Run:
    """The run of this id in the folder of runs, or in this file.

    Raises:
        StoreError: there is none, or it cannot be read.
    """
    for path in (Path(given), FOLDER / f"{given}{SUFFIX}"):
        if path.is_file():
            return read_run(path)
    raise StoreError(f"run {given!r} was not found, neither as a file nor as an id in {FOLDER}/: give one of them")


def leftovers(runs: Iterable[Run]) -> tuple[Leftover, ...]:
    """What runs made, by what their files say; each thing once."""
    found: dict[tuple[str, str, str], Leftover] = {}
    for run in runs:
        topics = run.environment.get("created_topics", {})
        made = [Leftover(kind="topic", name=name, id=topic) for name, topic in topics.items()]
        made += [Leftover(kind="group", name=name) for name in run.environment.get("created_groups", [])]
        found |= {(leftover.kind, leftover.name, leftover.id): leftover for leftover in made}
    return tuple(found.values())


def check_cluster(runs: Iterable[Run], cluster: Cluster) -> None:
    """Make sure that all runs were made on this cluster.

    Raises:
        ConfigurationError: one was not.
    """
    for run in runs:
        its = run.environment.get("cluster", {}).get("id")
        if its != cluster.id:
            raise ConfigurationError(f"run {run.id} was made on cluster {its}, and this is {cluster.id}: name that one")


def removed(left: Sequence[Leftover], cluster: Cluster, *, only_say: bool = False) -> Iterator[tuple[Leftover, str]]:
    """Remove what was left, one after the other; gives each with its outcome in words, which begin with an `Outcome`.

    Raises:
        ClusterError: the cluster does not say what there is.
    """
    topics = topic_ids(cluster, [leftover.name for leftover in left if leftover.kind == "topic"])
    present = set(groups(cluster)) if any(leftover.kind == "group" for leftover in left) else set()
    for leftover in left:
        state = _state(leftover, topics, present)
        if state is not Outcome.REMOVED or only_say:
            yield leftover, Outcome.WOULD_BE if state is Outcome.REMOVED else state
            continue
        try:
            (remove_topic if leftover.kind == "topic" else remove_group)(cluster, leftover.name)
        except ClusterError as error:
            yield leftover, f"{Outcome.REFUSED}: {error}"
        else:
            yield leftover, Outcome.REMOVED


def restored_quotas(cluster: Cluster, *, only_say: bool = False) -> Iterator[tuple[str, str]]:
    """Restore the quotas that processes of ours set and left; gives each in words, with its outcome as `removed`.

    Raises:
        ClusterError: the cluster does not answer.
    """
    left = outstanding(cluster)
    yield from ((lease.words, Outcome.HELD) for lease in left if lease.held)
    if only_say:
        yield from ((lease.words, Outcome.WOULD_BE) for lease in left if not lease.held)
        return
    for restored in restore_abandoned(cluster):
        outcome = f"{Outcome.REFUSED}: {restored.trouble}" if restored.trouble else Outcome.REMOVED
        yield restored.lease.words, outcome


def _state(leftover: Leftover, topics: dict[str, str], present: set[str]) -> Outcome:
    """`REMOVED` if it is there and to be removed."""
    if leftover.name not in (topics if leftover.kind == "topic" else present):
        return Outcome.GONE
    return Outcome.REPLACED if leftover.kind == "topic" and topics[leftover.name] != leftover.id else Outcome.REMOVED
