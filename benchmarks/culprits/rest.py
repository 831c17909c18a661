"""When a lab is at rest again: its rates as with the background alone, all copies in sync."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from clusterload.lab import own_processes
from clusterload.lab.lab import Lab

_LINE: Final = re.compile(r"^(?P<name>[a-z_0-9]+)(?:\{(?P<labels>[^}]*)\})? (?P<value>[-+.\dEeNa]+)", re.MULTILINE)
_LOOK_SECONDS: Final = 1.5
_PATIENCE: Final = 30.0
# A look is short, and Poisson noise of some 80 requests a second is a tenth of that.
_ABOUT: Final = 0.35
_FEW_CONNECTIONS: Final = 8.0

_COUNTED: Final[Mapping[str, tuple[str, str]]] = {
    "produce": ("kafka_network_requestmetrics_requests_total", 'request="Produce"'),
    "fetch": ("kafka_network_requestmetrics_requests_total", 'request="FetchConsumer"'),
    "metadata": ("kafka_network_requestmetrics_requests_total", 'request="Metadata"'),
    "versions": ("kafka_network_requestmetrics_requests_total", 'request="ApiVersions"'),
    "replication": ("kafka_server_brokertopicmetrics_replicationbytesin_total", ""),
}
_LEVELS: Final[Mapping[str, tuple[str, str]]] = {
    "connections": ("kafka_server_socket_server_metrics_connection_count", 'listener="CLIENT'),
    "astray": ("kafka_server_replicamanager_underreplicatedpartitions", ""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the brokers show together: rates per second, and levels."""

    rates: Mapping[str, float]
    levels: Mapping[str, float]


def look(lab: Lab, seconds: float = _LOOK_SECONDS) -> Look:
    """Read all brokers twice; OSError if one does not answer."""
    first, at = _sums(lab), time.monotonic()
    time.sleep(seconds)
    second, passed = _sums(lab), time.monotonic() - at
    return Look(
        rates={name: (second[name] - first[name]) / passed for name in _COUNTED},
        levels={name: second[name] for name in _LEVELS},
    )


def _sums(lab: Lab) -> dict[str, float]:
    found = dict.fromkeys((*_COUNTED, *_LEVELS), 0.0)
    for url in lab.exporters.values():
        for line in _LINE.finditer(own_processes.get(url, _PATIENCE).decode()):
            for what, (name, labels) in (*_COUNTED.items(), *_LEVELS.items()):
                if line["name"] == name and labels in (line["labels"] or ""):
                    found[what] += float(line["value"])
    return found


def unrest(now: Look, usual: Look) -> tuple[str, ...]:
    """What is not yet as usual; nothing when the lab is at rest."""
    reasons = [
        f"{name} {now.rates[name]:.0f}/s of {rate:.0f}/s"
        for name, rate in usual.rates.items()
        if abs(now.rates[name] - rate) > max(_ABOUT * rate, 3.0)
    ]
    connections = now.levels["connections"]
    if abs(connections - usual.levels["connections"]) > _FEW_CONNECTIONS:
        reasons.append(f"{connections:.0f} connections of {usual.levels['connections']:.0f}")
    if now.levels["astray"]:
        reasons.append(f"{now.levels['astray']:.0f} partitions not in sync")
    return tuple(reasons)


def settle(lab: Lab, usual: Look, *, within: float) -> tuple[str, ...]:
    """Wait until the lab is at rest; what was still astray when the time was over."""
    deadline = time.monotonic() + within
    reasons: tuple[str, ...] = ("not measured yet",)
    while time.monotonic() < deadline:
        try:
            reasons = unrest(look(lab), usual)
        except OSError as error:
            reasons = (f"a broker does not answer: {error}",)
        if not reasons:
            return ()
    return reasons
