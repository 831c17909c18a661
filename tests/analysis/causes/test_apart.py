"""Hosts that are judged by themselves, and comparisons that could not see everything."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from clusterload.analysis.causes import CAUSES, unseen_causes
from clusterload.analysis.causes.blame import ranked
from clusterload.analysis.causes.judging import held_causes, judge_causes
from clusterload.analysis.causes.signature_figures import Scene
from clusterload.analysis.diagnosis import diagnose
from clusterload.analysis.usage import assess
from clusterload.analysis.window_stats import Pair, WindowStats
from clusterload.model.run import Run
from clusterload.model.series import SECOND
from tests.analysis.causes.scenes import BASELINE, NO_LIMITS, START, judged, recorded

ONSET = START + BASELINE * SECOND
STORM = {
    "requests_by_type{request=Metadata}@2": 1200.0,
    "thread_time_by_client{client=asker}@2": 0.3,
    "cpu_broker@2": 1.1,
}


def apart(run: Run) -> tuple[Run, Run]:
    """Window and baseline of a run whose brokers are on hosts of their own."""
    brokers = [{"id": int(name), "host": f"host-{name}"} for name in "123"]
    run = replace(run, environment={"cluster": {"brokers": brokers}})
    return run.between(ONSET, run.end), run.between(run.start, ONSET)


def test_what_one_host_of_several_suffers_from_is_said_with_its_broker() -> None:
    now, before = apart(recorded(STORM))
    first = judge_causes(WindowStats(now, before), assess(now, NO_LIMITS))[0]
    assert (first.cause, first.brokers, first.sentence.startswith("On broker 2: ")) == ("metadata-storm", ("2",), True)
    assert first.culprits[0].name == "asker"


def test_a_host_is_judged_by_its_own_cores() -> None:
    now, before = apart(recorded(STORM))
    whole = Scene(WindowStats(now, before), assess(now, NO_LIMITS))
    assert whole.cores == pytest.approx(6.0)
    assert [host.cores for host in whole.hosts] == [2.0, 2.0, 2.0]
    assert held_causes(whole)["metadata-storm"].scene.brokers == ("2",)


@pytest.mark.parametrize("half", ["window", "baseline"])
def test_a_broker_that_window_or_baseline_lacks_is_no_cause_and_is_told_once(half: str) -> None:
    now, before = apart(recorded({}))
    lacking = [series for series in (now if half == "window" else before).series if series.labels.get("broker") != "3"]
    if half == "window":
        now = replace(now, series=tuple(lacking))
    else:
        before = replace(before, series=tuple(lacking))
    verdict = diagnose(now, assess(now, NO_LIMITS), before)
    assert [finding.cause for finding in verdict.likely if finding.cause != "broker-down"] == []
    assert verdict.notes == ("2 of 3 brokers gave figures in both window and baseline, and are compared; not broker 3",)


def test_a_load_that_began_within_the_baseline_is_found_and_the_baseline_is_said_not_to_be_steady() -> None:
    run = recorded(
        {
            "requests_by_type{request=Produce}": 1600.0,
            "requests": 3200.0,
            "cpu_broker": 1.7,
            "cpu_host": 0.95,
            "records_in": 1900,
        }
    )
    late = ONSET + 5 * SECOND
    now, before = run.between(late, run.end), run.between(run.start, late)
    verdict = diagnose(now, assess(now, NO_LIMITS), before)
    assert verdict.likely[0].cause == "small-batches"
    assert "the baseline was not steady" in verdict.notes[0]


def test_clients_that_a_baseline_could_not_see_did_not_rise() -> None:
    run = recorded({"connection_attempts": 300.0, "requests_by_type{request=ApiVersions}": 300.0, "cpu_broker": 0.8})
    now, before = run.between(ONSET, run.end), run.between(run.start, ONSET)
    locked = tuple(series for series in before.series if "client" not in series.labels)
    found = judge_causes(WindowStats(now, replace(before, series=locked)), assess(now, NO_LIMITS))
    assert found[0].cause == "connection-churn"
    assert not [culprit for culprit in found[0].culprits if culprit.kind == "client"]


def test_of_a_thousand_clients_that_drift_the_one_that_became_five_times_as_large_is_named() -> None:
    drifting = {f"c{number}": Pair(before=10.0, now=10 * (1 + 0.15 * math.sin(7 * number))) for number in range(1000)}
    found = ranked({**drifting, "grown": Pair(before=10.0, now=50.0)}, "client", "ingress_by_client")
    assert [culprit.name for culprit in found] == ["grown"]


def test_a_large_client_that_drifts_as_all_do_is_not_blamed_for_a_small_one() -> None:
    pairs = {f"c{number}": Pair(before=10.0, now=10 + number % 4 - 1.5) for number in range(40)}
    pairs |= {"large": Pair(before=1000.0, now=1150.0), "small": Pair(before=10.0, now=60.0)}
    assert ranked(pairs, "client", "ingress_by_client")[0].name == "small"


@pytest.mark.parametrize("baseline", [True, False])
def test_clients_of_brokers_themselves_are_never_blamed(baseline: bool) -> None:
    own = {"thread_time_by_client{client=AddPartitionsManager-client-3}": 0.5}
    changes = STORM | own | {"requests_by_type{request=Metadata}@2": 1500.0}
    assert judged(changes, baseline=baseline)[0].culprits[0].name == "asker"


def test_leaders_that_are_even_are_no_imbalance_whatever_else_is_uneven() -> None:
    found = judged({"ingress@1": 3e6, "cpu_broker@1": 0.6})
    assert "leader-skew" not in {finding.cause for finding in found}


def test_causes_that_the_metrics_cannot_show_are_named_and_all_others_are_judged() -> None:
    run = recorded({}, without={"requests_by_type", "round_trip_time"})
    verdict = diagnose(run, assess(run, NO_LIMITS))
    assert {"small-batches", "metadata-storm", "network-delay"} <= set(verdict.unseen)
    assert "connections" not in verdict.unseen
    assert verdict.judged + len(verdict.unseen) == len(CAUSES) - 1
    assert "cannot show" in verdict.nothing_found
    assert "network-delay" in verdict.nothing_found


def test_where_nothing_can_be_seen_it_is_not_said_that_no_cause_holds() -> None:
    empty = Run(id="r", plan=None, start=0, end=60 * SECOND)
    assert len(unseen_causes(WindowStats(empty))) == len(CAUSES) - 1
    verdict = diagnose(empty, assess(empty, NO_LIMITS))
    assert verdict.nothing_found.startswith("No cause could be judged")


def test_without_a_baseline_the_largest_contributor_is_named_as_that() -> None:
    run = recorded(STORM | {"requests_by_type{request=Metadata}": 900.0})
    now = run.between(ONSET, run.end)
    verdict = diagnose(now, assess(now, NO_LIMITS))
    assert not verdict.likely[0].compared
    assert "largest contributor: metadata-storm" in verdict.sentence


def test_what_a_baseline_of_one_or_two_readings_shows_is_never_said_surely() -> None:
    run = recorded({"requests_by_type{request=Metadata}": 900.0, "cpu_broker": 1.2})
    now, before = run.between(ONSET, run.end), run.between(ONSET - 5 * SECOND, ONSET)
    found = judge_causes(WindowStats(now, before), assess(now, NO_LIMITS))
    assert found[0].cause == "metadata-storm"
    assert found[0].confidence <= 0.75
