"""The data directory of a new broker, as Kafka's StorageTool would format it, without a JVM for each.

StorageTool runs once for each lock. What it writes apart from ids, the bootstrap checkpoint with the feature
levels, is the same for every broker, so it is kept and copied; a test holds the copy against the tool's own.
"""

from __future__ import annotations

import base64
import secrets
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clusterload.lab.properties import Ports, broker_properties, render
from clusterload.lab.scram import Credential, with_users
from clusterload.model.errors import LabError
from clusterload.model.paths import cache_dir

if TYPE_CHECKING:
    from clusterload.lab.java import Java
    from clusterload.lab.lock import Lock

_CHECKPOINT = "bootstrap.checkpoint"


def new_id() -> str:
    """A random id in Kafka's own form: 22 characters of URL-safe base64, not beginning with a dash."""
    while True:
        made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not made.startswith("-"):
            return made


def checkpoint(lock: Lock, java: Java, jars: list[Path]) -> Path:
    """The bootstrap checkpoint of this Kafka version; StorageTool makes it the first time.

    Raises:
        LabError: StorageTool failed.
    """
    kept = cache_dir() / f"format-{lock.kafka}-{lock.digest[:12]}" / _CHECKPOINT
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
            data = Path(scratch) / "data"
            storage_tool(java, jars, data, cluster_id=new_id(), broker=1)
            (data / _CHECKPOINT).replace(kept)
    return kept


def storage_tool(
    java: Java, jars: list[Path], data: Path, *, cluster_id: str, broker: int, more: Sequence[str] = ()
) -> None:
    """Format `data` with Kafka's own tool, which gets `more` words.

    Raises:
        LabError: it failed; the message carries its last line.
    """
    ports = [Ports(client=1, broker=2, controller=3, exporter=4)] * broker
    settings = data.with_suffix(".properties")
    settings.write_text(render(broker_properties(broker=broker, ports=ports, data=data)), encoding="utf-8")
    tool = ["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(settings), *more]
    argv = [str(java.path), "-XX:TieredStopAtLevel=1", "-cp", ":".join(map(str, jars)), *tool]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise LabError(f"Kafka's StorageTool could not format {data}: {last}; see that the disk has space")


def format_data(
    data: Path, checkpoint: Path, *, cluster_id: str, broker: int, users: Sequence[Credential] = ()
) -> None:
    """Make `data` what StorageTool would make of it; the cluster has these users from its first moment."""
    data.mkdir(parents=True)
    ids = {"cluster.id": cluster_id, "directory.id": new_id(), "node.id": str(broker), "version": "1"}
    (data / "meta.properties").write_text(render(ids), encoding="utf-8")
    if users:
        (data / _CHECKPOINT).write_bytes(with_users(checkpoint.read_bytes(), users))
    else:
        shutil.copyfile(checkpoint, data / _CHECKPOINT)


def lab_id(now: str) -> str:
    """A name for a lab that sorts by the time of its start."""
    return f"{now}-{secrets.token_hex(3)}"
