"""`clusterload describe`: what a cluster is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from clusterload.cli.options import Target, opened, target_options

if TYPE_CHECKING:
    from rich.table import Table

Found = TypeVar("Found")


@click.group()
def describe() -> None:
    """Show a cluster's brokers, topics, groups, settings or quotas, or what is measured of it."""


@describe.command()
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def brokers(target: Target, *, as_json: bool) -> None:
    """Show id, id string, host, port, rack and controller of each broker.

    In KRaft the broker that is named controller only forwards to the controllers.
    """
    from clusterload.report.terminal import brokers_table

    with opened(target) as cluster:
        found = cluster.brokers
    _show(found, brokers_table, "no brokers", as_json=as_json)


@describe.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def topics(names: tuple[str, ...], target: Target, *, as_json: bool) -> None:
    """Show partitions with leader, replicas and ISR; what is out of sync is marked."""
    from clusterload.report.terminal import topics_table

    with opened(target) as cluster:
        found = cluster.topics(names)
    _show(found, topics_table, "no topics", as_json=as_json)


@describe.command()
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def resources(*, as_json: bool) -> None:
    """Show what is measured, which source tells it by what name, and how each figure misleads."""
    from clusterload.cli.console import OUT
    from clusterload.report.resources import resources_document, resources_view

    if as_json:
        import json

        click.echo(json.dumps(resources_document(), indent=2))
    else:
        OUT.print(resources_view(), soft_wrap=True)


@describe.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def groups(names: tuple[str, ...], target: Target, *, as_json: bool) -> None:
    """Show consumer groups with state, members and lag by topic.

    Lag is counted in offsets from what the group committed to the end of the topic.
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
@click.option("--topic", "topics", multiple=True, metavar="NAME", help="Of this topic, not of the brokers.")
@click.option("--all", "every", is_flag=True, help="Also what is left at its default.")
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def configs(topics: tuple[str, ...], target: Target, *, every: bool, as_json: bool) -> None:
    """Show what brokers or topics are set to, where that is not the default, and where it is set.

    What may hold a secret is left out.
    """
    from clusterload.cli.console import OUT
    from clusterload.kafka.configuration import broker_settings, topic_settings
    from clusterload.report.cluster import settings_table

    with opened(target) as cluster:
        settings = topic_settings(cluster, topics) if topics else broker_settings(cluster)
    shown = {name: [one for one in found if every or one.source != "default"] for name, found in settings.items()}
    if as_json:
        _echo_json(tuple({"of": name, "settings": found} for name, found in shown.items()))
    else:
        OUT.print(settings_table(shown, "topics" if topics else "brokers"))


@describe.command()
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def quotas(target: Target, *, as_json: bool) -> None:
    """Show the quotas of clients, users and addresses; each holds on each broker by itself."""
    from clusterload.kafka.configuration import client_quotas
    from clusterload.report.cluster import quotas_table

    with opened(target) as cluster:
        found = client_quotas(cluster)
    _show(found, quotas_table, "no quotas", as_json=as_json)


@describe.command()
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def privileges(*, as_json: bool) -> None:
    """Show which rights each command needs on a cluster with ACLs, and what is missing without one."""
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

    def plain(one: object) -> object:
        if is_dataclass(one) and not isinstance(one, type):
            return asdict(one)
        raise TypeError(f"{type(one).__name__} has no JSON")

    click.echo(json.dumps(found, indent=2, default=plain))
