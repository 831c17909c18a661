"""The jars of a lock on disk: downloaded once, verified by checksum, used from the cache ever after."""

from __future__ import annotations

import hashlib
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clusterload.model.errors import LabError
from clusterload.model.paths import cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusterload.lab.lock import Jar, Lock

    Progress = Callable[[str, int, int], None]
    """Called with (what is being done, how much is done, of how much); bytes or steps."""

_EXPORTER = "jmx_prometheus_javaagent"
_JOLOKIA = "jolokia-agent-jvm"
_AT_ONCE = 8


def silent(_what: str, _done: int, _total: int) -> None:
    """A progress callback that shows nothing."""


def fetch(lock: Lock, progress: Progress = silent) -> list[Path]:
    """The paths of all jars of `lock`, in its order; missing ones are downloaded and verified first.

    A jar in the cache was verified when it came; only its size is looked at again, so that a start without
    network costs nothing.

    Raises:
        LabError: a download failed, or its checksum is not the lock's.
    """
    home = cache_dir() / "maven"
    missing = [jar for jar in lock.jars if not _present(home / jar.path, jar.size)]
    if missing:
        _download(missing, home, f"Kafka {lock.kafka}", progress)
    return [home / jar.path for jar in lock.jars]


def _present(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _download(missing: list[Jar], home: Path, what: str, progress: Progress) -> None:
    total, done = sum(jar.size for jar in missing), 0
    progress(f"downloading {what}", 0, total)
    with (
        tempfile.TemporaryDirectory(dir=home.parent, prefix="download-") as scratch,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        for jar, path in pool.map(lambda jar: (jar, _resolved(jar, scratch)), missing):
            _keep(jar, path, home)
            done += jar.size
            progress(f"downloading {what}", done, total)


def _resolved(jar: Jar, scratch: str) -> Path:
    maven = _maven(Path(scratch))
    try:
        found: Path = maven.create_dependency(jar.coordinates).artifact.resolve()
    except Exception as error:  # jgo and requests raise many kinds, none of which a user can tell apart
        raise LabError(
            f"could not download {jar.coordinates}: {_first_line(error)}; check the network, the proxy and "
            "the repositories in jgo's settings, and start the lab again (what has come is kept)"
        ) from error
    return found


def _maven(scratch: Path) -> Any:
    try:
        # Only a download needs jgo; a lab with its jars in the cache starts without.
        from jgo.config import GlobalSettings  # noqa: PLC0415
        from jgo.maven import MavenContext  # noqa: PLC0415
    except ImportError:
        raise LabError(
            "the lab downloads Kafka with the package jgo; install it with: pip install 'clusterload[lab]'"
        ) from None
    # A company's mirror, named in jgo's own settings, is asked in place of the public repository.
    return MavenContext(repo_cache=scratch, remote_repos=GlobalSettings.load().repositories or None, timeout=30)


def _keep(jar: Jar, path: Path, home: Path) -> None:
    """Move a verified download into the cache, at once, so that a half-written jar is never seen there."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 != jar.sha256:
        raise LabError(
            f"refused {jar.coordinates}: its SHA-256 is {sha256}, the lock says {jar.sha256}; "
            "the repository or the network altered it, so try another network or mirror"
        )
    kept = home / jar.path
    kept.parent.mkdir(parents=True, exist_ok=True)
    path.replace(kept)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def exporter_of(lock: Lock) -> Path:
    """Where the JMX exporter agent of `lock` lies in the cache."""
    return _named(lock, _EXPORTER)


def jolokia_of(lock: Lock) -> Path:
    """Where the Jolokia agent of `lock` lies in the cache."""
    return _named(lock, _JOLOKIA)


def _named(lock: Lock, artifact: str) -> Path:
    return next(cache_dir() / "maven" / jar.path for jar in lock.jars if jar.artifact == artifact)
