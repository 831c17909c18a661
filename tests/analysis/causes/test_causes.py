"""Each cause is named first where its signature holds, with who makes it, and not where its neighbour's does."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterload.analysis.causes import CAUSES, judge_causes
from clusterload.analysis.causes.blame import imbalance, offsets_partition
from clusterload.analysis.usage import assess
from clusterload.analysis.window_stats import WindowStats
from clusterload.model.limits import Limits

from .scenes import BACKGROUND, NO_LIMITS, judged, parted, recorded
from .signatures import SEEN, Seen, asked

IDS = {
    *("connections", "connection-churn", "authentication-failures", "small-batches", "ingress-bytes", "fan-out"),
    *("fetch-storm", "offset-commits", "metadata-storm", "rebalances", "transactions", "producer-ids", "tls"),
    *("hot-partition", "leader-skew", "partitions", "recompression", "slow-replica", "network-delay", "throttling"),
    *("cold-reads", "cpu-starvation", "broker-down", "disk", "compaction", "none"),
    *("down-conversion", "error-storm", "cpu-limit"),
}

SINGLE = {name: seen for name, seen in SEEN.items() if len(seen.causes) == 1}
SEVERAL = {name: seen for name, seen in SEEN.items() if len(seen.causes) > 1}
INNOCENT = {name: seen for name, seen in SEEN.items() if not seen.causes}


@pytest.mark.parametrize("seen", SINGLE.values(), ids=list(SINGLE))
def test_the_cause_is_named_first_and_surely(seen: Seen) -> None:
    findings = judged(seen.changes, silent=seen.silent)
    assert [finding.cause for finding in findings][:1] == list(seen.causes)
    assert findings[0].confidence > 0.8


@pytest.mark.parametrize("seen", SINGLE.values(), ids=list(SINGLE))
def test_the_culprit_is_named_or_it_is_said_how_to_find_it(seen: Seen) -> None:
    first = judged(seen.changes, silent=seen.silent)[0]
    if seen.culprit is None:
        assert first.culprits == ()
        assert f"cannot be named: {CAUSES[first.cause].if_unnamed}" in first.sentence
    else:
        assert seen.culprit in {(culprit.kind, culprit.name) for culprit in first.culprits}
        assert {culprit.source for culprit in first.culprits} <= set(CAUSES[first.cause].named_by.values())


@pytest.mark.parametrize("seen", SEVERAL.values(), ids=list(SEVERAL))
def test_two_causes_at_once_are_both_named(seen: Seen) -> None:
    assert {finding.cause for finding in judged(seen.changes)[:2]} == set(seen.causes)


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("seen", INNOCENT.values(), ids=list(INNOCENT))
def test_what_does_no_harm_is_no_finding(seen: Seen, seed: int) -> None:
    assert judged(seen.changes, seed=seed) == ()


@pytest.mark.parametrize("seen", SINGLE.values(), ids=list(SINGLE))
def test_a_finding_has_figures_of_both_times_a_cure_and_what_would_disprove_it(seen: Seen) -> None:
    first = judged(seen.changes, silent=seen.silent)[0]
    assert first.evidence
    assert all(math.isfinite(figure.now) and figure.source and figure.window_s == 30 for figure in first.evidence)
    assert any(not math.isnan(figure.before) for figure in first.evidence) or seen.silent
    assert first.disproof
    assert first.cure is not None
    assert math.isnan(first.cure.gain) or 0 <= first.cure.gain <= 1


def test_clients_are_ranked_by_their_rise_and_not_by_their_level() -> None:
    changes = {**SEEN["small batches"].changes, "thread_time_by_client{client=usual-1}": 0.5}
    # The usual one was as high before.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKGROUND, "thread_time_by_client{client=usual-1}", 0.5)
        assert judged(changes)[0].culprits[0].name == "amber"


def test_without_metrics_of_clients_no_client_is_named() -> None:
    names = ("thread_time_by_client", "ingress_by_client", "egress_by_client")
    first = judged(SEEN["metadata"].changes, without=names)[0]
    assert (first.cause, first.culprits) == ("metadata-storm", ())
    assert "--unlock-client-metrics" in first.sentence


def test_without_a_baseline_absolute_levels_are_judged_with_less_confidence() -> None:
    based = judged(SEEN["small batches"].changes)[0]
    alone = judged(SEEN["small batches"].changes, baseline=False)[0]
    assert alone.cause == based.cause == "small-batches"
    assert alone.confidence < based.confidence
    assert all(math.isnan(figure.before) for figure in alone.evidence)


def test_the_background_alone_is_no_finding_without_a_baseline() -> None:
    assert judged({}, baseline=False) == ()


def test_four_metrics_a_minute_tell_that_connections_bind_and_payload_does_not() -> None:
    only = ("connections", "ingress", "egress", "requests")
    rest = {name.partition("{")[0].partition("@")[0] for name in BACKGROUND} - set(only)
    levels = {"connections": 47.0, "ingress": 2.1e6, "egress": 0.0, "requests": 90.0}
    findings = judged(levels, baseline=False, without=rest, limits=Limits.named("course-basic"))
    assert [finding.cause for finding in findings] == ["connections"]


@pytest.mark.parametrize("gone", ["requests_by_type", "cpu_broker", "connections", "cpu_host", "leaders", "cores"])
def test_metrics_that_are_missing_lead_to_no_error(gone: str) -> None:
    for name in ("small batches", "active connections", "a broker that died", "TLS", "a busy neighbour"):
        for finding in judged(SEEN[name].changes, silent=SEEN[name].silent, without=(gone,)):
            assert 0 < finding.confidence < 1


def test_a_cluster_without_any_metric_has_no_finding() -> None:
    everything = {name.partition("{")[0].partition("@")[0] for name in BACKGROUND}
    assert judged({}, without=everything) == ()


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from([name for name in BACKGROUND if "@" not in name]),
        st.floats(0, 1e9, allow_nan=False),
        max_size=8,
    ),
    st.booleans(),
)
def test_whatever_brokers_publish_confidences_are_from_0_to_1_and_ranked(
    changes: dict[str, float], baseline: bool
) -> None:
    confidences = [finding.confidence for finding in judged(changes, baseline=baseline)]
    assert all(0 < confidence < 1 for confidence in confidences)
    assert confidences == sorted(confidences, reverse=True)


def test_the_more_of_a_cause_the_surer() -> None:
    found = [
        next((finding.confidence for finding in judged(asked(Metadata=rate)) if finding.cause == "metadata-storm"), 0.0)
        for rate in (10, 40, 400)
    ]
    assert found == sorted(found)
    assert found[0] == 0.0


def test_every_cause_of_the_list_is_in_the_catalogue_and_complete() -> None:
    assert set(CAUSES) == IDS
    for cause in CAUSES.values():
        assert all((cause.means, cause.cure, cause.disproof, cause.if_unnamed))
        assert set(cause.look_alikes) <= set(CAUSES)
        assert set(cause.explains_away) <= set(CAUSES)
        assert all(0 < share <= 1 for share in cause.explains_away.values())


@pytest.mark.parametrize(
    ("group", "value"),
    [("hello", 99162322), ("", 0), ("polygenelubricants", 0), ("ä", 228), ("\U0001d11e", 1772394)],
)
def test_a_group_s_offsets_are_in_the_partition_that_java_s_hash_of_its_name_says(group: str, value: int) -> None:
    assert offsets_partition(group, 1 << 30) == value % (1 << 30)
    assert offsets_partition(group, 50) == value % 50


@pytest.mark.parametrize(("lacking", "who"), [((3, 3, 0), "Broker 3 lags as a replica"), ((2, 2, 2), "Replicas lag")])
def test_missing_replicas_name_their_broker_where_no_request_waits_for_them(
    lacking: tuple[int, int, int], who: str
) -> None:
    changes = {f"under_replicated@{broker}": float(count) for broker, count in enumerate(lacking, 1)}
    waits = ("request_remote_time", "request_time")
    found = next(finding for finding in judged(changes, without=waits) if finding.cause == "slow-replica")
    assert found.sentence.startswith(who)
    assert "nan" not in found.sentence
    assert [culprit.name for culprit in found.culprits] == (["3"] if "3" in who else [])


def test_of_groups_that_share_a_partition_the_one_that_came_is_blamed_first() -> None:
    assert offsets_partition("usual-group", 6) == offsets_partition("yellow-group", 6) == 0
    changes = {
        **SEEN["offset commits"].changes,
        "records_by_partition{topic=__consumer_offsets,partition=5}": 0.1,
        "records_by_partition{topic=__consumer_offsets,partition=0}": 700,
        "group_members{group=yellow-group}": 0,
    }
    groups = [culprit.name for culprit in judged(changes)[0].culprits if culprit.kind == "group"]
    assert groups == ["yellow-group", "usual-group"]


def test_more_bytes_in_no_more_requests_are_high_ingress() -> None:
    changes = {"ingress": 40e6, "replication_in": 80e6, "ingress_by_topic{topic=large}": 39.7e6, "cpu_broker": 0.8}
    found = judged(changes)[0]
    assert found.cause == "ingress-bytes"
    assert ("topic", "large") in [(culprit.kind, culprit.name) for culprit in found.culprits]


def test_a_group_whose_commits_are_counted_is_blamed_without_guessing_by_partitions() -> None:
    changes = {
        **SEEN["offset commits"].changes,
        "offset_commits_by_group{group=usual-group}": 5,
        "offset_commits_by_group{group=busy-group}": 800,
    }
    groups = [culprit for culprit in judged(changes)[0].culprits if culprit.kind == "group"]
    assert [(culprit.name, culprit.source) for culprit in groups] == [("busy-group", "offset_commits_by_group")]


def test_clients_that_tell_their_own_requests_are_blamed_where_brokers_tell_no_thread_time() -> None:
    changes = {
        **SEEN["small batches"].changes,
        "requests_by_client{client=usual-1}": 40,
        "requests_by_client{client=tiny}": 1500,
    }
    clients = [
        each for each in judged(changes, without=("thread_time_by_client",))[0].culprits if each.kind == "client"
    ]
    assert [(culprit.name, culprit.source) for culprit in clients] == [("tiny", "requests_by_client")]


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1e9), max_size=6))
def test_unevenness_is_from_nothing_to_all(values: dict[str, float]) -> None:
    top, far = imbalance(values)
    if math.isnan(far):
        assert len(values) < 2 or not sum(values.values()) > 0
    else:
        assert values[top] == max(values.values())
        assert -1e-9 <= far <= 1 + 1e-9


def test_a_lagging_replica_is_seen_by_percentiles_where_exporters_give_no_mean() -> None:
    waits = {
        f"request_remote_time_p95{{request=Produce}}@{broker}": ms for broker, ms in (("1", 80), ("2", 2), ("3", 85))
    }
    calm = {**BACKGROUND, "request_remote_time_p95{request=Produce}": 6.0}
    now, before = parted(recorded(waits, background=calm, without=("request_remote_time", "request_time")))
    first = judge_causes(WindowStats(now, before), assess(now, NO_LIMITS))[0]
    assert (first.cause, first.culprits[0].name) == ("slow-replica", "2")
    assert first.evidence[0].source == "request_remote_time_p95"
