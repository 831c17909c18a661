"""The case on a real cluster, from its command to its words."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from clusterload import Cluster, Limits, read_run
from clusterload.cases import Case, judge
from clusterload.model.limits import Force, Limit
from clusterload.model.units import MIB_PER_SECOND, Quantity
from clusterload.workflow.cases import Outcome
from tests.conftest import PROGRAM, Tool

RUNS = ("1-baseline.run", "2-half-the-payload.run", "3-half-the-producers.run")


@pytest.fixture(scope="module")
def done(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the command says of the case's three loads, shortened, on the shared lab; and its folder."""
    folder = tmp_path_factory.mktemp("case")
    command = [PROGRAM, "case", "cluster-load", "--for", "4s", "--bootstrap-server", cluster.servers, "--out", "out"]
    made = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=600, check=False)
    assert made.returncode == 0, made.stderr
    return made.stdout, folder / "out"


@pytest.fixture(scope="module")
def outcome(done: tuple[str, Path]) -> Outcome:
    """The same, judged from the files."""
    return judge(Case.named("cluster-load", duration=4), [read_run(done[1] / name) for name in RUNS])


def test_the_command_leaves_run_files_plots_and_a_report_and_prints_the_verdict(done: tuple[str, Path]) -> None:
    shown, folder = done
    assert "The riddle" in shown
    assert "Verdict:" in shown
    assert "predicted" in shown
    plots = {"answer.png", "answer.svg", "riddle.png", "riddle.svg"}
    assert {path.name for path in folder.iterdir()} == {*RUNS, *plots, "report.html"}
    assert shown.splitlines()[-1] == "Report to open in a browser: out/report.html"


def test_the_connections_bind_or_it_is_said_why_nobody_can_tell(outcome: Outcome) -> None:
    for step in outcome.steps:
        binding = step.verdict.binding
        assert step.verdict.missing or (binding is not None and binding.resource.name == "connections")


@pytest.mark.long
def test_the_connections_bind_and_only_fewer_producers_help(outcome: Outcome) -> None:
    assert "connections bind at" in outcome.sentence
    assert "half the payload changes nothing; half the producers halves it" in outcome.sentence


@pytest.mark.long
def test_ten_producers_hold_half_the_connections_of_twenty(outcome: Outcome) -> None:
    comparison = outcome.steps[2].comparison
    assert comparison is not None
    effect = comparison.effect("connections")
    assert effect is not None
    assert effect.ratio == pytest.approx(0.5, abs=0.12)


def test_half_the_payload_is_half_the_ingress(outcome: Outcome) -> None:
    def each(step: int) -> float:
        """Bytes a record, by the brokers' count of both."""
        totals = {
            name: sum(series.total() for series in outcome.steps[step].run.named(name))
            for name in ("ingress", "records_in")
        }
        return totals["ingress"] / totals["records_in"]

    assert each(1) / each(0) == pytest.approx(0.5, abs=0.1)


@pytest.mark.long
def test_half_the_payload_is_the_same_requests(outcome: Outcome) -> None:
    before, after = (sum(series.total() for series in step.run.named("requests")) for step in outcome.steps[:2])
    assert after / before == pytest.approx(1.0, abs=0.15)


def test_other_limits_give_the_same_runs_other_words(outcome: Outcome) -> None:
    small = Limit(
        resource="ingress", value=Quantity(4, MIB_PER_SECOND), force=Force.DECLARED, source="a test", as_of="2026"
    )
    swapped = judge(outcome.case, [step.run for step in outcome.steps], Limits(name="x", title="x", limits=(small,)))
    assert "connections bind" not in swapped.sentence
    for step in swapped.steps:
        assert step.verdict.missing or (step.verdict.binding and step.verdict.binding.resource.name == "ingress")


def test_a_case_judged_again_from_its_files_says_the_same(outcome: Outcome, done: tuple[str, Path]) -> None:
    assert outcome.sentence in " ".join(done[0].split())


@pytest.mark.long
def test_the_command_prints_json_for_programs(tool: Tool, cluster: Cluster) -> None:
    done = tool("case", "cluster-load", "--for", "2s", "--bootstrap-server", cluster.servers, "--out", "out", "--json")
    document = json.loads(done.stdout)
    assert [step["plan"]["name"] for step in document["steps"]] == [
        plan.name for plan in Case.named("cluster-load").plans
    ]
    assert document["steps"][2]["changes"] == [{"dial": "producers", "before": 20, "after": 10}]
