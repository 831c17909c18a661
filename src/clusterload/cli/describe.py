"""`clusterload describe`: what a cluster is made of."""

from __future__ import annotations

import click

from clusterload.cli.options import Target, opened, target_options


@click.group()
def describe() -> None:
    """Show a cluster's brokers or topics, or what is measured of a cluster."""


@describe.command()
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def brokers(target: Target, *, as_json: bool) -> None:
    """Show id, id string, host, port, rack and controller of each broker.

    In KRaft the broker that is named controller only forwards to the controllers.
    """
    from clusterload.cli.console import OUT
    from clusterload.reports.terminal import brokers_table

    with opened(target) as cluster:
        found = cluster.brokers
    if as_json:
        _echo_json(found)
    else:
        OUT.print(brokers_table(found))


@describe.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def topics(names: tuple[str, ...], target: Target, *, as_json: bool) -> None:
    """Show partitions with leader, replicas and ISR; what is out of sync is marked."""
    from clusterload.cli.console import OUT
    from clusterload.reports.terminal import topics_table

    with opened(target) as cluster:
        found = cluster.topics(names)
    if as_json:
        _echo_json(found)
    elif found:
        OUT.print(topics_table(found))
    else:
        OUT.print("no topics")


@describe.command()
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def resources(*, as_json: bool) -> None:
    """Show what is measured, which source tells it by what name, and how each figure misleads."""
    from clusterload.cli.console import OUT
    from clusterload.reports.resources import resources_document, resources_view

    if as_json:
        import json

        click.echo(json.dumps(resources_document(), indent=2))
    else:
        OUT.print(resources_view(), soft_wrap=True)


def _echo_json(found: tuple[object, ...]) -> None:
    import json
    from dataclasses import asdict

    click.echo(json.dumps([asdict(one) for one in found], indent=2))  # type: ignore[call-overload]
