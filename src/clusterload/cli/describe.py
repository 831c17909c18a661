"""`clusterload describe`: what a cluster is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from clusterload.cli import options
from clusterload.cli.grammar import OUTPUT, Group, flag, option
from clusterload.cli.target import Target, opened

if TYPE_CHECKING:
    from rich.table import Table

Found = TypeVar("Found")


@click.group(cls=Group)
def describe() -> None:
    """Show a cluster's brokers, topics, groups, configs or quotas, or which metrics and privileges are used."""


@describe.command()
@options.cluster
@options.as_json
def brokers(target: Target, *, as_json: bool) -> None:
    """Show id, id string, host, port and rack of each broker, and which is the controller.

    With KRaft, the broker shown as controller is one that forwards requests to the controller quorum.
    """
    from clusterload.report.terminal import brokers_table

    with opened(target) as cluster:
        found = cluster.brokers
    _show(found, brokers_table, "no brokers", as_json=as_json)


@describe.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@options.cluster
@options.as_json
def topics(names: tuple[str, ...], target: Target, *, as_json: bool) -> None:
    """Show partitions with leader, replicas and ISR; under-replicated partitions are marked."""
    from clusterload.report.terminal import topics_table

    with opened(target) as cluster:
        found = cluster.topics(names)
    _show(found, topics_table, "no topics", as_json=as_json)


@describe.command()
@options.as_json
def resources(*, as_json: bool) -> None:
    """Show which metrics are read, their name in each source, and how each can mislead."""
    from clusterload.cli.console import OUT, print_json
    from clusterload.report.cluster import resources_document, resources_view

    if as_json:
        print_json(resources_document())
    else:
        OUT.print(resources_view(), soft_wrap=True)


@describe.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@options.cluster
@options.as_json
def groups(names: tuple[str, ...], target: Target, *, as_json: bool) -> None:
    """Show consumer groups with state, members and lag by topic.

    Lag is the log end offset less the committed offset.
    """
    from clusterload.cli.console import warn
    from clusterload.kafka.groups import groups_of
    from clusterload.report.cluster import groups_table

    with opened(target) as cluster:
        found, refused = groups_of(cluster, names)
    if refused:
        warn(f"Describe is missing on {len(refused)} groups, {', '.join(refused[:3])} …: see docs/privileges.md")
    _show(found, groups_table, "no groups", as_json=as_json)


@describe.command()
@options.cluster
@option(
    "--topic",
    "topics",
    multiple=True,
    metavar="NAME",
    group=OUTPUT,
    help="Show this topic's configs instead of the brokers'.",
)
@flag("--all", "every", group=OUTPUT, text="Also show configs that are at their default.")
@options.as_json
def configs(topics: tuple[str, ...], target: Target, *, every: bool, as_json: bool) -> None:
    """Show configs of brokers or topics that are not at their default, and where they are set.

    Sensitive configs are left out.
    """
    from clusterload.cli.console import OUT
    from clusterload.kafka.configuration import broker_settings, topic_settings
    from clusterload.report.cluster import settings_table

    with opened(target) as cluster:
        settings = topic_settings(cluster, topics) if topics else broker_settings(cluster)
    shown = {
        name: [setting for setting in found if every or setting.source != "default"] for name, found in settings.items()
    }
    if as_json:
        _echo_json(tuple({"of": name, "settings": found} for name, found in shown.items()))
    else:
        OUT.print(settings_table(shown, "topics" if topics else "brokers"))


@describe.command()
@options.cluster
@options.as_json
def quotas(target: Target, *, as_json: bool) -> None:
    """Show the quotas of clients, users and IP addresses; each applies per broker."""
    from clusterload.kafka.configuration import client_quotas
    from clusterload.report.cluster import quotas_table

    with opened(target) as cluster:
        found = client_quotas(cluster)
    _show(found, quotas_table, "no quotas", as_json=as_json)


@describe.command()
@options.as_json
def privileges(*, as_json: bool) -> None:
    """Show which ACLs each command needs, and what is missing without one."""
    from clusterload.kafka.privileges import PRIVILEGES
    from clusterload.report.cluster import privileges_table

    _show(PRIVILEGES, privileges_table, "no privileges", as_json=as_json)


def _show(found: Found, table: Callable[[Found], Table], none: str, *, as_json: bool) -> None:
    """Print what was found for programs, or as a table; words where there is nothing."""
    from clusterload.cli.console import OUT

    if as_json:
        _echo_json(found)
    else:
        OUT.print(table(found) if found else none)


def _echo_json(found: object) -> None:
    import json
    from dataclasses import asdict, is_dataclass

    def plain(value: object) -> object:
        if is_dataclass(value) and not isinstance(value, type):
            return asdict(value)
        raise TypeError(f"{type(value).__name__} has no JSON")

    click.echo(json.dumps(found, indent=2, default=plain))
