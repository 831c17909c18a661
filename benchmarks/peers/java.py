"""How the peers that are written in Java are started: with the lab's Java, and the options of Kafka's own scripts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from benchmarks.peers import lock
from clusterload.lab.java import find

if TYPE_CHECKING:
    from pathlib import Path

# What kafka-run-class.sh gives to a tool, with the heap of kafka-producer-perf-test.sh.
OPTIONS = (
    "-Xmx512M",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)


@cache
def jars() -> tuple[Path, ...]:
    """The jars of all tools, looked up once a process."""
    return tuple(lock.jars())


def command(main: str, *arguments: str, classes: tuple[Path, ...] = ()) -> list[str]:
    """The words that run a main class of the tools, or of folders of `classes` as well."""
    path = ":".join(str(each) for each in (*classes, *jars()))
    return [str(find().path), *OPTIONS, "-cp", path, main, *arguments]
