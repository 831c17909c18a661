"""The `client.properties` of a lab: what any Kafka client needs to reach it, and nothing that is not ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clusterload.errors import ConfigurationError
from clusterload.lab.places import labs_dir, write_private

if TYPE_CHECKING:
    from clusterload.lab.registry import LabInfo

NAME = "client.properties"
ADDED = "metrics-api.properties"
"""In the lab's `config` folder: what its Metrics API adds to the client file."""
_MARK = "# Written by 'clusterload lab'; removed when the lab stops, unless you change it. Lab: "


def check(directory: Path) -> None:
    """See that the client file can be written into `directory`.

    Raises:
        ConfigurationError: the directory is missing, or holds a client.properties of someone else.
    """
    path = directory / NAME
    if not directory.is_dir():
        raise ConfigurationError(f"{directory} is not a directory; create it, or name another with --dir")
    if path.exists() and not _first_line(path).startswith(_MARK):
        raise ConfigurationError(
            f"{path} exists and was not written by clusterload; move it away, or name another directory with --dir"
        )


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline()


def render(info: LabInfo) -> str:
    """The text of the client file: librdkafka's keys, and under Confluent's names the cluster id or Metrics API."""
    return (f"{_MARK}{info.id}\nbootstrap.servers={info.bootstrap_servers}\nsecurity.protocol=PLAINTEXT\n") + (
        _added(info) or f"confluent.clusterid={info.cluster_id}\n"
    )


def _added(info: LabInfo) -> str:
    try:
        return (labs_dir() / info.id / "config" / ADDED).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def write(info: LabInfo) -> Path | None:
    """Write the client file of a lab into its directory, mode 0600; its path, or None without a directory."""
    if info.directory is None:
        return None
    check(info.directory)
    path = info.directory / NAME
    write_private(path, render(info))
    return path


def remove(info: LabInfo) -> None:
    """Remove the client file of a lab, unless it was changed since."""
    if info.directory is None:
        return
    path = Path(info.directory) / NAME
    try:
        if path.read_text(encoding="utf-8") == render(info):
            path.unlink()
    except (OSError, UnicodeDecodeError):
        return
