"""Scrapes of one real broker each under rules that others publish, and what a lab's own names say at the same times.

Each broker (Kafka 4.3.1; exporter 1.0.1, or 0.20, which leaves names their `_total`; or Strimzi's reporter 0.2.0) had
producers, two groups, a transaction, TLS, a login and quotas by client, was scraped, had eight seconds of load, and was
scraped again when it was quiet. Beside each scrape Jolokia was asked. Only lines that nobody reads were taken out.
"""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import Final

from clusterload.model.series import SECOND
from clusterload.telemetry.sources.deltas import Deltas, Scrape
from clusterload.telemetry.sources.exposition import ScrapeParser, SharedLines
from clusterload.telemetry.sources.names import Labels, Names
from tests.telemetry.sources.kept import Kept

SCRAPES: Final = Path(__file__).parent / "scrapes" / "dialects"

MAPS: Final = {
    "jmx-exporter-kraft": "jmx-exporter",
    "jmx-exporter-2_0_0": "jmx-exporter",
    "strimzi": "strimzi",
    "strimzi-reporter": "strimzi",
    "confluent-stacks": "confluent-stacks",
    "grafana": "grafana",
    "grafana-exporter-0.20": "grafana",
    "bitnami": "bitnami",
    "default": "default",
    "default-exporter-0.20": "default",
}
"""By whose names the scrapes of each dialect are read."""

LISTENERS: Final = frozenset({"CLIENT", "CLIENT_SSL", "CLIENT_SASL_PLAINTEXT"})

Figures = dict[str, dict[Labels, float]]
"""The last value of each Series, by its name and its labels without the broker's."""


def texts(dialect: str, *, lab: bool = False) -> list[str]:
    """Both scrapes of a dialect, or what the lab's names say at these times."""
    names = [f"{dialect}-{number}{'.lab' if lab else ''}.txt.gz" for number in (1, 2)]
    return [gzip.decompress((SCRAPES / name).read_bytes()).decode() for name in names]


@cache
def figures(dialect: str, *, names: str = "", lab: bool = False) -> Figures:
    """What is told after both scrapes, by the dialect's own map or another one."""
    mapped = Names.named("jmx-exporter" if lab else names or MAPS[dialect])
    kept, parser = Kept(), ScrapeParser(SharedLines(mapped, LISTENERS))
    deltas = Deltas(broker="1", names=mapped)
    for text in texts(dialect, lab=lab):
        time = round(float(text.split("\n", 1)[0].removeprefix("# read at ")) * SECOND)
        deltas.take(Scrape(time=time, reading=parser.read(text)), kept)
    found: Figures = {}
    for point in kept.points:
        labels = tuple(sorted((name, value) for name, value in point.labels.items() if name != "broker"))
        found.setdefault(point.name, {})[labels] = point.value
    return found
