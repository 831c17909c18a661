"""The command line of a broker: a pure function from its seat in the lab to the words that start it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusterload.lab.registry import MARKER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from clusterload.lab.java import Java

# Small and quick to start: the serial collector and the first compiler only.
FLAGS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)

FULL_SPEED = ("-XX:TieredStopAtLevel=4", "-XX:-UseSerialGC", "-XX:+UseG1GC")
"""Take back what makes FLAGS quick to start: both compilers, and the collector of Kafka's own scripts."""


def command(
    *,
    java: Java,
    jars: Sequence[Path],
    agents: Sequence[str],
    folder: Path,
    settings: Path,
    heap_mb: int,
    extra: Sequence[str] = (),
) -> list[str]:
    """The words that start a broker; `agents` and `extra` go to the JVM, `folder` marks it as the lab's."""
    return [
        str(java.path),
        f"-Xmx{heap_mb}m",
        *FLAGS,
        f"{MARKER}{folder}",
        *agents,
        *extra,
        "-cp",
        ":".join(map(str, jars)),
        "kafka.Kafka",
        str(settings),
    ]
