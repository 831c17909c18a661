"""A shape is written in a line, with the units of its dial, and reads back as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError
from clusterload.model.units import BYTES_PER_SECOND, CONNECTIONS, REQUESTS_PER_SECOND
from clusterload.model.workload.schedule import SHAPES, Constant, Ramp, Replay, Shape, Sine, Spike, Step, parse_shape

from .shapes import shapes


@given(shapes)
def test_a_shape_reads_back_as_it_was_written(shape: Shape) -> None:
    assert parse_shape(shape.as_text(), REQUESTS_PER_SECOND) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("500/s", Constant(500)),
        ("5,000", Constant(5000)),
        (" ramp:100/s:5000/s:20s ", Ramp(100, 5000, 20)),
        ("step:100@0s,1,000@1m30s,50/s@2m", Step(((0, 100), (90, 1000), (120, 50)))),
        ("spike:500:5000/s:10s:3s", Spike(500, 5000, 10, 3)),
        ("sine:1000/s:500/s:1m", Sine(1000, 500, 60)),
        ("points:7@0,9@1", Replay((0, 1), (7, 9))),
    ],
)
def test_shapes_are_written_with_units_of_their_dial(text: str, shape: Shape) -> None:
    assert parse_shape(text, REQUESTS_PER_SECOND) == shape


def test_values_are_in_the_unit_of_the_dial() -> None:
    assert parse_shape("ramp:1KiB/s:1MiB/s:10", BYTES_PER_SECOND) == Ramp(1024, 1024**2, 10)
    assert parse_shape("ramp:1:50 connections:10", CONNECTIONS) == Ramp(1, 50, 10)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a quantity"),
        ("fast", "is not a quantity"),
        ("500/m", "unknown unit '/m'"),
        ("500 B/s", "B/s cannot be converted to requests/s"),
        ("-5/s", "makes no load"),
        ("rmap:1:2:3", "unknown shape 'rmap'; did you mean 'ramp'?"),
        ("ramp:1:2", "ramp takes 3 parts, not 2: write ramp:FROM:TO:OVER"),
        ("ramp:1:2:soon", "'soon' is not a duration"),
        ("ramp:1:-2:3", "the end of a ramp is -2"),
        ("spike:1:2:3", "spike takes 4 parts, not 3"),
        ("sine:1:2:3", "below 0"),
        ("step:", "is not a list of points in time"),
        ("step:100", "is not a list of points in time: write step:VALUE@TIME"),
        ("step:100@0s,", "is not a list of points in time"),
        ("step:100@0s,,5@2s", "',5' is not a quantity"),
        ("step:100@0s,50@0s", "the times of a step must rise"),
        ("replay:", "a replay needs a file"),
        ("replay:nowhere.csv", "nowhere.csv cannot be replayed: No such file"),
        ("replay:x.csv:hieght=2", "a replay has no option 'hieght'; did you mean 'height'?"),
        ("replay:x.csv:height=0", "height=0 of a replay is not a factor"),
        ("replay:x.csv:time=nan", "time=nan of a replay is not a factor"),
    ],
)
def test_a_mistake_in_a_shape_is_told(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_shape(text, REQUESTS_PER_SECOND)
    assert said in str(caught.value)


@given(st.text(alphabet="0123456789/s:,@.-=e ", max_size=20), st.sampled_from(["", *SHAPES]))
def test_any_text_is_a_shape_or_a_clear_refusal(text: str, name: str) -> None:
    try:
        shape = parse_shape(f"{name}:{text}" if name else text, REQUESTS_PER_SECOND)
    except ConfigurationError:
        return
    assert shape.peak > 0


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    path = tmp_path / "seen:1.csv"
    path.write_text(
        "\ufefftime, dial,value\n0,request_rate,100\n0,connections,5\n\n10s,request_rate,50/s\n1m,request_rate,0\n",
        encoding="utf-8",
    )
    return path


def test_a_file_is_replayed_by_the_rows_of_its_dial(seen: Path) -> None:
    read = parse_shape(f"replay:{seen}", REQUESTS_PER_SECOND, "request_rate")
    assert read == Replay((0, 10, 60), (100, 50, 0))
    assert parse_shape(f"replay:{seen}", CONNECTIONS, "connections") == Replay((0,), (5,))


def test_a_replay_can_be_slower_and_lower(seen: Path) -> None:
    read = parse_shape(f"replay:{seen}:time=2:height=0.5", REQUESTS_PER_SECOND, "request_rate")
    assert read == Replay((0, 20, 120), (50, 25, 0))
    assert parse_shape(read.as_text(), REQUESTS_PER_SECOND) == read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "its first line must be time,dial,value"),
        ("time;dial;value\n", "begins with 'time;dial;value'"),
        ("time,dial,value\n", "has no row of dial 'request_rate'"),
        ("time,dial,value\n0,request_rat,5\n", "it has request_rat; did you mean 'request_rat'?"),
        ("time,dial,value\n0,request_rate\n", "line 2 has 2 fields"),
        ("time,dial,value\n0,request_rate,5\n0,request_rate,6\n", "line 3: time 0 does not come after the one before"),
        ("time,dial,value\n0,request_rate,5\n\nsoon,request_rate,6\n", "line 4: 'soon' is not a duration"),
        ("time,dial,value\n0,request_rate,x\n", "line 2: 'x' is not a quantity"),
        ("time,dial,value\n0,request_rate,-1\n", "line 2: the value is -1: it must be 0 or above"),
        ("time,dial,value\n0,request_rate,0\n", "the peak of a replay of 0 makes no load"),
    ],
)
def test_a_mistake_in_a_replayed_file_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "seen.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        parse_shape(f"replay:{path}", REQUESTS_PER_SECOND, "request_rate")
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_replayed_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "seen.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="save it as UTF-8 text"):
        parse_shape(f"replay:{path}", REQUESTS_PER_SECOND)
