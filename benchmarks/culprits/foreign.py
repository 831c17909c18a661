"""Loads of the tool's own engines in a process of their own, of which the recording knows nothing.

python -m benchmarks.culprits.foreign

The first line on standard input is a JSON object: `plan` (a plan's document), `properties` (of the clients), `seed` and
`scratch` (a folder). The answer is the line `ready`; the line `go` on standard input begins the load, and the answer
is `began` with the Unix nanoseconds at which its first request was due. It ends after the plan's time, on SIGINT, or
when standard input ends, as it does with the process that asked.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from clusterload.kafka.properties import Properties
from clusterload.model.errors import ClusterloadError
from clusterload.model.workload import Plan
from clusterload.telemetry.runfile import Recorder
from clusterload.workflow.drive import drive


def main() -> int:
    """Make the load that standard input asks for; the exit code."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is born deaf to it
    given: dict[str, Any] = json.loads(sys.stdin.readline())
    plan = Plan.parsed(given["plan"])
    if any(load.engine == "wire" for load in plan.loads):
        import clusterload.generator.wire.engine  # noqa: F401, PLC0415 (before the baseline, not within it)
    _tell("ready")
    if sys.stdin.readline().strip() != "go":
        return 0
    threading.Thread(target=_end_with_the_asker, daemon=True).start()
    properties = Properties(values=given["properties"], origin="the recording")
    path = Path(given["scratch"]) / f"{os.getpid()}.run"
    try:
        with Recorder(path) as recorder:
            drive(plan, properties, recorder, seed=given["seed"], on_start=lambda start: _tell(f"began {start}"))
    except KeyboardInterrupt:
        return 0
    except ClusterloadError as error:
        _tell(f"failed {error}")
        return 1
    finally:
        path.unlink(missing_ok=True)
    return 0


def _tell(line: str) -> None:
    print(line, flush=True)


def _end_with_the_asker() -> None:
    while sys.stdin.readline():
        pass
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main())
