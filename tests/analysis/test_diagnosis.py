"""A verdict is one of three, comes out of stored data alone, and says why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clusterload.analysis.diagnosis import State, Verdict, diagnose
from clusterload.analysis.finding import Culprit, Finding, Reached
from clusterload.analysis.usage import assess
from clusterload.model.ledger import Ledger
from clusterload.model.limits import Limits
from clusterload.model.run import Event, Run
from clusterload.model.series import SECOND, Series
from clusterload.model.workload import Dials, Load
from clusterload.model.workload.schedule import Ramp
from tests.analysis.gates.seen import recorded
from tests.stored_runs import START, Cluster, case_levels, kept_ledger, limits, plan, stored

COURSE = Limits.named("course-basic")
ALL_WELL = kept_ledger(plan())


def judged(run: Run, table: Limits = COURSE) -> Verdict:
    return diagnose(run, assess(run, table))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "one.run"


def test_a_calm_cluster_is_within_limits_and_what_binds_is_named(file: Path) -> None:
    verdict = judged(stored(file))
    assert verdict.state is State.WITHIN
    assert verdict.sentence == "within limits; connections bind at 47 %"
    assert (verdict.reached, verdict.missing) == ((), ())
    assert [finding.cause for finding in verdict.findings] == ["connections"]
    assert verdict.limit_load == pytest.approx(0.47)


def test_without_a_table_a_run_is_held_against_what_its_brokers_declared(file: Path) -> None:
    declared = limits(connections="50 connections")
    run = stored(file, declared=declared)
    assert run.declared == declared
    assert str(diagnose(run, assess(run))) == "Verdict: within limits; connections bind at 94 % (against Test)"


def test_where_no_limits_are_known_saturation_alone_is_judged_and_how_to_name_limits_is_said(file: Path) -> None:
    calm = stored(file)
    verdict = diagnose(calm, assess(calm))
    assert (verdict.state, verdict.missing, verdict.reached) == (State.UNSATURATED, (), ())
    assert verdict.sentence == "not saturated; no limits are known"
    assert (
        verdict.limits == "no limits are known: name a table with --limits NAME ('clusterload limits list' shows them)"
    )
    busy = stored(file.with_name("busy.run"), Cluster(busy={"request_handler_busy": 0.97}))
    verdict = diagnose(busy, assess(busy))
    assert verdict.state is State.LIMITED
    assert verdict.sentence.startswith("limited by request handlers of broker 1")


def test_where_neither_limits_nor_saturation_are_known_nothing_is_said_to_be_well(file: Path) -> None:
    run = stored(file, Cluster(busy={}))
    verdict = diagnose(run, assess(run))
    assert verdict.state is State.INCONCLUSIVE
    assert verdict.missing == ("neither a limit of this cluster nor how busy its brokers are is known",)


def test_an_idle_cluster_is_not_said_to_be_bound_by_anything(file: Path) -> None:
    verdict = judged(stored(file, Cluster(levels=case_levels(0, 0.0))), limits(ingress="3 MB/s"))
    assert verdict.sentence.endswith("; no resource is above 1 % of its limit")


def test_the_same_run_gives_the_same_verdict_again(file: Path) -> None:
    run = stored(file)
    assert judged(run).sentence == judged(run).sentence


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (limits(ingress="3 MB/s"), "within limits; ingress binds at 70 %"),
        (limits(requests="100 requests/s"), "within limits; requests bind at 90 %"),
        (limits(connections="50 connections", ingress="3 MB/s"), "within limits; connections bind at 94 %"),
        (limits(ingress="2 MB/s"), "limited by ingress; ingress binds at 105 %"),
        (limits(connections="47 connections"), "limited by connections; connections bind at 100 %"),
        (
            limits(connections="40 connections", ingress="2 MB/s"),
            "limited by connections and ingress; connections bind at 118 %",
        ),
    ],
)
def test_the_limits_alone_decide_what_binds_and_what_limits(file: Path, table: Limits, sentence: str) -> None:
    verdict = judged(stored(file, Cluster(levels=case_levels(47, 2.1e6))), table)
    # Only what has a limit must be measured, and all of it was.
    assert verdict.sentence == sentence


def test_a_finding_tells_the_share_the_limit_and_who_says_so(file: Path) -> None:
    (reached,) = judged(stored(file), limits(ingress="2 MB/s")).reached
    assert reached.sentence == "Ingress is at or over its limit"
    assert reached.evidence[0].endswith("of 2 MB/s, declared (the test, 2026-01)")
    (reached,) = judged(stored(file.with_name("other.run")), limits(connections="40 connections")).reached
    assert reached.sentence == "Connections are at or over their limit"


def advised(**also: float) -> Limits:
    """A table with a guideline of ingress, and other limits of it by their force."""
    row = {"resource": "ingress", "unit": "MB/s", "source": "the test", "as_of": "2026-01"}
    forces = {"guideline": 2.0, **also}
    return Limits.parsed(
        "test", {"limits": [{**row, "force": force, "value": value} for force, value in forces.items()]}
    )


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (advised(guideline=3), "within limits; ingress binds at 70 % of its guideline"),
        (advised(), "over the guideline of ingress; ingress binds at 105 % of its guideline"),
        (advised(enforced=3), "over the guideline of ingress; ingress binds at 105 % of its guideline"),
        (advised(enforced=2.05), "limited by ingress; ingress binds at 105 % of its guideline"),
        (
            advised().with_(limits(connections="40 connections")),
            "limited by connections and over the guideline of ingress; connections bind at 118 %",
        ),
    ],
)
def test_a_guideline_that_is_passed_is_not_said_to_limit(file: Path, table: Limits, sentence: str) -> None:
    assert judged(stored(file), table).sentence == sentence


def test_a_finding_about_a_guideline_says_so(file: Path) -> None:
    (reached,) = judged(stored(file), advised()).reached
    assert reached.advised
    assert reached.sentence == "Ingress is at or over its guideline"
    assert reached.evidence[0].endswith("of 2 MB/s, guideline (the test, 2026-01)")


def test_brokers_that_declare_no_limit_leave_a_verdict_on_saturation(file: Path) -> None:
    verdict = judged(stored(file), Limits.declared("Ours", {"1": {"max.connections": "2147483647"}}, as_of="2026-01"))
    assert verdict.state is State.UNSATURATED
    assert verdict.limits.startswith("the brokers declare no limits: name a table")


def test_a_limit_of_each_broker_is_not_judged_where_brokers_are_not_told_apart(file: Path) -> None:
    run = stored(file)
    whole = replace(
        run, series=tuple(replace(series, labels={}) for series in run.series if series.labels["broker"] == "1")
    )
    row = {"resource": "connections", "value": 30, "unit": "connections", "scope": "broker", "force": "declared"}
    table = Limits.parsed("test", {"limits": [{**row, "source": "the test", "as_of": "2026-01"}]})
    verdict = judged(whole, limits(ingress="3 MB/s").with_(table))
    assert verdict.missing == ("connections by broker was not measured",)


@pytest.mark.parametrize(
    ("resource", "busy", "by"),
    [
        ("request_handler_busy", 0.95, "request handlers of broker 1"),
        ("request_handler_busy", 0.85, ""),
        ("network_thread_busy", 0.95, "network threads of broker 1"),
        ("cpu_host", 0.95, ""),
        ("cpu_host", 0.99, "the CPU of the host of broker 1"),
    ],
)
def test_saturated_brokers_limit_though_every_limit_is_far(file: Path, resource: str, busy: float, by: str) -> None:
    verdict = judged(stored(file, Cluster(busy={resource: busy})))
    assert verdict.state is (State.LIMITED if by else State.WITHIN)
    if by:
        assert verdict.sentence == f"limited by {by}; connections bind at 47 %"
        assert verdict.saturation is not None
        assert (verdict.saturation.resource.name, verdict.saturation.broker) == (resource, "1")


@pytest.mark.parametrize(
    ("ledger", "reason"),
    [
        (replace(ALL_WELL, late=500), "500 of 12,500 records of load 'sales' were sent late or not at all"),
        (
            replace(ALL_WELL, acknowledged=12_000, dropped=500, errors={"_QUEUE_FULL": 500}),
            "500 of 12,500 records of load 'sales' were sent late or not at all: the generator was the bottleneck",
        ),
        (
            replace(ALL_WELL, acknowledged=12_000, failed=500, errors={"TOPIC_AUTHORIZATION_FAILED": 500}),
            "500 of 12,500 records of load 'sales' were not acknowledged (TOPIC_AUTHORIZATION_FAILED)",
        ),
        (
            replace(ALL_WELL, acknowledged=12_000, unknown=500, errors={"_MSG_TIMED_OUT": 400, "_TRANSPORT": 100}),
            "were not acknowledged (_MSG_TIMED_OUT, _TRANSPORT)",
        ),
        (replace(ALL_WELL, acknowledged=12_499), "the ledger of load 'sales' does not add up"),
        (Ledger(load="sales"), "no record of load 'sales' was due"),
    ],
)
def test_a_load_that_was_not_made_as_asked_is_inconclusive_with_the_reason(
    file: Path, ledger: Ledger, reason: str
) -> None:
    verdict = judged(stored(file, ledger=ledger))
    assert verdict.state is State.INCONCLUSIVE
    assert reason in verdict.sentence
    assert verdict.sentence.startswith("inconclusive (")


@pytest.mark.parametrize(
    ("dials", "arrivals", "ledger", "missed"),
    [
        ({"record_rate": 1000, "records_per_request": 10}, "even", {"scheduled": 2500}, ""),
        (
            {"record_rate": 1000, "records_per_request": 10},
            "even",
            {"scheduled": 2400},
            "2,400 requests of a target of 2,500",
        ),
        ({"record_rate": Ramp(0, 1000, 25)}, "even", {"scheduled": 12_500, "unit": "records"}, ""),
        (
            {"record_rate": Ramp(0, 1000, 25)},
            "even",
            {"scheduled": 25_000, "unit": "records"},
            "25,000 records of a target of 12,500",
        ),
        ({"record_rate": 100}, "poisson", {"scheduled": 2650}, ""),
        ({"record_rate": 100}, "poisson", {"scheduled": 2750}, "2,750 requests of a target of 2,500"),
        ({"record_rate": "max"}, "even", {"scheduled": 2400}, ""),
    ],
)
def test_a_load_is_held_to_what_its_dials_come_to(
    file: Path, dials: dict[str, Any], arrivals: str, ledger: dict[str, Any], missed: str
) -> None:
    load = Load(name="sales", topic="t", dials=Dials(**dials), arrivals=arrivals)
    kept = Ledger(**{"load": "sales", "unit": "requests", "acknowledged": ledger["scheduled"], **ledger})
    verdict = judged(stored(file, made=replace(plan(), loads=(load,)), ledger=kept))
    assert (verdict.state is State.INCONCLUSIVE) == bool(missed)
    assert missed in verdict.sentence


def test_a_few_late_or_lost_records_change_no_verdict(file: Path) -> None:
    ledger = replace(ALL_WELL, acknowledged=12_400, failed=100, errors={"_MSG_TIMED_OUT": 100}, late=100)
    assert judged(stored(file, ledger=ledger)).state is State.WITHIN


def test_a_plan_without_any_account_is_inconclusive(file: Path) -> None:
    assert "no load was accounted for" in judged(stored(file, accounted=False)).missing


def test_a_run_that_was_cut_short_is_inconclusive(file: Path) -> None:
    assert judged(stored(file, complete=False)).sentence.startswith("inconclusive (the run was cut short);")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("clock-jumped", "the clock jumped during the run"),
        ("disk-full", "the run file could not be written to the end"),
        ("growth-differs", "it did"),
    ],
)
def test_what_spoils_a_measurement_makes_it_inconclusive(file: Path, kind: str, reason: str) -> None:
    verdict = judged(stored(file, events=[Event(time=START, kind=kind, text="it did")]))
    assert (verdict.state, verdict.missing) == (State.INCONCLUSIVE, (reason,))


def test_other_events_change_no_verdict(file: Path) -> None:
    events = [Event(time=START, kind=kind, text="it did") for kind in ("scrape-failed", "scrape-resumed")]
    assert judged(stored(file, events=events)).state is State.WITHIN


def test_why_no_metrics_were_read_is_told(file: Path) -> None:
    page = Event(time=START + SECOND, kind="scrape-failed", text="broker 1: a web page")
    run = recorded(file, {}, events=[page])
    assert "no metrics were read: broker 1: a web page" in diagnose(run, assess(run)).missing


@pytest.mark.parametrize("seconds", [range(5, 10), range(25), range(20, 30)])
def test_gaps_in_the_metrics_are_inconclusive_and_counted(file: Path, seconds: range) -> None:
    verdict = judged(stored(file, Cluster(silent=lambda second: second in seconds)))
    assert verdict.state is State.INCONCLUSIVE
    assert any("ingress has figures for" in reason and "of the window only" in reason for reason in verdict.missing)


def test_one_missed_scrape_in_a_run_changes_no_verdict(file: Path) -> None:
    verdict = judged(stored(file, Cluster(silent=lambda second: second == 12)))
    assert verdict.sentence == "within limits; connections bind at 47 %"


@pytest.mark.parametrize("resource", ["connections", "ingress"])
def test_a_resource_that_was_not_measured_is_inconclusive(file: Path, resource: str) -> None:
    verdict = judged(stored(file, Cluster(absent=[(resource, "")])))
    assert (verdict.state, verdict.missing) == (State.INCONCLUSIVE, (f"{resource} was not measured",))


def test_a_broker_that_was_never_seen_does_not_make_the_sum_look_small(file: Path) -> None:
    unseen = [(resource, "2") for resource in case_levels(47, 2.1e6)]
    verdict = judged(stored(file, Cluster(absent=unseen)))
    assert verdict.state is State.INCONCLUSIVE
    assert "broker 2 gave no figures of connections" in verdict.missing


def test_a_broker_without_any_figure_is_named_where_no_limits_are_known_too(file: Path) -> None:
    run = stored(file)
    brokers = [{"id": number, "host": f"host-{number}"} for number in (1, 2, 3, 10)]
    seen = replace(run, environment={**run.environment, "cluster": {"brokers": brokers}}, declared=None)
    verdict = diagnose(seen, assess(seen))
    assert "broker 10 gave no figures" in verdict.missing
    assert verdict.state is State.INCONCLUSIVE


def frozen(run: Run, broker: str, seconds: range) -> Run:
    """The run with a broker whose CPU time did not grow in these seconds."""

    def still(series: Series) -> Series:
        if series.name != "cpu_broker" or series.labels["broker"] != broker:
            return series
        here = np.isin((series.times - run.start) // SECOND, seconds)
        return replace(series, values=np.where(here, 0.0, series.values))

    return replace(run, series=tuple(map(still, run.series)))


@pytest.mark.parametrize(
    ("seconds", "said"), [(range(30), "25 s"), (range(10, 16), "6 s"), (range(10, 14), ""), (range(0, 25, 2), "")]
)
def test_a_broker_whose_figures_stand_still_is_not_believed(file: Path, seconds: range, said: str) -> None:
    run = stored(file, Cluster(levels=case_levels(47, 2.1e6) | {"cpu_broker": 0.3}))
    assert judged(run).state is State.WITHIN
    verdict = judged(frozen(run, "2", seconds))
    assert (verdict.state is State.INCONCLUSIVE) == bool(said)
    assert [reason.split(" (")[0] for reason in verdict.missing] == (
        [f"the figures of broker 2 stood still for {said}"] if said else []
    )


@pytest.mark.parametrize(
    ("counted", "state"), [(500.0, State.WITHIN), (450.0, State.WITHIN), (5.0, State.INCONCLUSIVE)]
)
def test_metrics_in_which_the_load_is_not_are_not_believed(file: Path, counted: float, state: State) -> None:
    verdict = judged(stored(file, Cluster(levels=case_levels(47, 2.1e6) | {"records_in": counted})))
    assert verdict.state is state
    assert (state is State.WITHIN) == (not verdict.missing)
    assert all("record_rate of sales: the brokers counted 5" in reason for reason in verdict.missing)


def test_nothing_measured_says_so_in_one_reason(file: Path) -> None:
    verdict = judged(stored(file, Cluster(levels={}, busy={})))
    assert verdict.sentence == "inconclusive (no resource was measured that has a limit)"
    assert (verdict.binding, verdict.saturation) == (None, None)


def test_a_limit_that_was_reached_is_reached_whatever_was_not_seen(file: Path) -> None:
    verdict = judged(stored(file, Cluster(levels=case_levels(120, 2.1e6), absent=[("egress", "")])))
    assert verdict.state is State.LIMITED
    assert verdict.missing == ("egress was not measured",)
    assert verdict.sentence == "limited by connections; connections bind at 120 %"


def test_a_moment_over_a_limit_is_no_limit_reached_but_a_tenth_of_the_time_is(file: Path) -> None:
    table = limits(connections="100 connections", ingress="2.11 MB/s")
    # The made ingress swings by 1 % around 2.1 MB/s, so it is over 2.11 MB/s for more than a tenth of the time.
    assert judged(stored(file), table).state is State.LIMITED
    assert judged(stored(file.with_name("calm.run")), limits(ingress="2.2 MB/s")).state is State.WITHIN


def test_a_window_of_a_moment_is_not_judged(file: Path) -> None:
    run = stored(file)
    verdict = judged(run.between(START, START + 2 * SECOND))
    assert verdict.state is State.INCONCLUSIVE
    assert "a window of 2 s is too short to judge" in verdict.missing
    assert verdict.findings == ()
    assert verdict.nothing_found == "No cause was judged: a window of 2 s is too short to judge."


def test_a_baseline_of_a_moment_does_not_make_a_load_look_harmless(file: Path) -> None:
    run = stored(file)
    verdict = diagnose(run, assess(run, COURSE), run.between(START, START + 2 * SECOND))
    alone = diagnose(run, assess(run, COURSE))
    assert verdict.findings == alone.findings
    assert [finding.cause for finding in verdict.findings] == ["connections"]
    assert any("a baseline of 2 s is too short to tell a rise from chance" in note for note in verdict.notes)


def test_a_load_that_was_there_in_the_baseline_already_is_told_of(file: Path) -> None:
    run = stored(file)
    verdict = diagnose(run, assess(run, limits(connections="50 connections")), run)
    assert verdict.findings == ()
    assert any("as in the baseline the largest contributor is connections" in note for note in verdict.notes)


def test_a_verdict_says_why_and_who_and_does_not_say_a_thing_twice() -> None:
    def said(cause: str, what: str, *culprits: Culprit) -> str:
        found = Finding(cause=cause, sentence="", confidence=0.9, culprits=culprits)
        reached = (Reached(what=what, sentence=""),)
        return Verdict(
            state=State.LIMITED, limit_load=1.0, binding=None, saturation=None, reached=reached, findings=(found,)
        ).sentence

    billing = Culprit(kind="client", name="billing", share=0.9, source="thread_time_by_client")
    assert said("small-batches", "requests", billing) == "limited by requests because of small-batches (client billing)"
    assert said("small-batches", "requests") == "limited by requests because of small-batches"
    assert said("connections", "connections", billing) == "limited by connections (client billing)"
    assert said("ingress-bytes", "ingress") == "limited by ingress"
