"""The agents in a broker's JVM by which its metrics are read: the Prometheus JMX exporter, and Jolokia on request."""

from __future__ import annotations

from pathlib import Path

from clusterload.lab.properties import HOST

_RULES = Path(__file__).with_name("exporter.yml")
_POLICY = Path(__file__).with_name("jolokia.xml")


def exporter(jar: Path, port: int) -> str:
    """The option that starts the exporter, which answers at `exporter_url`."""
    return f"-javaagent:{jar}={HOST}:{port}:{_RULES}"


def exporter_url(port: int) -> str:
    """Where an exporter shows its metrics."""
    return f"http://{HOST}:{port}/metrics"


def jolokia(jar: Path, port: int) -> str:
    """The option that starts Jolokia, which answers at `jolokia_url`, to questions that change nothing."""
    # As a URL the policy's path has neither a comma nor an equals sign, at which Jolokia would cut it.
    return f"-javaagent:{jar}=host={HOST},port={port},policyLocation={_POLICY.as_uri()}"


def jolokia_url(port: int) -> str:
    """Where Jolokia takes requests, with a `/` behind it: without one it knows no such page."""
    return f"http://{HOST}:{port}/jolokia"
