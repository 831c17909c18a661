"""Tables for the terminal, readable at 80 columns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clusterload.analysis.usage import NOTICEABLE, ResourceLine, Share, Usage
from clusterload.model import units
from clusterload.model.resources import RESOURCES, dimensions
from clusterload.model.wording import in_sentence
from clusterload.report.tables import amount, amount_of_limit, limit_text, table

if TYPE_CHECKING:
    from clusterload.kafka.cluster import Broker, Topic
    from clusterload.workflow.cases import Outcome, Step


def usage_table(usage: Usage) -> Table:
    """Each dimension against its limit, then the parts and other resources that have limits of their own."""
    shown = table("resource", "typical", "peak", "limit", "share")
    for line in usage.lines:
        shares = usage.shares_of(line.resource.name)
        whole = [share for share in shares if not share.part]
        limit = whole[0].limit if whole else usage.limits.of(line.resource.name)
        style = "bold" if _binds(usage, whole[:1]) else ""
        shown.add_row(
            Text(line.resource.title, style=style),
            amount(line, line.typical),
            amount(line, line.peak),
            limit_text(limit, line) if limit else "unknown",
            Text(units.percent(whole[0].typical) if whole else "", style=style),
        )
        for share in whole[1:]:
            shown.add_row("", "", "", limit_text(share.limit, line), units.percent(share.typical), style="dim")
        for share in (share for share in shares if share.part):
            _add_share(shown, share, f"  {share.whose}", bold=_binds(usage, [share]))
    others = dict.fromkeys(share.resource.name for share in usage.shares if usage.line(share.resource.name) is None)
    for share in (share for name in others for share in usage.shares_of(name)):
        _add_share(shown, share, share.title, bold=_binds(usage, [share]))
    return shown


def unmeasured(usage: Usage) -> tuple[str, ...]:
    """Which dimensions no metric gave, a line; nothing where limits are known, of which a verdict says it.

    Without a limit nobody needs them to judge, but an empty place in a table is taken for a small figure.
    """
    missing = [resource.title.lower() for resource in dimensions() if usage.line(resource.name) is None]
    if usage.limits.known or not usage.lines or not missing:
        return ()
    return (f"Not measured: {', '.join(missing)}. 'clusterload doctor' shows what would give them.",)


def _binds(usage: Usage, shares: Sequence[Share]) -> bool:
    return usage.binding is not None and usage.binding in shares


def _add_share(shown: Table, share: Share, title: str, *, bold: bool) -> None:
    """A row of what has no line of its own: its amounts are its share of what its limit allows."""
    style = "bold" if bold else ""
    shown.add_row(
        Text(title, style=style),
        amount_of_limit(share.limit, share, share.typical),
        amount_of_limit(share.limit, share, share.peak),
        limit_text(share.limit, share),
        Text(units.percent(share.typical), style=style),
    )


def saturation_table(usage: Usage) -> Table:
    """How busy the busiest broker is, part by part."""
    shown = table("how busy", "broker", "typical", "peak")
    for title, brokers in _by_resource(usage.saturation).items():
        busiest = max(brokers, key=lambda line: -math.inf if math.isnan(line.typical) else line.typical)
        shown.add_row(title, busiest.broker, units.percent(busiest.typical), units.percent(busiest.peak))
    return shown


def _by_resource(lines: Iterable[ResourceLine]) -> dict[str, list[ResourceLine]]:
    grouped: dict[str, list[ResourceLine]] = {}
    for line in lines:
        grouped.setdefault(line.resource.title, []).append(line)
    return grouped


def case_table(outcome: Outcome, resources: Sequence[str], *, binding: bool = True) -> Table:
    """What changed, what that did to resources, and to the limit load; with the resource that binds or not."""
    titles = [RESOURCES[name].title for name in resources]
    shown = table("dial changed", *titles, "Limit load")
    for step in outcome.steps:
        shown.add_row(_changed(step), *(_cell(step, name) for name in resources), _load_cell(step, binding=binding))
        shown.add_section()
    return shown


def _changed(step: Step) -> Text:
    if step.comparison is None:
        return Text("nothing yet", style="italic")
    lines = (f"{_kept(change.words)}\n{_kept(change.new_value)}" for change in step.comparison.changes)
    return Text("\n".join(lines))


def _kept(words: str) -> str:
    # Non-breaking: a table that runs out of room breaks between lines of ours, not within them.
    return words.replace(" ", "\u00a0")


def _cell(step: Step, resource: str) -> Text:
    line = step.usage.line(resource)
    if line is None:
        return Text("n/a")
    share = step.usage.share(resource)
    text = Text(_kept(amount(line, line.typical)))
    if share is not None:
        text.append(f"\n{units.percent(share.typical)}", style="dim")
    effect = step.comparison.effect(resource) if step.comparison else None
    if effect is not None:
        text.append(f"\n{_times(effect.ratio)}", style="dim" if effect.estimate.contains(1.0) else "bold")
    return text


def _load_cell(step: Step, *, binding: bool) -> Text:
    text = Text(units.percent(step.verdict.limit_load), style="bold")
    if binding and step.usage.binding is not None and step.verdict.limit_load >= NOTICEABLE:
        text.append(f"\n{_kept(in_sentence(step.usage.binding.title))}", style="not bold")
    if step.comparison is not None:
        effect = step.comparison.limit_load
        text.append(f"\n{_times(effect.ratio)}", style="not bold dim" if effect.estimate.contains(1.0) else "bold")
    return text


def _times(ratio: float) -> str:
    return "" if math.isnan(ratio) else f"x {ratio:.2f}"


def prediction_lines(outcome: Outcome) -> list[str]:
    """The connections that metadata predicts, next to those that the brokers counted."""
    lines = []
    for step in outcome.steps:
        predicted = step.run.environment.get("predicted", {}).get("connections")
        counted = step.usage.line("connections")
        if predicted and counted is not None and step.run.plan:
            lines.append(
                f"{step.run.plan.name}: {units.number(counted.typical)} connections counted, "
                f"{predicted['mean']:.1f} ± {predicted['deviation']:.1f} predicted"
            )
    return lines


def _baseline(outcome: Outcome) -> str:
    plan = outcome.steps[0].run.plan
    return "The first load: " + "; ".join(load.dials.as_text() for load in plan.loads) if plan else ""


def _limits(outcome: Outcome) -> Text:
    return Text(f"Limits: {outcome.steps[0].usage.limits.words}", style="dim")


def riddle_view(outcome: Outcome) -> RenderableType:
    """What the team sees: ingress and the load."""
    return Group(_baseline(outcome), case_table(outcome, ["ingress"], binding=False), _limits(outcome))


def answer_view(outcome: Outcome) -> RenderableType:
    """All resources, the connections that were predicted, doubts if any, and the verdict in words."""
    events = [
        Text(f"{event.kind}: {event.text}", style="yellow") for step in outcome.steps for event in step.run.events
    ]
    return Group(
        case_table(outcome, ["ingress", "egress", "requests", "connections"]),
        _limits(outcome),
        *(Text(line, style="dim") for line in prediction_lines(outcome)),
        *events,
        Text(""),
        Text(f"Verdict: {outcome.sentence}.", style="bold"),
    )


def brokers_table(brokers: Iterable[Broker]) -> Table:
    """Brokers as the cluster describes them."""
    shown = table("id", "id string", "host", "port", "rack", "controller")
    for broker in brokers:
        shown.add_row(
            str(broker.id),
            broker.id_string,
            Text(broker.host),
            str(broker.port),
            Text(broker.rack),
            "yes" if broker.controller else "",
        )
    return shown


def topics_table(topics: Iterable[Topic]) -> Table:
    """Partitions with their replicas; what is out of sync is marked."""
    shown = table("topic", "partition", "leader", "replicas", "in sync", "out of sync")
    for topic in topics:
        for partition in topic.partitions:
            shown.add_row(
                Text(topic.name if partition is topic.partitions[0] else ""),
                str(partition.id),
                str(partition.leader) if partition.leader >= 0 else Text("none", style="bold red"),
                _ids(partition.replicas),
                _ids(partition.isr),
                Text(f"! {_ids(partition.out_of_sync)}" if partition.out_of_sync else "", style="bold red"),
            )
        shown.add_section()
    return shown


def _ids(brokers: Iterable[int]) -> str:
    return ",".join(map(str, brokers))
