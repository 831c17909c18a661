"""The page of dials, made from their declarations.

Usage: python -m docs.check --write
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from clusterload.model.workload import ACTIONS, MAX, USES, Declaration, declaration_of, dial_names
from clusterload.model.workload.distributions import KEYS, SIZES
from clusterload.model.workload.faults import keys_of
from clusterload.model.workload.schedule import SHAPES
from clusterload.workflow.consent import CAPS

_HEAD: Final = """\
# Dials

Made from the declarations in `src/clusterload/model/workload/dials.py` by `python -m docs.check --write`. A dial is one
thing that is set by itself: in a plan (`[loads.dials]`), by `--dial NAME=VALUE` on the command line, or in Python by
`Dials`. What is not set follows from what is, or has its default. Two engines make load: `wire` speaks Kafka's protocol
itself, exactly and cheaply; `client` is librdkafka, as an application uses it. Without `engine` in a plan the dials
decide: one that only librdkafka has makes it `client`.

| dial | value | default | engine and kind | meaning |
| --- | --- | --- | --- | --- |
"""

_REST: Final = """
On the command line each kind of load that a dial belongs to becomes a Load of that name. A dial of several kinds goes
to the first kind in its row if that has a Load, else to the only one that has. `connections` alone is a `connect` Load.

## Shapes

A rate, or `connections`, may change over time. Times are durations since the start of the load, values have the dial's
unit or say their own:

{shapes}

A replayed file is CSV that begins with the line `time,dial,value`. `{max}` is as much as the cluster takes. `arrivals`
of a Load (`--arrivals`) is its arrival process: `even`, or by chance as of many independent clients (`poisson`).

## Spreads of sizes

A bare size such as `100` or `4KiB` is that of every value. Else:

{sizes}

A histogram file is CSV that begins with the line `size,weight`.

## Keys

{keys}

`hot` gives the first key that share of all records (`hot:100:80%`). Keys go to partitions as those of Java's producer
do.

## Contradictions

A produce Load of engine `wire` is ruled by two equations:

    request_rate x records_per_request = record_rate
    record_rate x record_size = byte_rate

Set what you mean, and the rest follows. What cannot all be true is refused before anything is touched:

    $ clusterload run --lab --dial request_rate=5000/s --dial records_per_request=2 --dial record_rate=4000/s
    clusterload: load 'produce': request_rate 5,000/s x records_per_request 2 = 10,000 records/s, but record_rate is
    4,000/s: leave one of them out

Figures that differ by less than 0.1 % are taken to be rounded. A rate with a shape, or of `{max}`, stands alone: set
one of the three, and `records_per_request` and `record_size` besides. Connections that come at a rate and stay for a
time are so many at once: `connection_rate x connection_lifetime = connections`. `idempotence` needs `acks` all, at most
5 requests in flight, and retries.

## Faults

A lab, and only a lab, can be broken while a load runs: `--fault "kill broker=1 at=5s for=3s"`, or in a plan

    [[faults]]
    do = "kill"
    broker = 1
    at = "5s"
    for = "3s"

`at` is the time into the load, 0 unless told. What was done is undone after `for`, or at the end of the load.

| do | what | says |
| --- | --- | --- |
{faults}

## Caps

On a cluster that is not a lab, a plan stays within caps. Each is raised, or lowered, with `--cap NAME=VALUE`; a dial of
`{max}` needs `--cap NAME=inf`. They hold for all Loads of a plan together, shapes by their peak.

| cap | most | in |
| --- | --- | --- |
{caps}
"""

_CAP_UNITS: Final = {
    "record_rate": "records/s",
    "byte_rate": "B/s of values, written or read from the earliest on",
    "request_rate": "requests/s",
    "connections": "connections of engine `wire`",
    "connection_rate": "connections/s made",
    "producers": "producers of engine `client`",
    "members": "members of groups",
    "partitions": "partitions, where they are set",
    "bytes_written": "B of values; on disk that times the topic's replication factor",
    "duration": "s",
}


def dial_page() -> str:
    """The page."""
    rows = [_row(name, declaration_of(name)) for name in dial_names()]
    return (
        _HEAD
        + "\n".join(rows)
        + "\n"
        + _REST.format(
            max=MAX,
            shapes=_list(SHAPES.values()),
            sizes=_list(SIZES.values()),
            keys=_list(KEYS.values()),
            faults="\n".join(f"| `{do}` | {what} | {_says(do)} |" for do, what in ACTIONS.items()),
            caps="\n".join(f"| `{name}` | {most:,.0f} | {_CAP_UNITS[name]} |" for name, most in CAPS.items()),
        )
    )


def _row(name: str, one: Declaration) -> str:
    takers = [f"{engine}: {', '.join(kind for of, kind in one.uses if of == engine)}" for engine in _engines(one)]
    return f"| `{name}` | {one.values.words} | {_default(one)} | {'; '.join(takers)} | {one.meaning} |"


def _engines(one: Declaration) -> list[str]:
    return list(dict.fromkeys(engine for engine, _ in USES if engine in {taker for taker, _ in one.uses}))


def _default(one: Declaration) -> str:
    if one.default_words or one.default is None:
        return one.default_words
    return ("yes" if one.default else "no") if isinstance(one.default, bool) else str(one.default)


def _list(forms: Iterable[str]) -> str:
    return "\n".join(f"- `{form}`" for form in forms)


def _says(do: str) -> str:
    needed, may = keys_of(do)
    return ", ".join([*(f"`{key}`" for key in needed), *(f"perhaps `{key}`" for key in may)])
