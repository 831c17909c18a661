"""The page of `clusterload diagnose`, and one for each cause, made from the catalogue.

Usage: python -m docs.check --write
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

from clusterload.analysis.causes import CAUSES, FAMILIES, Cause
from clusterload.model.wording import in_sentence

_HEAD: Final = """\
# Diagnose: what loads the cluster, who causes it, and what to do

Its tables are made from the catalogue of causes by `python -m docs.check --write`.

    clusterload diagnose --prometheus http://prometheus:9090
    clusterload diagnose --lab --baseline 20s --for 40s
    clusterload diagnose --cluster client.properties --exporter 1=http://broker1:7071/metrics --for 5m
    clusterload diagnose --cluster client.properties --baseline usual.run --for 2m --unlock-client-metrics
    clusterload diagnose --prometheus http://prometheus:9090 --at 2026-11-29T14:10
    clusterload diagnose night.run@10m..20m --baseline night.run@0s..10m --limits confluent-dedicated
    clusterload diagnose peak.run --baseline 20s --json

A live cluster is watched, without adding load: first the baseline, then the window to diagnose. A run file, or a
part of one, can be diagnosed again at any time, without a cluster; there, `--baseline 20s` means its first 20 s.

**No baseline has to be named.** Without `--baseline` the last lasting rise of bytes, requests, connections, replicas,
thread or CPU use is looked for in the run, of the cluster and of each broker, and where nothing rose a lasting fall.
What is judged begins there, and the time before it is the baseline: `baseline: 13:25 to 13:55 UTC, before requests rose
from 80/s to 1,600/s at 13:57 UTC`. A peak that is over, a slope and a return to the usual level do not count.
`--baseline none` compares with nothing; with `--fail-if` the whole run is judged, too.

With a **Prometheus** the last six hours are searched (load and saturation only, a point a minute). If nothing changed,
or other days change likewise at the same time, the same half hour of the last week is taken: of weekdays or of weekend
days, the day nearest to the median of all. If it is the only source, and neither `--for` nor `--baseline` is given, the
window is read from it as well: its last twenty scrapes, at least 40 s, from the change on.
What was read is kept as two run files, so that the answer can be repeated.

**Yesterday**: `--at TIME` judges a moment that has passed, by a Prometheus or the Metrics API alone; Kafka is not asked
and need not run any more. TIME is ISO 8601 (without a zone it is UTC, and that is said) or counted from now, as in
`now-1d`. Judged are the minutes that belong to what went on then: from the change before it, at most a quarter of an
hour back, to the next change or ten minutes later. An incident that began up to five minutes after TIME, or was over up
to five minutes before it, is meant as well. What lasted only some minutes is looked for in single scrapes. `bill --at
TIME` says who took what share of the brokers in those minutes.

    clusterload diagnose --cluster cloud.properties --source confluent --at 'now-26h|m'
    clusterload bill --prometheus http://prometheus:9090 --at '2026-11-29T14:10+01:00' --by topic

The **verdict** is *within limits*, *not saturated* where no limits are known, *limited by X because of Y (who)*, or
*inconclusive* with what is missing. Limits are those that the brokers declared, or a table by `--limits`. Without a
baseline it names the **largest contributor**: what takes the most now and is out of proportion, not what changed.
**Notes** say what was compared: `the baseline was not steady`, or `88 of 100 brokers gave figures in both window and
baseline, and are compared`. They make nothing inconclusive.

Causes are listed with every verdict, several if several apply. Each has:

- **brokers**: where it holds on single hosts, `On broker 7 (and, less, on 3 more): …`;
- **evidence**: figures in the window and in the baseline, and the Series they come from;
- **culprits**: the client, group, topic, partition or broker with the largest increase over the baseline, beyond what
  all of its kind drift by. The largest consumer is seldom the one that changed. Nobody is blamed whom the baseline
  could not see, unless they take most of it. Where brokers publish no name, the finding says so, and how to find out;
- a **confidence**: of findings with 0.9, nine in ten should be right. Below 0.35 a finding is not shown;
- a **cure**, with its estimated effect where costs per request are known;
- **Disproved if**: an observation that would refute it.

## How causes are found

Each cause has a *signature*: what moves, what stays, and the test that tells it from similar causes. How much of the
problem it would explain follows from prices (milliseconds of CPU per request, MB, connection), the growth factor of a
figure, and its share of a limit. Most causes are judged on each host, against its own baseline and cores, since what
fills one broker of a hundred is little of the cluster; the more hosts, the farther a rise must go. What one cause
explains is subtracted from the others: if a broker is down its leaders move, and that is not a leader imbalance.

