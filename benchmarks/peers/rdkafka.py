"""rdkafka_performance, the C tool of librdkafka, built from the sources that the crate rdkafka-sys carries.

Needs cargo (to fetch the crate), gcc and make. Built once into `.cache/peers`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
from pathlib import Path

from benchmarks.peers.places import cached

CRATE, VERSION = "rdkafka-sys", "4.9.0+2.10.0"
SHA256 = "5230dca48bc354d718269f3e4353280e188b610f7af7e2fcf54b7a79d5802872"
_PROJECT = f"""[package]
name = "peers"
version = "0.0.0"
edition = "2021"
[dependencies]
{CRATE} = "={VERSION.partition("+")[0]}"
"""
# Nothing of the machine's but the C library and zlib, so that every machine builds the same.
_WITHOUT = ("ssl", "gssapi", "sasl", "curl", "zstd", "lz4-ext")
_TOTAL = re.compile(r"(?P<records>\d+) delivered \(.*?\) in (?P<ms>\d+)ms: (?P<rate>\d+) msgs/s")


def build() -> Path:
    """The program, which is fetched and built the first time."""
    folder = cached(f"librdkafka-{VERSION}")
    program = folder / "examples" / "rdkafka_performance"
    if not program.exists():
        shutil.copytree(_sources(), folder, dirs_exist_ok=True)
        _in(folder, "./configure", *(f"--disable-{each}" for each in _WITHOUT))
        _in(folder, "make", "-j2", "libs")
        _in(folder / "examples", "make", program.name)
    return program


def _sources() -> Path:
    """The folder `librdkafka` of the crate, whose checksum is held against ours."""
    project = cached("crate")
    (project / "Cargo.toml").write_text(_PROJECT, encoding="utf-8")
    (project / "src").mkdir(exist_ok=True)
    (project / "src" / "lib.rs").touch()
    _in(project, "cargo", "vendor", "--quiet", "--versioned-dirs", "vendor")
    crate = project / "vendor" / f"{CRATE}-{VERSION}"
    found = json.loads((crate / ".cargo-checksum.json").read_text(encoding="utf-8"))["package"]
    if found != SHA256:
        raise ValueError(f"the crate {CRATE} {VERSION} has the checksum {found}, not {SHA256}: do not build it")
    return crate / "librdkafka"


def _in(folder: Path, *words: str) -> None:
    if shutil.which(words[0], path=f"{folder}:{os.environ.get('PATH', '')}") is None:
        raise RuntimeError(
            f"{words[0]} was not found: rdkafka_performance is built with cargo, gcc and make; install them"
        )
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed in {folder}:\n{done.stdout[-2000:]}")


def command(
    servers: str, topic: str, *, records: int, size: int, rate: float = 0, linger_ms: int = 5, latencies: str = ""
) -> list[str]:
    """The words that send so many records; `rate` in records/s, 0 for no limit; `latencies` a file for them in us."""
    words = [str(build()), "-P", "-t", topic, "-b", servers, "-a", "1", "-s", str(size), "-c", str(records)]
    words += ["-X", f"linger.ms={linger_ms}", "-X", "queue.buffering.max.messages=1000000", "-i", "5000"]
    words += ["-r", f"{rate:g}"] if rate else []
    return words + (["-l", "-A", latencies] if latencies else [])


def totals(output: str) -> dict[str, float]:
    """What it says at its end: records that were delivered, and their rate in records/s."""
    found = list(_TOTAL.finditer(output))
    if not found:
        raise ValueError(f"rdkafka_performance printed no totals: {output[-500:]}")
    return {"records": float(found[-1]["records"]), "rate": float(found[-1]["rate"])}


def latencies(file: Path) -> dict[str, float]:
    """Mean and quantiles, in ms, of a file of latencies in us."""
    times = sorted(int(line) / 1000 for line in file.read_text(encoding="utf-8").split())
    quantiles = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}
    return {"mean": statistics.fmean(times)} | {
        name: times[min(int(share * len(times)), len(times) - 1)] for name, share in quantiles.items()
    }
