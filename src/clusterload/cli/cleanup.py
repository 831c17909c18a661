"""`clusterload cleanup`: remove the topics and consumer groups that runs made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from clusterload.cli.options import Target, confirmed, opened, target_options, yes_option

if TYPE_CHECKING:
    from clusterload.consent import Consent


@click.command(short_help="Remove the topics and groups that runs made.")
@click.argument("names", nargs=-1, required=True, metavar="RUN_ID_OR_FILE...")
@target_options
@yes_option
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
def cleanup(names: tuple[str, ...], target: Target, consented: Consent, *, dry_run: bool) -> int:
    """Remove what runs made on their cluster: topics that came into being by them, and their consumer groups.

    A topic that was there before is never touched, nor one that was made anew under its name since.
    """
    from clusterload.cli.console import note
    from clusterload.lab import find_lab
    from clusterload.removal import Outcome, check_cluster, found_run, leftovers, removed

    runs = [found_run(name) for name in names]
    left = leftovers(runs)
    with opened(target) as cluster:
        check_cluster(runs, cluster)
        if not left:
            note("these runs made no topic and no group: there is nothing to remove")
            return 0
        if not dry_run and find_lab(cluster.id) is None:
            for one in left:
                note(f"to be removed: {one.kind} {one.name}")
            confirmed(consented, cluster, "remove this from it").require_for(cluster.id, "remove this from it")
        outcomes = []
        for one, outcome in removed(left, cluster, only_say=dry_run):
            click.echo(f"{one.kind} {one.name}: {outcome}")
            outcomes.append(outcome)
    return int(any(outcome.startswith(Outcome.REFUSED) for outcome in outcomes))