- **With a baseline** an increase counts if it exceeds the baseline's own noise. 15 s are enough; a recording of the
  same hour on a normal day is better. Of one or two points nobody knows the noise: nothing is then said with more than
  0.75. If load or saturation changed its level within the baseline, only its steady part is compared with.
- **Without one** ratios and shares are judged, which do not depend on a cluster's size: records and bytes a request,
  empty fetches, egress to ingress, attempts a connection, one broker or partition against the others, thread time a
  byte. Confidence is less, since who is large is not always who changed.
- **No limits are needed.** Without them saturation and causes are judged all the same.
- **Clients** can be told apart only while a client quota exists. `--unlock-client-metrics` sets a temporary one on a
  made-up client id, which throttles nobody, and removes it afterwards; outside a lab it asks for your consent. Where
  it cannot be had a warning says why and the diagnosis goes on without; a recording for `--baseline` has these figures
  only if `watch` unlocked them too. [bill.md](bill.md) says more.
- **The generator and the metrics are suspected first.** If a load missed its dials or brokers did not count it, if
  brokers lack metrics, or there are gaps, a clock change, a broker whose CPU time does not advance (a cached response)
  or a window that is too short, the verdict is *inconclusive*, with the reason.
- **What the source does not publish is not guessed.** Four metrics per minute (bytes in and out, requests, connections)
  show which of them binds, and nothing more. If nothing is found, the output says of how many causes that is told, and
  which the metrics cannot show.

## The catalogue

"""


def diagnose_page() -> str:
    """The page of the command, with a list of all causes."""
    return _HEAD + "\n".join(_list()) + "\n"


def _list() -> Iterator[str]:
    yield "| id | cause | culprits that can be named, and from which Series |"
    yield "| --- | --- | --- |"
    for family in FAMILIES.values():
        for cause in family:
            yield f"| [`{cause.id}`](causes/{cause.id}.md) | {cause.title} | {_named(cause) or 'cannot be named'} |"


def _named(cause: Cause) -> str:
    return ", ".join(f"{kind} (`{series}`)" for kind, series in cause.named_by.items())


def cause_page(cause: Cause) -> str:
    """The page of one cause."""
    return "\n".join(map(_wrapped, _page(cause))) + "\n"


def _wrapped(text: str) -> str:
    """Lines of at most 120 characters; tables stay as they are."""
    lines = text.split("\n")
    return "\n".join(
        line if line.startswith("|") else textwrap.fill(line, 120, break_on_hyphens=False) for line in lines
    )


def _page(cause: Cause) -> Iterator[str]:
    yield f"# {cause.id}: {in_sentence(cause.title)}\n"
    yield f"{cause.means}\n"
    yield from _part("What moves", cause.moves)
    yield from _part("What stays", cause.stays)
    if cause.look_alikes:
        yield "## What it is mistaken for\n"
        yield "| cause | what tells them apart |\n| --- | --- |"
        for other, test in cause.look_alikes.items():
            yield f"| [`{other}`]({other}.md) | {test} |"
        yield ""
    yield "## Who causes it\n"
    named = f"{_named(cause)}. Where that is not published: {cause.if_unnamed}." if cause.named_by else ""
    yield (named or f"Cannot be named: {cause.if_unnamed}.") + "\n"
    yield f"## What to do\n\n{cause.cure}\n"
    yield f"## What would disprove it\n\n{cause.disproof}\n"
    if cause.explains_away:
        yield "## What it explains away\n"
        yield f"When it holds, these count for less: {_and_list(cause.explains_away)}.\n"
    if cause.untested:
        yield f"Not tested: {cause.untested}.\n"
    yield "[All causes](../diagnose.md)"


def _part(title: str, lines: Iterable[str]) -> Iterator[str]:
    if kept := list(lines):
        yield f"## {title}\n"
        yield "\n".join(f"- {line}" for line in kept) + "\n"


def _and_list(names: Iterable[str]) -> str:
    return ", ".join(f"[`{name}`]({name}.md)" for name in names)


def cause_pages() -> dict[str, str]:
    """All pages of causes by the name of their file."""
    return {f"{cause.id}.md": cause_page(cause) for cause in CAUSES.values()}
