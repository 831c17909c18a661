"""The case on a real cluster, from its command to its words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clusterload import Case, Cluster, Limits, judge, read_run, run_case
from clusterload.case import Outcome
from clusterload.limits import Force, Limit
from clusterload.units import MIB_PER_SECOND, Quantity
from tests.conftest import Tool


@pytest.fixture(scope="module")
def outcome(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The case's three loads, shortened, on the shared lab."""
    case = Case.named("cluster-load", duration=5)
    folder = tmp_path_factory.mktemp("case") / "runs"
    return judge(case, run_case(case, cluster, folder))


def test_the_connections_bind_and_only_fewer_producers_help(outcome: Outcome) -> None:
    assert "connections bind at" in outcome.sentence
    assert "half the payload changes nothing; half the producers halves it" in outcome.sentence


def test_ten_producers_hold_half_the_connections_of_twenty(outcome: Outcome) -> None:
    comparison = outcome.steps[2].comparison
    assert comparison is not None
    effect = comparison.effect("connections")
    assert effect is not None
    assert effect.ratio == pytest.approx(0.5, abs=0.12)


def test_half_the_payload_is_half_the_ingress_and_the_same_requests(outcome: Outcome) -> None:
    def total(step: int, name: str) -> float:
        return sum(one.total() for one in outcome.steps[step].run.named(name))

    assert total(1, "ingress") / total(0, "ingress") == pytest.approx(0.5, abs=0.1)
    assert total(1, "requests") / total(0, "requests") == pytest.approx(1.0, abs=0.15)


def test_other_limits_give_the_same_runs_other_words(outcome: Outcome) -> None:
    small = Limit(
        resource="ingress", value=Quantity(4, MIB_PER_SECOND), force=Force.DECLARED, source="a test", as_of="2026"
    )
    swapped = judge(outcome.case, [step.run for step in outcome.steps], Limits(name="x", title="x", limits=(small,)))
    assert "ingress binds at" in swapped.sentence


def test_a_case_judged_again_from_its_files_says_the_same(outcome: Outcome) -> None:
    runs = [read_run(step.run.path) for step in outcome.steps if step.run.path]
    assert judge(outcome.case, runs).sentence == outcome.sentence


def test_the_command_leaves_run_files_and_plots_and_prints_the_verdict(tool: Tool, tmp_path: Path) -> None:
    done = tool("case", "cluster-load", "--for", "3s", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "The riddle" in done.stdout
    assert "Verdict:" in done.stdout
    assert "predicted" in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "1-baseline.run",
        "2-half-the-payload.run",
        "3-half-the-producers.run",
        "answer.png",
        "answer.svg",
        "riddle.png",
        "riddle.svg",
    }


@pytest.mark.long
def test_the_command_prints_json_for_programs(tool: Tool, cluster: Cluster) -> None:
    done = tool("case", "cluster-load", "--for", "2s", "--bootstrap-server", cluster.servers, "--out", "out", "--json")
    document = json.loads(done.stdout)
    assert [step["plan"]["name"] for step in document["steps"]] == [
        plan.name for plan in Case.named("cluster-load").plans
    ]
    assert document["steps"][2]["changes"] == [{"dial": "producers", "before": 20, "after": 10}]
