"""How exactly the client engine keeps its rate, compared with a loop that sleeps between records, in the same run.

    python -m benchmarks.pace [SECONDS] [--quick]

Both produce with 20 librdkafka producers in turn to the same lab. The peer is what people write first: produce,
then sleep for 1/rate.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from confluent_kafka import Producer

from benchmarks.rig.options import parser
from clusterload import Cluster, Dials, Lab, Load, Plan, Properties, measure
from clusterload.generator.librdkafka import CaseRecords

RATES = (500, 2_000, 8_000)


def ours(cluster: Cluster, rate: int, seconds: float) -> tuple[float, float, int]:
    """Records a second over the run, seconds of CPU, and records that were late."""
    dials = Dials(producers=20, record_rate=rate, payload_size=1024)
    plan = Plan(name="pace", loads=(Load(name="pace", topic="clusterload-pace", dials=dials),), duration=seconds)
    with tempfile.TemporaryDirectory() as folder:
        before = os.times()
        run = measure(plan, cluster, sources=(), path=Path(folder) / "pace.run")
        after = os.times()
    cpu = after.user + after.system - before.user - before.system
    (ledger,) = run.ledgers
    return ledger.acknowledged / run.seconds, cpu, ledger.late


def sleeping(cluster: Cluster, rate: int, seconds: float) -> tuple[float, float, int]:
    """The same of a loop that sleeps between records."""
    records = CaseRecords(payload_size=1024)
    producers = [Producer(dict(cluster.properties.values)) for _ in range(20)]
    before, began, sent = os.times(), time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        producer = producers[sent % 20]
        producer.produce("clusterload-pace", records.value(records.head, time.time_ns()), f"mt_key_{sent % 6 + 1}")
        producer.poll(0)
        sent += 1
        time.sleep(1 / rate)
    lasted = time.perf_counter() - began
    for producer in producers:
        producer.flush(10)
    after = os.times()
    return sent / lasted, after.user + after.system - before.user - before.system, 0


def main() -> None:
    """Print the table."""
    words = parser(__doc__)
    words.add_argument("seconds", nargs="?", type=float, default=10.0, help="for each rate (10; 1 with --quick)")
    given = words.parse_args()
    seconds, rates = (1.0, RATES[:1]) if given.quick else (given.seconds, RATES)
    print(f"20 producers, 1,024 B, {seconds:g} s each, one broker on the same {os.cpu_count()} cores")
    print(
        f"{'set':>8}  {'client engine':>14} {'off':>7} {'late':>5} {'CPU s':>6}  "
        f"{'sleeping loop':>14} {'off':>7} {'CPU s':>6}"
    )
    with Lab(1) as lab:
        cluster = Cluster.connect(Properties(values={"bootstrap.servers": lab.bootstrap_servers}))
        for rate in rates:
            mine, cpu, late = ours(cluster, rate, seconds)
            peer, peer_cpu, _ = sleeping(cluster, rate, seconds)
            print(
                f"{rate:>8,}  {mine:>14,.1f} {mine / rate - 1:>+7.2%} {late:>5,} {cpu:>6.1f}  "
                f"{peer:>14,.1f} {peer / rate - 1:>+7.2%} {peer_cpu:>6.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
