"""Keeping recordings in the repository: each Series in one piece, the file compressed, a twentieth of its size."""

from __future__ import annotations

import lzma
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks.culprits.stored import KEPT, PACKED, RUN, TRUTH, recorded
from clusterload.model.run import Run
from clusterload.model.series import Point
from clusterload.telemetry.runfile import Recorder, read_run


def keep(folder: Path, to: Path = KEPT) -> list[str]:
    """Keep what is recorded in a folder and not kept yet; its names."""
    fresh = [path for path in recorded(folder) if not (to / path.name / PACKED).exists()]
    for path in fresh:
        _pack(path, to / path.name)
    return [path.name for path in fresh]


def size(folder: Path = KEPT) -> int:
    """Bytes of what is kept."""
    return sum(path.stat().st_size for path in folder.glob("*/*"))


def _pack(path: Path, to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / RUN
        _rewrite(read_run(path / RUN), whole)
        packed = lzma.compress(whole.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
    (to / PACKED).write_bytes(packed)
    shutil.copyfile(path / TRUTH, to / TRUTH)


def _rewrite(run: Run, path: Path) -> None:
    """The same run in a new file, each Series in one piece."""
    with Recorder(path, run_id=run.id) as recorder:
        recorder.document("environment", dict(run.environment))
        recorder.document("window", {"start": run.start, "end": run.end, "complete": run.complete})
        for event in run.events:
            recorder.event(event.time, event.kind, event.text)
        for series in run.series:
            spans: Iterable[float] = series.spans if len(series.spans) else [0.0] * len(series)
            for time, value, span in zip(series.times, series.values, spans, strict=True):
                recorder.record(
                    Point(
                        series.name,
                        series.unit,
                        series.kind,
                        series.labels,
                        int(time),
                        float(value),
                        float(span),
                        series.granularity,
                    )
                )
