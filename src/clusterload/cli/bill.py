"""`clusterload bill`: who pays for the brokers' time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from clusterload.analysis.bill.charge import KINDS
from clusterload.cli import options
from clusterload.cli.grammar import OUTPUT, TIMES, Command, option
from clusterload.cli.past import at_moment, check_alone
from clusterload.cli.stretch import Watched, run_part, with_baseline
from clusterload.cli.target import Target, Unlock, observed, sources_for, unlocked
from clusterload.model.errors import UsageError

if TYPE_CHECKING:
    from clusterload.model.run import Run
    from clusterload.workflow.consent import Consent

_BASELINE: Final = "20s"


@click.command(cls=Command)
@click.argument("stored", metavar="[RUN]", required=False)
@options.cluster_and_metrics
@options.duration("How long to watch after the baseline; 40s by default.", TIMES)
@options.baseline
@options.at
@options.unlock
@options.yes
@option("--by", type=click.Choice(KINDS), group=OUTPUT, help="Show only this view, with more rows.")
@options.out("Where to write the run file of what is watched; in runs/ by default.")
@options.as_json
def bill(
    stored: str | None,
    target: Target,
    *,
    duration: float | None,
    baseline: str | None,
    at: str | None,
    unlock: Unlock,
    consented: Consent,
    by: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Show who used how much of the brokers: by client id, principal, topic, broker and type of request.

    Watches a cluster without sending load, by default 20 s of baseline and then 40 s; or evaluates a RUN or a part of
    it, as in peak.run@10s..40s; or with --at a moment of the past. The largest increase over the baseline comes first;
    what cannot be attributed has a row of its own.
    """
    if at is not None:
        check_alone(**{"a RUN": stored, "--for": duration is not None, "--unlock-client-metrics": unlock.unlock})
        window, before = at_moment(target, at, baseline, out)
    elif stored:
        if unlock.unlock or duration is not None:
            raise UsageError(
                "--for and --unlock-client-metrics are for a cluster that is watched, not for a RUN: leave them out"
            )
        window, before = with_baseline(run_part(stored), baseline, search=True)
    else:
        window, before = _watched(target, duration, baseline, consented, unlock, out)
    _show(window, before, by or "", as_json=as_json)
    if not stored and not as_json:
        from clusterload.cli.console import OUT

        OUT.print(f"Run file: {window.path}", soft_wrap=True)


def _watched(
    target: Target, duration: float | None, baseline: str | None, consented: Consent, unlock: Unlock, out: Path | None
) -> tuple[Run, Run | None]:
    """What a live cluster did, and its baseline."""
    from clusterload.cli.console import note, waiting
    from clusterload.workflow.past_baseline import latest, with_past
    from clusterload.workflow.watch import watch

    with observed(target) as cluster:
        sources = sources_for(target, cluster)
        # Who has a history needs not to wait for a baseline.
        watched = Watched.of(duration, baseline or (None if with_past(sources) else _BASELINE))
        if (past := watched.known_by(sources)) is not None:
            return watched.parts(latest(past, cluster, out), sources)
        seconds, read = watched.seconds, sources or None
        with unlocked(target, cluster, consented, unlock, seconds) as events:
            note(watched.sentence)
            seen = watch(cluster, seconds=seconds, sources=read, path=out, on_wait=waiting, events=events)
    return watched.parts(seen, sources)


def _show(now: Run, before: Run | None, by: str, *, as_json: bool) -> None:
    from clusterload.analysis.bill import bill as billed
    from clusterload.analysis.bill import fit_prices
    from clusterload.analysis.window_stats import WindowStats
    from clusterload.cli.console import OUT, print_json
    from clusterload.report.bill import Billed, bill_document, bill_report

    priced = fit_prices([before, now] if before else [now])
    found = Billed(bill=billed(now, before), prices=priced, facts=WindowStats(now, before))
    if as_json:
        print_json(bill_document(found))
    else:
        OUT.print(bill_report(found, by=by))
