"""The page of limits, its tables made from the data.

Usage: python -m docs.check --write
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from clusterload.model.limits import Force, Limit, Limits, Scope, families
from clusterload.model.limits.limit import DIGITS, PARTS
from clusterload.model.resources import RESOURCES, limited, limited_by_name, series_of_parts
from clusterload.model.series import Kind
from clusterload.model.units import COUNT, PERCENT, Quantity, number
from clusterload.report.limits import unknown

_HEAD: Final = """\
# Limits

Its tables are made from the TOML files in `src/clusterload/model/limits/` by `python -m docs.check --write`.

    clusterload limits list
    clusterload limits show confluent-dedicated --units 2
    clusterload report runs/FILE.run --limits msk-express-m7g.large --units 3
    clusterload run --lab --dial request_rate=500/s --for 20s --limits ours.toml

A limit says how much of a resource may be used, and with it who says so, where, as of when, and what the number means:

| kind | what the number means |
| --- | --- |
| `enforced` | the cluster lets no more through |
| `guideline` | the provider advises it; more is let through, and may cost latency |
| `declared` | the operator set it, in the brokers' configuration or by agreement |
| `measured` | it was found by an experiment, and has an interval (`low`, `high`) |

- **No table is assumed.** Without `--limits` a run is compared with what its brokers declared when it was made, which
  is kept in the run file. If they declared nothing, its verdict is *not saturated*, or *limited* by what is saturated;
  causes are judged all the same, and the output says how to name a table. Every output with a share names its table.
- A resource without a limit has an **unknown** one, never an infinite one. It is shown without a share.
- Several limits of one resource hold together: a guideline below what is enforced, each broker's next to the cluster's.
  Each gives a share; the largest is the resource's. A run at 100 % of a guideline is *over its guideline*; only the
  other kinds are said to limit.
- **Parts.** A limit can be of a part: each login, one listener, a topic, a partition (`each = "principal"`,
  `listener = "EXTERNAL"`). It is held against that part's own figures, and never against the whole; what a source does
  not tell apart is named as not measured. Of thousands of parts the 20 with the highest peaks are held against it.
- **Together.** `throughput` is ingress and egress added up; records, stored bytes and consumer groups can have limits.
- **How busy a broker is** can have one, mostly a guideline: above 60 % CPU a run on MSK is *over the guideline*, and
  its headroom ends there.
- A per-broker limit is compared with each broker's own figures. Where the figures are of the whole cluster only, it
  cannot be, and the verdict says what was not measured.
- Brokers count partitions with their replicas, some providers before replication. Such a limit is held against
  partitions that have a leader, each counted once.
- **Units.** `--units N` says how many CKU, eCKU or brokers the cluster has; without it values are those of one. Values
  per unit are multiplied, up to what the provider says a cluster has at most. Limits of each broker stay, and their sum
  becomes one of the cluster. More units than there can be are refused.
- **Disputed.** Where sources contradict each other, or one contradicts itself, one value is used and the others are
  shown as disputed: of what is equally recent the lowest is used, else the most recent.
- Every value was looked up at the date given with it. Check before you rely on one; copies of providers' pages with
  altered figures were seen on mirror sites.

## One's own

```toml
title = "Our cluster in Frankfurt"
extends = "confluent-dedicated"         # a table's name, or another file (a path as seen from this one)
source = "load test 14"                 # for all rows that say nothing else; so can be as_of, force and scope
as_of = "2026-11-20"

[[limits]]
resource = "ingress"
value = 95
unit = "MB/s"
force = "measured"
low = 90
high = 99

[[limits]]
resource = "connections"
value = 3000
unit = "connections"
force = "declared"
scope = "broker"                        # of each broker; broker = "2" is of one
source = "max.connections in our server.properties"

[[limits]]
resource = "ingress"
value = "80 Mbit/s"                     # with its unit; so value = 80, unit = "Mbit/s"
force = "declared"
principal = "etl"                       # of one login; of each: each = "principal"
scope = "broker"                        # on each broker, as Kafka's own quotas are; without it in the whole cluster

[[limits]]
resource = "cpu"
value = "60 %"
force = "guideline"
```

Write a first one with `clusterload limits new ours.toml`, and have it checked by `clusterload limits show ours.toml`: a
mistake is one line that names the line of its row.

Rows take the place of all rows that the other table has of the same resource and scope; its other rows stay.
Further keys: `note` of a table or row; `before_replication = true` of partitions that are counted once, and not each
replica; `per_unit = "CKU"` and `most_units` of a table with `per_unit = true` in rows that are per unit, and
`[[maximum]]` rows for what a cluster has at most; `units = 2` of a table with values for that many in all;
`[[disputed]]` rows, which are shown and not used.

{what}

Rates are per second, minute, hour or day (`requests/min`); bytes are in kB, MB, GB (thousands), KiB, MiB, GiB (1,024)
or bits (`Mbit/s`, `Gbps`). A unit that could mean two amounts (`KB`, `Mb/s`) is refused, and both are named.

