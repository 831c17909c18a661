"""The cache that halves a broker's start: classes loaded and linked ahead of time, trained once.

Java 25 and later keep an AOT cache (with method profiles), 17 to 24 a class data archive. Either is tied
to the very JVM, its options and the class path, so the file's name is a digest of these.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from clusterload.lab import own_processes
from clusterload.lab.broker import FLAGS
from clusterload.lab.launch import launch
from clusterload.lab.layout import LabSpec
from clusterload.model.errors import LabError
from clusterload.model.paths import cache_dir

if TYPE_CHECKING:
    from pathlib import Path

    from clusterload.lab.artifacts import Progress
    from clusterload.lab.layout import Runtime

_PATIENCE = 120.0  # seconds for the broker to end and to write the cache
_KEPT = 8  # caches of other Java or Kafka versions that are worth their 70 MB


def with_startup_cache(runtime: Runtime, progress: Progress) -> Runtime:
    """The kit with the JVM options that start its brokers from the cache, trained first if it is missing.

    A training that fails costs nothing but speed: the kit comes back as it was, and the progress says so.
    """
    file = cache_file(runtime)
    if not file.exists():
        try:
            _train(runtime, file, progress)
        except LabError as error:
            progress(f"no start-up cache, brokers start slower: {str(error).splitlines()[0]}", 1, 1)
            return runtime
    with contextlib.suppress(FileNotFoundError):
        os.utime(file)  # those that were used last are kept
    return replace(runtime, jvm_options=_use(runtime, file))


def cache_file(runtime: Runtime) -> Path:
    """Where the cache for this Java and this Kafka lies, or would lie."""
    # Java checks the time of each jar, and silently ignores a cache that was made with others.
    times = [f"{jar}:{jar.stat().st_mtime_ns}" for jar in runtime.jars]
    parts = [runtime.java.version, str(runtime.java.path), *times, *FLAGS]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    suffix = "aot" if runtime.java.has_aot else "jsa"
    return cache_dir() / "start" / f"kafka-{runtime.lock.kafka}-java-{runtime.java.major}-{digest}.{suffix}"


def _use(runtime: Runtime, file: Path) -> tuple[str, ...]:
    if runtime.java.has_aot:
        return (f"-XX:AOTCache={file}", "-Xlog:aot*=error")
    return (f"-XX:SharedArchiveFile={file}", "-Xshare:auto", "-Xlog:cds*=error")


def _train(runtime: Runtime, file: Path, progress: Progress) -> None:
    """Run one broker, let it do what every broker does at start, and have it write the cache as it ends."""
    progress("training the start-up cache (once)", 0, 3)
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(f".{os.getpid()}{file.suffix}")
    running = launch(_trainee(runtime, scratch), LabSpec(brokers=1))
    try:
        progress("training the start-up cache (once)", 1, 3)
        if runtime.java.has_aot:
            _scrape(running.record.info.brokers[0].exporter_url)
        progress("training the start-up cache (once)", 2, 3)
        running.end_in_order(_PATIENCE)
    finally:
        running.stop()
    if not scratch.exists():
        raise LabError(f"Java {runtime.java.major} wrote no start-up cache; see {running.folder / 'logs'}")
    scratch.replace(file)
    for old in sorted(file.parent.iterdir(), key=lambda each: each.stat().st_mtime)[:-_KEPT]:
        old.unlink(missing_ok=True)
    progress("training the start-up cache (once)", 3, 3)


def _trainee(runtime: Runtime, scratch: Path) -> Runtime:
    """The kit that writes the cache; a Java before 25 refuses to write one under an agent, but uses it with one.

    Jolokia is left out: a cache that was made without it serves brokers with it just as well.
    """
    if runtime.java.has_aot:
        return replace(runtime, jolokia=None, jvm_options=(f"-XX:AOTCacheOutput={scratch}", "-Xlog:aot*=error"))
    return replace(
        runtime, exporter=None, jolokia=None, jvm_options=(f"-XX:ArchiveClassesAtExit={scratch}", "-Xlog:cds*=error")
    )


def _scrape(url: str) -> None:
    try:
        own_processes.get(url, timeout=30)
    except OSError as error:
        raise LabError(f"the exporter at {url} did not answer: {error}; see the broker's log") from error
