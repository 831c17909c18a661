"""A line is read as Prometheus' own parser reads it, or refused where that refuses it; never anything else."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from clusterload.telemetry.sources.line import Line, metric_names, name_of, parsed, why_not

_BLANK = st.sampled_from(["", "", " ", "\t", "  "])
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=8)
_NAME = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,6}", fullmatch=True)
_LABEL = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,4}", fullmatch=True)
_VALUE = st.sampled_from(["0", "1", "-2.5", "9.2574488E7", "NaN", "+Inf", "-Inf", ".5", "1e-3"])


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


@st.composite
def written(draw: st.DrawFn) -> str:
    """A line as the format allows it, with blanks wherever they may be."""
    labels = draw(st.dictionaries(_LABEL, _TEXT | st.just("a\nb"), max_size=3))
    pairs = [f"{draw(_BLANK)}{key}{draw(_BLANK)}={draw(_BLANK)}{quoted(value)}" for key, value in labels.items()]
    inside = f"{draw(_BLANK)},".join(pairs)
    if pairs:
        inside = f"{{{inside}{draw(st.sampled_from(['', ',', ' ', ', ']))}}}"
    before, time = draw(st.sampled_from([" ", "\t", "  "])), draw(st.sampled_from(["", " 1700000000000", " "]))
    return f"{draw(_NAME)}{draw(_BLANK) if pairs else ''}{inside}{before}{draw(_VALUE)}{time}"


def reference(line: str) -> tuple[str, dict[str, str], float]:
    ((sample,),) = (family.samples for family in prometheus(line))
    return sample.name, dict(sample.labels), float(sample.value)


def assert_same(found: Line, name: str, labels: dict[str, str], value: float) -> None:
    assert (found.name, found.labels) == (name, labels)
    assert found.value == value or (math.isnan(found.value) and math.isnan(value))


@settings(max_examples=60)
@given(written())
def test_a_line_is_read_as_prometheus_reads_it(line: str) -> None:
    found = parsed(line)
    assert_same(found, *reference(line))
    assert name_of(line) == found.name
    assert metric_names(f"# {line}\n{line}\n") == {found.name}
    assert why_not(f"{line}\n") == ""
    # What is name and labels has the same meaning whatever follows it.
    assert parsed(f"{line[: found.head]} 7").labels == found.labels


@settings(max_examples=60)
@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=30) | written().map(lambda text: text[:-3])
)
@example("a{b=5} 1")
@example('{"a"} ')
def test_any_other_text_is_a_line_or_is_refused_and_nothing_else(text: str) -> None:
    try:
        found = parsed(text)
    except ValueError:
        return
    assert found.name
    assert isinstance(found.value, float)


@pytest.mark.parametrize(
    "line",
    [
        'a_total{b="c"} 1.0 # {trace_id="KOO5S4vxi0o"} 1.0 1520879607.789',
        'a_total 1.0 1700000000.5 # {trace_id="x # y"} 0.5',
        '{"a.total",b="c"} 1.0',
    ],
)
def test_openmetrics_lines_with_exemplars_and_names_in_quotes_are_read(line: str) -> None:
    name = parsed(line).name
    kind = f"# TYPE {quoted(name.removesuffix('_total')) if '.' in name else name.removesuffix('_total')} "
    text = f"{kind}{'counter' if name.endswith('_total') else 'gauge'}\n{line}\n# EOF\n"
    ((sample,),) = (family.samples for family in openmetrics(text))  # type: ignore[no-untyped-call]
    assert_same(parsed(line), sample.name, dict(sample.labels), float(sample.value))
