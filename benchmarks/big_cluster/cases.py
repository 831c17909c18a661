"""Cases: what is judged, each a window and its baseline with what is true of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.big_cluster.cluster import Cluster, Size, build
from benchmarks.big_cluster.figures import AS_USUAL, Stretches, runs
from benchmarks.big_cluster.plants import PLANTS, Planted, drifted, grown, hot_partition, leader_skew, metadata
from benchmarks.big_cluster.rates import rates
from clusterload.model.run import Run

HEALTHY: Final = Size(
    brokers=30, cores=32, topics=400, partitions=100, groups=200, producers=1000, ingress=900e6, connections=10_000,
    joins=3.0, failed=1.0, disk_reads=30e6,
)  # fmt: skip
"""A large cluster in good health: 4,000 replicas a broker, 3 joins and one failed login a second, 30 MB/s from disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A cluster that is judged.

    Attributes:
        name: of the case.
        usual: the cluster in the baseline.
        planted: the cluster in the window, with what is true of it.
        how: it is read.
    """

    name: str
    usual: Cluster
    planted: Planted
    how: Stretches = AS_USUAL

    def runs(self) -> tuple[Run, Run]:
        """The window and the baseline before it."""
        return runs(
            self.planted.cluster, rates(self.usual), rates(self.planted.cluster, self.planted.ailment), self.how
        )


def planted(brokers: int, how: Stretches = AS_USUAL) -> Iterator[Case]:
    """A cluster of so many brokers at rest, and with each of the plants."""
    cluster = build(Size.of(brokers))
    yield Case(name="healthy", usual=cluster, planted=Planted(cluster=cluster), how=how)
    for name, plant in PLANTS.items():
        yield Case(name=name, usual=cluster, planted=plant(cluster), how=how)


def healthy(how: Stretches = AS_USUAL) -> Case:
    """The large cluster in good health, without a symptom."""
    cluster = build(HEALTHY)
    return Case(name="healthy-30", usual=cluster, planted=Planted(cluster=cluster), how=how)


def late_broker(brokers: int = 10) -> Case:
    """A broker that the baseline lacks; nothing changed."""
    cluster = build(Size.of(brokers))
    return Case(name="late-broker", usual=cluster, planted=Planted(cluster=cluster), how=Stretches(late=(4,)))


def missed_scrape(brokers: int = 10) -> Case:
    """One scrape of a broker failed; nothing changed."""
    cluster = build(Size.of(brokers))
    return Case(name="missed-scrape", usual=cluster, planted=Planted(cluster=cluster), how=Stretches(missed=((4, 27),)))


def missed_beside(brokers: int = 10) -> Case:
    """One scrape of a broker failed that has no part in what is wrong."""
    cluster = build(Size.of(brokers))
    found = metadata(cluster)
    missed = next(at for at in range(brokers) if str(at + 1) not in found.brokers)
    return Case(name="missed-beside", usual=cluster, planted=found, how=Stretches(missed=((missed, 27),)))


def one_of_thousand() -> Case:
    """Of 1,000 clients that drift by 15 % one asks five times as much."""
    size = Size(
        brokers=30, cores=4, topics=1000, partitions=1, groups=50, producers=1000, ingress=60e6, connections=3000,
        even=True,
    )  # fmt: skip
    cluster = _small(build(size), 60.0)
    client = 417
    moved = grown(drifted(cluster, 0.15, 5), client, 5.0)
    broker = cluster.leaders[cluster.partitions_of(client)[0]]
    truth = Planted(
        cluster=moved, causes=("small-batches",), brokers=(str(broker + 1),),
        culprits=(("client", cluster.clients[client]), ("topic", cluster.topics[client])),
        gets="240 Produce/s more",
    )  # fmt: skip
    return Case(name="one-of-1000", usual=cluster, planted=truth)


def _small(cluster: Cluster, rate: float) -> Cluster:
    """The same with producers that send so many requests a second each, of one record."""
    rows = cluster.rows.copy()
    rows["produce"][rows["produce"] > 0] = rate
    rows["records"] = rows["produce"]
    return replace(cluster, rows=rows)


def one_of_thirty() -> Case:
    """Of 30 brokers one leads three times its share."""
    cluster = build(Size.of(30))
    return Case(name="leader-of-30", usual=cluster, planted=leader_skew(cluster))


def one_of_hundred(*, admin: bool = True) -> Case:
    """Of the 100 partitions of a topic one takes five times as much."""
    size = Size(
        brokers=30, cores=8, topics=40, partitions=100, groups=40, producers=80, ingress=500e6, connections=12_000
    )
    cluster = build(size)
    each = 4e6
    found = hot_partition(cluster, 4 * each)
    return Case(name="partition-of-100", usual=cluster, planted=found, how=Stretches(admin=admin))


def noisy(seed: int) -> Case:
    """Few coarse points with 12 % noise; nothing changed."""
    cluster = build(Size.of(3), seed)
    how = Stretches(every=60, noise=0.12, seed=seed)
    return Case(name=f"noise-{seed}", usual=cluster, planted=Planted(cluster=cluster), how=how)


CASES: Final[dict[str, Callable[[], Case]]] = {
    "healthy-30": healthy,
    "late-broker": late_broker,
    "missed-scrape": missed_scrape,
    "missed-beside": missed_beside,
    "one-of-1000": one_of_thousand,
    "leader-of-30": one_of_thirty,
    "partition-of-100": one_of_hundred,
}
"""Cases of a size of their own, by name."""

NOISY: Final = range(1, 41)
"""Seeds of the noisy ones."""
