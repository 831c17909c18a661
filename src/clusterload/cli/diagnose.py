"""`clusterload diagnose`: what loads a cluster, who, and what would change it; live or from a run file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli import options
from clusterload.cli.gates import Gates
from clusterload.cli.grammar import TIMES, Command
from clusterload.cli.past import at_moment, check_alone
from clusterload.cli.stretch import Watched, run_part, with_baseline
from clusterload.cli.target import (
    Target,
    Unlock,
    observed,
    sources_with_admin,
    unlocked,
)
from clusterload.model.errors import UsageError

if TYPE_CHECKING:
    from clusterload.model.limits import Limits
    from clusterload.model.run import Run
    from clusterload.workflow.consent import Consent


@click.command(cls=Command)
@click.argument("file", metavar="[RUN]", required=False)
@options.cluster_or_new_lab
@options.duration("How long to watch after the baseline; 40s by default.", TIMES)
@options.baseline
@options.at
@options.interval
@options.limits
@options.gates
@options.unlock
@options.yes
@options.out("Where to write the run file of what is watched; in runs/ by default.")
@options.as_json
def diagnose(
    file: str | None,
    target: Target,
    *,
    duration: float | None,
    baseline: str | None,
    at: str | None,
    interval: float,
    limits: Limits | None,
    gates: Gates,
    unlock: Unlock,
    consented: Consent,
    out: Path | None,
    as_json: bool,
) -> None:
    """Name the causes of a cluster's load, with evidence, culprit, cure, and what would disprove each.

    Diagnoses RUN (a run file, or a part as in night.run@10m..20m), or watches a cluster without sending load: first
    the baseline, then the window. A Prometheus that is the only source knows both already, so nothing is waited for.

    If no baseline is named, the time before the last lasting rise of the load is taken, or with a Prometheus the same
    hour of other days, and named; where there is none, or with '--baseline none', ratios and shares are judged,
    with less confidence.

    With --at a moment of the past is judged, from the change before it to some minutes after it, by a Prometheus or the
    Metrics API alone.

    Without --limits it is compared with the limits that the brokers declare; where they declare none, it is judged by
    how busy the brokers are.
    """
    if at is not None:
        check_alone(**{"a RUN": file, "--for": duration is not None, "--unlock-client-metrics": unlock.unlock})
        gates.check(None)
        window, before = at_moment(target, at, baseline, out)
    elif file is not None:
        if duration is not None or unlock.unlock or out:
            raise UsageError(
                "--for, --unlock-client-metrics and --out are for a cluster that is watched, not for a RUN"
            )
        window, before = with_baseline(run_part(file), baseline, search=not gates.fail_if)
        gates.check(window.plan)
    else:
        gates.check(None)
        watched = Watched.of(duration, baseline, search=not gates.fail_if)
        window, before = _watched(target, watched, interval, limits, consented, unlock, out)
    _show(window, before, limits, gates, as_json=as_json)


def _show(window: Run, before: Run | None, limits: Limits | None, gates: Gates, *, as_json: bool) -> None:
    from clusterload.analysis.diagnosis import diagnose as judged
    from clusterload.analysis.usage import assess
    from clusterload.cli.console import OUT, print_json
    from clusterload.report.diagnosis import diagnosis_document, diagnosis_view
    from clusterload.report.gates import gate_view

    usage = assess(window, limits)
    verdict = judged(window, usage, before)
    gate = gates.held(window, usage)
    if as_json:
        print_json(diagnosis_document(window, usage, verdict, before, gate))
    else:
        OUT.print(diagnosis_view(window, usage, verdict, before), *gate_view(gate), sep="\n")
        other = f", baseline: {before.path}" if before is not None and before.path != window.path else ""
        OUT.print(f"Run file: {window.path}{other}", soft_wrap=True)
    gates.settle(window, usage, verdict, gate)


def _watched(
    target: Target,
    watched: Watched,
    interval: float,
    limits: Limits | None,
    consented: Consent,
    unlock: Unlock,
    out: Path | None,
) -> tuple[Run, Run | None]:
    """What is judged of a cluster that was watched, and its baseline."""
    from clusterload.cli.console import note
    from clusterload.cli.live import live, said
    from clusterload.workflow.past_baseline import latest
    from clusterload.workflow.watch import watch

    seconds = watched.seconds
    with observed(target) as cluster:
        title, sources = cluster.title, sources_with_admin(target, cluster, interval)
        if (past := watched.known_by(sources)) is not None:
            return watched.parts(latest(past, cluster, out), sources)
        with (
            unlocked(target, cluster, consented, unlock, seconds) as events,
            live(limits, title=title, seconds=seconds) as feed,
        ):
            note(watched.sentence)
            seen = watch(
                cluster,
                seconds=seconds,
                sources=sources,
                path=out,
                on_look=feed.look,
                on_judge=feed.judge,
                on_wait=said(feed),
                events=events,
            )
    return watched.parts(seen, sources)
