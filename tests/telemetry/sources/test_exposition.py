"""What is recognized by its text is read as Prometheus' own parser reads it, whatever form a line has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterload.telemetry.sources.exposition import ScrapeParser, SharedLines
from clusterload.telemetry.sources.names import Names
from clusterload.telemetry.sources.reading import Key, Reading
from tests.telemetry.sources.reference import reading_of

CLIENT = frozenset({"CLIENT"})
MAPS = [Names.named(name) for name in ("jmx-exporter", "strimzi", "redpanda")]
SCRAPES = Path(__file__).parent / "scrapes"
BYTES = "kafka_server_brokertopicmetrics_bytesin_total"

_NAMES = {names.name: sorted(names.metrics) for names in MAPS}
_LABELS = ("topic", "client_id", "user", "request", "listener", "networkprocessor", "resource", "clientId", "gc")
_WORDS = st.sampled_from(["CLIENT", "BROKER", "Produce", "Fetch", "a", ""]) | st.text(
    st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=6
)
_VALUES = st.sampled_from(["0", "1", "2.5", "9.2574488E7", "NaN", "+Inf"]) | st.integers(0, 10**12).map(str)


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@st.composite
def heads(draw: st.DrawFn, names: Names) -> str:
    name = draw(st.sampled_from(_NAMES[names.name]) | st.just("somebody_elses_metric_total"))
    labels = draw(st.dictionaries(st.sampled_from(_LABELS), _WORDS, max_size=3))
    inside = ",".join(f'{label}="{escaped(value)}"' for label, value in labels.items())
    return f"{name}{{{inside}}}" if inside else name


@st.composite
def lines(draw: st.DrawFn, names: Names) -> str:
    between = draw(st.sampled_from([" ", " ", " ", "\t", "  "]))
    after = draw(st.sampled_from(["", "", "", " 1700000000000", " "]))
    return f"{draw(heads(names))}{between}{draw(_VALUES)}{after}"


@st.composite
def scrapes(draw: st.DrawFn) -> tuple[Names, list[str]]:
    names = draw(st.sampled_from(MAPS))
    known = draw(st.lists(lines(names), min_size=1, max_size=12))
    shown = draw(st.lists(st.lists(st.sampled_from([*known, "# HELP a b", ""]), max_size=14), min_size=1, max_size=4))
    return names, ["".join(f"{line}\n" for line in scrape) for scrape in shown]


def plain(figures: Mapping[Key, float]) -> dict[Key, str]:
    return {key: repr(float(value)) for key, value in figures.items()}


def assert_same(found: Reading, expected: Reading) -> None:
    assert plain(found.counters) == plain(expected.counters)
    assert plain(found.gauges) == plain(expected.gauges)
    assert plain(found.rates) == plain(expected.rates)
    for ours, theirs in ((found.handler_idle, expected.handler_idle), (found.started, expected.started)):
        assert repr(ours) == repr(theirs)
    assert repr(sorted(found.network.items())) == repr(sorted(expected.network.items()))


@settings(max_examples=30)
@given(scrapes())
def test_any_text_is_read_as_prometheus_reads_it_however_often(given_: tuple[Names, list[str]]) -> None:
    """Lines come, go and change places from scrape to scrape; two brokers share what is known of them."""
    names, texts = given_
    shared = SharedLines(names, CLIENT)
    for parser in (ScrapeParser(shared), ScrapeParser(shared)):
        for text in texts:
            assert_same(parser.read(text), reading_of(text, names, CLIENT))


@pytest.mark.parametrize("name", ["jmx-exporter-kraft", "jmx-exporter-kraft-clients", "strimzi", "strimzi-clients"])
def test_a_real_broker_s_text_is_read_as_prometheus_reads_it(name: str) -> None:
    text = (SCRAPES / f"{name}.txt").read_text(encoding="utf-8")
    names = Names.named("strimzi" if name.startswith("strimzi") else "jmx-exporter")
    listeners = frozenset({"PLAIN-9092", "CLIENT"})
    parser = ScrapeParser(SharedLines(names, listeners))
    for _ in range(2):
        assert_same(parser.read(text), reading_of(text, names, listeners))


def test_a_line_with_another_value_each_time_is_recognized() -> None:
    parser = ScrapeParser(SharedLines(MAPS[0], CLIENT))
    for value in (1.0, 2.0, math.inf, 3.5):
        found = parser.read(f'{BYTES}{{topic="a b"}} {value}\n').counters
        assert found["ingress_by_topic", (("topic", "a b"),)] == value


def test_a_line_that_cannot_be_read_costs_no_other_also_where_it_is_known() -> None:
    parser = ScrapeParser(SharedLines(MAPS[0], CLIENT))
    parser.read(f"{BYTES} 1\n")
    for line in (f"{BYTES} much", BYTES, f'{BYTES}{{topic="a" 5', f"{BYTES}\u2028 5", f"{BYTES} 1 2 3"):
        found = parser.read(f'{line}\n{BYTES}{{topic="b"}} 7\n')
        assert found.counters == {("ingress_by_topic", (("topic", "b"),)): 7}
        assert (parser.unread, parser.example) == (1, line)


def test_a_text_whose_end_is_not_known_has_to_end_with_a_line() -> None:
    parser = ScrapeParser(SharedLines(MAPS[0], CLIENT))
    assert parser.read(f"{BYTES} 12").counters["ingress", ()] == 12
    with pytest.raises(ValueError, match="ends in the middle of a line"):
        parser.read(f"{BYTES} 12", whole=False)


def test_of_what_is_there_twice_the_first_counts() -> None:
    text = f'{BYTES}{{topic="a"}} 1\n{BYTES} 7\n{BYTES}{{topic="a"}} 2\n'
    found = ScrapeParser(SharedLines(MAPS[0], CLIENT)).read(text).counters
    assert (found["ingress_by_topic", (("topic", "a"),)], found["ingress", ()]) == (1, 7)
