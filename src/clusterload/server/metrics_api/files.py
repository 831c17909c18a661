"""What serving keeps on disk for each cluster: its history, and what clients need to ask."""

from __future__ import annotations

from pathlib import Path

from clusterload.kafka.properties import Properties
from clusterload.model.errors import ConfigurationError
from clusterload.model.paths import state_dir, write_private
from clusterload.server.metrics_api.access import Credential

_MARK = "# Written by 'clusterload serve'; made anew at each start, with the same token. Append it to your own.\n"
_TOKEN = "confluent.cloud_api_token"  # noqa: S105 (a property's name)


def history_of(cluster_id: str) -> Path:
    """Where the history of a cluster is kept unless told otherwise."""
    return _folder() / f"{cluster_id}.history"


def properties_of(cluster_id: str) -> Path:
    """Where clients find how to ask for a cluster, unless told otherwise."""
    return _folder() / f"{cluster_id}.properties"


def credential_in(path: Path) -> Credential:
    """The credential that such a file has, so that clients keep theirs when serving starts anew; else a new one.

    Raises:
        ConfigurationError: the file is not ours, or others can read it, so that its token is no secret.
    """
    if not path.exists():
        return Credential.generated()
    properties = Properties.read(path)
    if not path.read_text(encoding="utf-8").startswith(_MARK):
        raise ConfigurationError(f"{path} was not written by 'clusterload serve': name another file with --properties")
    if path.stat().st_mode & 0o077:
        raise ConfigurationError(f"{path} can be read by others: remove it, or make it yours alone (chmod 600)")
    return Credential.of_token(properties.values.get(_TOKEN, "")) or Credential.generated()


def tell(path: Path, properties: str) -> None:
    """Write what clients need to ask into a file that only its owner can read.

    Raises:
        ConfigurationError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, _MARK + properties)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}; name another --properties") from None


def _folder() -> Path:
    return state_dir() / "metrics-api"
