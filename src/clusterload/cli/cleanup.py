"""`clusterload cleanup`: remove the topics and consumer groups that runs made, and quotas that were left set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from clusterload.cli.options import Target, confirmed, opened, target_options, yes_option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clusterload.workflow.consent import Consent


@click.command(short_help="Remove topics and groups that runs made, and quotas that were left.")
@click.argument("names", nargs=-1, metavar="[RUN_ID_OR_FILE...]")
@target_options
@yes_option
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
def cleanup(names: tuple[str, ...], target: Target, consented: Consent, *, dry_run: bool) -> int:
    """Remove what runs made on their cluster: topics that came into being by them, and their consumer groups.

    A topic that was there before is never touched, nor one that was recreated under its name since. With or without
    runs, quotas that clusterload set on the cluster for a while and could not restore are removed.
    """
    from clusterload.cli.console import note
    from clusterload.lab.registry import find_lab
    from clusterload.workflow.cleanup import Outcome, check_cluster, found_run, leftovers, removed, restored_quotas
    from clusterload.workflow.temporary_quota import outstanding

    runs = [found_run(name) for name in names]
    left = leftovers(runs)
    with opened(target) as cluster:
        check_cluster(runs, cluster)
        leases = outstanding(cluster)
        if not left and not leases:
            made = "these runs made no topic and no group" if runs else "nothing was left on this cluster"
            note(f"{made}: there is nothing to remove")
            return 0
        if not dry_run and find_lab(cluster.id) is None:
            for words in (*(f"{one.kind} {one.name}" for one in left), *(lease.words for lease in leases)):
                note(f"to be removed: {words}")
            confirmed(consented, cluster, "remove this from it").require_for(cluster.id, "remove this from it")
        outcomes = ((f"{one.kind} {one.name}", outcome) for one, outcome in removed(left, cluster, only_say=dry_run))
        failed = _told(outcomes, Outcome.REFUSED)
        return int(_told(restored_quotas(cluster, only_say=dry_run), Outcome.REFUSED) or failed)


def _told(outcomes: Iterable[tuple[str, str]], bad: str) -> bool:
    """Print what became of each; whether any went wrong."""
    wrong = False
    for words, outcome in outcomes:
        click.echo(f"{words}: {outcome}")
        wrong |= outcome.startswith(bad)
    return wrong
