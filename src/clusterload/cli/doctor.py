"""`clusterload doctor`: what is reachable and readable, what cannot be judged from it, and what would change that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from clusterload.cli import options
from clusterload.cli.grammar import OUTPUT, Command, flag
from clusterload.cli.target import Target, properties_of, sources_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusterload.kafka.cluster import Cluster
    from clusterload.telemetry.sources.source import Source

_RUNS = Path("runs")


@click.command(cls=Command)
@options.cluster_and_metrics
@options.interval
@flag("--paste", group=OUTPUT, text="Print only what can be pasted: exporter rules, quota, ACLs.")
@options.as_json
def doctor(target: Target, *, interval: float, paste: bool, as_json: bool) -> int:
    """Check what is reachable and readable, which causes cannot be judged from it, and what would change that.

    Brokers, login, rights, metrics and this machine, each with a line: ok, warning, missing (it works without, and says
    less) or failed. Nothing is loaded and nothing is changed; it takes some ten seconds. Any part alone will do:
    --bootstrap-server, --exporter, --jolokia, --prometheus, --lab.

    Exit code 1 where something that was named does not work.
    """
    from clusterload.cli.console import OUT, note, print_json
    from clusterload.report.doctor import checkup_document, checkup_view, pastes_view
    from clusterload.workflow.doctor.doctor import checkup

    def sources(cluster: Cluster) -> Sequence[Source]:
        return () if target.source == "admin" else sources_for(target, cluster, interval)

    found = checkup(
        properties_of(target),
        sources,
        endpoints=target.endpoints,
        runs=_RUNS,
        target=_shown(target),
        say=note,
    )
    pastes = found.judgeable.pastes if found.judgeable else ()
    if as_json:
        print_json(checkup_document(found))
    elif paste:
        click.echo(pastes_view(pastes).lstrip("\n"), nl=False)
    else:
        OUT.print(checkup_view(found))
        click.echo(pastes_view(pastes), nl=False)
    return 0 if found.is_usable else 1


def _shown(target: Target) -> str:
    """The options that name the cluster, for commands to be pasted; without what may hold a secret."""
    from clusterload.telemetry.sources.addresses import shown

    words = ["--lab"] if target.lab is not None else []
    words += [f"--cluster {target.cluster}"] if target.cluster else []
    words += [f"--bootstrap-server {target.bootstrap_server}"] if target.bootstrap_server else []
    words += [f"--exporter {broker}={shown(url)}" for broker, url in target.exporter]
    words += [f"--jolokia {broker}={shown(url)}" for broker, url in target.jolokia]
    words += [f"--prometheus {shown(target.prometheus)}"] if target.prometheus else []
    return " ".join(words)
