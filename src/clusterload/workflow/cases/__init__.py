"""Cases: stories that run by themselves and teach. Each TOML file in this folder is a case.

A case has a question, loads that differ in one dial each, limits, and ends in a verdict that comes out of
the data alone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from clusterload.analysis.case_comparison import CaseComparison, compare_with_baseline, story
from clusterload.analysis.diagnosis import State, Verdict, diagnose
from clusterload.analysis.usage import Usage, assess
from clusterload.generator.progress import OnProgress
from clusterload.kafka.cluster import Cluster
from clusterload.model.errors import ConfigurationError, StoreError, nearest
from clusterload.model.limits import Limits
from clusterload.model.run import Run
from clusterload.model.units import parse_duration
from clusterload.model.workload import Dials, Load, Plan
from clusterload.telemetry.runfile import SUFFIX
from clusterload.telemetry.sources.source import OnWait, Source
from clusterload.workflow.consent import Consent
from clusterload.workflow.live.window import OnLook
from clusterload.workflow.measure import measure
from clusterload.workflow.progress import progress_display


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A story: what is asked, the loads that answer it, and the limits they are held against.

    Attributes:
        plans: the first is the baseline.
        riddle: graphs that are shown with the question.
        answer: graphs that are shown with the verdict.
        granularity: seconds for each figure.
        brokers: how many a lab for it has.
    """

    name: str
    title: str
    question: str
    plans: tuple[Plan, ...]
    limits: Limits
    riddle: tuple[str, ...]
    answer: tuple[str, ...]
    granularity: float
    brokers: int

    @classmethod
    def named(cls, name: str, *, full: bool = False, duration: float | None = None) -> Case:
        """The case of this name; `full` as long as in the course, `duration` sets each load's seconds.

        Raises:
            ConfigurationError: it does not exist; the message names the nearest one.
        """
        if name not in cases():
            raise ConfigurationError(f"no case {name!r}{nearest(name, cases())}; known: {', '.join(cases())}")
        text = files("clusterload.workflow.cases").joinpath(f"{name}.toml").read_text(encoding="utf-8")
        return _parsed(name, tomllib.loads(text), full, duration)


def cases() -> tuple[str, ...]:
    """The names of all cases."""
    found = (file.name for file in files("clusterload.workflow.cases").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def _parsed(name: str, given: Mapping[str, Any], full: bool, duration: float | None) -> Case:
    length = given["full" if full else "short"]
    seconds = parse_duration(length["duration"]) if duration is None else duration
    if seconds < parse_duration(length["granularity"]):
        raise ConfigurationError(
            f"case {name} has figures for each {length['granularity']}, and a load of {seconds:g} s has none: "
            "give a longer --for"
        )
    return Case(
        name=name,
        title=given["title"],
        question=given["question"],
        plans=tuple(_plan(given["topic"], step, seconds) for step in given["steps"]),
        limits=Limits.named(given["limits"]),
        riddle=tuple(given["riddle"]),
        answer=tuple(given["answer"]),
        granularity=parse_duration(length["granularity"]),
        brokers=given["brokers"],
    )


def _plan(topic: str, step: Mapping[str, Any], seconds: float) -> Plan:
    dials = Dials.parsed({key: value for key, value in step.items() if key != "name"})
    load = Load(name="sales", topic=topic, dials=dials)
    return Plan(name=step["name"], loads=(load,), duration=seconds)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """One load of a case, judged.

    Attributes:
        comparison: against the baseline; None for the baseline itself.
    """

    run: Run
    usage: Usage
    verdict: Verdict
    comparison: CaseComparison | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """A case that was run and judged. Pure: it follows from the runs and the limits."""

    case: Case
    steps: tuple[Step, ...]

    @property
    def usages(self) -> dict[str, Usage]:
        """Each load's usage by what to call it in a picture."""
        names = (step.run.plan.name if step.run.plan else step.run.id for step in self.steps)
        return {
            name.partition("-")[2].replace("-", " "): step.usage for name, step in zip(names, self.steps, strict=True)
        }

    @property
    def sentence(self) -> str:
        """The verdict on the baseline, and what each change did to its limit load."""
        doubtful = [step for step in self.steps if step.verdict.state is State.INCONCLUSIVE]
        first = doubtful[0] if doubtful else self.steps[0]
        name = f"load {first.run.plan.name}: " if doubtful and first.run.plan else ""
        return story(name + first.verdict.sentence, [step.comparison for step in self.steps if step.comparison])


def judge(case: Case, runs: Sequence[Run], limits: Limits | None = None) -> Outcome:
    """Judge a case's runs, in the order of its plans; `limits` instead of the case's own."""
    held_against = limits or case.limits
    usages = [assess(run, held_against, granularity=case.granularity) for run in runs]
    return Outcome(
        case=case,
        steps=tuple(
            Step(
                run=run,
                usage=usage,
                verdict=diagnose(run, usage),
                comparison=compare_with_baseline(runs[0], usages[0], run, usage) if number else None,
            )
            for number, (run, usage) in enumerate(zip(runs, usages, strict=True))
        ),
    )


def claim(folder: Path) -> None:
    """Make sure that a folder can take a case's files.

    Raises:
        StoreError: it holds runs already, which a second run must not mix with.
    """
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is not a folder: give another one with --out")
    if any(folder.glob(f"*{SUFFIX}")):
        raise StoreError(f"{folder} holds runs already: give another folder with --out, or remove them")


def run_case(
    case: Case,
    cluster: Cluster,
    folder: Path,
    *,
    sources: Sequence[Source] | None = None,
    consented: Consent = Consent(),  # noqa: B008 (frozen)
    on_plan: Callable[[Plan], OnProgress] | None = None,
    on_look: OnLook | None = None,
    on_judge: OnLook | None = None,
    on_wait: OnWait | None = None,
) -> list[Run]:
    """Run the case's loads one after the other, a run file each in `folder`.

    Args:
        case: what to run.
        cluster: where.
        folder: for the run files; must hold none.
        sources: as for `measure`.
        consented: as for `measure`.
        on_plan: called as each load begins; gives what is called with its progress. By default a notebook shows it.
        on_look: as for `measure`.
        on_judge: as for `measure`.
        on_wait: as for `measure`.

    Raises:
        StoreError: the folder holds runs already.
        ClusterloadError: as `measure`.
    """
    claim(folder)

    def told(number: int, plan: Plan) -> OnProgress:
        return progress_display().load(plan, f"{number} of {len(case.plans)}") if on_plan is None else on_plan(plan)

    return [
        measure(
            plan,
            cluster,
            sources=sources,
            path=folder / f"{plan.name}{SUFFIX}",
            consented=consented,
            limits=case.limits,
            on_progress=told(number, plan),
            on_look=on_look,
            on_judge=on_judge,
            on_wait=on_wait,
        )
        for number, plan in enumerate(case.plans, start=1)
    ]
