"""The `client.properties` of a lab: what any Kafka client needs to reach it, and nothing that is not ours.

For each further listener there is another file, such as `client-sasl-ssl.properties`.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from clusterload.lab.listeners import file_name
from clusterload.model.errors import ConfigurationError
from clusterload.model.paths import labs_dir, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clusterload.lab.description import LabInfo

NAME = "client.properties"
ADDED = "metrics-api.properties"
"""In the lab's `config` folder: what its Metrics API adds to the client file."""
_MARK = "# Written by 'clusterload lab'; removed when the lab stops, unless you change it. Lab: "


def check(directory: Path, listeners: Sequence[str] = ()) -> None:
    """See that the client files can be written into `directory`.

    Raises:
        ConfigurationError: the directory is missing, or holds a file of such a name that is someone else's.
    """
    if not directory.is_dir():
        raise ConfigurationError(f"{directory} is not a directory; create it, or name another with --dir")
    for path in (directory / name for name in (NAME, *map(file_name, listeners))):
        if path.exists() and not _first_line(path).startswith(_MARK):
            raise ConfigurationError(
                f"{path} exists and was not written by clusterload; move it away, or name another directory with --dir"
            )


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline()


def keep(info: LabInfo, listener: str, properties: Mapping[str, str]) -> None:
    """Keep in the lab's own folder what clients need to reach a further listener."""
    write_private(_kept(info, listener), _lines(properties))


def properties(info: LabInfo, listener: str) -> dict[str, str]:
    """What clients need to reach a further listener of a running lab.

    Raises:
        FileNotFoundError: the lab has no such listener.
    """
    lines = _kept(info, listener).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def render(info: LabInfo) -> dict[str, str]:
    """The text of each client file: librdkafka's keys, and under Confluent's names the cluster id or Metrics API.

    A lab with a Prometheus server has its address there too, as `prometheus.url`.
    """
    plain = {"bootstrap.servers": info.bootstrap_servers, "security.protocol": "PLAINTEXT"}
    files = {NAME: plain} | {file_name(each): properties(info, each) for each in info.listeners}
    added = _added(info) or f"confluent.clusterid={info.cluster_id}\n"
    if info.prometheus_url:
        added += f"prometheus.url={info.prometheus_url}\n"
    return {name: f"{_MARK}{info.id}\n{_lines(values)}{added}" for name, values in files.items()}


def _lines(properties: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in properties.items())


def _kept(info: LabInfo, listener: str) -> Path:
    return labs_dir() / info.id / "config" / file_name(listener)


def _added(info: LabInfo) -> str:
    try:
        return (labs_dir() / info.id / "config" / ADDED).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def write(info: LabInfo) -> None:
    """Write the client files of a lab into its directory, if it has one, mode 0600."""
    if info.directory is None:
        return
    check(info.directory, info.listeners)
    for name, text in render(info).items():
        write_private(info.directory / name, text)


def remove(info: LabInfo) -> None:
    """Remove the client files of a lab, but those that were changed since."""
    if info.directory is None:
        return
    try:
        written = render(info)
    except OSError:  # of a lab whose folder is gone it is not known what they were
        return
    for name, text in written.items():
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if (path := info.directory / name).read_text(encoding="utf-8") == text:
                path.unlink()
