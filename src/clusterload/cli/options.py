"""The options that several commands share, each declared once, with the group of `--help` that it stands in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from clusterload.cli.gates import Gates
from clusterload.cli.grammar import (
    BOUND,
    CLUSTER,
    ENDPOINT,
    JUDGEMENT,
    LOAD,
    METRICS,
    MINUTES,
    OUTPUT,
    SEARCH,
    SERVER,
    SHARE,
    THRESHOLD,
    TIME,
    TIMES,
    Decorator,
    Parsed,
    as_usage,
    flag,
    gathered,
    option,
    together,
)
from clusterload.cli.target import ANY_LAB, Target, Unlock, consented, limits_named
from clusterload.model.errors import UsageError

FILE: Final = click.Path(path_type=Path)
PORT: Final = click.IntRange(0, 65535)
KINDS: Final = ("exporter", "jolokia", "prometheus", "confluent", "admin")

# Cluster

_CLUSTER: Final = together(
    option(
        "--cluster", "--command-config", "cluster", type=FILE, metavar="FILE", group=CLUSTER,
        help="Client properties: lines of key=value, with librdkafka's or Java's names.",
    ),
    option(
        "--bootstrap-server", metavar="HOST:PORT", group=CLUSTER,
        help="Bootstrap brokers; overrides bootstrap.servers of the file.",
    ),
    option(
        "--command-property", multiple=True, metavar="KEY=VALUE", group=CLUSTER,
        help="Set one client property; overrides the file.",
    ),
)  # fmt: skip


def _lab(metavar: str, text: str) -> Decorator:
    # The number is taken without being shown where it says nothing: it was always accepted.
    return option(
        "--lab",
        type=click.IntRange(ANY_LAB, 9),
        is_flag=False,
        flag_value=ANY_LAB,
        metavar=metavar,
        group=CLUSTER,
        help=text,
    )


_LAB: Final = _lab("", "Use the running lab.")
_LAB_OR_NEW: Final = _lab(
    "[N]", "Use the running lab (of N brokers), or start one of N brokers (default 3) for this command."
)

_YES: Final = option(
    "--yes-cluster",
    default="",
    metavar="ID",
    group=CLUSTER,
    help="Cluster id, as confirmation to change a cluster that is not a lab.",
)
_CAP: Final = option(
    "--cap", multiple=True, metavar="NAME=VALUE", group=CLUSTER,
    help="Raise a load cap on a cluster that is not a lab, as in record_rate=50000.",
)  # fmt: skip

# Metrics source

_EXPORTER: Final = option(
    "--exporter", type=ENDPOINT, multiple=True, metavar="ID=URL", group=METRICS,
    help="URL of an exporter of broker ID; several of one broker add to each other. Known for a lab.",
)  # fmt: skip
_SOURCES: Final = together(
    _EXPORTER,
    option(
        "--jolokia", type=ENDPOINT, multiple=True, metavar="ID=URL", group=METRICS,
        help="URL of broker ID's Jolokia agent.",
    ),
    option(
        "--prometheus", metavar="URL", group=METRICS,
        help="URL of a Prometheus server; its credentials go into --cluster FILE.",
    ),
    option(
        "--names", metavar="MAP", group=METRICS,
        help="Naming scheme of the metrics, by default recognised: a name, several with commas, or a TOML file.",
    ),
    option("--source", type=click.Choice(KINDS), group=METRICS, help="Which source to read, if several are known."),
)  # fmt: skip

cluster: Final = gathered("target", Target, _CLUSTER, _LAB)
"""Which cluster, for a command that reads no metrics; it gets a `target`."""
cluster_and_exporters: Final = gathered("target", partial(Target, starts=True), _CLUSTER, _LAB_OR_NEW, _EXPORTER)
"""Which cluster, and its exporters; it gets a `target`."""
cluster_and_metrics: Final = gathered("target", Target, _CLUSTER, _LAB, _SOURCES)
"""Which cluster and which metrics, for a command that reads what is there; it gets a `target`."""
cluster_or_new_lab: Final = gathered("target", partial(Target, starts=True), _CLUSTER, _LAB_OR_NEW, _SOURCES)
"""Which cluster and which metrics, for a command that loads or watches it; it gets a `target`."""

yes: Final = gathered("consented", consented, _YES)
"""Consent to change a cluster that is not a lab; the command gets it as `consented`."""
consent: Final = gathered("consented", consented, _YES, _CAP)
"""Consent to load a cluster that is not a lab; the command gets it as `consented`."""

unlock: Final = gathered(
    "unlock", Unlock,
    flag(
        "--unlock-client-metrics", "unlock", group=METRICS,
        text="Make brokers publish metrics per client, by a temporary quota on an unused client id.",
    ),
    option(
        "--most-clients", type=click.IntRange(1), metavar="N", group=METRICS,
        help="Unlock with up to N connections, each of which may be a client, and also where their number is unknown; "
        "by default with up to 1000, and not where it is unknown.",
    ),
)  # fmt: skip
"""Whether brokers are to report per client; the command gets an `unlock`."""

interval: Final = option(
    "--interval", type=TIME, metavar="TIME", default="1s", show_default=True, group=METRICS, help="Scrape interval."
)

# Limits and gates

_UNITS_HELP: Final = "Number of CKUs, eCKUs or brokers, for limits that are per unit."
units: Final = option(
    "--units", type=click.IntRange(1), metavar="N", default=1, show_default=True, group=JUDGEMENT, help=_UNITS_HELP
)


def _limits(text: str) -> Decorator:
    return gathered(
        "limits", limits_named,
        option("--limits", "table", metavar="TABLE", group=JUDGEMENT, help=text),
        option("--units", type=click.IntRange(1), metavar="N", group=JUDGEMENT, help=_UNITS_HELP),
    )  # fmt: skip


limits: Final = _limits(
    "A name from 'limits list', or a TOML file; by default 'declared', what the brokers' own configuration allows."
)
"""Which limits; the command gets them as `limits`, None for what the brokers of each run declared."""
other_limits: Final = _limits("Other limits: a name from 'limits list', or a TOML file.")
"""As `limits`, for a command that has limits already; it gets None where no others are chosen."""

gates: Final = gathered(
    "gates", Gates,
    option(
        "--fail-if", type=THRESHOLD, multiple=True, metavar="THRESHOLD", group=JUDGEMENT,
        help="Exit with 99 if crossed, as in 'latency.p99 > 50 ms for 10 s'; adds to the plan's thresholds.",
    ),
    option("--junit", type=FILE, metavar="FILE", group=JUDGEMENT, help="Write threshold results as JUnit XML."),
    option("--summary", type=FILE, metavar="FILE", group=JUDGEMENT, help="Write a Markdown summary for a CI job page."),
)  # fmt: skip
"""What fails a run, and where that is written; the command gets `gates`."""
abort_if: Final = option(
    "--abort-if", type=THRESHOLD, multiple=True, metavar="THRESHOLD", group=JUDGEMENT,
    help="Stop the load once this is crossed, as in 'latency.p99 > 1 s for 5 s', and exit with 99.",
)  # fmt: skip

# Load

plan: Final = click.argument("file", metavar="[PLAN.toml]", required=False, type=FILE)
dial: Final = option(
    "--dial", "dials", multiple=True, metavar="NAME=VALUE", group=LOAD, help="Set one dial, as in record_rate=500/s."
)
topic: Final = option("--topic", metavar="NAME", group=LOAD, help="Topic of the load that --dial options define.")


def duration(text: str, group: Any = LOAD) -> Decorator:
    """How long something lasts; the command gets seconds as `duration`, or None."""
    return option("--for", "duration", type=TIME, metavar="TIME", group=group, help=text)


# Search and experiment


def repeats(text: str, group: Any) -> Decorator:
    """How often; the command gets `repeats`."""
    return option(
        "--repeats", type=click.IntRange(1, 99), default=3, show_default=True, metavar="N", group=group, help=text
    )


def rest(group: Any) -> Decorator:
    """How long the cluster may take to be idle again; the command gets seconds as `rest`."""
    return option(
        "--rest", type=TIME, metavar="TIME", default="15s", show_default=True, group=group,
        help="Longest wait for the cluster to be idle before each step.",
    )  # fmt: skip


def seed(group: Any) -> Decorator:
    """The seed; the command gets `seed`, or None."""
    return option("--seed", type=int, metavar="N", group=group, help="Random seed of the order.")


def until(text: str, **settings: Any) -> Decorator:
    """What ends a search; the command gets bounds as `until`."""
    return option("--until", type=BOUND, multiple=True, metavar="BOUND", group=SEARCH, help=text, **settings)


def _search(**given: Any) -> Any:
    from clusterload.workflow.step_search import SearchOptions

    return SearchOptions(**given)


def steps(*, precision: str, longest: str) -> Decorator:
    """How a search goes on; the command gets `SearchOptions` as `search`."""
    return gathered(
        "search", partial(as_usage, _search),
        repeats("Number of searches.", SEARCH),
        option(
            "--step-time", type=TIME, metavar="TIME", default="5s", show_default=True, group=SEARCH,
            help="Duration of each step.",
        ),
        option(
            "--precision", type=SHARE, metavar="SHARE", default=precision, show_default=True, group=SEARCH,
            help="Stop a search when the interval is this narrow.",
        ),
        option(
            "--tries", type=click.IntRange(1, 99), default=3, show_default=True, metavar="N", group=SEARCH,
            help="Most attempts at a step that is inconclusive.",
        ),
        rest(SEARCH),
        option(
            "--longest", type=TIME, metavar="TIME", default=longest, show_default=True, group=SEARCH,
            help="Start no further step after this time.",
        ),
    )  # fmt: skip


# Time range

baseline: Final = option(
    "--baseline", metavar="TIME|RUN|none", group=TIMES,
    help="What to compare with: the first TIME, as in 20s, or another run file, or a part of one.",
)  # fmt: skip

at: Final = option(
    "--at", metavar="TIME", group=TIMES,
    help="Judge this moment of the past: ISO 8601 (UTC without a zone), or as in 'now-1d'; from --prometheus or the "
    "Metrics API.",
)  # fmt: skip


def time_range(start: str, end: str) -> Decorator:
    """From when to when; the command gets `start` and `end`."""
    return together(
        option("--from", "start", metavar="WHEN", group=TIMES, help=start),
        option("--to", "end", metavar="WHEN", group=TIMES, help=end),
    )


# Metrics API


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What a Metrics API of ours answers.

    Attributes:
        cluster_id: the id that it answers to; None for the cluster's own.
        lateness: how late its data is, in whole minutes.
    """

    cluster_id: str | None
    lateness: int


