"""The jars of the peers that are written in Java: locked and downloaded as the lab's are.

Make the lock file again with `python -m benchmarks.peers.lock`.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from clusterload.lab import artifacts
from clusterload.lab.lock import DEFAULT_KAFKA, Jar, Lock, parse, seen

COMPILER = "org.eclipse.jdt:ecj:3.41.0"
_TOOLS = (f"org.apache.kafka:kafka-tools:{DEFAULT_KAFKA}", f"org.apache.kafka:trogdor:{DEFAULT_KAFKA}")
_FILE = Path(__file__).with_name("java.lock")


def read() -> Lock:
    """The lock file next to this module."""
    return replace(parse(_FILE.read_text(encoding="utf-8"), DEFAULT_KAFKA), kafka=f"{DEFAULT_KAFKA}'s tools")


def jars() -> list[Path]:
    """All jars on disk, in the order of the lock; missing ones are downloaded and verified first."""
    return artifacts.fetch(read())


def resolve() -> list[Jar]:
    """The jars that the tools need, resolved over the network and sorted by coordinates.

    slf4j-simple takes the version of slf4j-api that the tools bring.
    """
    from jgo.maven import MavenContext  # noqa: PLC0415 - of the extra `lab`

    with tempfile.TemporaryDirectory() as scratch:
        maven = MavenContext(repo_cache=Path(scratch))
        inputs, transitive = maven.resolver.resolve([maven.create_dependency(each) for each in _TOOLS])
        found = [dependency.artifact for dependency in (*inputs, *transitive)]
        slf4j = next(each.version for each in found if each.artifactId == "slf4j-api")
        more = (f"org.slf4j:slf4j-simple:{slf4j}", COMPILER)
        found += [maven.create_dependency(each).artifact for each in more]
        return sorted((seen(each) for each in found), key=lambda jar: jar.coordinates)


def main() -> None:
    """Write the lock file."""
    head = (
        "# The peers that are written in Java: group:artifact:version, size in bytes, SHA-256.\n"
        "# Made by: python -m benchmarks.peers.lock\n"
    )
    lines = "".join(f"{jar.coordinates} {jar.size} {jar.sha256}\n" for jar in resolve())
    _FILE.write_text(head + lines, encoding="utf-8")


if __name__ == "__main__":
    main()
