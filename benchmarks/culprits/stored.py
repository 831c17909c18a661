"""What is recorded: a folder for each run, with the blind file and the truth next to it."""

from __future__ import annotations

import json
import lzma
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from clusterload.model.run import Run
from clusterload.telemetry.runfile import read_run

RUN: Final = "recorded.run"
PACKED: Final = "recorded.run.xz"
TRUTH: Final = "truth.json"

KEPT: Final = Path(__file__).parent / "kept"
"""Where recordings are kept that everybody judges."""

REPORTED: Final = 100
"""The first seed that is reported: those below it are for development."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is true of a recorded run.

    Attributes:
        id: of the recording: scenario, intensity and seed.
        scenario: how it was made.
        kind: `cause`, `pair`, `double`, `innocent` or `clean`.
        causes: all that hold; none where nothing is wrong.
        culprits: each a `kind` (client, group, topic, broker) and a `name`; any of them is right.
        named: whether brokers publish a culprit's name.
        onset: Unix nanoseconds at which the load was to begin.
        began: Unix nanoseconds at which its first request was due; the onset where that is not known.
        intensity: 1 or 2.
        seed: 1 to 99 for development, 100 to 199 are reported.
        pair: scenarios of the same word differ by one thing only.
        unrest: what of the lab was not at rest when the baseline began.
        known: names of the background, which are never culprits.
    """

    id: str
    scenario: str
    kind: str
    causes: tuple[str, ...]
    culprits: tuple[Mapping[str, str], ...]
    named: bool
    onset: int
    began: int
    intensity: int
    seed: int
    pair: str = ""
    unrest: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reported(self) -> bool:
        """Whether it is counted in what is reported, so that nothing was ever fitted to it."""
        return self.seed >= REPORTED

    @classmethod
    def read(cls, path: Path) -> Truth:
        """The truth from its file."""
        return cls.parsed(json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def parsed(cls, given: dict[str, Any]) -> Truth:
        """The truth from plain values."""
        lists = ("causes", "culprits", "unrest", "known")
        return cls(**given | {key: tuple(given[key]) for key in lists})

    def write(self, path: Path) -> None:
        """Keep it; a file that is there is whole."""
        scratch = path.with_suffix(".part")
        scratch.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        scratch.replace(path)


def recorded(folder: Path) -> Iterator[Path]:
    """The folders of all whole recordings, by name, packed ones too."""
    for truth in sorted(folder.glob(f"*/{TRUTH}")):
        if (truth.parent / RUN).exists() or (truth.parent / PACKED).exists():
            yield truth.parent


def load(path: Path) -> tuple[Run, Run, Truth]:
    """A recording: from its onset on, the baseline before, and the truth."""
    truth = Truth.read(path / TRUTH)
    return *split(whole(path), truth.onset), truth


def split(run: Run, onset: int) -> tuple[Run, Run]:
    """A recorded run from its onset on, and the baseline before it."""
    return run.between(onset, run.end), run.between(run.start, onset)


def alone(now: Run) -> Run:
    """The window as somebody has it who has nothing else: `Run.between` leaves earlier points in its Series."""
    return replace(now, series=tuple(series.between(now.start, now.end) for series in now.series))


def whole(path: Path) -> Run:
    """A recorded run from its beginning to its end."""
    if (path / RUN).exists():
        return read_run(path / RUN)
    with tempfile.TemporaryDirectory() as scratch:
        unpacked = Path(scratch) / RUN
        unpacked.write_bytes(lzma.decompress((path / PACKED).read_bytes()))
        return read_run(unpacked)
