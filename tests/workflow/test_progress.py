"""Who registered is told of long work whose caller named nobody; otherwise it is silent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clusterload import Plan, Run
from clusterload.cases import Case, run_case
from clusterload.generator.progress import OnProgress, Progress
from clusterload.workflow import progress as onlooking
from clusterload.workflow.noop import measure_noop
from clusterload.workflow.progress import ProgressDisplay
from tests import wire_runs
from tests.stored_runs import stored


@dataclass
class Told:
    """What an onlooker heard."""

    begun: list[tuple[str, str]] = field(default_factory=list)
    seen: list[Progress] = field(default_factory=list)

    def load(self, plan: Plan, place: str) -> OnProgress:
        self.begun.append((plan.name, place))
        return self.seen.append


@pytest.fixture
def told() -> Iterator[Told]:
    before, told = onlooking.progress_display(), Told()
    onlooking.register(ProgressDisplay(load=told.load))
    yield told
    onlooking.register(before)


def small() -> Plan:
    return wire_runs.plan(wire_runs.produce(connections="2", request_rate="50/s"), duration=0.5)


def test_who_registered_is_told_of_a_load_from_before_its_beginning_until_its_end(told: Told, tmp_path: Path) -> None:
    plan = small()
    measure_noop(plan, path=tmp_path / "a.run")
    assert told.begun == [(plan.name, "")]
    assert told.seen[-1].elapsed == plan.duration
    assert told.seen[-1].ledger.acknowledged > 0


def test_a_caller_who_names_who_is_told_has_nobody_else_told(told: Told, tmp_path: Path) -> None:
    own: list[Progress] = []
    measure_noop(small(), path=tmp_path / "a.run", on_progress=own.append)
    assert own
    assert not told.begun
    assert not told.seen


def test_a_library_call_is_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    measure_noop(small(), path=tmp_path / "a.run")
    assert capfd.readouterr() == ("", "")


def test_each_load_of_a_case_says_which_of_them_it_is(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(plan: Plan, _cluster: object, *, path: Path, on_progress: OnProgress, **_: Any) -> Run:
        return stored(path, made=plan)

    monkeypatch.setattr("clusterload.workflow.cases.measure", made)
    case = Case.named("cluster-load", duration=5)
    run_case(case, None, tmp_path / "out")  # type: ignore[arg-type]
    assert told.begun == [(plan.name, f"{number} of 3") for number, plan in enumerate(case.plans, start=1)]
