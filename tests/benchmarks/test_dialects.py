"""The recordings as other people's metrics show them: what is taken away, what stays, and a slice of the table.

`python -m benchmarks.culprits judge --as all` judges all of them, in minutes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from benchmarks.culprits.answers import Answer, is_right
from benchmarks.culprits.columns import Column, Seen, calibrations, columns, knowable_table, misses, see, table_of
from benchmarks.culprits.dialects import LAB, coarsened, dialects, exported
from benchmarks.culprits.stored import KEPT, Truth, alone, load, split, whole
from clusterload.analysis.window_stats import WindowStats
from clusterload.model.resources import RESOURCES
from clusterload.model.run import Run
from clusterload.model.series import SECOND, Kind
from tests.telemetry.sources.dialects import figures

SLICE: Final = (
    "authentication-failures-1-100",
    "clean-1-100",
    "connections-1-100",
    "fan-out-1-100",
    "metadata-storm-1-100",
    "partitions-1-100",
    "plain-1-100",
    "small-batches-1-100",
)

LEAST: Final = {
    "lab": (8, 8),
    "jmx-kraft": (8, 8),
    "strimzi": (8, 8),
    "jmx-2_0_0": (6, 6),
    "confluent-stacks": (8, 8),
    "grafana": (8, 8),
    "default": (8, 8),
    "bitnami": (6, 5),
}
"""Of the slice's recordings, how many each dialect must allow to be answered rightly, with and without a baseline."""


@pytest.fixture(scope="module")
def seen() -> list[Seen]:
    """The slice, judged in each dialect, with and without a baseline."""
    return [see(KEPT / name, columns("all")) for name in SLICE]


@pytest.fixture(scope="module")
def recording() -> tuple[Run, Truth]:
    """One whole recording, in which connections were made."""
    *_, truth = load(KEPT / SLICE[2])
    return whole(KEPT / SLICE[2]), truth


def right(seen: list[Seen], column: Column) -> int:
    return sum(is_right(each.said[column], each.truth) for each in seen)


@pytest.mark.parametrize("dialect", LEAST)
def test_a_slice_of_the_recordings_is_answered_rightly_from_other_peoples_metrics(
    seen: list[Seen], dialect: str
) -> None:
    found = tuple(right(seen, Column(dialect=dialect, based=based)) for based in (True, False))
    assert all(count >= least for count, least in zip(found, LEAST[dialect], strict=True)), (
        f"{found}\n{misses(seen, columns(dialect))}"
    )


def test_what_a_dialect_cannot_show_is_counted_apart_by_cause(seen: list[Seen]) -> None:
    delayed = replace(seen[0], truth=replace(seen[0].truth, causes=("network-delay",)))
    wanted = [Column(dialect=LAB), Column(dialect="jmx-kraft")]
    lab, kraft = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in knowable_table([delayed], wanted).splitlines()[2:]
    ]
    assert lab[1].endswith(" of 1")
    assert kraft[1:] == ["0 of 0", "0 of 0", "network-delay 1"]


def test_nobody_is_blamed_of_a_clean_run_in_any_dialect(seen: list[Seen]) -> None:
    (clean,) = (each for each in seen if not each.truth.causes)
    assert [str(column) for column, said in clean.said.items() if not is_right(said, clean.truth)] == []


def test_every_dialect_has_a_row_and_each_of_its_columns_a_calibration(seen: list[Seen]) -> None:
    wanted = columns("all")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table_of(seen, wanted).splitlines()[2:]]
    assert [row[0] for row in rows] == [dialect.title for dialect in dialects().values()]
    assert rows[0][1:3] == [
        str(len(exported())),
        str(right(seen, wanted[0]) - 1),
    ]  # the clean one has a column of its own
    told = calibrations(seen, wanted).splitlines()[2:]
    assert [line.split("|")[1].strip() for line in told] == [str(column) for column in wanted]


