"""Verdict: a run and its usage judged in one of four states, with a baseline or without, and the words of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from clusterload.analysis.baseline.steady_part import steady_part
from clusterload.analysis.causes import CAUSES, Cause, judge_causes, unseen_causes
from clusterload.analysis.causes.rises import FEWEST, PIECE
from clusterload.analysis.diagnosis.doubts import doubts_of_generator, doubts_of_metrics
from clusterload.analysis.diagnosis.remarks import remarks
from clusterload.analysis.finding import Evidence, Finding, Reached
from clusterload.analysis.headroom import Headroom, headroom
from clusterload.analysis.host_cpu import full_hosts
from clusterload.analysis.own_quotas import without_own_throttling
from clusterload.analysis.provider_load import ProviderLoad, full_by_provider
from clusterload.analysis.request_times import risen_times
from clusterload.analysis.thread_pools import saturated_pools
from clusterload.analysis.usage import NOTICEABLE, SUSTAINED, ResourceLine, Share, Usage, is_plural
from clusterload.analysis.window_stats import WindowStats
from clusterload.model import units
from clusterload.model.display import Displayed
from clusterload.model.run import Run
from clusterload.model.wording import by_number, few_alike, in_sentence

SHORTEST: Final = 3.0
"""Seconds that a window must last to be judged: one or two readings show a moment, and not a rate."""

MOST_NAMED: Final = 5
"""Brokers that are named where many differ."""

LIKELY: Final = 0.5
"""Confidence from which on a cause is said to be why."""


class State(StrEnum):
    """What a verdict says; *limited* is at or over a limit or a guideline, or saturated."""

    WITHIN = "within limits"
    UNSATURATED = "not saturated"
    """No limit of the cluster is known, so that only how busy its brokers are was judged."""
    LIMITED = "limited"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Displayed):
    """The judgement of one run.

    Attributes:
        state: within limits, not saturated, limited or inconclusive.
        limit_load: typical share of the resource that binds, as a ratio; NaN if unknown.
        binding: the resource with the largest share.
        saturation: the busiest broker's busiest part.
        reached: the limits that are reached, and what is saturated.
        findings: the causes that hold, in any state; the likeliest first.
        headroom: how far each resource lets today's mix grow, the first to bind first.
        missing: what was not seen or not done as asked, a line each; why it is inconclusive if it is.
        limits: what it was held against, in words.
        notes: what else is to be known of what was compared, a line each; it makes nothing inconclusive.
        judged: how many causes the metrics can show.
        unseen: ids of those that they cannot.
        unjudged: why no cause was judged at all; empty if they were.
        times: where in the brokers requests take longer than before.
    """

    state: State
    limit_load: float
    binding: Share | None
    saturation: ResourceLine | None
    reached: tuple[Reached, ...] = ()
    findings: tuple[Finding, ...] = ()
    headroom: tuple[Headroom, ...] = ()
    missing: tuple[str, ...] = ()
    limits: str = ""
    notes: tuple[str, ...] = ()
    judged: int = 0
    unseen: tuple[str, ...] = ()
    unjudged: str = ""
    times: tuple[Evidence, ...] = ()

    def __str__(self) -> str:
        return f"Verdict: {self.sentence}{f' ({self.limits})' if self.limits else ''}"

    @property
    def likely(self) -> tuple[Finding, ...]:
        """The findings that are more likely right than wrong."""
        return tuple(finding for finding in self.findings if finding.confidence >= LIKELY)

    @property
    def sentence(self) -> str:
        """The verdict in words: `limited by connections because of connection-churn (client a); connections bind …`."""
        parts = [str(self.state)]
        if self.state is State.UNSATURATED:
            parts.append("no limits are known")
        elif self.state is State.INCONCLUSIVE:
            parts[0] += f" ({'; '.join(few_alike(self.missing))})" if self.missing else ""
        elif self.state is State.LIMITED:
            parts[0] = _held_by(self.reached) + _because(self.likely, self.reached)
        if contributor := _contributor(self.likely, self.reached, self.binding):
            parts.append(contributor)
        if self.binding is not None:
            parts.append(_binding(self.binding))
        return "; ".join(parts)

    @property
    def nothing_found(self) -> str:
        """What it means that there is no finding: of all causes, of some, or that none could be judged."""
        if self.unjudged:
            return f"No cause was judged: {self.unjudged}."
        if not self.unseen:
            return "No cause of the catalogue holds."
        if not self.judged:
            return "No cause could be judged: these metrics show none of the catalogue."
        unseen = ", ".join(self.unseen)
        return f"None of the {self.judged} causes holds that these metrics can show. They cannot show {unseen}."


def diagnose(run: Run, usage: Usage, baseline: Run | None = None) -> Verdict:
    """Judge a run. Pure: the same run and usage give the same verdict anywhere and at any time.

    Args:
        run: the stretch that is judged.
        usage: of the run, against limits.
        baseline: what was usual before it; without one ratios and shares are judged, with less confidence.
    """
    compared, unsteady = steady_part(baseline) if baseline is not None else (None, "")
    clock = any(event.kind == "clock-jumped" for event in run.events)
    # Where the clock was set, no rate can be believed.
    unjudged = "the clock jumped during the run" if clock else _too_short(run)
    stats = _facts(run, compared)
    findings = () if unjudged else judge_causes(stats, usage)
    few = as_before = ""
    if compared is not None and not findings and not unjudged:
        few, by_level = _too_few(run, compared), _facts(run, None)
        found = judge_causes(by_level, usage)
        if few:
            stats, findings = by_level, found
        else:
            as_before = _as_before(found)
    unseen = unseen_causes(stats)
    hosts = full_hosts(run, usage)
    pools = saturated_pools(run, usage)
    full_pools = (pool.reached for pool in pools if not pool.doubt)
    reached = (
        *over_limit(usage),
        *full_by_provider(usage.provider),
        *full_pools,
        *(host.reached for host in hosts if host.by_brokers),
    )
    missing = (
        *filter(None, (unjudged,)),
        *doubts_of_generator(run),
        *doubts_of_metrics(run, usage),
        *(host.doubt for host in hosts if not host.by_brokers),
        *(pool.doubt for pool in pools if pool.doubt),
    )
    return Verdict(
        state=_state(usage, reached, missing, timeless=clock),
        limit_load=usage.typical_load,
        binding=usage.binding,
        saturation=usage.busiest,
        reached=reached,
        findings=findings,
        headroom=headroom(usage),
        missing=missing,
        limits=usage.limits.against,
        notes=(
            *filter(None, (unsteady, few, as_before, _unmatched(stats), ProviderLoad.of(usage.provider).note)),
            *_look_alikes(findings, unseen),
            *remarks(stats),
        ),
        judged=len(CAUSES) - 1 - len(unseen),
        unseen=tuple(cause.id for cause in unseen),
        unjudged=unjudged,
        times=() if unjudged else risen_times(stats),
    )


def _too_short(run: Run) -> str:
    short = run.seconds < SHORTEST
    return f"a window of {units.duration(run.seconds)} is too short to judge" if short else ""


def _facts(run: Run, baseline: Run | None) -> WindowStats:
    """What causes are judged by: without what quotas of ours did, which does not count as an incident."""
    before = None if baseline is None else without_own_throttling(baseline)
    return WindowStats(without_own_throttling(run), before)


def _as_before(found: Sequence[Finding]) -> str:
    """That a cause holds by its level, which it had in the baseline already: nothing rose, but not all is well."""
    if not found or found[0].confidence < LIKELY:
        return ""
    first = found[0]
    return (
        "nothing rose above the baseline, but as in the baseline the largest contributor is "
        f"{first.cause}{_who(first)}, confidence {units.percent(first.confidence)}; '--baseline none' shows it"
    )


def _look_alikes(findings: Sequence[Finding], unseen: Sequence[Cause]) -> Iterator[str]:
    """That the likeliest cause may be another one, which the metrics cannot show."""
    if not findings or findings[0].confidence < LIKELY:
        return
    first = findings[0].cause
    alike = [cause.id for cause in unseen if cause.id in CAUSES[first].look_alikes]
    if alike:
        yield (
            f"these metrics cannot tell {first} from {' or '.join(alike)}, which they do not show: "
            "'clusterload doctor' says what would"
        )


def _too_few(run: Run, baseline: Run) -> str:
    """That a baseline has too few figures to tell a rise by, so that none that was found means nothing; or empty."""
    coarsest = max((series.granularity for series in run.named("requests")), default=1.0)
    if baseline.seconds >= FEWEST * max(PIECE, coarsest):
        return ""
    seconds = units.duration(round(baseline.seconds))
    return f"a baseline of {seconds} is too short to tell a rise from chance, and absolute levels were evaluated"


def _unmatched(stats: WindowStats) -> str:
    """That brokers were seen in only one of window and baseline: `88 of 100 brokers …`."""
    if not stats.unmatched:
        return ""
    every = stats.brokers | stats.unmatched
    names = by_number(stats.unmatched)
    listed = ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
    matched = f"{len(every) - len(names)} of {len(every)} brokers"
    return f"{matched} gave figures in both window and baseline, and are compared; not broker {listed}"


def _state(usage: Usage, reached: Sequence[Reached], missing: Sequence[str], *, timeless: bool) -> State:
    # A limit that was seen to be reached is reached, whatever else was not seen; a full cluster is also what
    # makes a generator late. That none was reached can only be said when all was done and seen. Where the clock
    # was set, no rate can be believed.
    if timeless:
        return State.INCONCLUSIVE
    if reached:
        return State.LIMITED
    if missing:
        return State.INCONCLUSIVE
    return State.WITHIN if usage.limits.known else State.UNSATURATED


def over_limit(usage: Usage) -> Iterator[Reached]:
    """Limits that are reached."""
    over = [share for share in usage.shares if share.sustained >= 1]
    for share in over:
        are = "are at or over their" if is_plural(share.title) else "is at or over its"
        yield Reached(
            what=in_sentence(share.title),
            sentence=f"{share.title} {are} {'guideline' if share.advised else 'limit'}",
            evidence=(
                f"{units.percent(share.sustained)} of {share.limit.words}, "
                f"{share.limit.force} ({share.limit.source}, {share.limit.as_of})",
            ),
            advised=share.advised,
        )
    if not over and _in_turn(usage.shares):
        yield Reached(
            what="several resources in turn",
            sentence="The limit load is at or over 100 %, by several in turn",
            advised=not _in_turn([share for share in usage.shares if not share.advised]),
        )


def _in_turn(shares: Sequence[Share]) -> bool:
    """Whether there is a share at 100 % in as much of the window as counts as sustained."""
    if not shares or not len(shares[0].values):
        return False
    peaks = np.max(np.stack([share.values for share in shares]), axis=0)
    return float(np.mean(peaks >= 1)) >= 1 - SUSTAINED


def _held_by(reached: Sequence[Reached]) -> str:
    """`limited by connections and over the guideline of ingress`: what is only advised is not said to limit."""
    by = dict.fromkeys(item.what for item in reached if not item.advised)
    over = dict.fromkeys(item.what for item in reached if item.advised and item.what not in by)
    parts = [(by, str(State.LIMITED) + " by"), (over, "over the guideline of")]
    return " and ".join(f"{words} {' and '.join(few_alike(causes))}" for causes, words in parts if causes)


def _because(findings: Sequence[Finding], reached: Sequence[Reached]) -> str:
    """The likeliest cause with its first culprit: ` because of fan-out (client reports)`."""
    if not findings:
        return ""
    first = findings[0]
    if not first.compared:
        return ""
    who = _who(first)
    return who if _is_reached(first, reached) else f" because of {first.cause}{who}"


def _contributor(findings: Sequence[Finding], reached: Sequence[Reached], binding: Share | None) -> str:
    """Without a baseline what changed is not known: `largest contributor: fan-out (client reports)`."""
    if not findings or findings[0].compared:
        return ""
    first = findings[0]
    if not (binding is not None and binding.resource.name == first.cause) and not _is_reached(first, reached):
        return f"largest contributor: {first.cause}{_who(first)}"
    return f"largest contributor: {first.culprits[0].words}" if first.culprits else ""


def _who(finding: Finding) -> str:
    """Its first culprit: ` (client reports)`; nothing where nobody is named."""
    return f" ({finding.culprits[0].words})" if finding.culprits else ""


def _is_reached(finding: Finding, reached: Sequence[Reached]) -> bool:
    """Whether a cause is what is reached: that connections bind because of connections says nothing."""
    return any(finding.cause.partition("-")[0] == item.what.partition(" ")[0] for item in reached)


def _binding(share: Share) -> str:
    if share.typical < NOTICEABLE:
        return f"no resource is above {units.percent(NOTICEABLE)} of its limit"
    name, many = share.title, is_plural(share.title)
    of = f" of {'their' if many else 'its'} guideline" if share.advised else ""
    return f"{in_sentence(name)} {'bind' if many else 'binds'} at {units.percent(share.typical)}{of}"
