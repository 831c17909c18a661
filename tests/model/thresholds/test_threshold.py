"""A threshold is read from text, comes back as it was, and what is no threshold is refused with its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clusterload.model.errors import ConfigurationError
from clusterload.model.thresholds import Threshold, ThresholdSyntaxError
from tests.model.thresholds.drawn import thresholds

EXAMPLES = (
    "limit_load.max > 80 %",
    "latency.p99 > 50 ms for 10 s",
    "ledger.failed > 0",
    "saturation.cpu > 70 %",
    "latency.p99{load=orders} > 50 ms",
    "ingress{topic=a} > 10 MB/s",
    "saturation.cpu{broker=2} > 70 %",
    'consumer_lag{group="billing, \\"new\\"", topic=*} >= 1,000',
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("limit_load.max > 80 %", Threshold(quantity="limit_load", aggregate="max", op=">", value=0.8)),
        ("latency.max>=1.5s", Threshold(quantity="latency.max", op=">=", value=1500.0)),
        ("latency.p99 > 50 ms for 1m30s", Threshold(quantity="latency.p99", op=">", value=50.0, lasts=90.0)),
        ("ledger.failed > 0", Threshold(quantity="ledger.failed", op=">", value=0.0)),
        ("ingress{topic=a}<10MB/s", Threshold(quantity="ingress", op="<", value=1e7, where=(("topic", "a"),))),
        (
            'latency.p50 { of = sent ,load="a b" } <= 3',
            Threshold(quantity="latency.p50", op="<=", value=3.0, where=(("load", "a b"), ("of", "sent"))),
        ),
        ('lost{load="\\u001b[3}"} > 0.5', Threshold(quantity="lost", op=">", value=0.5, where=(("load", "\x1b[3}"),))),
        ("under_replicated > 0 for 30", Threshold(quantity="under_replicated", op=">", value=0.0, lasts=30.0)),
        ("connections > 1,000 connections", Threshold(quantity="connections", op=">", value=1000.0)),
    ],
)  # fmt: skip
def test_a_text_says_what_about_whom_how_it_stands_to_what_and_for_how_long(text: str, told: Threshold) -> None:
    read = Threshold.parsed(text)
    assert read == told
    assert read.text == text


@given(thresholds())
@example(Threshold(quantity="lost", op=">", value=1.7e308))
@example(Threshold(quantity="lost", op=">", value=-1e-300))
def test_a_threshold_comes_back_from_its_text_as_it_was(threshold: Threshold) -> None:
    again = Threshold.parsed(threshold.text)
    assert again == threshold
    assert again.as_text == threshold.as_text == again.source
    assert threshold.as_text.isprintable()


changes = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 3), st.text(max_size=3) | st.sampled_from(list('{}=,"\\>< .%'))),
    min_size=1,
    max_size=4,
)


@given(st.text() | st.tuples(st.sampled_from(EXAMPLES), changes).map(lambda drawn: changed(*drawn)))
def test_any_text_is_a_threshold_or_is_refused_in_a_line_with_a_place_in_it(text: str) -> None:
    read = parsed(text)
    if isinstance(read, Threshold):
        assert Threshold.parsed(read.as_text) == read
        return
    assert 0 <= read.at <= len(text)
    assert f"at character {read.at + 1}: " in str(read)
    assert str(read).isprintable()


def parsed(text: str) -> Threshold | ThresholdSyntaxError:
    """A threshold, or why it is none."""
    try:
        return Threshold.parsed(text)
    except ThresholdSyntaxError as refused:
        return refused


def changed(text: str, edits: list[tuple[int, int, str]]) -> str:
    """A text in which pieces were replaced, taken out or put in."""
    for at, length, piece in edits:
        text = text[:at] + piece + text[at + length :]
    return text


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", 0, "a quantity comes first"),
        ("> 5", 0, "a quantity comes first"),
        ("latency.p98 > 5 ms", 0, "no quantity has this name; did you mean 'latency.p9"),
        ("limit_load.mux > 5 %", 11, "limit_load has no 'mux'; did you mean 'max'?"),
        ("latency.p99.max > 5 ms", 0, "latency.p99 has no 'max'"),
        ("latency.p99.best > 5 ms", 12, "latency.p99 has no 'best'"),
        ("limit_load = 5", 11, "here comes >, >=, < or <="),
        ("limit_load > ", 13, "here comes a value"),
        ("limit_load > much", 13, "'much' is not a quantity"),
        ("limit_load > 5 ms", 13, "ms cannot be converted to ratio"),
        ("limit_load > nan", 13, "is not a quantity"),
        ("limit_load > 5 % for", 20, "here comes how long"),
        ("limit_load > 5 % for ever", 21, "'ever' is not a duration"),
        ("limit_load > 5 % for 0 s", 21, "more than 0 s"),
        ("limit_load.max > 5 % for 3 s", 25, "leave one of them out"),
        ("ledger.failed > 5 for 3 s", 22, "a count of the whole run: leave out for"),
        ("lost{} > 0", 5, "a selector selects something"),
        ("lost{load} > 0", 9, "here comes = and which load"),
        ("lost{load=} > 0", 10, "a word, or text in double quotes"),
        ('lost{load=""} > 0', 5, "it does not say which load"),
        ("lost{load=a load=b} > 0", 12, "here comes a comma"),
        ("lost{load=a,load=b} > 0", 12, "given twice"),
        ('lost{load="a} > 0', 10, "a word, or text in double quotes"),
        (r'lost{load="\q"} > 0', 11, "escape is none of JSON's"),
        ("lost{topic=a} > 0", 5, "lost has no label topic; it has load"),
        ("latency.p99{of=dew} > 0", 12, "of is none of due, sent, delay, end_to_end; did you mean 'due'?"),
        ("limit_load{resource=isr_shrinks} > 0", 11, "resource is none of ingress, egress"),
        ("ingress{topic=a, client=b} > 0", 17, "has no series by topic and client together"),
        ("lost > 0\n", 8, "only printable characters"),
        ("lost > \x1b[31m0", 7, "only printable characters"),
        ("lost > 0 and more", 7, "is not a quantity"),
        ("__import__('os').system('true') > 0", 10, "here comes >"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(text: str, place: int, words: str) -> None:
    with pytest.raises(ThresholdSyntaxError, match=re.escape(words)) as refused:
        Threshold.parsed(text)
    assert refused.value.at == place
    assert refused.value.exit_code == 104
    assert "\n" not in str(refused.value)


def test_what_python_makes_is_checked_as_text_is() -> None:
    with pytest.raises(ConfigurationError, match="'=' is none of"):
        Threshold(quantity="lost", op="=", value=0.0)
    with pytest.raises(ConfigurationError, match="must be finite"):
        Threshold(quantity="lost", op=">", value=float("inf"))
    with pytest.raises(ConfigurationError, match="no quantity has this name"):
        Threshold(quantity="loss", op=">", value=0.0)


def test_a_figure_is_said_in_digits_enough_to_tell_it_from_the_value() -> None:
    half = Threshold.parsed("limit_load > 80 %")
    assert half.said(0.934) == "93.4 %"
    assert half.said(0.80004) == "80.004 %"
    assert half.said(0.8) == "80 %"
    assert Threshold.parsed("latency.p99 > 50 ms").said(50.02) == "50.02 ms"
    assert Threshold.parsed("ledger.failed > 0").said(1234.0) == "1,234"


# In backticks, or in quotes of a shell or of TOML; what stands as an example of a mistake is said to be one.
SHOWN = re.compile(r"""(?<!threshold )[`'"]([a-z_.0-9]+(?:\{[^`]*?\})? [<>]=? [^`'"]+)[`'"]""")


def test_every_threshold_that_the_pages_show_is_one() -> None:
    docs = Path(__file__).parents[3] / "docs"
    pages = [docs / "gates.md", docs / "capacity.md", docs / "calibration.md"]
    shown = [text for page in pages for text in SHOWN.findall(page.read_text(encoding="utf-8"))]
    assert len(shown) > 20
    for text in shown:
        assert Threshold.parsed(text).text == text
