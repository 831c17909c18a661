"""The lock file of a Kafka version: every jar it needs, with its size and checksum, and no address.

Regenerate one, or add another Kafka version, with `python -m clusterload.lab.lock 4.3.1`; it resolves the
dependencies again with jgo, downloads the jars and writes `kafka-<version>.lock` next to this module.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clusterload.model.errors import ConfigurationError, nearest

if TYPE_CHECKING:
    from jgo.maven import Artifact

DEFAULT_KAFKA = "4.3.1"
EXPORTER = "io.prometheus.jmx:jmx_prometheus_javaagent:1.0.1"
JOLOKIA = "org.jolokia:jolokia-agent-jvm:2.1.0:javaagent"
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Jar:
    """One artifact: Maven coordinates, size in bytes, SHA-256 in hex; most have no classifier."""

    group: str
    artifact: str
    version: str
    size: int
    sha256: str
    classifier: str = ""

    @property
    def coordinates(self) -> str:
        """`group:artifact:version`, or `group:artifact:version:classifier`."""
        return ":".join(filter(None, (self.group, self.artifact, self.version, self.classifier)))

    @property
    def path(self) -> Path:
        """Where the jar lies inside a Maven repository."""
        name = "-".join(filter(None, (self.artifact, self.version, self.classifier)))
        return Path(*self.group.split("."), self.artifact, self.version, f"{name}.jar")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """All jars of one Kafka version, in the order of its class path, and a digest of the whole."""

    kafka: str
    jars: tuple[Jar, ...]
    digest: str


def available() -> list[str]:
    """The Kafka versions that have a lock file."""
    return sorted(path.stem.removeprefix("kafka-") for path in _HERE.glob("kafka-*.lock"))


def read(kafka: str = DEFAULT_KAFKA) -> Lock:
    """The lock of a Kafka version.

    Raises:
        ConfigurationError: this version has no lock file, or it is malformed.
    """
    path = _HERE / f"kafka-{kafka}.lock"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        known = available()
        hint = nearest(kafka, known) or f"; the lab knows {', '.join(known)}"
        raise ConfigurationError(f"the lab has no Kafka {kafka!r}{hint}") from None
    return parse(text, kafka)


def parse(text: str, kafka: str) -> Lock:
    """The lock written in `text`: one jar a line, its coordinates, size and SHA-256; `#` begins a comment.

    Raises:
        ConfigurationError: a line has another form.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        jars = tuple(_jar(line) for line in lines)
    except ValueError:
        raise ConfigurationError(
            f"the lock of Kafka {kafka} is malformed; regenerate it with 'python -m clusterload.lab.lock {kafka}'"
        ) from None
    return Lock(kafka=kafka, jars=jars, digest=hashlib.sha256("\n".join(lines).encode()).hexdigest())


def _jar(line: str) -> Jar:
    coordinates, size, sha256 = line.split()
    group, artifact, version, *more = coordinates.split(":")
    (classifier,) = more or ("",)
    return Jar(group=group, artifact=artifact, version=version, size=int(size), sha256=sha256, classifier=classifier)


def render(kafka: str, jars: list[Jar]) -> str:
    """The text of a lock file."""
    head = (
        f"# Apache Kafka {kafka} for the lab: group:artifact:version[:classifier], size in bytes, SHA-256.\n"
        f"# Made by: python -m clusterload.lab.lock {kafka}\n"
    )
    return head + "".join(f"{jar.coordinates} {jar.size} {jar.sha256}\n" for jar in jars)


def resolve(kafka: str) -> list[Jar]:
    """The jars that Kafka `kafka` needs, resolved over the network and sorted by coordinates.

    slf4j-simple takes the version of slf4j-api that Kafka brings.
    """
    from jgo.maven import MavenContext  # noqa: PLC0415 - of the extra `lab`

    with tempfile.TemporaryDirectory() as scratch:
        maven = MavenContext(repo_cache=Path(scratch))
        server = maven.create_dependency(f"org.apache.kafka:kafka_2.13:{kafka}")
        inputs, transitive = maven.resolver.resolve([server])
        artifacts = [dependency.artifact for dependency in (*inputs, *transitive)]
        slf4j = next(each.version for each in artifacts if each.artifactId == "slf4j-api")
        extras = (f"org.slf4j:slf4j-simple:{slf4j}", EXPORTER, JOLOKIA)
        artifacts += [maven.create_dependency(extra).artifact for extra in extras]
        jars = [seen(each) for each in artifacts]
    return sorted(jars, key=lambda jar: jar.coordinates)


def seen(artifact: Artifact) -> Jar:
    """The line of a lock for an artifact, which is downloaded to be measured."""
    content = artifact.resolve().read_bytes()
    return Jar(
        group=artifact.groupId,
        artifact=artifact.artifactId,
        version=artifact.version,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        classifier=artifact.classifier,
    )


if __name__ == "__main__":
    _version = sys.argv[1] if len(sys.argv) > 1 else DEFAULT_KAFKA
    (_HERE / f"kafka-{_version}.lock").write_text(render(_version, resolve(_version)), encoding="utf-8")
