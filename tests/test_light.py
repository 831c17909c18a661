"""What a worker of the wire engine imports is light: it starts in no time and in little memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("numpy", "matplotlib", "confluent_kafka", "kio", "asyncio", "httpx", "random")


@pytest.mark.parametrize("module", ["workload.schedule", "workload.distributions", "histogram", "workload", "ledger"])
def test_schedules_plans_and_accounts_import_nothing_heavy(module: str) -> None:
    program = f"import sys, clusterload.model.{module}; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("module", ["address", "login", "scram", "security", "tls", "tokens"])
def test_what_workers_use_of_the_protocol_imports_nothing_heavy(module: str) -> None:
    heavy = {*HEAVY, "ssl"} - {"random"}  # by `secrets`, which makes the nonces
    program = (
        f"import sys, clusterload.kafka.protocol.{module}; print(*[name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
