"""The first letter of a text changes where a sentence needs it, and never within a name or an id."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.model.limits import Limits, tables
from clusterload.model.resources import RESOURCES
from clusterload.model.wording import capitalized, few_alike, in_sentence

_IDS = ("lkc-ab12", "kafka.m5.large", "eCKU", "orders_v2", "broker1:9092", "x7", "p99 of it", "a/b", "me@host")


@pytest.mark.parametrize(
    ("title", "within"),
    [
        ("Request handlers busy", "request handlers busy"),
        ("Ingress", "ingress"),
        ("Ingress.", "ingress."),
        ("Cluster load, by its provider", "cluster load, by its provider"),
        ("CPU of the host", "CPU of the host"),
        ("December 2023", "December 2023"),
        ("AWS MSK", "AWS MSK"),
        ("Confluent Cloud, Dedicated", "Confluent Cloud, Dedicated"),
        ("MkU3OEVBNTcwNTJENDM2Qk", "MkU3OEVBNTcwNTJENDM2Qk"),
        ("Empty-fetch storm", "empty-fetch storm"),
        ("Orders-v2 is slow", "Orders-v2 is slow"),
        ("InitProducerId requests", "InitProducerId requests"),
        ("", ""),
    ],
)
def test_a_title_loses_its_capital_within_a_sentence_unless_it_is_a_name(title: str, within: str) -> None:
    assert in_sentence(title) == within


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        ("the cluster is within its limits", "The cluster is within its limits"),
        ("orders, by its load", "Orders, by its load"),
        ("topic's leader", "Topic's leader"),
        ("", ""),
        ("5 of 6", "5 of 6"),
    ],
)
def test_a_sentence_begins_with_a_capital(text: str, begun: str) -> None:
    assert capitalized(text) == begun


@pytest.mark.parametrize("text", _IDS)
def test_an_id_stays_as_it_can_be_pasted(text: str) -> None:
    assert capitalized(text) == text
    assert capitalized(f"{text} is slow") == f"{text} is slow"


@given(st.text())
def test_nothing_but_the_case_of_the_first_letter_ever_changes(text: str) -> None:
    for changed in (capitalized(text), in_sentence(text)):
        assert changed[1:] == text[1:]
        assert changed[:1].lower() == text[:1].lower()


def test_no_resource_and_no_limit_table_that_comes_with_us_is_spoilt() -> None:
    titles = [resource.title for resource in RESOURCES.values()] + [Limits.named(name).title for name in tables()]
    for title in titles:
        words = title.split()
        assert in_sentence(title).split()[1:] == words[1:]
        assert not words[0].isupper() or in_sentence(title) == title


def test_of_lines_that_a_hundred_brokers_share_a_few_are_shown_and_how_many_more_there_are() -> None:
    lines = [f"broker {number}: it took {number / 7:.1f} s" for number in range(100)]
    shown = few_alike(["the clock jumped", *lines, "nothing else"])
    assert shown == ["the clock jumped", *lines[:2], f"{lines[2]} (and 97 more like it)", "nothing else"]


def test_lines_that_differ_in_their_words_are_all_shown() -> None:
    lines = ["topic a is gone", "topic b is gone", "topic c is gone", "topic d is gone", "topic a is gone"]
    assert few_alike(lines) == lines
