"""Clients with a wrong password: `python -m benchmarks.culprits.wrong_password SERVERS CLIENT_ID COUNT`.

They are librdkafka's, which tries again after each refusal; it ends at a signal, or after two minutes.
"""

from __future__ import annotations

import sys
import time
from typing import Final

from confluent_kafka import Producer

_LONGEST_SECONDS: Final = 120.0


def main(servers: str, client_id: str, count: str) -> None:
    """Try to log in with so many clients, again and again."""
    config = {
        "bootstrap.servers": servers,
        "client.id": client_id,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "lab",
        "sasl.password": "no longer valid",
        "reconnect.backoff.ms": 20,
        "reconnect.backoff.max.ms": 200,
        "log_level": 0,
    }
    tried = [Producer(config) for _ in range(int(count))]
    until = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < until:
        for client in tried:
            client.poll(0)
        time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