From Python: `Limits.named(name, units)`, `Limits.read(path)`, `table.with_(other)` (of what both limit the lower is
used, and the other disputed), `table.as_toml()`, and `Limits.declared(title, brokers, quotas, as_of=...)` for what
brokers' configuration declares: `max.connections` and `max.connection.creation.rate`, of the broker, of all its
listeners for clients or of one of several. Apache Kafka's defaults declare nothing. Limits by address and quotas by
client bind neither a broker nor a cluster; the table's note names them. A quota plugin (`client.quota.callback.class`)
shows its quotas to nobody: write them as rows.
"""

_FORCES: Final = {Force.ENFORCED: "", Force.GUIDELINE: " (g)", Force.DECLARED: " (d)", Force.MEASURED: " (m)"}


def limits_page() -> str:
    """The page."""
    head = _HEAD.replace("{what}", "\n".join(_what()))
    parts = [head, "\n## What comes with clusterload\n\n(g): guideline, (d): declared; all else is enforced.\n"]
    return "".join([*parts, *(_section([Limits.named(name) for name in names]) for names in families().values())])


def _what() -> Iterator[str]:
    """What can have a limit, and by which parts."""
    yield "| what can have a limit | in | of each or of one |"
    yield "| --- | --- | --- |"
    for each in limited():
        unit = PERCENT if each.unit.thing == "ratio" else each.unit
        unit = unit.rate() if each.kind is Kind.DELTA else unit
        parts = ", ".join(f"`{part}`" for part in series_of_parts(each.name) if part in PARTS)
        yield f"| `{each.name}` | {'' if unit == COUNT else unit} | {parts} |"


def _section(tables: list[Limits]) -> str:
    named = {limit.resource for table in tables for limit in table.limits}
    shown = [each.name for each in limited() if each.name in named]
    titles = " | ".join(limited_by_name(name).title for name in shown)
    rows = [f"| `{table.name}` | {' | '.join(_cell(table, name) for name in shown)} |" for table in tables]
    return "\n".join(
        [
            f"\n### {_heading(tables)}\n",
            f"| {_by(tables)} | {titles} |",
            f"| --- |{' --- |' * len(shown)}",
            *rows,
            "",
            *(f"- {line}" for line in _said(tables)),
            "",
        ]
    )


def _heading(tables: list[Limits]) -> str:
    """What all titles begin with."""
    words = [table.title.split() for table in tables]
    common = [one for one, *others in zip(*words, strict=False) if all(each == one for each in others)]
    return " ".join(common).rstrip(",")


def _by(tables: list[Limits]) -> str:
    each = sorted({limit.of for table in tables for limit in table.limits if limit.scope is Scope.BROKER})
    units = sorted({table.unit_name for table in tables if table.unit_name and not each})
    return f"{' or '.join([*(f'one {unit}' for unit in units), *each]) or 'cluster'}"


def _cell(table: Limits, resource: str) -> str:
    own = [limit for limit in table.limits if limit.resource == resource]
    return ", ".join(f"{_amount(limit.value)}{_of(limit)}{_FORCES[limit.force]}" for limit in own) or "unknown"


def _of(limit: Limit) -> str:
    """How it counts, and of which part it is."""
    return f"{limit.counting} a {limit.part}" if limit.part else limit.counting


def _amount(value: Quantity) -> str:
    """A value for a row whose resource's title says what is counted."""
    short = "/s" if value.unit.per_second else ""
    unit = f" {value.unit}" if value.unit.thing in {"bytes", "ratio"} else short
    return f"{number(value.value, DIGITS)}{unit}"


def _said(tables: list[Limits]) -> Iterator[str]:
    """Sources, what clusters have at most, what is disputed, and notes; what tables share is said once."""
    many = len(tables)
    yield from _once(((f"Source: {one.source}; as of {one.as_of}.", of) for of in tables for one in of.limits), many)
    yield from (_most(Limits.named(of.name, of.most_units)) for of in tables if of.most_units)
    yield from _once(((_disputed(one), of) for of in tables for one in of.disputed), many)
    yield from _once(((f"{_title(one)}: {one.note}", of) for of in tables for one in of.limits if one.note), many)
    yield from _once(((sentence, of) for of in tables for sentence in _sentences(of.note)), many)
    yield from _once(((_unknown(of), of) for of in tables if unknown(of)), many)


def _once(lines: Iterable[tuple[str, Limits]], many: int) -> Iterator[str]:
    """Each line once, with the tables that it is of where it is not of all of these many."""
    names: dict[str, dict[str, None]] = {}
    for line, of in lines:
        names.setdefault(line, {})[of.name] = None
    for line, of_these in names.items():
        yield line if len(of_these) == many else f"{', '.join(f'`{name}`' for name in of_these)}: {line}"


def _sentences(note: str) -> list[str]:
    return [sentence for sentence in re.split(r"(?<=\.) (?=[A-Z])", note) if sentence]


def _unknown(table: Limits) -> str:
    return f"Unknown: {', '.join(RESOURCES[name].title.lower() for name in unknown(table))}."


def _most(table: Limits) -> str:
    each = ", ".join(f"{_title(limit).lower()} {_amount(limit.value)}" for limit in table.limits)
    return f"`{table.name}`: at most {table.size}, which come to {each}."


def _title(limit: Limit) -> str:
    return limited_by_name(limit.resource).title


def _disputed(limit: Limit) -> str:
    return (
        f"Disputed: {_title(limit).lower()} {limit.words} ({limit.source}; as of {limit.as_of})"
        f"{f'. {limit.note}' if limit.note else '.'}"
    )