def _cluster_id(text: str) -> str:
    # It stands in the name of a file and in a label.
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,254}", text, re.ASCII):
        raise UsageError(f"{text!r} is not a cluster id: use letters, digits, '.', '_' and '-', as in lkc-abc123")
    return text


api: Final = gathered(
    "api", Api,
    option(
        "--cluster-id", type=Parsed("ID", _cluster_id), metavar="ID", group=SERVER,
        help="Cluster id in the Metrics API; by default the cluster's own.",
    ),
    option(
        "--lateness", type=MINUTES, metavar="TIME", default=0, group=SERVER,
        help="Delay data by this time, in whole minutes, as in 3m.",
    ),
)  # fmt: skip
"""What a Metrics API of ours answers; the command gets `api`."""

# Output


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """Where else than on the terminal a run is shown live: ports, 0 for any free one, None for not at all.

    Attributes:
        web: of the page.
        expose: of the figures for Prometheus.
    """

    web: int | None = None
    expose: int | None = None


def _view(name: str, text: str) -> Decorator:
    return option(name, type=PORT, is_flag=False, flag_value=0, metavar="[PORT]", group=OUTPUT, help=text)


_WEB: Final = _view("--web", "Serve a live page on localhost; by default on any free port.")
web: Final = gathered("views", Views, _WEB)
"""Whether a live page is shown; the command gets `views`."""
views: Final = gathered(
    "views",
    Views,
    _WEB,
    _view("--expose", "Expose live metrics to Prometheus on localhost; by default on any free port."),
)
"""Where else a run is shown live; the command gets `views`."""

as_json: Final = flag("--json", "as_json", group=OUTPUT, text="Print JSON.")


def out(text: str, metavar: str = "FILE") -> Decorator:
    """Where files go; the command gets a path as `out`, or None."""
    return option("--out", type=FILE, metavar=metavar, group=OUTPUT, help=text)


def dry_run(text: str) -> Decorator:
    """Whether nothing is to be touched; the command gets `dry_run`."""
    return flag("--dry-run", group=OUTPUT, text=text)
