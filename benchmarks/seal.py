"""What sealing a Produce request costs, compared with a mere copy of its bytes and its checksum alone, in the same run.

    python -m benchmarks.seal

Sealing sets the ids, the times, each record's key, stamp and due time, and the checksum. The last columns are for
64 KiB of it: what no generator can do without is the checksum.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random

from crc32c import crc32c

from clusterload.generator.wire.frames import produce_template
from clusterload.generator.wire.request_pool import RequestBuffer, RequestPool
from clusterload.model.workload.distributions import parse_keys, parse_sizes

CASES = (
    (1, "100", "unique"),
    (8, "100", "unique"),
    (16, "100", "unique"),
    (655, "100", "unique"),
    (655, "100", "none"),
    (655, "100", "zipf:1000:1.1"),
    (10_000, "100", "unique"),
    (64, "1KiB", "unique"),
    (16, "4KiB", "unique"),
    (1, "uniform:50:200", "unique"),
    (524, "uniform:50:200", "unique"),
    (64, "lognormal:1000:1", "unique"),
)
ROUNDS = 7
SECONDS = 0.05


def buffer_of(records: int, sizes: str, keys: str) -> RequestBuffer:
    """A buffer of a pool as a plan would have it."""
    pool = RequestPool(
        produce_template("topic", client_id="clusterload", acks=-1, timeout_ms=30_000),
        records=records,
        sizes=parse_sizes(sizes),
        keys=parse_keys(keys),
        partitions=1,
        rng=Random(1),
    )
    buffer = pool.take(0)
    assert buffer is not None
    return buffer


def microseconds(work: Callable[[], object]) -> float:
    """What one call costs in CPU time, as the best of some rounds: the others were disturbed."""
    work()
    best = float("inf")
    for _ in range(ROUNDS):
        calls, began = 0, time.process_time()
        while (lasted := time.process_time() - began) < SECONDS:
            for _ in range(20):
                work()
            calls += 20
        best = min(best, lasted / calls)
    return best * 1e6


def measured(buffer: RequestBuffer) -> tuple[float, float, float]:
    """Microseconds to seal it, to copy it, and for the checksum of its bytes."""
    view, now, due = buffer.view, time.time_ns() // 1_000_000, time.time_ns()
    return (
        microseconds(lambda: buffer.seal(1, 0, now, 12_345_678_901, -1, -1, -1, due)),
        microseconds(lambda: bytes(view)),
        microseconds(lambda: crc32c(view)),
    )


def main() -> None:
    """Print the table."""
    print(
        f"{'records':>8} {'sizes':>17} {'keys':>14} {'bytes':>10}  {'seal us':>8} {'a record ns':>11}"
        f"  {'64 KiB: seal':>12} {'copy':>6} {'CRC':>6}"
    )
    for records, sizes, keys in CASES:
        buffer = buffer_of(records, sizes, keys)
        seal, copy, checksum = measured(buffer)
        share = 65_536 / len(buffer.view)
        print(
            f"{records:>8,} {sizes:>17} {keys:>14} {len(buffer.view):>10,}  {seal:>8.2f} {seal / records * 1e3:>11.1f}"
            f"  {seal * share:>12.1f} {copy * share:>6.1f} {checksum * share:>6.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
