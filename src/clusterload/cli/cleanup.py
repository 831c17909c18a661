"""`clusterload cleanup`: remove the topics and consumer groups that runs made, and quotas that were left set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from clusterload.cli import options
from clusterload.cli.grammar import Command
from clusterload.cli.target import Target, check_yes, confirmed, opened

if TYPE_CHECKING:
    from clusterload.workflow.consent import Consent


@click.command(cls=Command)
@click.argument("names", nargs=-1, metavar="[RUN_ID_OR_FILE...]")
@options.cluster
@options.yes
@options.dry_run("Print what would be removed, and remove nothing.")
def cleanup(names: tuple[str, ...], target: Target, consented: Consent, *, dry_run: bool) -> int:
    """Remove the topics and consumer groups that runs created on their cluster.

    Topics that existed before the run, or were recreated since, are never touched. Temporary quotas that clusterload
    could not restore are removed in any case, also if no run is given.
    """
    from clusterload.cli.console import note
    from clusterload.lab.registry import find_lab
    from clusterload.workflow.cleanup import Outcome, check_cluster, found_run, leftovers
    from clusterload.workflow.cleanup import cleanup as removed
    from clusterload.workflow.temporary_quota import outstanding

    runs = [found_run(name) for name in names]
    if dry_run:
        check_yes(target, consented)
    with opened(target) as cluster:
        check_cluster(runs, cluster)
        things = [f"{left.kind} {left.name}" for left in leftovers(runs)]
        things += [lease.words for lease in outstanding(cluster)]
        if not things:
            made = "these runs made no topic and no group" if runs else "nothing was left on this cluster"
            note(f"{made}: there is nothing to remove")
            return 0
        if not dry_run and find_lab(cluster.id) is None:
            for thing in things:
                note(f"to be removed: {thing}")
            consented = confirmed(consented, cluster, "remove this from it")
        outcomes = removed(cluster, runs, consented=consented, dry_run=dry_run)
    for thing, outcome in outcomes:
        click.echo(f"{thing}: {outcome}")
    return int(any(outcome.startswith(Outcome.REFUSED) for _, outcome in outcomes))
