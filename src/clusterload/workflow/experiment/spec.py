"""What an experiment consists of, and the file by which an interrupted one continues."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from clusterload.analysis.effects import Design, DesignKind, Point, make_design, run_order
from clusterload.model.errors import ConfigurationError, StoreError
from clusterload.model.workload import Plan
from clusterload.telemetry.runfile import SUFFIX
from clusterload.workflow.experiment.factors import VariedDial, read_factor

FILE: Final = "experiment.json"
"""The file next to the run files."""

AROUND: Final = 6.0
"""Seconds that a run takes besides its load: metrics before and after it, and waiting for an idle cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentSpec:
    """What is varied, and how.

    Attributes:
        plan: the load at the baseline, but for the factors.
        dials: the factors.
        design: the points.
        repeats: how often each is measured.
        seed: of the order.
    """

    plan: Plan
    dials: tuple[VariedDial, ...]
    design: Design
    repeats: int
    seed: int

    @classmethod
    def of(
        cls,
        plan: Plan,
        factors: Sequence[str],
        *,
        kind: DesignKind | None = None,
        repeats: int = 3,
        seed: int | None = None,
    ) -> Self:
        """An experiment on a plan.

        Args:
            plan: what is varied.
            factors: as `read_factor` reads them.
            kind: of the design; by default one at a time, and a screening above six factors.
            repeats: how often each point is measured.
            seed: of the order; by default drawn.

        Raises:
            ConfigurationError: a factor or a design that cannot be made.
            UsageError: a text that is not a factor.
        """
        read = tuple(read_factor(text, plan) for text in factors)
        places = [(dial.load, dial.dial) for dial in read]
        for number, place in enumerate(places):
            if place in places[:number]:
                raise ConfigurationError(f"dial {place[1]} of load {place[0]!r} is varied twice: name it once")
        drawn = random.SystemRandom().getrandbits(32) if seed is None else seed
        made = cls(
            plan=plan,
            dials=read,
            design=make_design(tuple(dial.factor for dial in read), kind),
            repeats=repeats,
            seed=drawn,
        )
        for point in made.design.points:
            made.plan_at(point)  # a point that cannot be made is said before any is
        return made

    @property
    def order(self) -> tuple[Point, ...]:
        """The points as they are measured."""
        return run_order(self.design, self.repeats, self.seed)

    @property
    def seconds(self) -> float:
        """About how long it takes."""
        return len(self.order) * (self.plan.duration + AROUND)

    def plan_at(self, point: Point) -> Plan:
        """What is made at a point."""
        plan = self.plan
        for dial, level in zip(self.dials, point, strict=True):
            plan = dial.set_in(plan, level)
        return replace(plan, name=self.design.describe(point))

    def as_document(self) -> dict[str, Any]:
        """What `read_spec` reads back, made of plain values; with the order, for those who read it."""
        return {
            "plan": self.plan.as_document(),
            "factors": [dial.text for dial in self.dials],
            "design": str(self.design.kind),
            "repeats": self.repeats,
            "seed": self.seed,
            "order": [list(point) for point in self.order],
        }

    @classmethod
    def parsed(cls, given: Mapping[str, Any]) -> Self:
        """The experiment of a document."""
        return cls.of(
            Plan.parsed(given["plan"]),
            given["factors"],
            kind=DesignKind(given["design"]),
            repeats=given["repeats"],
            seed=given["seed"],
        )


def read_spec(folder: Path) -> ExperimentSpec | None:
    """The experiment that a folder holds; None if it holds none.

    Raises:
        StoreError: its file cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        return ExperimentSpec.parsed(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, ConfigurationError) as error:
        raise StoreError(f"{path} is not an experiment ({error}): give another folder with --out") from None


def claim_folder(spec: ExperimentSpec, folder: Path, *, seeded: bool) -> ExperimentSpec:
    """Make a folder this experiment's: a new one, or one that continues, whose order is kept.

    Args:
        spec: what is to be measured.
        folder: for the run files.
        seeded: whether the seed was asked for; one that was drawn gives way to the one that is there.

    Raises:
        StoreError: it holds other runs, or another experiment.
    """
    there = read_spec(folder)
    if there is not None:
        wanted = spec if seeded else replace(spec, seed=there.seed)
        if wanted.as_document() != there.as_document():
            raise StoreError(f"{folder} holds another experiment: give another folder with --out, or remove it")
        return there
    if folder.exists() and (not folder.is_dir() or any(folder.glob(f"*{SUFFIX}"))):
        raise StoreError(f"{folder} holds runs already: give another folder with --out, or remove them")
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / f".{FILE}.part"
    scratch.write_text(json.dumps(spec.as_document(), indent=1), encoding="utf-8")
    scratch.replace(folder / FILE)
    return spec
