"""A Prometheus server for a lab: it scrapes the lab's exporters each second, and is gone with the lab."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from clusterload.lab import own_processes
from clusterload.lab.listeners import HOST
from clusterload.lab.registry import STORAGE
from clusterload.model.errors import LabError
from clusterload.model.paths import write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clusterload.lab.description import LabInfo

JOB: Final = "clusterload-lab"
NAME: Final = "prometheus"
_INTERVAL: Final = "1s"
_PAUSE: Final = 0.05
_TIMEOUT: Final = 2.0
_SHOWN: Final = 3  # last lines of its log in a message


def find() -> Path:
    """The Prometheus server on the PATH.

    Raises:
        LabError: there is none.
    """
    found = shutil.which(NAME)
    if found is None:
        raise LabError(
            "no prometheus on the PATH; install it (Debian: apt-get install --no-install-recommends "
            "prometheus, and stop the service that it starts), or leave Prometheus out"
        )
    return Path(found)


def url(port: int) -> str:
    """Where a lab's Prometheus answers."""
    return f"http://{HOST}:{port}"


def configuration(info: LabInfo) -> str:
    """What a lab's Prometheus scrapes: each exporter, with the broker's id as a label. JSON, which is YAML too."""
    targets = [
        {"targets": [urlsplit(each.exporter_url).netloc], "labels": {"broker": str(each.id)}} for each in info.brokers
    ]
    return json.dumps(
        {
            "global": {"scrape_interval": _INTERVAL, "scrape_timeout": _INTERVAL},
            "scrape_configs": [{"job_name": JOB, "static_configs": targets}],
        },
        indent=1,
    )


def prepare(program: Path, info: LabInfo, folder: Path) -> list[str]:
    """Write the configuration into a lab's folder; the words that start the server."""
    settings = folder / "config" / "prometheus.yml"
    write_private(settings, configuration(info))
    return [
        str(program),
        f"--config.file={settings}",
        f"{STORAGE}{folder / 'data' / NAME}",
        f"--web.listen-address={urlsplit(info.prometheus_url).netloc}",
    ]


def wait_until_scraping(info: LabInfo, log: Path, check: Callable[[], None], deadline: float) -> None:
    """Wait until the server has scraped every broker; `check` may raise to end the wait.

    Args:
        info: the lab, whose Prometheus it is.
        log: what the server writes; a fatal error ends the wait.
        check: called between two looks; raises when a broker has died.
        deadline: on the clock of `time.monotonic`.

    Raises:
        LabError: the server ended, or the deadline passed.
    """
    expected = {str(each.id) for each in info.brokers}
    while _scraped(info.prometheus_url) != expected:
        check()
        last = _last(log)
        if time.monotonic() > deadline or any("level=error" in line.lower() for line in last):
            raise LabError(
                f"the lab's Prometheus at {info.prometheus_url} does not scrape all brokers; see its log {log}, "
                "which ends with:\n" + ("\n".join(last) or "(nothing)")
            )
        time.sleep(_PAUSE)


def _scraped(address: str) -> set[str]:
    """The brokers whose last scrape went well, as the server at this address has it."""
    query = urlencode({"query": f'up{{job="{JOB}"}} == 1'})
    try:
        answer: dict[str, Any] = json.loads(own_processes.get(f"{address}/api/v1/query?{query}", _TIMEOUT))
    except (OSError, ValueError):
        return set()
    return {each["metric"]["broker"] for each in answer["data"]["result"]}


def _last(log: Path) -> Sequence[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-_SHOWN:] if log.exists() else ()
