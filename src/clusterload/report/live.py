"""How a run stands, on a terminal: a page of 80 columns that is redrawn, or a line now and then."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from clusterload.analysis.usage import NOTICEABLE
from clusterload.model import units
from clusterload.model.wording import in_sentence
from clusterload.report.diagnosis import confidence_words
from clusterload.report.plain import one_line
from clusterload.report.tables import amount, limit_text, table

if TYPE_CHECKING:
    from clusterload.workflow.live import Snapshot
    from clusterload.workflow.live.snapshot import DialNow, FindingNow, Judgement, LevelNow, LoadNow, Metrics

_BARS: Final = " ▁▂▃▄▅▆▇█"
_SPARK_WIDTH: Final = 20
_NARROW: Final = 6
_BAR_WIDTH: Final = 16
_EVENTS: Final = 3
_FINDINGS: Final = 3
_NEAR: Final = 0.8


def live_view(snapshot: Snapshot) -> RenderableType:
    """How a run stands, within 80 columns."""
    metrics = snapshot.metrics
    return Group(
        _head(snapshot),
        *((_line(snapshot.note, "dim"),) if snapshot.note else ()),
        *(part for load in snapshot.loads for part in _load(load)),
        *(_cluster(metrics) if metrics else ()),
        *_judged(snapshot.judgement, snapshot.at),
        *(_line(f"{event.kind}: {event.text}", "yellow") for event in snapshot.events[-_EVENTS:]),
        # The longest part last: of a low terminal it is what is cut off.
        *((_resources(metrics),) if metrics else ()),
        *((_saturation(metrics),) if metrics and metrics.saturation else ()),
    )


def live_line(snapshot: Snapshot) -> str:
    """The same in a line: `15 s of 25 s: sales: record_rate 500/s of 500/s, …; limit load 24 % (connections), …`."""
    parts = [load_line(load) for load in snapshot.loads]
    if snapshot.metrics is not None:
        parts.append(_metrics_line(snapshot.metrics))
    parts += [
        f"found: {_found(finding, snapshot.at)}" for finding in _shown(snapshot.judgement.findings) if finding.firm
    ]
    return one_line(f"{progress_words(snapshot)}: {'; '.join(parts) or snapshot.note or 'no figures yet'}")


def end_line(snapshot: Snapshot) -> str:
    """What a load came to, in a line, when it is over."""
    loads = (f"{load.name}: {', '.join(_account(load))}" for load in snapshot.loads)
    return one_line(f"{snapshot.title}: {'; '.join(loads)}")


def load_line(load: LoadNow) -> str:
    """A Load in one line: `produce: request_rate 500/s of 500/s, 2,500 records, 0 lost, p50 1.2 ms, p99 2.1 ms`."""
    dials = (f"{dial.dial} {_amount(dial.achieved, dial)} of {_amount(dial.asked, dial)}" for dial in load.dials)
    return f"{load.name}: {', '.join([*dials, *_account(load)])}"


def progress_words(snapshot: Snapshot) -> str:
    """How far it is: `15 s of 25 s`, or for how long it has gone on."""
    passed = math.floor(snapshot.elapsed)  # what is not over is not said to be
    if math.isnan(snapshot.duration):
        return units.duration(passed)
    return f"{units.duration(min(passed, snapshot.duration))} of {units.duration(snapshot.duration)}"


def left_words(snapshot: Snapshot) -> str:
    """How long it still takes: `10 s left`; nothing if nobody knows."""
    return "" if math.isnan(snapshot.left) else f"{units.duration(math.ceil(snapshot.left))} left"


def _head(snapshot: Snapshot) -> RenderableType:
    title = Text(one_line(snapshot.title), style="bold", no_wrap=True, overflow="ellipsis")
    words = Text(f"{progress_words(snapshot)}, {left_words(snapshot) or 'until Ctrl-C'}", style="dim", no_wrap=True)
    if math.isnan(snapshot.duration):
        return Group(_line(snapshot.title, "bold"), words)
    bar = ProgressBar(total=max(snapshot.duration, 1e-9), completed=snapshot.elapsed, width=_BAR_WIDTH)
    shown = Table.grid(padding=(0, 2))
    shown.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    shown.add_row(title, bar, words)
    return shown


def _load(load: LoadNow) -> Iterator[Text]:
    yield _line(f"{load.name}: {', '.join(_account(load))}")
    for dial in load.dials:
        yield _line(f"  {dial.dial:20} {_amount(dial.achieved, dial):>14} of {_amount(dial.asked, dial)}", "dim")
    for error, count in load.ledger.errors.items():
        yield _line(f"  {count:,} {error}", "yellow")


def _account(load: LoadNow) -> Iterator[str]:
    yield f"{load.ledger.acknowledged:,} {load.ledger.unit}"
    yield f"{load.lost:,} lost"
    if not math.isnan(load.p99):
        p50, p99 = (units.number(latency * 1e3) for latency in (load.p50, load.p99))
        yield f"p50 {p50} ms, p99 {p99} ms"


def _amount(value: float, dial: DialNow) -> str:
    return units.short(value, dial.unit)


def _cluster(metrics: Metrics) -> Iterator[RenderableType]:
    yield _line(metrics.about, "dim")
    yield _line(metrics.against, "dim")
    yield _headline(metrics)
    for alarm in metrics.alarms:
        yield _line(f"{alarm.resource.title}: {units.number(alarm.now)}", "bold red")


def _headline(metrics: Metrics) -> Table:
    shown = Table.grid(padding=(0, 2))
    busiest = metrics.busiest
    shown.add_row(
        Text("limit load", style="bold"),
        Text(units.percent(metrics.limit_load) if metrics.shares else "unknown", style=_heat(metrics.limit_load)),
        spark(metrics.course, 1.0),
        Text(_binding_words(metrics), style="dim"),
    )
    if busiest is not None:
        shown.add_row(
            Text("saturation", style="bold"),
            Text(units.percent(busiest.now), style=_heat(busiest.now)),
            spark(busiest.course, 1.0),
            Text(f"by {_named(busiest)}", style="dim"),
        )
    return shown


def _binding_words(metrics: Metrics) -> str:
    """What binds; nothing where the cluster is idle."""
    if metrics.binding is None:
        return "" if metrics.limits else "no limits are known"
    return f"by {_named(metrics.binding)}" if metrics.limit_load >= NOTICEABLE else ""


def _named(level: LevelNow) -> str:
    of = f", {level.whose}" if level.whose else ""
    return f"{in_sentence(level.resource.title)}{of}"


def _resources(metrics: Metrics) -> Table:
    shown = table("resource", "now", "typical", "", "limit", "share")
    for line in metrics.lines:
        share = metrics.share(line.resource.name)
        shown.add_row(
            line.resource.title,
            amount(line, line.now),
            amount(line, line.typical),
            spark(line.course[-_NARROW:], _top(line.course)),
            limit_text(share.limit, line) if share else "unknown",
            Text(units.percent(share.now), style=_heat(share.now)) if share else "",
        )
    return shown


def _saturation(metrics: Metrics) -> Table:
    shown = table("how busy", "broker", "now", "typical", "")
    for busiest in metrics.saturation:
        shown.add_row(
            busiest.resource.title,
            busiest.broker,
            Text(units.percent(busiest.now), style=_heat(busiest.now)),
            units.percent(busiest.typical),
            spark(busiest.course[-_NARROW:], 1.0),
        )
    return shown


def _judged(judgement: Judgement, at: float) -> Iterator[Text]:
    for finding in _shown(judgement.findings):
        mark, style = ("•", "bold") if finding.firm else ("?", "dim")
        yield _line(f"{mark} {_found(finding, at)}", style)
    if judgement.sentence:
        yield Text(one_line(judgement.sentence), style="bold")


def _shown(findings: Sequence[FindingNow]) -> Sequence[FindingNow]:
    return findings[:_FINDINGS]


def _found(finding: FindingNow, at: float) -> str:
    lasted = units.duration(max(0, round(at - finding.since)))
    return f"{finding.cause}, {confidence_words(finding.confidence)}, for {lasted}: {finding.sentence}"


def _metrics_line(metrics: Metrics) -> str:
    parts = []
    if metrics.limits:
        binds = metrics.binding is not None and metrics.limit_load >= NOTICEABLE
        by = f"{_named(metrics.binding)}, " if binds and metrics.binding else ""
        parts.append(f"limit load {units.percent(metrics.limit_load)} ({by}limits {metrics.limits})")
    if metrics.busiest is not None:
        parts.append(f"{_named(metrics.busiest)} {units.percent(metrics.busiest.now)}")
    return ", ".join([*parts, *level_words(metrics)])


def level_words(metrics: Metrics) -> Iterator[str]:
    """What each dimension comes to now, where that is known: `ingress 2.1 MB/s`."""
    for line in metrics.lines:
        if not math.isnan(line.now):
            yield f"{in_sentence(line.resource.title)} {amount(line, line.now)}"


def _line(words: str, style: str = "") -> Text:
    return Text(one_line(words), style=style, no_wrap=True, overflow="ellipsis")


def _heat(share: float) -> str:
    return "bold red" if share >= 1 else "yellow" if share >= _NEAR else ""


def _top(values: Iterable[float]) -> float:
    return max((value for value in values if not math.isnan(value)), default=0.0)


def spark(values: Sequence[float], top: float) -> Text:
    """A line of small bars, the newest to the right, blank in gaps; `top` is a full bar."""
    if not top > 0:
        return Text("")
    steps = len(_BARS) - 1
    bars = (
        " " if math.isnan(value) else _BARS[min(steps, max(1, round(value / top * steps)))]
        for value in values[-_SPARK_WIDTH:]
    )
    return Text("".join(bars), style="cyan", no_wrap=True)