def test_a_wrong_answer_is_listed_with_what_was_said_and_what_is_true(recording: tuple[Run, Truth]) -> None:
    column = Column(dialect=LAB, based=False)
    truth = recording[1]
    wrong = Answer(cause="tls", confidence=0.8, culprits=(("client", "somebody"),))
    line = misses([Seen(truth=truth, said={column: (wrong,)})], [column])
    assert line.startswith(
        "lab, no baseline | connections-1-100 | wrong cause | said tls 0.80 by client somebody | truth"
    )
    assert "connections by client" in line
    right = Answer(cause="connections", confidence=0.8, culprits=(("client", truth.culprits[0]["name"]),))
    assert misses([Seen(truth=truth, said={column: (right,)})], [column]) == ""


@pytest.mark.parametrize("name", [name for name in dialects() if name != LAB])
def test_a_dialect_takes_series_away_and_changes_none(recording: tuple[Run, Truth], name: str) -> None:
    run, _ = recording
    left = dialects()[name].of(run)
    assert {series.name for series in left.series} <= (dialects()[name].series or set())
    assert all(series in run.series for series in left.series)
    assert (left.start, left.end) == (run.start, run.end)


SCRAPES: Final = {"jmx-kraft": "jmx-exporter-kraft", "jmx-2_0_0": "jmx-exporter-2_0_0"}


@pytest.mark.parametrize("name", [name for name in dialects() if name != LAB])
def test_a_dialect_s_list_is_what_is_read_of_a_real_broker_under_its_rules(name: str) -> None:
    assert sorted(dialects()[name].series or ()) == sorted(figures(SCRAPES.get(name, name)))


def test_what_dialects_give_are_resources_that_the_tool_knows() -> None:
    for dialect in dialects().values():
        assert (dialect.series or set()) <= set(RESOURCES)


@pytest.mark.parametrize(("every", "points"), [(60.0, 5), (15.0, 20), (30.0, 10)])
def test_a_coarse_load_has_the_points_of_five_minutes_and_the_same_rates_and_levels(
    recording: tuple[Run, Truth], every: float, points: int
) -> None:
    run, truth = recording
    fine = WindowStats(*split(run, truth.onset))
    now, before = split(coarsened(run, truth.onset, every), truth.onset)
    assert now.seconds == pytest.approx(300, abs=1)
    coarse = WindowStats(now, before)
    (line,) = (series for series in now.named("connection_attempts") if series.labels["broker"] == "1")
    inside = line.between(now.start, now.end)
    assert abs(len(inside) - points) <= 1
    assert inside.granularity == every
    assert float(np.sum(inside.spans)) == pytest.approx(300, rel=0.1)
    for name in ("ingress", "egress", "connection_attempts", "cpu_broker"):
        assert coarse.total(name).now == pytest.approx(fine.total(name).now, rel=0.15), name


def test_without_a_baseline_nothing_is_left_of_the_time_before_the_onset(recording: tuple[Run, Truth]) -> None:
    run, truth = recording
    now = alone(split(run, truth.onset)[0])
    assert min(int(series.times[0]) for series in now.series if len(series)) > truth.onset
    assert now.named("ingress")[0].total() > 0


def test_amounts_are_scaled_with_time_and_gaps_stay_gaps(recording: tuple[Run, Truth]) -> None:
    run, truth = recording
    coarse = coarsened(run, truth.onset, 60.0)
    for fine, rough in zip(run.series, coarse.series, strict=True):
        if fine.kind is Kind.DELTA:
            assert float(np.nansum(rough.values)) == pytest.approx(10 * float(np.nansum(fine.values)))
            known = ~np.isnan(rough.values)
            assert float(np.sum(rough.spans[known])) == pytest.approx(
                10 * float(np.sum(fine.spans[~np.isnan(fine.values)]))
            )
        assert np.all(np.diff(rough.times) > 0)
    assert (coarse.end - coarse.start) / SECOND == pytest.approx(450, abs=1)
