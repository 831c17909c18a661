"""Records are those of the case study: six keys, a JSON value of a payload and a time, all of one size."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterload.generator.librdkafka.records import KEYS, SENTENCE, CaseRecords, stamp
from clusterload.model.errors import ConfigurationError

sizes = st.integers(64, 20_000)
moments = st.integers(0, 4_000_000_000 * 10**9)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_the_keys_are_those_of_the_case_study() -> None:
    assert KEYS == ("mt_key_1", "mt_key_2", "mt_key_3", "mt_key_4", "mt_key_5", "mt_key_6")


def test_the_sentence_has_64_bytes_and_needs_no_escaping() -> None:
    assert len(SENTENCE.encode()) == 64
    assert json.dumps(SENTENCE) == f'"{SENTENCE}"'


@given(sizes, moments)
def test_a_value_is_json_with_the_payload_asked_for_and_its_time(size: int, now: int) -> None:
    records = CaseRecords(payload_size=size)
    value = json.loads(records.value(records.head, now))
    assert value.keys() == {"payload", "ts"}
    assert value["payload"] == SENTENCE * (size // 64)
    assert size - 64 < len(value["payload"]) <= size
    assert datetime.fromisoformat(value["ts"]) == EPOCH + timedelta(microseconds=now // 1000)


@given(sizes, moments)
def test_every_value_has_the_size_that_was_foretold(size: int, now: int) -> None:
    records = CaseRecords(payload_size=size)
    assert len(records.value(records.head, now)) == records.value_size


def test_the_payloads_of_the_case_are_made_whole() -> None:
    assert [len(CaseRecords(payload_size=size).payload) for size in (4096, 2048)] == [4096, 2048]
    assert CaseRecords(payload_size=4096).value_size - CaseRecords(payload_size=2048).value_size == 2048


@given(moments, moments)
def test_stamps_sort_by_time(first: int, other: int) -> None:
    assert stamp(min(first, other)) <= stamp(max(first, other))


@pytest.mark.parametrize("size", [1, 63])
def test_a_payload_smaller_than_a_sentence_is_refused(size: int) -> None:
    with pytest.raises(ConfigurationError, match=f"a payload of {size} B is too small"):
        CaseRecords(payload_size=size)
