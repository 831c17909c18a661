"""The command line of a lab's broker, and the agents in its JVM by which its metrics are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clusterload.lab.listeners import HOST
from clusterload.lab.registry import MARKER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusterload.lab.java import Java

RULES = Path(__file__).with_name("exporter.yml")
_POLICY = Path(__file__).with_name("jolokia.xml")

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


def exporter_agent(jar: Path, port: int) -> str:
    """The option that starts the exporter, which answers at `exporter_url`."""
    return f"-javaagent:{jar}={HOST}:{port}:{RULES}"


def exporter_url(port: int) -> str:
    """Where an exporter shows its metrics."""
    return f"http://{HOST}:{port}/metrics"


def jolokia_agent(jar: Path, port: int) -> str:
    """The option that starts Jolokia, which answers at `jolokia_url`, to questions that change nothing."""
    # As a URL the policy's path has neither a comma nor an equals sign, at which Jolokia would cut it.
    return f"-javaagent:{jar}=host={HOST},port={port},policyLocation={_POLICY.as_uri()}"


def jolokia_url(port: int) -> str:
    """Where Jolokia takes requests, with a `/` behind it: without one it knows no such page."""
    return f"http://{HOST}:{port}/jolokia"
