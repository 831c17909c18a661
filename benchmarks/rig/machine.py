"""What a table of results must say besides its figures: when, of which commit, on what machine."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

import psutil

from benchmarks.peers.places import ROOT


def described() -> str:
    """One line; it ends with how busy the machine was before, since a busy one spoils every figure."""
    day = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    memory = psutil.virtual_memory().total / (1 << 30)
    version = ".".join(map(str, sys.version_info[:3]))
    load = psutil.getloadavg()[0]
    return (
        f"{day}, commit {_commit()}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {version}, "
        f"load of the last minute before: {load:.1f}"
    )


def _commit() -> str:
    words = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
