"""The page of `clusterload diagnose`, and one for each cause, made from the catalogue.

Usage: python -m docs.check --write
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

from clusterload.analysis.causes import CAUSES, FAMILIES, Cause

_HEAD: Final = """\
# Diagnose: what loads the cluster, who, and what would change it

Its tables are made from the catalogue of causes by `python -m docs.check --write`.

    clusterload diagnose --lab --baseline 20s --for 40s
    clusterload diagnose --cluster client.properties --exporter 1=http://broker1:7071/metrics --for 5m
    clusterload diagnose --cluster client.properties --baseline usual.run --for 2m --unlock-client-metrics
    clusterload diagnose night.run@10m..20m --baseline night.run@0s..10m --limits confluent-dedicated
    clusterload diagnose peak.run --baseline 20s --json

A cluster is watched without any load of ours: the baseline first, then the window that is judged. A run file, or a part
of one, is judged as often as wanted and needs no cluster; `--baseline 20s` is its first 20 s there.

The **verdict** is *within limits*, *limited by X because of Y (who)*, or *inconclusive* with what is missing. Causes
are given in every state, several if several hold. Each has:

- **evidence**: figures now and in the baseline, and the Series that they are from;
- **who**: the client, group, topic, partition or broker that rose the most over the baseline. The largest is seldom the
  one that changed. Where brokers publish no name, that is said, with what would tell;
- a **confidence**: of findings given 0.9, nine in ten should be right. Less than 0.35 is not shown;
- a **cure**, with what it gives back in numbers where prices are known;
- what would **disprove** it.

## How causes are judged

Each cause has a *signature*: what moves, what stays, and the test that tells it from the causes that look alike. How
much of what is wrong it would explain comes from prices (milliseconds of CPU for a request, a MB, a connection), from
how many times a figure became what it was, and from the share of a limit. What one cause brings with it is taken off
the others: a broker that is down moves its leaders, and that is no skew.

- **With a baseline** a rise counts where it is beyond what the baseline does by itself. 15 s do; what is usual at that
  hour of the day is better.
- **Without one** heights are judged: less is found, with less confidence.
- **Clients** are told apart where a client quota exists. `--unlock-client-metrics` sets one on a made-up client
  id, which binds nobody, and removes it afterwards; outside a lab with consent.
- **Generator and metrics suspect themselves first.** A load that was not made as asked or that brokers did not count,
  brokers without figures, gaps, a clock that was set, a broker whose CPU time stands still (an old answer is read, as a
  cache gives it), a window of a moment: then the verdict is *inconclusive*, with the reason.
- **What the source does not tell is not guessed.** From four figures a minute (bytes in and out, requests, connections)
  follows which of them binds and which does not, and no more.

## The catalogue

"""


def diagnose_page() -> str:
    """The page of the command, with a list of all causes."""
    return _HEAD + "\n".join(_list()) + "\n"


def _list() -> Iterator[str]:
    yield "| cause | what | who is named, by which Series |"
    yield "| --- | --- | --- |"
    for family in FAMILIES.values():
        for one in family:
            yield f"| [`{one.id}`](causes/{one.id}.md) | {one.title} | {_named(one) or 'cannot be named'} |"


def _named(cause: Cause) -> str:
    return ", ".join(f"{kind} (`{series}`)" for kind, series in cause.named_by.items())


def cause_page(cause: Cause) -> str:
    """The page of one cause."""
    return "\n".join(map(_wrapped, _page(cause))) + "\n"


def _wrapped(text: str) -> str:
    """Lines as long as the project's other pages have them; tables stay as they are."""
    lines = text.split("\n")
    return "\n".join(one if one.startswith("|") else textwrap.fill(one, 120, break_on_hyphens=False) for one in lines)


def _page(cause: Cause) -> Iterator[str]:
    yield f"# {cause.id}: {cause.title[0].lower()}{cause.title[1:]}\n"
    yield f"{cause.means}\n"
    yield from _part("What moves", cause.moves)
    yield from _part("What stays", cause.stays)
    if cause.neighbours:
        yield "## What it is mistaken for\n"
        yield "| cause | what tells them apart |\n| --- | --- |"
        for one in cause.neighbours:
            yield f"| [`{one.cause}`]({one.cause}.md) | {one.test} |"
        yield ""
    yield "## Who makes it\n"
    named = f"{_named(cause)}. Where that is not there: {cause.otherwise}." if cause.named_by else ""
    yield (named or f"Cannot be named: {cause.otherwise}.") + "\n"
    yield f"## What would change it\n\n{cause.cure}\n"
    yield f"## What would disprove it\n\n{cause.disproof}\n"
    if cause.hides:
        yield "## What it brings with it\n"
        yield f"Found beside it, these count for less: {_and_list(cause.hides)}.\n"
    if cause.seen:
        yield f"It was not tried: {cause.seen}.\n"
    yield "[All causes](../diagnose.md)"


def _part(title: str, lines: Iterable[str]) -> Iterator[str]:
    if kept := list(lines):
        yield f"## {title}\n"
        yield "\n".join(f"- {line}" for line in kept) + "\n"


def _and_list(names: Iterable[str]) -> str:
    return ", ".join(f"[`{one}`]({one}.md)" for one in names)


def cause_pages() -> dict[str, str]:
    """All pages of causes by the name of their file."""
    return {f"{one.id}.md": cause_page(one) for one in CAUSES.values()}
