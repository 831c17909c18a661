"""A stretch on the command line is a run file, a part of one, or a time that has passed."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterload.cli.stretch import RunPart, Stretch, stretch
from clusterload.model.errors import StoreError, UsageError
from clusterload.model.series import SECOND
from tests.stored_runs import START, stored

NOW = START


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("peak.run", RunPart(path=Path("peak.run"))),
        ("runs/peak.run@10s..40s", RunPart(path=Path("runs/peak.run"), start="10s", end="40s")),
        ("peak.run@10s..", RunPart(path=Path("peak.run"), start="10s")),
        ("me@home.run@..2026-01-01T00:00:40Z", RunPart(path=Path("me@home.run"), end="2026-01-01T00:00:40Z")),
        ("now-2h/now-1h", Stretch(start=NOW - 7200 * SECOND, end=NOW - 3600 * SECOND)),
        ("2025-12-31T23:00:00Z/10m", Stretch(start=NOW - 3600 * SECOND, end=NOW - 3000 * SECOND)),
    ],
)
def test_each_way_of_writing_a_stretch_is_read(text: str, meant: RunPart | Stretch) -> None:
    assert stretch(text, NOW) == meant


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("yesterday", "neither a run file nor a stretch of time"),
        ("yesterday/today", "is not a point in time"),
        ("now-1h/now-2h", "is empty"),
        ("now-1h/2h", "is not over yet"),
        ("2025-12-31T23:00:00/10m", "no time zone"),
    ],
)
def test_what_is_no_stretch_is_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        stretch(text, NOW)


def test_a_part_of_a_run_file_is_the_run_for_that_time(tmp_path: Path) -> None:
    whole = stored(tmp_path / "peak.run")
    part = stretch(f"{tmp_path}/peak.run@5s..2026-01-01T00:00:20Z", NOW)
    assert isinstance(part, RunPart)
    run = part.read()
    assert (run.start, run.end) == (whole.start + 5 * SECOND, whole.start + 20 * SECOND)
    with pytest.raises(UsageError, match="into the run"):
        RunPart(path=tmp_path / "peak.run", start="soon").read()
    with pytest.raises(StoreError, match="does not exist"):
        RunPart(path=tmp_path / "gone.run").read()
