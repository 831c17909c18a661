"""What is asked for, in Prometheus' own language."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError
from clusterload.telemetry.sources.prometheus.promql import any_of, matchers, milliseconds, named, quoted, selector

LABEL = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True).filter(lambda name: name != "__name__")


@given(st.lists(st.tuples(LABEL, st.sampled_from(["=", "!=", "=~", "!~"]), st.text(max_size=10)), max_size=4))
def test_every_list_of_matchers_is_taken_and_comes_out_the_same_again(each: list[tuple[str, str, str]]) -> None:
    text = ",".join(f"{label}{operator}{quoted(value)}" for label, operator, value in each)
    assert matchers(text) == text
    assert matchers(f" {{ {text} }} ") == text
    assert matchers(matchers(text)) == text


@given(st.text(max_size=30))
def test_no_text_gets_out_of_the_braces(text: str) -> None:
    """Whatever is taken is matchers only: all outside of quotes is labels, operators and commas."""
    try:
        taken = matchers(text)
    except ConfigurationError:
        return
    bare = re.sub(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`', "", taken)
    assert re.fullmatch(r"[a-zA-Z0-9_=!~,]*", bare)


@pytest.mark.parametrize(
    "text", ['job="a"} or {x="y"', "job", 'job="a" env="b"', "job=a", '__name__="up"', 'job="a\\"', ',job="a"', "{"]
)
def test_what_is_not_a_list_of_matchers_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a list of label matchers: write it as in job="):
        matchers(text)


@given(st.sets(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6), min_size=1, max_size=5))
def test_a_regular_expression_of_values_matches_these_alone(values: set[str]) -> None:
    pattern = re.compile(json.loads(any_of(values)))
    assert all(pattern.fullmatch(value) for value in values)
    assert not pattern.fullmatch("".join(values) + "x")
    assert not pattern.fullmatch("")
    assert re.compile(json.loads(any_of(values, or_none=True))).fullmatch("")


def test_selectors_are_as_prometheus_writes_them() -> None:
    assert selector(named(["up"]), "", 'job="a"') == '{__name__="up",job="a"}'
    assert selector(named(["b", "a.c"])) == '{__name__=~"a\\\\.c|b"}'
    assert milliseconds(1_500_000_000) == "1500ms"
