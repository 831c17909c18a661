"""Check the documentation: examples run, links lead somewhere, tables say what the code says.

Usage: python -m docs.check [--write]
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.culprits.dialects import LAB, dialects
from clusterload.model.resources import RESOURCES
from clusterload.report.cluster import unit_of
from clusterload.telemetry.sources.catalogue import SOURCES, metrics_by_source
from docs import notebook, words
from docs.diagnosis import cause_pages, diagnose_page
from docs.dials import dial_page
from docs.limits import limits_page

ROOT = Path(__file__).parent.parent
CAUSES = ROOT / "docs" / "causes"
DIAGNOSE_PAGE = ROOT / "docs" / "diagnose.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
RESOURCE_TABLE = ROOT / "docs" / "resources.md"
DIAL_PAGE = ROOT / "docs" / "dials.md"
GLOSSARY = ROOT / "docs" / "glossary.md"
DECISIONS = ROOT / "docs" / "decisions"
LIMITS_PAGE = ROOT / "docs" / "limits.md"
EXAMPLE_SECONDS = 180


def main() -> int:
    """Run all checks, or with --write make the generated pages anew; the exit code says whether all is well."""
    if "--write" in sys.argv:
        for page, text in made_pages().items():
            page.write_text(text, encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        complaints = [
            *stale_tables(),
            *dead_links(),
            *lost_places(),
            *words.complaints(ROOT),
            *broken_examples(),
            *notebook.complaints(Path(folder)),
        ]
    for complaint in complaints:
        print(f"docs: {complaint}", file=sys.stderr)  # noqa: T201
    if not complaints:
        print(f"docs: {len(PAGES)} pages and a notebook, every example runs, every link leads somewhere")  # noqa: T201
    return 1 if complaints else 0


def made_pages() -> dict[Path, str]:
    """The pages that are made from the code, with what must stand in them."""
    return {
        RESOURCE_TABLE: resource_table(),
        DIAL_PAGE: dial_page(),
        LIMITS_PAGE: limits_page(),
        DIAGNOSE_PAGE: diagnose_page(),
        **{CAUSES / name: text for name, text in cause_pages().items()},
    }


def resource_table() -> str:
    """The page of resources, made from the same table as the code."""
    rows = [
        f"| `{resource.name}` | {resource.title} | {unit_of(resource)} | {resource.role} "
        f"| {', '.join(('broker', *resource.per))} | {resource.trap} |"
        for resource in RESOURCES.values()
    ]
    head = (
        "# Resources\n\n"
        "Made from the tables of `clusterload describe resources` by `python -m docs.check --write`. A dimension can\n"
        "have a limit and is part of the limit load. A saturation says how busy a broker itself is. A sign is\n"
        "neither, but tells causes apart.\n\n"
        "| name | title | unit | role | one Series for each | trap |\n| --- | --- | --- | --- | --- | --- |\n"
    )
    places = (
        "\n## Sources\n\n"
        "| source | what | interval | delay | history |\n| --- | --- | --- | --- | --- |\n"
        + "\n".join(
            f"| `{kind}` | {source.title} | {source.granularity} | {source.lateness} "
            f"| {'yes' if source.past else 'no'} |"
            for kind, source in SOURCES.items()
        )
        + "\n\n## The metric of each source\n\n"
        "What an exporter shows has the same name in a Prometheus that scrapes it. Where several metrics are added up\n"
        "or divided, the first is named; the whole maps are the files in `src/clusterload/telemetry/sources/names`.\n\n"
    )
    tables = "\n".join((*_origins(), *_given_by_others()))
    return head + "\n".join(rows) + "\n" + places + tables + "\n"


def _origins() -> Iterator[str]:
    kinds = ("exporter", "strimzi", "redpanda", "jolokia", "confluent", "admin", "others")
    yield f"| name | {' | '.join(kinds)} |"
    yield f"| --- {'| --- ' * len(kinds)}|"
    for name in RESOURCES:
        metrics = metrics_by_source(name)
        cells = (f"`{metrics[kind]}`" if kind in metrics else "" for kind in kinds)
        yield f"| `{name}` | {' | '.join(cells)} |"


def _given_by_others() -> Iterator[str]:
    others = {name: dialect.series or frozenset[str]() for name, dialect in dialects().items() if name != LAB}
    yield (
        "\n## What others' rules give\n\n"
        "What was read of a Kafka 4.3.1 broker under the rules that [names.md](names.md) describes. What is in no\n"
        "column comes from elsewhere: the Admin API, hosts' exporters, a provider.\n"
    )
    yield f"| name | {' | '.join(others)} |"
    yield f"| --- {'| --- ' * len(others)}|"
    for name in RESOURCES:
        if any(name in series for series in others.values()):
            yield f"| `{name}` | {' | '.join('yes' if name in series else '' for series in others.values())} |"


def stale_tables() -> Iterator[str]:
    """Generated pages that differ from what the code says."""
    for page, text in made_pages().items():
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            yield f"{page.name} is stale: run python -m docs.check --write"


def dead_links() -> Iterator[str]:
    """Links to files of the project that are not there."""
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                yield f"{page.name} links to {target}, which does not exist"


def lost_places() -> Iterator[str]:
    """Places in the sources that the glossary or a decision names, and that are not there."""
    rows = [line.rsplit("|", 2)[1] for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line.count("|") > 3]  # noqa: PLR2004
    named = [(GLOSSARY.name, f"src/clusterload/{place}") for row in rows for place in re.findall(r"`([^`]+)`", row)]
    for page in DECISIONS.glob("[0-9]*.md"):
        where = page.read_text(encoding="utf-8").rpartition("**Where.**")[2]
        named += [(page.name, place) for place in re.findall(r"`([^`]+)`", where)]
    for page_name, place in named:
        if not (ROOT / place).exists() and not (ROOT / f"{place}.py").exists():
            yield f"{page_name} names {place}, which does not exist"


def broken_examples() -> Iterator[str]:
    """Python examples that do not run in an empty folder."""
    for page in PAGES:
        for number, code in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)):
            with tempfile.TemporaryDirectory() as folder:
                done = subprocess.run(
                    [sys.executable, "-W", "error", "-c", code],
                    cwd=folder,
                    capture_output=True,
                    text=True,
                    timeout=EXAMPLE_SECONDS,
                    check=False,
                )
            if done.returncode:
                yield f"{page.name}, example {number + 1} fails:\n{done.stderr[-2000:]}"


if __name__ == "__main__":
    sys.exit(main())
