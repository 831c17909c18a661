"""The small process that watches over one loan: `python -m clusterload.workflow.temporary_quota.keeper`.

Its standard input is its tie to who lends. A line says what is lent and how the cluster is reached, so that no secret
lies on disk or on a command line. When the tie breaks and the loan's note is still there, or the time is over, this
process gives back. It has a session of its own, so that what ends a terminal does not end it.
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
from clusterload.workflow.temporary_quota.loan import Loan, notes
from clusterload.workflow.temporary_quota.returning import returned

READY: Final = b"ready\n"

_LOOK_SECONDS: Final = 0.5
_SETTLED_SECONDS: Final = 1.0  # after which what a killed lender had just sent has reached the brokers
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_PATIENCE: Final = 900.0


def orders(loan: Loan, cluster: Cluster) -> str:
    """What a keeper has to know, as one line."""
    brokers = [
        {"id": one.id, "id_string": one.id_string, "host": one.host, "port": one.port} for one in cluster.brokers
    ]
    known = {
        "id": loan.id,
        "cluster_id": cluster.id,
        "brokers": brokers,
        "controller": next((one.id for one in cluster.brokers if one.controller), None),
        "properties": dict(cluster.properties.values),
        "origin": cluster.properties.origin,
    }
    return json.dumps(known) + "\n"


def main() -> int:
    """Watch over the loan that standard input names."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    known = json.loads(_line())
    cluster = _cluster(known)
    loan = next(one for one in notes() if one.id == known["id"])
    os.write(sys.stdout.fileno(), READY)
    over = time.monotonic() + loan.until - time.time()
    while loan.held and time.monotonic() < over:
        if select.select([sys.stdin], [], [], _LOOK_SECONDS)[0]:
            break
    if not loan.note.exists():
        return 0
    return int(not _given_back(loan, cluster))


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
    brokers = tuple(Broker(**one, rack="", controller=one["id"] == known["controller"]) for one in known["brokers"])
    properties = Properties(values=known["properties"], origin=known["origin"])
    return Cluster(id=known["cluster_id"], brokers=brokers, properties=properties)


def _given_back(loan: Loan, cluster: Cluster) -> bool:
    """Try until it is done or the patience is over; what fails stands in the log, and the note stays."""
    give_up, pause = time.monotonic() + _PATIENCE, _FIRST_PAUSE
    while time.monotonic() < give_up:
        try:
            returned(loan, cluster)
            time.sleep(_SETTLED_SECONDS)
            returned(loan, cluster)
        except ClusterloadError as error:
            sys.stderr.write(f"{error}; by hand: {loan.by_hand}\n")
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE, 2 * pause)
        else:
            loan.forget()
            return True
        if not loan.note.exists():
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
