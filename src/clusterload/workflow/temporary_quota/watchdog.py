"""The process that watches over one lease: `python -m clusterload.workflow.temporary_quota.watchdog`.

Its standard input ties it to the process that set the quota. One line on it names the lease and how the cluster is
reached, so that no secret lies on disk or on a command line. When the tie breaks while the lease's note is still there,
or the lease expires, this process restores the quota. It has a session of its own, so that what ends a terminal does
not end it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

from clusterload.kafka.cluster import Broker, Cluster
from clusterload.kafka.properties import Properties
from clusterload.model.errors import ClusterloadError
from clusterload.workflow.temporary_quota.lease import Lease, leases, restore

READY: Final = b"ready\n"

_LOOK_SECONDS: Final = 0.5
_SETTLED_SECONDS: Final = 1.0  # after which what a killed owner had just sent has reached the brokers
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_PATIENCE: Final = 900.0


def orders(lease: Lease, cluster: Cluster) -> str:
    """What a watchdog has to know, as one line."""
    brokers = [
        {"id": broker.id, "id_string": broker.id_string, "host": broker.host, "port": broker.port}
        for broker in cluster.brokers
    ]
    known = {
        "id": lease.id,
        "cluster_id": cluster.id,
        "brokers": brokers,
        "controller": next((broker.id for broker in cluster.brokers if broker.controller), None),
        "properties": dict(cluster.properties.values),
        "origin": cluster.properties.origin,
    }
    return json.dumps(known) + "\n"


def main() -> int:
    """Watch over the lease that standard input names."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    known = json.loads(_line())
    cluster = _cluster(known)
    lease = next(lease for lease in leases() if lease.id == known["id"])
    os.write(sys.stdout.fileno(), READY)
    over = time.monotonic() + lease.until - time.time()
    while lease.held and time.monotonic() < over:
        if select.select([sys.stdin], [], [], _LOOK_SECONDS)[0]:
            break
    if not lease.note.exists():
        return 0
    return int(not _restored(lease, cluster))


def _line() -> bytes:
    """The first line, and not a byte of what follows: the rest is looked at by `select`."""
    read = bytearray()
    while not read.endswith(b"\n"):
        byte = os.read(sys.stdin.fileno(), 1)
        if not byte:
            sys.exit(1)
        read += byte
    return bytes(read)


def _cluster(known: Mapping[str, Any]) -> Cluster:
    brokers = tuple(
        Broker(**broker, rack="", controller=broker["id"] == known["controller"]) for broker in known["brokers"]
    )
    properties = Properties(values=known["properties"], origin=known["origin"])
    return Cluster(id=known["cluster_id"], brokers=brokers, properties=properties)


def _restored(lease: Lease, cluster: Cluster) -> bool:
    """Try until it is done or the patience is over; failures go to the log, and the note stays."""
    give_up, pause = time.monotonic() + _PATIENCE, _FIRST_PAUSE
    while time.monotonic() < give_up:
        try:
            restore(lease, cluster)
            time.sleep(_SETTLED_SECONDS)
            restore(lease, cluster)
        except ClusterloadError as error:
            sys.stderr.write(f"{error}; by hand: {lease.by_hand}\n")
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE, 2 * pause)
        else:
            lease.end()
            return True
        if not lease.note.exists():
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
