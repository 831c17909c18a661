"""What a cluster that is being watched looks like: the last minute, drawn anew each second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clusterload import units
from clusterload.diagnosis import Verdict
from clusterload.reports.tables import amount, limit_text, table
from clusterload.resources import RESOURCES
from clusterload.run import Run
from clusterload.series import Floats, joined
from clusterload.usage import Line, Share, Usage

_BARS: Final = " ▁▂▃▄▅▆▇█"
_SPARK_WIDTH: Final = 24
_EVENTS: Final = 3
# What should be nothing, and is worth a line when it is not.
_ALARMS: Final = ("under_replicated", "offline_partitions")
_NEAR: Final = 0.8


def watch_view(run: Run, usage: Usage, verdict: Verdict) -> RenderableType:
    """The last stretch of a watched cluster, within 80 columns.

    Args:
        run: the stretch.
        usage: the same against limits.
        verdict: the same judged.
    """
    return Group(
        _headline(usage),
        _resources(usage),
        *_alarms(run, usage),
        *(
            Text(f"{event.kind}: {event.text}", style="yellow", no_wrap=True, overflow="ellipsis")
            for event in run.events[-_EVENTS:]
        ),
        Text(verdict.sentence, style="bold"),
    )


def watch_line(usage: Usage) -> str:
    """The same in a line: `limit load 46 % (connections), request handlers of broker 2 31 % busy`."""
    load = _last(usage.limit_load)
    parts = [f"limit load {units.percent(load)}"]
    if usage.binding is not None:
        parts[0] += f" ({usage.binding.title.lower()})"
    if usage.busiest is not None:
        parts.append(f"{usage.busiest.resource.title.lower()} {units.percent(_last(usage.busiest.values))}")
        parts[-1] += f" on broker {usage.busiest.broker}"
    return ", ".join([*parts, *level_words(usage)])


def level_words(usage: Usage) -> Iterator[str]:
    """What each dimension comes to now, where that is known: `ingress 2.1 MB/s`."""
    for line in usage.lines:
        if not np.isnan(_last(line.values)):
            yield f"{line.resource.title.lower()} {amount(line, _last(line.values))}"


def _headline(usage: Usage) -> Table:
    shown = Table.grid(padding=(0, 2))
    load = usage.limit_load
    binding = usage.binding
    shown.add_row(
        Text("limit load", style="bold"),
        Text(units.percent(_last(load)) if usage.shares else "unknown", style=_heat(_last(load))),
        spark(load, 1.0),
        Text(f"by {binding.title.lower()}" if binding else "no limit is known", style="dim"),
    )
    busiest = usage.busiest
    if busiest is not None:
        shown.add_row(
            Text("saturation", style="bold"),
            Text(units.percent(_last(busiest.values)), style=_heat(_last(busiest.values))),
            spark(busiest.values, 1.0),
            Text(f"by {busiest.resource.title.lower()}, broker {busiest.broker}", style="dim"),
        )
    return shown


def _resources(usage: Usage) -> Table:
    shown = table("resource", "now", "last minute", "", "limit", "share")
    for line in usage.lines:
        share = usage.share(line.resource.name)
        shown.add_row(
            line.resource.title,
            amount(line, _last(line.values)),
            amount(line, line.typical),
            spark(line.values, float(np.nanmax(line.values)) if line.known else 0.0),
            limit_text(share.limit, line) if share else "unknown",
            Text(units.percent(_last(share.values)), style=_heat(_last(share.values))) if share else "",
        )
    shown.add_section()
    for name, brokers in _by_resource(usage.saturation).items():
        busiest = max(brokers, key=lambda line: np.nan_to_num(line.typical, nan=-1.0))
        now = _last(busiest.values)
        shown.add_row(
            name,
            Text(units.percent(now), style=_heat(now)),
            units.percent(busiest.typical),
            spark(busiest.values, 1.0),
            "",
            Text(f"broker {busiest.broker}", style="dim"),
        )
    return shown


def _by_resource(lines: Sequence[Line | Share]) -> dict[str, list[Line]]:
    grouped: dict[str, list[Line]] = {}
    for line in lines:
        grouped.setdefault(line.resource.title, []).append(line)
    return grouped


def _alarms(run: Run, usage: Usage) -> Iterator[Text]:
    for name in _ALARMS:
        series = run.named(name)
        count = _last(joined(series, usage.grid)) if series else 0.0
        if count > 0:
            yield Text(f"{RESOURCES[name].title}: {units.number(count)}", style="bold red")


def _last(values: Floats) -> float:
    """The newest value that is known."""
    known = values[~np.isnan(values)]
    return float(known[-1]) if len(known) else float("nan")


def _heat(share: float) -> str:
    return "bold red" if share >= 1 else "yellow" if share >= _NEAR else ""


def spark(values: Floats, top: float) -> Text:
    """A line of small bars, the newest to the right, blank in gaps; `top` is a full bar."""
    tail = values[-_SPARK_WIDTH:]
    if not top > 0:
        return Text("")
    steps = len(_BARS) - 1
    return Text(
        "".join(" " if np.isnan(one) else _BARS[min(steps, max(1, round(one / top * steps)))] for one in tail),
        style="cyan",
        no_wrap=True,
    )
