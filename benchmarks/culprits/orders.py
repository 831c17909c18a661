"""Orders: which runs are to be recorded, and which of them are missing."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.culprits.scenarios import SCENARIOS, Scenario
from benchmarks.culprits.stored import TRUTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One run that is to be recorded."""

    scenario: Scenario
    intensity: int
    seed: int
    turn: int = 0

    @property
    def id(self) -> str:
        """Scenario, intensity, seed and turn."""
        turn = f"-{self.turn}" if self.turn else ""
        return f"{self.scenario.id}-{self.intensity}-{self.seed:03}{turn}"


def orders(
    scenarios: Iterable[str], seeds: Iterable[int], intensities: Sequence[int] = (1, 2), clean: int = 6
) -> list[Order]:
    """All runs of these scenarios and seeds, in random order within a seed; the same one for the same seed.

    `clean` runs have only the background, so that their intensity is a number and no more.
    """
    found = []
    for seed in seeds:
        turn = []
        for name in scenarios:
            scenario = SCENARIOS[name]
            levels = [level for level in scenario.intensities if level in intensities]
            turns = max(1, clean // max(1, len(levels))) if scenario.kind == "clean" else 1
            turn += [
                Order(scenario=scenario, intensity=level, seed=seed, turn=number)
                for level in levels
                for number in range(turns)
            ]
        random.Random(seed).shuffle(turn)
        found += sorted(turn, key=lambda order: order.scenario.proxied)  # a change of labs takes long
    return found


def missing(wanted: Iterable[Order], *folders: Path) -> list[Order]:
    """Those that are recorded in none of the folders yet."""
    return [order for order in wanted if not any((folder / order.id / TRUTH).exists() for folder in folders)]
