"""Any bytes that come back are an answer, or one line that says they are none."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import SourceError
from clusterload.telemetry.sources.prometheus.api import RawSeries, error_in, parsed

LABELS = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3)
TIMES = st.lists(st.integers(0, 10**13), max_size=5, unique=True).map(sorted)


def body(kind: str, result: Any, **more: Any) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}, **more}).encode()


@given(labels=LABELS, times=TIMES, value=st.floats(allow_nan=False))
def test_times_and_values_come_back_as_they_were(labels: dict[str, str], times: list[int], value: float) -> None:
    result = [{"metric": labels, "values": [[time / 1000, _go(value)] for time in times]}]
    assert parsed(body("matrix", result)).series == (
        RawSeries(labels, tuple(time * 1_000_000 for time in times), (value,) * len(times)),
    )


def _go(value: float) -> str:
    """As Go writes it."""
    return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, repr(value))


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(SourceError, match=r"^malformed Prometheus response$"):
        parsed(content)
    error_in(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(kind=st.sampled_from(["vector", "matrix", "scalar", "string", ""]), result=JSON)
def test_json_of_any_form_is_an_answer_or_refused(kind: str, result: Any) -> None:
    try:
        assert parsed(body(kind, result)) is not None
    except SourceError as error:
        assert "\n" not in str(error)  # noqa: PT017 (either may be)


def test_half_an_answer_is_refused() -> None:
    whole = body("vector", [{"metric": {"a": "b"}, "value": [1, "2"]}])
    for length in range(len(whole)):
        with pytest.raises(SourceError):
            parsed(whole[:length])


def test_nan_is_no_value() -> None:
    (line,) = parsed(body("matrix", [{"metric": {}, "values": [[1, "1"], [2, "NaN"], [3, "3"]]}])).series
    assert line == RawSeries({}, (1_000_000_000, 3_000_000_000), (1.0, 3.0))


def test_native_histograms_are_passed_over() -> None:
    histogram = {"metric": {"a": "b"}, "histogram": [1, {"count": "3", "sum": "4"}]}
    assert parsed(body("vector", [histogram])).series == (RawSeries({"a": "b"}, (), ()),)


def test_warnings_infos_and_partial_answers_are_kept() -> None:
    answer = parsed(body("vector", [], warnings=["a store is away"], infos=["no counter"], isPartial=True))
    assert (answer.warnings, answer.infos, answer.partial) == (("a store is away",), ("no counter",), True)


def test_the_error_of_a_body_is_told() -> None:
    assert error_in(b'{"status":"error","errorType":"bad_data","error":"parse error"}') == ("bad_data", "parse error")
    assert error_in(b"<html>") == ("", "")
