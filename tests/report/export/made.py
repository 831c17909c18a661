"""A run of the wire engine with hostile labels and events, as it is stored."""

from __future__ import annotations

from pathlib import Path

from clusterload.model.run import Run
from clusterload.model.series import SECOND, Kind, Point
from clusterload.model.units import BYTES_PER_SECOND, MILLISECONDS, RATIO
from clusterload.telemetry.runfile import Recorder, read_run, write_labels
from tests.wire_runs import START, connect, plan, produce, stored

HOSTILE = '=HYPERLINK("http://x","<script>")'
SECONDS = 5


def exported(folder: Path) -> Run:
    """A whole run of two Loads with five seconds."""
    loads = (produce(connections="50", request_rate="200/s"), connect(connections="50", connection_rate="20/s"))
    stored(folder / "a.run", plan(*loads, duration=float(SECONDS)))
    write_labels(folder / "a.run", {"release": "4.3"})
    return read_run(folder / "a.run")


def hostile(folder: Path) -> Run:
    """A run with names that somebody chose, gaps, and labels that are called like columns."""
    with Recorder(folder / "hostile.run") as recorder:
        recorder.document("window", {"start": START, "end": START + 3 * SECOND, "complete": True})
        for second in (1, 2, 3):
            at = START + second * SECOND + 7
            recorder.record(
                Point("ingress_by_client", BYTES_PER_SECOND, Kind.GAUGE, {"client": HOSTILE}, at, -10.0 * second)
            )
            recorder.record(Point("round_trip_time", MILLISECONDS, Kind.GAUGE, {"name": 'a\n"b"\\'}, at, float("nan")))
            recorder.record(Point("cpu_host", RATIO, Kind.GAUGE, {}, at, 0.25 * second))
        recorder.event(START + SECOND, "others-wrote", '-1+1\tand \r\nmore, "quoted"')
        recorder.event(START + SECOND, "plain", "@SUM(A1)")
    return read_run(folder / "hostile.run")
