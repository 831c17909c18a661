"""A noisy neighbour: processes that burn CPU for a bounded time, as others on the same machine may.

`python -m clusterload.lab.noisy_neighbour PROCESSES SECONDS` ends by itself, and with the one that started it.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Final

_LOOK_SECONDS = 0.05  # how often a process sees whether it is to go on


NAME: Final = "noisy-neighbour"
"""Of the attached process, and of its log."""


def command(processes: int, seconds: float) -> list[str]:
    """The words that start so many of them for so long."""
    return [sys.executable, "-P", "-m", "clusterload.lab.noisy_neighbour", str(processes), f"{seconds:g}"]


def burn(seconds: float, parent: int) -> None:
    """Take as much of a core as there is to be had, for so long as the parent lives."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and os.getppid() == parent:
        look = time.monotonic() + _LOOK_SECONDS
        while time.monotonic() < look:
            sum(range(1000))


def main(arguments: list[str]) -> None:
    """Burn with so many processes for so many seconds."""
    processes, seconds = int(arguments[0]), float(arguments[1])
    above, here = os.getppid(), os.getpid()
    for _ in range(processes - 1):
        if os.fork() == 0:
            burn(seconds, here)
            os._exit(0)
    burn(seconds, above)


if __name__ == "__main__":
    main(sys.argv[1:])
